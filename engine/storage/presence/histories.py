"""Hours that were counted elsewhere (another system, a recording, a simulated year), put beside an engine's, once.

An engine adds to its hours; an import says what they are. So it can be repeated, and one that was cut off is mended by
the next: hours already there with the same figures stay untouched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlmodel import SQLModel

from engine.presence.flows import FlowRow
from engine.presence.zonehours import ZoneHourRow
from engine.storage.database import Database
from engine.storage.figures.days import forget_days, lock_figures
from engine.storage.figures.stamps import move_stamp
from engine.storage.journal import flow_values, zone_values
from engine.storage.models.visits import FlowTable, ZoneHourTable
from engine.storage.presence.heatmaps import zone_flows, zone_hours
from engine.storage.upserts import upsert

SAME_WITHIN = 1e-3
"""Tables hold figures to three decimals."""

Row = TypeVar("Row", ZoneHourRow, FlowRow)
"""One row of a table by hour."""


@dataclass(frozen=True, slots=True)
class Imported:
    """Rows by what became of them. `kept`: already there with other figures, and left as they were."""

    added: int = 0
    replaced: int = 0
    same: int = 0
    kept: int = 0

    def __add__(self, other: Imported) -> Imported:
        return Imported(
            self.added + other.added, self.replaced + other.replaced, self.same + other.same, self.kept + other.kept
        )


@dataclass(frozen=True, slots=True)
class ByHour(Generic[Row]):
    """A table by hour: what names a row, what it says, and how it is read and written."""

    model: type[SQLModel]
    key: Callable[[Row], tuple[float | str, ...]]
    figures: tuple[str, ...]
    read: Callable[[Database, str, float, float], list[Row]]
    values: Callable[[str, Sequence[Row]], list[dict[str, Any]]]

    def differing(self, db: Database, store: str, rows: Sequence[Row]) -> list[tuple[int, Row]]:
        """Which of `rows` (by index) the database knows with other figures, and what it has."""
        known = self._read_known(db, store, rows)
        found = ((i, known.get(self.key(r))) for i, r in enumerate(rows))
        return [(i, there) for i, there in found if there is not None and not self._same(rows[i], there)]

    def put(self, db: Database, store: str, rows: Sequence[Row], *, replace: bool = False) -> Imported:
        """Writes rows in one transaction; no key twice among them.

        Rows already there with other figures are kept, or with `replace` overwritten. The same again changes nothing.
        """
        known = self._read_known(db, store, rows)
        there = [(r, known.get(self.key(r))) for r in rows]
        new = [r for r, old in there if old is None]
        other = [r for r, old in there if old is not None and not self._same(r, old)]
        if new or (other and replace):
            with db.write() as session:
                lock_figures(session, store)
                forget_days(session, store, {r.hour_start for r in rows})
                # what an engine has written since it was looked at stays: the next import says so
                upsert(session, self.model, self.values(store, new))
                if replace:
                    upsert(session, self.model, self.values(store, other), replace=self.figures)
                move_stamp(session, store)
        replaced = len(other) if replace else 0
        return Imported(len(new), replaced, len(rows) - len(new) - len(other), len(other) - replaced)

    def _read_known(self, db: Database, store: str, rows: Sequence[Row]) -> dict[tuple[float | str, ...], Row]:
        if not rows:
            return {}
        first, last = min(r.hour_start for r in rows), max(r.hour_start for r in rows)
        return {self.key(r): r for r in self.read(db, store, first, last + 1.0)}

    def _same(self, a: Row, b: Row) -> bool:
        return all(abs(getattr(a, name) - getattr(b, name)) < SAME_WITHIN for name in self.figures)


ZONE_HOURS: ByHour[ZoneHourRow] = ByHour(
    ZoneHourTable,
    lambda r: (r.hour_start, r.zone),
    ("person_s", "visits", "dwell_s_sum", "persons_peak"),
    lambda db, store, from_t, to_t: zone_hours(db, store, from_t=from_t, to_t=to_t),
    zone_values,
)
"""Zones by hour."""

ZONE_FLOWS: ByHour[FlowRow] = ByHour(
    FlowTable,
    lambda r: (r.hour_start, r.from_zone, r.to_zone),
    ("count",),
    lambda db, store, from_t, to_t: zone_flows(db, store, from_t=from_t, to_t=to_t),
    flow_values,
)
"""Transitions between zones by hour."""
