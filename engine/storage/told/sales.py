"""What is told of receipts, and of who bought after a stop: by day, in whole ks, as ways between web and store are
(`engine.storage.told.ropo`), and kept in the same tables.

A receipt that names somebody counts as theirs; one that names nobody as that of somebody else each, since no one can
tell whether two of them are one person's. Who stopped and who bought are counted once for each product and month.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping

from sqlmodel import Session, col, select

from engine.indicators.counts import Counts
from engine.offers.measured.purchases import WITHIN_S
from engine.presence.local_hours import LocalHours, hours_in
from engine.presence.ropo.blocks import ChanceEvent
from engine.storage.database import Database
from engine.storage.models.visits import RopoWaitTable
from engine.storage.presence.sales import Sold, count_sold, is_told_of, outcomes_of, read_receipts, stops_and_purchases
from engine.storage.told.ropo import ALL, LATE_S, Streams, tell_streams, told_figures

RECEIPTS, STOPPED, BUYERS = "receipts", "stop_shoppers", "stop_buyers"
SOLD = (RECEIPTS, STOPPED, BUYERS)
_LOOKED = "-sales"

Floors = Mapping[tuple[str, str], float]
"""Since when the events of a figure matter."""


def told_sales(
    db: Database,
    store: str,
    products: Collection[str],
    timezone: str,
    *,
    from_t: float,
    to_t: float,
    k: int,
    now: float,
) -> Sold:
    """Receipts of the days that begin in [from_t, to_t), and those with each product; what is not told is left out.
    With a k of 1 everything to the second."""
    if k == 1:
        return count_sold(db, store, from_t=from_t, to_t=to_t)
    tell_sales(db, store, products, timezone, k=k, now=now)
    found = told_figures(db, store, hours_in(timezone), from_t=from_t, to_t=to_t, figures=[RECEIPTS])
    by = {of: round(figure.n) for (of, _), figure in found.items()}
    return Sold(is_told_of(db, store), by.pop(ALL, 0), by)


def told_buyers(db: Database, store: str, timezone: str, *, from_t: float, to_t: float) -> dict[str, Counts]:
    """`stop_shoppers` and `stop_buyers` by SKU, of the days that begin in [from_t, to_t), as far as `tell_sales` told.
    Buyers wait longer, as they are fewer: where a period has more of them than shoppers, they are as many."""
    found = told_figures(db, store, hours_in(timezone), from_t=from_t, to_t=to_t, figures=[STOPPED, BUYERS])
    out: dict[str, Counts] = {}
    for of, name in found:
        if name == STOPPED:
            people = round(found[of, STOPPED].n)
            buyers = round(found[of, BUYERS].n) if (of, BUYERS) in found else 0
            out[of] = Counts(stop_shoppers=people, stop_buyers=min(people, buyers))
    return out


def tell_sales(db: Database, store: str, products: Collection[str], timezone: str, *, k: int, now: float) -> None:
    """Tells what may be told by `now` (s UTC): at most once for each day, whoever asks how often."""
    local = hours_in(timezone)

    def events(session: Session, since: float, until: float) -> Streams:
        floors = _floors(session, store)
        streams = receipt_streams(session, store, products, floors, since, until)
        return {**streams, **buyer_streams(session, store, local, since, until)}

    tell_streams(db, store, local, events, k=k, now=now, figures=SOLD, looked_at=_LOOKED)


def receipt_streams(
    session: Session, store: str, products: Collection[str], floors: Floors, since: float, until: float
) -> Streams:
    """The receipts of [since, until) as a whole and by product, each from its figure's floor on: of what sells much
    that is little, and what is never told of sells little."""
    out: dict[tuple[str, str], list[ChanceEvent]] = defaultdict(list)
    for receipt in read_receipts(session, store, since, until):
        event = ChanceEvent(receipt.at, receipt.who)
        for of in (ALL, *sorted(receipt.skus & frozenset(products))):
            if receipt.at >= floors.get((of, RECEIPTS), 0.0):
                out[of, RECEIPTS].append(event)
    return out


def buyer_streams(session: Session, store: str, local: LocalHours, since: float, until: float) -> Streams:
    """Who stopped at a product in [since, until) and whose receipt is known, and who of them bought it: each shopper
    once for each product and month of the store's calendar."""
    stops, bought = stops_and_purchases(session, store, _month_of(local)(since), until, WITHIN_S)
    month, seen = _month_of(local), set[tuple[str, str, str, float]]()
    out: dict[tuple[str, str], list[ChanceEvent]] = defaultdict(list)
    for sku, who, at, has_bought in sorted(outcomes_of(stops, bought), key=lambda outcome: outcome[2]):
        for name in (STOPPED, BUYERS) if has_bought else (STOPPED,):
            once = (sku, who, name, month(at))
            if once not in seen:
                seen.add(once)
                if at >= since:
                    out[sku, name].append(ChanceEvent(at, who))
    return out


def _floors(session: Session, store: str) -> Floors:
    table = RopoWaitTable
    query = select(table).where(col(table.store) == store, col(table.figure) == RECEIPTS)
    return {(row.of, row.figure): row.since - LATE_S for row in session.exec(query)}


def _month_of(local: LocalHours) -> Callable[[float], float]:
    """When the month that holds a time begins."""
    return lambda t: local.midnight(local.clock(t).date().replace(day=1))
