"""Hours from elsewhere: written once, whatever is repeated, and never over what an engine counted."""

from __future__ import annotations

from engine.presence.flows import OUTSIDE, FlowRow
from engine.presence.zonehours import ZoneHourRow
from engine.storage.database import Database
from engine.storage.journal import save_checkpoint
from engine.storage.presence.heatmaps import zone_flows, zone_hours
from engine.storage.presence.histories import ZONE_FLOWS, ZONE_HOURS, Imported

ROWS = [ZoneHourRow(3600.0 * h, zone, 100.5 + h, 3, 90.25, 2.0) for h in range(5) for zone in ("bio", "cave")]


def stored(db: Database, store: str = "s") -> list[ZoneHourRow]:
    return zone_hours(db, store, from_t=0.0, to_t=1e9)


def test_the_same_hours_again_change_nothing(db: Database) -> None:
    assert ZONE_HOURS.put(db, "s", ROWS[:4]) == Imported(added=4)
    assert ZONE_HOURS.put(db, "s", ROWS) == Imported(added=6, same=4)
    assert ZONE_HOURS.put(db, "s", ROWS) == Imported(same=10)
    assert stored(db) == ROWS
    assert stored(db, "other") == []
    assert ZONE_HOURS.put(db, "s", []) == Imported()


def test_what_an_engine_counted_stays_unless_it_is_to_be_replaced(db: Database) -> None:
    counted = [ZoneHourRow(3600.0, "bio", 7.0, 1, 6.0, 1.0), ZoneHourRow(3600.0, "tea", 7.0, 1, 6.0, 1.0)]
    save_checkpoint(db, "s", 0, b"", [], counted, [], 4000.0)
    assert ZONE_HOURS.differing(db, "s", ROWS) == [(2, counted[0])]
    assert ZONE_HOURS.put(db, "s", ROWS) == Imported(added=9, kept=1)
    assert counted[0] in stored(db)
    assert ZONE_HOURS.put(db, "s", ROWS, replace=True) == Imported(replaced=1, same=9)
    assert stored(db) == sorted([*ROWS, counted[1]], key=lambda r: (r.hour_start, r.zone))
    assert ZONE_HOURS.differing(db, "s", ROWS) == []


def test_an_engine_that_goes_on_counting_adds_to_what_was_imported(db: Database) -> None:
    ZONE_HOURS.put(db, "s", ROWS[:1])
    save_checkpoint(db, "s", 0, b"", [], [ZoneHourRow(0.0, "bio", 10.0, 2, 5.0, 1.0)], [], 100.0)
    assert stored(db) == [ZoneHourRow(0.0, "bio", 110.5, 5, 95.25, 2.0)]


def test_transitions_are_no_different(db: Database) -> None:
    flows = [FlowRow(3600.0 * h, a, b, 1 + h) for h in range(3) for a, b in ((OUTSIDE, "bio"), ("bio", OUTSIDE))]
    assert ZONE_FLOWS.put(db, "s", flows) == Imported(added=6)
    assert ZONE_FLOWS.put(db, "s", flows) == Imported(same=6)
    other = [FlowRow(0.0, OUTSIDE, "bio", 9)]
    assert ZONE_FLOWS.differing(db, "s", other) == [(0, flows[0])]
    assert ZONE_FLOWS.put(db, "s", other, replace=True) == Imported(replaced=1)
    assert zone_flows(db, "s", from_t=0.0, to_t=1e9) == sorted(
        [*other, *flows[1:]], key=lambda f: (f.hour_start, f.from_zone)
    )
