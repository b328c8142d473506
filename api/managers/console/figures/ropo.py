"""From the web into the store and back: who looked at a product online, stopped at it, and bought it, and the mirror.

What is known (views, purchases here) is counted; what hangs on a stop is expected, with its interval. All of it comes
in whole ks, by days (`engine.storage.told.ropo`).
"""

from __future__ import annotations

from collections.abc import Mapping

from api.managers.console.figures.counts import SpanCounts
from api.managers.console.figures.looked import LookedPeriods
from api.managers.console.figures.products import chosen_products
from api.managers.console.figures.tables import ALL_PRODUCTS, Table, TableColumn, TableRow, figure_cells, figure_columns
from api.managers.told import TableFigure, tell_sum
from engine.indicators.comparison import difference
from engine.offers.measured.intervals import wilson
from engine.offers.measured.uplift import Difference
from engine.offers.measured.web_uplift import LEVEL, BothGroups, GroupSums
from engine.presence.expected.figures import Spread
from engine.presence.ropo.blocks import ChanceSum
from engine.presence.ropo.journeys import RopoStep
from engine.privacy.k_anonymity import whole_ks
from engine.storage.told.channel_uplift import ChannelWindow, channel_uplift
from engine.storage.told.ropo import ALL, Figures, ropo_figures
from engine.storage.told.web_uplift import WebWindow, web_uplift

KNOWN = frozenset({RopoStep.VIEWED, RopoStep.BOUGHT_HERE})
"""Steps that are counted."""
COMPARED = (RopoStep.VIEWED, RopoStep.STOPPED, RopoStep.BOUGHT_HERE)
MIRROR = (RopoStep.STOPPED_FIRST, RopoStep.VIEWED_AFTER, RopoStep.BOUGHT_AFTER)
NONE = ChanceSum()


def ropo_table(looked: LookedPeriods) -> Table:
    """All products together, then each that anything is told of, most viewed first. Whole days."""
    compared, asked, now = looked.is_compared, looked.asked, looked.now
    columns = (
        TableColumn("product", "product"),
        *(column for step in COMPARED for column in figure_columns(step.value, "count", compared)),
        TableColumn("stop_share", "share"),
        TableColumn(RopoStep.BOUGHT_ONLINE.value, "count"),
        TableColumn("left_without", "count"),
        *(TableColumn(step.value, "count") for step in MIRROR),
    )
    figures, past = ropo_of(now), [ropo_of(counts) for _, counts in looked.before]
    within = now.made.products(now.plan.store).within if asked.zone else {}
    skus = [p.sku for p in chosen_products(now.plan, within, asked.zone, asked.category, asked.product)]
    told_of = {sku for sku, _ in figures}
    rows = [_row(looked, sku, figures, past) for sku in skus if sku in told_of or sku == asked.product]
    table = Table(columns, tuple(rows)).sort_by(RopoStep.VIEWED.value).sort_by(asked.sort)
    whole = not (asked.zone or asked.category or asked.product)
    return Table(columns, (*((_row(looked, ALL, figures, past),) if whole else ()), *table.rows))


def uplift_table(looked: LookedPeriods) -> Table:
    """Campaigns among shoppers who had looked at their product online: with the coupon against those held out."""
    columns = (
        TableColumn("campaign", "text"),
        TableColumn("treated", "count"),
        TableColumn("held_out", "count"),
        TableColumn("bought_treated", "share"),
        TableColumn("bought_held_out", "share"),
        TableColumn("bought_uplift", "change"),
        TableColumn("stopped_uplift", "change"),
    )
    now, k = looked.now, looked.k
    found = web_uplift(
        now.made.ctx.db,
        WebWindow(now.plan.store, now.plan.product_by_sku, now.plan.timezone, now.made.ctx.config.offers.ropo_days),
        from_t=now.span.from_t,
        to_t=now.span.to_t,
        k=k,
        now=now.now,
    )
    rows = [uplift_row(name, both, k) for name, both in found.items() if both.treated.n]
    return Table(columns, tuple(rows)).sort_by("bought_uplift").sort_by(looked.asked.sort)


def uplift_row(campaign: str, both: BothGroups, k: int) -> TableRow:
    """One campaign's line: how many of either group, what share of them bought, and both differences."""
    counts = [tell_sum(whole_ks(group.n, k), k) for group in (both.treated, both.held_out)]
    differences = [_difference(found) for found in (both.bought, both.stopped)]
    enough = both.bought is not None
    shares = [_share(group) if enough else TableFigure(None) for group in (both.treated, both.held_out)]
    return TableRow(campaign, (campaign, *counts, *shares, *differences))


def channels_table(looked: LookedPeriods) -> Table:
    """Channels on which coupons were said: who got one there beside who was held out at that moment."""
    columns = (
        TableColumn("channel", "channel"),
        TableColumn("reached", "count"),
        TableColumn("held_back", "count"),
        TableColumn("bought_reached", "share"),
        TableColumn("bought_held_back", "share"),
        TableColumn("channel_effect", "change"),
    )
    now, k = looked.now, looked.k
    asked = ChannelWindow(now.plan.store, now.plan.timezone, {p.sku: p.category for p in now.plan.products})
    span = {"from_t": now.span.from_t, "to_t": now.span.to_t, "now": now.now}
    found = channel_uplift(now.made.ctx.db, asked, k=k, **span)
    rows = [uplift_row(channel, both, k) for channel, both in found.items() if both.treated.n]
    kept = [TableRow(row.key, row.cells[:-1]) for row in rows]  # of stops nothing is known here
    return Table(columns, tuple(kept)).sort_by("channel_effect").sort_by(looked.asked.sort)


def _share(group: GroupSums) -> TableFigure:
    low, high = wilson(group.bought, group.n, LEVEL)
    return TableFigure(group.bought / group.n, float(low), float(high))


def _difference(found: Difference | None) -> TableFigure:
    return TableFigure(None) if found is None else TableFigure(found.estimate, found.low, found.high)


def ropo_of(counts: SpanCounts) -> Figures:
    """What is told of a span, by product and step."""
    config, plan, span = counts.made.ctx.config, counts.plan, counts.span
    return ropo_figures(
        counts.made.ctx.db,
        plan.store,
        plan.product_by_sku,
        plan.timezone,
        from_t=span.from_t,
        to_t=span.to_t,
        k=config.privacy.k,
        window_days=config.offers.ropo_days,
        now=counts.now,
        weekdays=span.weekdays,
    )


def _row(looked: LookedPeriods, sku: str, figures: Figures, past: list[Figures]) -> TableRow:
    k = looked.k
    by = {step: figures.get((sku, step.value), NONE) for step in RopoStep}
    shown = {step: show_sum(by[step], k, known=step in KNOWN) for step in RopoStep}
    cells: list[TableFigure] = []
    for step in COMPARED:
        were = [before.get((sku, step.value), NONE) for before in past]
        values = [w.n or None for w in were] if looked.is_compared else None
        alone = len(were) == 1 and by[step].n and were[0].n
        found = difference(_sample(by[step]), _sample(were[0])) if alone else None
        cells += figure_cells(shown[step], values, found)
    cells += (stop_share(by), shown[RopoStep.BOUGHT_ONLINE], count_without_purchase(by, k))
    name = sku or ALL_PRODUCTS
    return TableRow(name, (name, *cells, *(shown[step] for step in MIRROR)))


def show_sum(found: ChanceSum, k: int, *, known: bool) -> TableFigure:
    """A figure as it is shown: what is known without an interval."""
    if known or not found.n:
        return tell_sum(round(found.n), k)
    figure = found.spread.figure()
    return TableFigure(figure.value, figure.low, figure.high)


def stop_share(by: Mapping[RopoStep, ChanceSum]) -> TableFigure:
    """Of who looked online, how many stopped. No figure where either is withheld."""
    viewed, stopped = by[RopoStep.VIEWED].n, by[RopoStep.STOPPED]
    if not viewed or not stopped.n:
        return TableFigure(None)
    figure = stopped.spread.figure()
    value, low, high = (min(1.0, end / viewed) for end in (figure.value, figure.low, figure.high))
    return TableFigure(value, low, high)


def count_without_purchase(by: Mapping[RopoStep, ChanceSum], k: int) -> TableFigure:
    """Who stopped and has bought neither here nor online: the rest, as far as both ends allow."""
    stopped, online = by[RopoStep.STOPPED], by[RopoStep.BOUGHT_ONLINE]
    here = by[RopoStep.BOUGHT_HERE].n
    rest = max(0.0, stopped.n - here - online.n)
    if not rest:
        return tell_sum(0, k)
    whole, bought = stopped.spread.figure(), online.spread.figure()
    return TableFigure(rest, max(0.0, whole.low - here - bought.high), max(0.0, whole.high - here - bought.low))


def _sample(found: ChanceSum) -> Spread:
    return found.spread
