"""The funnel: how far people came who were followed through one stay, and from a coupon to its use.

Where the engine has kept no ways (an import, an older version, hours of the day), steps are visits, of nobody followed.
"""

from __future__ import annotations

from api.managers.console.figures.counts import SpanCounts, till_zones
from api.managers.console.figures.looked import LookedPeriods
from api.managers.console.figures.tables import Table, TableColumn, TableRow, figure_cells, figure_columns
from api.managers.told import TableFigure, tell_sum
from engine.indicators.comparison import difference
from engine.indicators.formulas import rate, ratio
from engine.presence.expected.figures import Figure, Spread
from engine.presence.expected.ways import (
    CAME,
    WAY_PRODUCT,
    WAY_PRODUCT_TILL,
    WAY_TILL,
    WAY_ZONE,
    WAY_ZONE_TILL,
)
from engine.presence.flows import OUTSIDE

COUPON_STEPS = ("issued", "shown", "redeemed")
STEPS = ("came_in", "zone", "product", "tills", "bought", *COUPON_STEPS)
"""Of the funnel, from the door to the till, and from a coupon to its use."""


def funnel_table(looked: LookedPeriods) -> Table:
    """From the door to the tills, and from a coupon to its use: each step with its share of the first of its kind."""
    columns = (
        TableColumn("step", "step"),
        *figure_columns("count", "count", looked.is_compared),
        TableColumn("share_of_first", "share"),
    )
    rows = _followed_rows(looked) if is_followed(looked) else _visit_rows(looked)
    return Table(columns, (*rows, *_coupon_rows(looked)))


def is_followed(looked: LookedPeriods) -> bool:
    """Whether every period has ways of people who were followed, and all of its days."""
    return looked.asked.span.hours == (0, 24) and all(
        counts.has_steps and follow(counts, looked.asked.zone, looked.asked.product)
        for counts in (looked.now, *(counts for _, counts in looked.before))
    )


def follow(counts: SpanCounts, zone: str | None, product: str | None) -> dict[str, Spread]:
    """People by step, those that are known; nothing without who came in. Each step is part of the one before."""
    sums = counts.day_sums
    names: dict[str, str] = {"zone": "", "product": "", "tills": WAY_TILL}
    if product:
        zone = zone or counts.made.products(counts.plan.store).within.get(product)
        names |= {"product": WAY_PRODUCT + product, "tills": WAY_PRODUCT_TILL + product}
    elif zone:
        names["tills"] = WAY_ZONE_TILL + zone
    if zone:
        names["zone"] = WAY_ZONE + zone
    came = sum(sums[name].visits for name in CAME if name in sums)
    steps = {step: sums[name].count() for step, name in names.items() if name in sums}
    tills = till_zones(counts.plan)
    if not zone and len(tills) == 1 and "tills" not in steps and WAY_ZONE + tills[0] in sums:
        steps["tills"] = sums[WAY_ZONE + tills[0]].count()  # a plan without tills has a zone for them
    wanted = (zone is None or "zone" in steps) and (product is None or "product" in steps)
    return {"came_in": Spread(came, 0.0, 0.0, came), **steps} if came > 0 and wanted and steps else {}


def _followed_rows(looked: LookedPeriods) -> list[TableRow]:
    zone, product = looked.asked.zone, looked.asked.product
    now = follow(looked.now, zone, product)
    past = [follow(counts, zone, product) for _, counts in looked.before]
    rows = []
    for step, spread in now.items():
        share = None if step == "came_in" else ratio(spread, now["came_in"])
        before = [p[step].value if step in p else None for p in past] if looked.is_compared else None
        alone = past[0].get(step) if len(past) == 1 else None
        found = None if alone is None else difference(spread, alone)
        cells = figure_cells(_show(spread.figure(), step == "came_in"), before, found)
        rows.append(TableRow(step, (step, *cells, _share(share))))
    bought = _count_bought(looked.now, product)
    if bought is not None:
        past_bought = [_count_bought(counts, product) for _, counts in looked.before] if looked.is_compared else None
        before = None if past_bought is None else [None if b is None else b.value for b in past_bought]
        n = bought.value
        of_all = TableFigure(None) if n is None else _share(rate(round(n), round(now["came_in"].value)))
        rows.append(TableRow("bought", ("bought", *figure_cells(bought, before), of_all)))
    return rows


def _count_bought(counts: SpanCounts, product: str | None) -> TableFigure | None:
    """What is told of receipts of the store, or of those with the product; None where no shop system tells of any."""
    sold = counts.sold
    if sold is None or not sold.told:
        return None
    return tell_sum(float(sold.receipts if product is None else sold.by_product.get(product, 0)), counts.k)


def _show(figure: Figure, exact: bool) -> TableFigure:
    return TableFigure(figure.value) if exact else TableFigure(figure.value, figure.low, figure.high)


def _share(figure: Figure | None) -> TableFigure:
    if figure is None:
        return TableFigure(1.0)
    return TableFigure(min(1.0, figure.value), min(1.0, figure.low), min(1.0, figure.high))


def _visit_rows(looked: LookedPeriods) -> list[TableRow]:
    """Ways that began and visits; the tills only where the plan has a zone for them."""
    periods = [looked.now, *(counts for _, counts in looked.before)]
    return _rows(looked, [_visits(counts, looked.asked.zone) for counts in periods], "came_in")


def _coupon_rows(looked: LookedPeriods) -> list[TableRow]:
    names = {"issued": "vouchers_issued", "shown": "vouchers_acknowledged", "redeemed": "vouchers_redeemed"}
    totals = [counts.coupons.totals for counts in (looked.now, *(counts for _, counts in looked.before))]
    return _rows(
        looked, [{step: tell_sum(t[name], looked.k) for step, name in names.items()} for t in totals], "issued"
    )


def _rows(looked: LookedPeriods, steps: list[dict[str, TableFigure]], first: str) -> list[TableRow]:
    now, past = steps[0], steps[1:]
    rows = []
    for step, figure in now.items():
        n, whole = figure.value, now[first].value
        before = [p[step].value for p in past] if looked.is_compared else None
        share = n / whole if n is not None and whole and n <= whole else None  # visits may be more than people
        rows.append(TableRow(step, (step, *figure_cells(figure, before), TableFigure(share))))
    return rows


def _visits(counts: SpanCounts, zone: str | None) -> dict[str, TableFigure]:
    """Visits are those that the page of zones has: they are let out zone by zone, while ways are by pair of zones, of
    which those with few people wait, so that their sum is far below what came."""
    tills = till_zones(counts.plan)
    steps = {"came_in": tell_sum(sum(n for (a, _), n in counts.moves.items() if a == OUTSIDE), counts.k)}
    if zone:
        steps["zone"] = counts.tell(zone).visits
    if tills and zone not in tills:
        figures = [counts.tell(till).visits for till in tills]
        steps["tills"] = figures[0] if len(figures) == 1 else tell_sum(sum(f.value or 0.0 for f in figures), counts.k)
    return steps
