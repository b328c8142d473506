"""Hours that were counted elsewhere (another system, a recording, a simulated year), put beside an engine's, once.

An engine adds to its hours; an import says what they are. So it can be repeated, and one that was cut off is mended by
the next: hours already there with the same figures stay untouched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.presence.zonehours import ZoneHourRow
from engine.storage.database import Database
from engine.storage.heatmaps import zone_hours
from engine.storage.journal import zone_values
from engine.storage.tables import ZoneHourTable
from engine.storage.upserts import upsert

FIGURES = ("person_s", "visits", "dwell_s_sum", "persons_peak")

SAME_WITHIN = 1e-3
"""Tables hold figures to three decimals."""


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


def differing_hours(db: Database, store: str, rows: Sequence[ZoneHourRow]) -> list[tuple[int, ZoneHourRow]]:
    """Which of `rows` (by index) the database knows with other figures, and what it has."""
    known = _known(db, store, rows)
    found = ((i, known.get((r.hour_start, r.zone))) for i, r in enumerate(rows))
    return [(i, there) for i, there in found if there is not None and not _same(rows[i], there)]


def import_hours(db: Database, store: str, rows: Sequence[ZoneHourRow], *, replace: bool = False) -> Imported:
    """Writes hours of zones in one transaction; no hour and zone twice among them.

    Hours already there with other figures are kept, or with `replace` overwritten. The same rows again change nothing.
    """
    known = _known(db, store, rows)
    there = [(r, known.get((r.hour_start, r.zone))) for r in rows]
    new = [r for r, old in there if old is None]
    other = [r for r, old in there if old is not None and not _same(r, old)]
    if new or (other and replace):
        with db.write() as session:
            # what an engine has written since it was looked at stays: then the next import says so
            upsert(session, ZoneHourTable, zone_values(store, new))
            if replace:
                upsert(session, ZoneHourTable, zone_values(store, other), replace=FIGURES)
    replaced = len(other) if replace else 0
    return Imported(len(new), replaced, len(rows) - len(new) - len(other), len(other) - replaced)


def _known(db: Database, store: str, rows: Sequence[ZoneHourRow]) -> dict[tuple[float, str], ZoneHourRow]:
    if not rows:
        return {}
    first, last = min(r.hour_start for r in rows), max(r.hour_start for r in rows)
    return {(r.hour_start, r.zone): r for r in zone_hours(db, store, from_t=first, to_t=last + 1.0)}


def _same(a: ZoneHourRow, b: ZoneHourRow) -> bool:
    return all(abs(getattr(a, name) - getattr(b, name)) < SAME_WITHIN for name in FIGURES)
