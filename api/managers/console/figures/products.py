"""Products: stops at them, how many of their zone's visits stop, for how long; coupons, receipts, and who bought."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from api.managers.console.figures.counts import SpanCounts
from api.managers.console.figures.looked import LookedPeriods
from api.managers.console.figures.tables import Table, TableColumn, TableRow, figure_cells, figure_columns
from api.managers.spans.days import DaySpan, midnight_of
from api.managers.told import TableFigure, tell_sum
from engine.indicators.comparison import difference
from engine.indicators.counts import Counts
from engine.indicators.formulas import ratio, stop_purchase
from engine.plan.model import Plan, Product
from engine.presence.expected.figures import Figure, Spread
from engine.presence.expected.rows import PRODUCT
from engine.storage.presence.sales import ProductCoupons, buyers_of_month
from engine.storage.told.sales import tell_sales, told_buyers

Spreads = tuple[Spread | None, Spread | None, Spread | None]
"""Stops, stops of each visit of the zone, seconds of each stop."""


def products_table(looked: LookedPeriods) -> Table:
    """Products by stops at them. Whole days: neither stops nor coupons nor receipts are kept by hour."""
    compared, now, asked = looked.is_compared, looked.now, looked.asked
    columns = (
        TableColumn("product", "product"),
        TableColumn("category", "text"),
        TableColumn("zone", "zone"),
        *figure_columns("stops", "count", compared),
        *figure_columns("stop_rate", "rate", compared),
        *figure_columns("stop_s", "s", compared),
        TableColumn("issued", "count"),
        TableColumn("redeemed", "count"),
        TableColumn("receipts", "count"),
        TableColumn("buyers", "share"),
    )
    k = now.made.ctx.config.privacy.k
    within = now.made.products(now.plan.store).within
    bought = buyers_of(now, k)
    rows = []
    for product in chosen_products(now.plan, within, asked.zone, asked.category, asked.product):
        zone = within.get(product.sku, "")
        spreads = [product_spreads(counts, product.sku, zone) for counts in (now, *(c for _, c in looked.before))]
        cells: list[TableFigure] = []
        for i in range(3):
            cells += _measure(spreads[0][i], [s[i] for s in spreads[1:]], compared)
        coupons = now.product_coupons.get(product.sku, ProductCoupons())
        cells += (tell_sum(coupons.issued, k), tell_sum(coupons.redeemed, k))
        sold = now.sold
        has_sales = sold is not None and sold.told
        cells.append(tell_sum(sold.by_product.get(product.sku, 0), k) if sold and has_sales else TableFigure(None))
        cells.append(_figure(stop_purchase(bought.get(product.sku, Counts()))))
        rows.append(TableRow(product.sku, (product.sku, product.category, zone, *cells)))
    return Table(columns, tuple(rows)).sort_by("stops").sort_by(asked.sort)


def chosen_products(
    plan: Plan, within: Mapping[str, str], zone: str | None, category: str | None, sku: str | None
) -> Iterable[Product]:
    """The plan's products of a zone, of a category, or one alone."""
    for product in plan.products:
        if zone not in (None, within.get(product.sku)) or category not in (None, product.category):
            continue
        if sku in (None, product.sku):
            yield product


def product_spreads(counts: SpanCounts, sku: str, zone: str) -> Spreads:
    """What is expected of one product in whole days of a span; None where nothing of it was let out."""
    sums = counts.day_sums.get(PRODUCT + sku)
    if sums is None:
        return None, None, None
    passes = counts.day_sums.get(zone)
    stops = sums.count()
    found = None if passes is None else ratio(stops, passes.count())
    return stops, None if found is None else _spread_of(found), sums.mean_dwell()


def _spread_of(figure: Figure) -> Spread:
    """A figure whose variance is known as a whole."""
    sd = (figure.high - figure.value) / 1.6449
    return Spread(figure.value, sd**2, 0.0, 0.0)


def _measure(now: Spread | None, before: Sequence[Spread | None], compared: bool) -> tuple[TableFigure, ...]:
    values = [None if s is None else s.value for s in before] if compared else None
    if now is None:
        return figure_cells(TableFigure(None), values)
    alone = before[0] if len(before) == 1 else None
    return figure_cells(_figure(now.figure()), values, None if alone is None else difference(now, alone))


def _figure(figure: Figure | None) -> TableFigure:
    return TableFigure(None) if figure is None else TableFigure(figure.value, figure.low, figure.high)


def whole_months(span: DaySpan) -> list[tuple[int, int]]:
    """The calendar months, as year and month, that lie in a span and are over."""
    out = []
    day = span.first.replace(day=1)
    while day <= span.last:
        following = (day + dt.timedelta(days=31)).replace(day=1)
        inside = day >= span.first and following - dt.timedelta(days=1) <= span.last
        if inside and midnight_of(following, span.timezone) <= span.to_t:
            out.append((day.year, day.month))
        day = following
    return out


def buyers_of(counts: SpanCounts, k: int) -> dict[str, Counts]:
    """Who stopped and who bought, by SKU, of the whole months of a span added up."""
    out: dict[str, Counts] = {}
    if counts.span.weekdays:
        return out
    db, plan, now = counts.made.ctx.db, counts.plan, counts.span.to_t
    months = whole_months(counts.span)
    if months and k > 1:
        tell_sales(db, plan.store, plan.product_by_sku, plan.timezone, k=k, now=counts.now or now)
    for year, month in months:
        if k > 1:
            begin, end = dt.date(year, month, 1), dt.date(year + month // 12, month % 12 + 1, 1)
            from_t, to_t = midnight_of(begin, plan.timezone), midnight_of(end, plan.timezone)
            of_month = told_buyers(db, plan.store, plan.timezone, from_t=from_t, to_t=to_t)
        else:
            of_month = buyers_of_month(db, plan.store, year, month, plan.timezone, now=now)
        for sku, found in of_month.items():
            known = out.get(sku, Counts(stop_shoppers=0, stop_buyers=0))
            out[sku] = Counts(
                stop_shoppers=(known.stop_shoppers or 0) + (found.stop_shoppers or 0),
                stop_buyers=(known.stop_buyers or 0) + (found.stop_buyers or 0),
            )
    return out
