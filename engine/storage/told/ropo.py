"""What is told of ways between web and store, product by product and day by day, in whole ks (`engine.presence.ropo`).

Once told, a block is kept as it is: whoever is erased or takes a consent back afterwards changes none of them, so that
two looks at one period never differ by a person. A day is told a quarter of a day after its end, when what the shop's
systems and the engine have of it has come; what comes later still goes with the figure's next block.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from engine.presence.local_hours import LocalHours, hours_in
from engine.presence.ropo.blocks import (
    ChanceEvent,
    ChanceSum,
    WaitingChance,
    day_end,
    lay_days,
    sum_of,
    tell_chances,
)
from engine.presence.ropo.journeys import RopoStep, journeys_of
from engine.presence.ropo.rates import steps_of
from engine.storage.database import Database
from engine.storage.models.commerce import ShopEventTable
from engine.storage.models.visits import RopoDayTable, RopoWaitTable
from engine.storage.told.touches import Touches, product_touches, willing_shoppers
from engine.storage.upserts import named_lock, upsert
from engine.vocabulary import ShopEventKind

DAY_S = 86_400.0
SETTLED_S = 6 * 3600.0
LATE_S = 14 * DAY_S
"""What comes later than that is not told any more."""
ALL = ""
"""Of all products together: a shopper counts once for each of them."""
WAYS = tuple(step.value for step in RopoStep)
"""What is told of ways between web and store."""
_LOOKED = "-"  # the figure of no product that says how far all were looked at
BEFORE = 3
"""In windows: how far before a period journeys are looked for, so that one under way is not begun anew."""

Figures = Mapping[tuple[str, str], ChanceSum]
"""By product (or campaign) and the name of the figure."""
Streams = Mapping[tuple[str, str], Sequence[ChanceEvent]]
Row = dict[str, Any]
EventsOf = Callable[[Session, float, float], Streams]
"""The events of [since, until) by figure."""


def ropo_figures(
    db: Database,
    store: str,
    products: Collection[str],
    timezone: str,
    *,
    from_t: float,
    to_t: float,
    k: int,
    window_days: int,
    now: float,
    weekdays: Collection[int] = (),
) -> Figures:
    """What is told of the days that begin in [from_t, to_t), of these weekdays where any are named. With a k of 1
    everything to the second, as of `now`."""
    local, window_s = hours_in(timezone), window_days * DAY_S
    if k == 1:
        until = min(to_t, now)
        with db.read() as session:
            streams = journey_streams(session, store, products, window_s, from_t, until)
        return {name: sum_of([e for e in of if _on(local, e.at, weekdays)]) for name, of in streams.items()}
    tell_ways(db, store, products, timezone, k=k, window_days=window_days, now=now)
    return told_figures(db, store, local, from_t=from_t, to_t=to_t, weekdays=weekdays)


def told_figures(
    db: Database,
    store: str,
    local: LocalHours,
    *,
    from_t: float,
    to_t: float,
    weekdays: Collection[int] = (),
    figures: Collection[str] = WAYS,
) -> Figures:
    """Each figure that was told of these days; none that is nought."""
    table = RopoDayTable
    parts = (col(table.of), col(table.figure))
    steps = col(table.figure).in_(figures)
    mine = (col(table.store) == store, col(table.day_start) >= from_t, col(table.day_start) < to_t, steps)
    query = select(*parts, func.sum(col(table.n)), func.sum(col(table.ambiguous))).where(*mine)
    with db.read() as session:
        if weekdays:
            days = session.connection().execute(select(col(table.day_start)).where(*mine).distinct()).scalars()
            query = query.where(col(table.day_start).in_([t for t in days if _on(local, t, weekdays)]))
        rows = session.connection().execute(query.group_by(*parts))
        return {(str(of), str(figure)): ChanceSum(float(n), float(ambiguous)) for of, figure, n, ambiguous in rows}


def knows_views(db: Database) -> bool:
    """Whether any shop system has told of a product that somebody looked at."""
    table = ShopEventTable
    query = select(col(table.id)).where(col(table.kind) == str(ShopEventKind.PRODUCT_VIEW)).limit(1)
    with db.read() as session:
        return session.connection().execute(query).first() is not None


def journey_streams(
    session: Session, store: str, products: Collection[str], window_s: float, since: float, until: float
) -> dict[tuple[str, str], list[ChanceEvent]]:
    """The steps of [since, until) by product and step, and those of all products together."""
    shoppers = willing_shoppers(session)
    early = since - BEFORE * window_s
    touches = product_touches(session, store, products, shoppers, since=early, until=until) if shoppers else {}
    return streams_of(touches, window_s, since)


def streams_of(touches: Touches, window_s: float, since: float) -> dict[tuple[str, str], list[ChanceEvent]]:
    """The same from what shoppers did."""
    out: dict[tuple[str, str], list[ChanceEvent]] = defaultdict(list)
    found = [(who, sku, journey) for (who, sku), done in touches.items() for journey in journeys_of(done, window_s)]
    for (who, sku, _), steps in zip(found, steps_of([journey for *_, journey in found]), strict=True):
        for step in steps:
            if step.at >= since:
                event = ChanceEvent(step.at, who, step.chance)
                out[sku, step.step.value].append(event)
                out[ALL, step.step.value].append(event)
    return out


def tell_ways(
    db: Database, store: str, products: Collection[str], timezone: str, *, k: int, window_days: int, now: float
) -> None:
    """Tells what may be told by `now` (s UTC): at most once for each day, whoever asks how often."""

    def events(session: Session, since: float, until: float) -> Streams:
        return journey_streams(session, store, products, window_days * DAY_S, since, until)

    tell_streams(db, store, hours_in(timezone), events, k=k, now=now)


def tell_streams(
    db: Database,
    store: str,
    local: LocalHours,
    events: EventsOf,
    *,
    k: int,
    now: float,
    figures: Collection[str] = WAYS,
    looked_at: str = _LOOKED,
) -> None:
    """The same of these events, all of which are of `figures`. They are read and cut before anything is locked, as
    there may be many. `looked_at` names the row that says how far these were looked at."""
    until = local.midnight(local.clock(now - SETTLED_S).date())
    with db.read() as session:
        looked = session.get(RopoWaitTable, (store, ALL, looked_at))
        seen = None if looked is None else looked.since
        if seen is not None and seen >= until:
            return
        mine = select_rows(RopoWaitTable).where(
            col(RopoWaitTable.store) == store, col(RopoWaitTable.figure).in_(figures)
        )
        kept = {(row.of, row.figure): row for row in session.exec(mine)}
        early = min((row.since for row in kept.values()), default=0.0) - LATE_S
        streams = events(session, max(0.0, early), until)
        names = sorted({*streams, *kept})
        told = [_tell_stream(store, name, streams.get(name, ()), kept.get(name), local, k) for name in names]
    with db.write() as session:
        named_lock(session, f"ropo.{store}")
        row = session.get(RopoWaitTable, (store, ALL, looked_at), populate_existing=True)
        if (None if row is None else row.since) != seen:
            return  # somebody else has told of it meanwhile
        upsert(session, RopoDayTable, [day for days, _ in told for day in days], add=("n", "ambiguous"))
        waits = [wait for _, wait in told] + [_wait(store, (ALL, looked_at), WaitingChance(until), 0)]
        upsert(session, RopoWaitTable, waits, replace=("since", "n", "ambiguous", "before"))


def _tell_stream(
    store: str,
    name: tuple[str, str],
    events: Iterable[ChanceEvent],
    before: RopoWaitTable | None,
    local: LocalHours,
    k: int,
) -> tuple[list[Row], Row]:
    """The rows of its days that can be told, and what waits then."""
    held = sorted(events, key=lambda e: e.at)
    waiting = WaitingChance()
    if before is not None:
        waiting = WaitingChance(before.since, before.n, before.ambiguous)
        seen = _before(held, before.since)
        if len(seen) > before.before:  # what came late goes with the next block
            late, whole = 1.0 - before.before / len(seen), sum_of(seen)
            n, ambiguous = before.n + whole.n * late, before.ambiguous + whole.ambiguous * late
            waiting = WaitingChance(before.since, n, ambiguous)
    fresh = [event for event in held if event.at >= waiting.since]
    blocks, waiting = tell_chances(fresh, waiting, k, day_end(local))
    rows = [
        {"store": store, "day_start": day, "of": name[0], "figure": name[1], "n": n, "ambiguous": ambiguous}
        for block in blocks
        for day, n, ambiguous in lay_days(block, local, k)
    ]
    return rows, _wait(store, name, waiting, len(_before(held, waiting.since)))


def _before(events: Iterable[ChanceEvent], since: float) -> list[ChanceEvent]:
    return [event for event in events if since - LATE_S <= event.at < since]


def _wait(store: str, name: tuple[str, str], waiting: WaitingChance, before: int) -> Row:
    values = {"since": waiting.since, "n": waiting.n, "ambiguous": waiting.ambiguous, "before": before}
    return {"store": store, "of": name[0], "figure": name[1], **values}


def _on(local: LocalHours, t: float, weekdays: Collection[int]) -> bool:
    return not weekdays or local.clock(t).weekday() in weekdays
