"""What is told of who got a coupon beside who was held out: blocks of k of either group, once and for good.

They stand in `ropo_day`, on the day on which a block ended, each kind of comparison by the names of its figures; stops
in thousandths of a shopper.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from engine.offers.measured.web_uplift import AFTER_S, BothGroups, GroupSums, WebMoment, cut_moments
from engine.presence.local_hours import hours_in
from engine.presence.ropo.blocks import day_end
from engine.storage.database import Database
from engine.storage.models.visits import RopoDayTable, RopoWaitTable
from engine.storage.models.vouchers import DecisionTable
from engine.storage.told.ropo import ALL, SETTLED_S
from engine.storage.upserts import named_lock, upsert
from engine.vocabulary import DecisionOutcome, DecisionReason

MILLI = 1_000.0
_GROUPS = ("treated", "held_out")
_FIGURES = ("n", "bought", "stopped", "stopped_sq")

MomentsOf = Callable[[Session, float, float], Mapping[str, list[WebMoment]]]
"""The first moments of [since, until) by what is compared."""


@dataclass(frozen=True, slots=True)
class ToldComparison:
    """One kind of comparison in a store: what its figures begin with, and the marks of how far it was told, of all and
    of each that is compared."""

    store: str
    timezone: str
    prefix: str
    looked: str
    reached: str

    @property
    def figures(self) -> list[str]:
        """By their names in the database."""
        return [f"{self.prefix}{group}.{name}" for group in _GROUPS for name in _FIGURES]


def told_groups(db: Database, of: ToldComparison, *, from_t: float, to_t: float) -> dict[str, BothGroups]:
    """Of the blocks that ended on the days in [from_t, to_t), by what is compared."""
    table = RopoDayTable
    query = (
        select(col(table.of), col(table.figure), func.sum(col(table.n)))
        .where(col(table.store) == of.store, col(table.day_start) >= from_t, col(table.day_start) < to_t)
        .where(col(table.figure).in_(of.figures))
        .group_by(col(table.of), col(table.figure))
    )
    sums: dict[str, dict[str, int]] = defaultdict(dict)
    with db.read() as session:
        for name, figure, n in session.connection().execute(query):
            sums[str(name)][str(figure).removeprefix(of.prefix)] = int(n)
    return {name: BothGroups(*(_group(found, group) for group in _GROUPS)) for name, found in sorted(sums.items())}


def tell_groups(db: Database, of: ToldComparison, moments_of: MomentsOf, *, k: int, now: float) -> None:
    """Tells the blocks that are over for AFTER_S by `now` (s UTC): at most once for each day, whoever asks."""
    local = hours_in(of.timezone)
    until = local.midnight(local.clock(now - SETTLED_S - AFTER_S).date())
    with db.read() as session:
        looked = session.get(RopoWaitTable, (of.store, ALL, of.looked))
        seen = None if looked is None else looked.since
        if seen is not None and seen >= until:
            return
        mine = select_rows(RopoWaitTable).where(
            col(RopoWaitTable.store) == of.store, col(RopoWaitTable.figure) == of.reached
        )
        reached = {row.of: row.since for row in session.exec(mine)}
        moments = moments_of(session, 0.0, until)
    rows: list[dict[str, object]] = []
    waits = [_wait(of.store, ALL, of.looked, until)]
    for name, found in sorted(moments.items()):
        fresh = [m for m in found if m.at >= reached.get(name, 0.0)]
        for end, both in cut_moments(fresh, k, day_end(local)):
            rows += _rows(of, local.midnight(local.clock(end - 1.0).date()), name, both)
            reached[name] = end
        waits.append(_wait(of.store, name, of.reached, reached.get(name, 0.0)))
    with db.write() as session:
        named_lock(session, f"ropo.{of.store}")
        row = session.get(RopoWaitTable, (of.store, ALL, of.looked), populate_existing=True)
        if (None if row is None else row.since) != seen:
            return  # somebody else has told of it meanwhile
        upsert(session, RopoDayTable, rows, add=("n",))
        upsert(session, RopoWaitTable, waits, replace=("since",))


def reached_moment() -> ColumnElement[bool]:
    """That a decision was a moment of a coupon: issued, or held out as a ghost."""
    made = DecisionTable
    return (col(made.outcome) == DecisionOutcome.ISSUE) | (col(made.reason) == DecisionReason.HOLDOUT)


def _rows(of: ToldComparison, day: float, name: str, both: BothGroups) -> list[dict[str, object]]:
    said = {
        f"{of.prefix}{group}.{figure}": round(getattr(sums, figure) * (MILLI if figure.startswith("stopped") else 1))
        for group, sums in zip(_GROUPS, (both.treated, both.held_out), strict=True)
        for figure in _FIGURES
    }
    return [
        {"store": of.store, "day_start": day, "of": name, "figure": figure, "n": n, "ambiguous": 0.0}
        for figure, n in said.items()
    ]


def _group(found: Mapping[str, int], group: str) -> GroupSums:
    n, bought, stopped, squares = (found.get(f"{group}.{name}", 0) for name in _FIGURES)
    return GroupSums(n, bought, stopped / MILLI, squares / MILLI)


def _wait(store: str, of: str, figure: str, since: float) -> dict[str, object]:
    nothing = {"n": 0.0, "ambiguous": 0.0, "before": 0}
    return {"store": store, "of": of, "figure": figure, "since": since, **nothing}
