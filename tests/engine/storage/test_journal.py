"""Journal and checkpoint: nothing acknowledged is lost, nothing is counted twice, whenever the process dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from engine.presence.flows import FlowRow
from engine.presence.heat import HeatRow
from engine.presence.local_hours import hours_in
from engine.presence.zonehours import ZoneHourRow
from engine.privacy.consent import ConsentChoice
from engine.storage.database import Database, open_database
from engine.storage.figures.heatsums import heat_rows
from engine.storage.journal import Journal, VisitRow, load_recovery, save_checkpoint
from engine.storage.models.running import JournalTable
from engine.storage.presence.heatmaps import flow_sums, visits_of, zone_flows, zone_hours
from tests.engine.storage.scenes import NOW, STORE, at_once, shopper

HOUR = 3600.0
HEAT = HeatRow(HOUR, "ground", 3, 4, 10.0, 2.5)
ZONE = ZoneHourRow(HOUR, "fruit", 100.0, 3, 90.0, 2.0)
UTC = hours_in("UTC")
FLOW = FlowRow(HOUR, "fruit", "tea", 4)


def test_a_new_store_has_nothing_to_recover(db: Database) -> None:
    found = load_recovery(db, STORE)
    assert (found.checkpoint, found.upto_id, found.journal) == (None, 0, [])


def test_the_journal_comes_back_in_order_and_per_store(db: Database) -> None:
    ids = [Journal(db, STORE).append(NOW + i, bytes([i]) * 3) for i in range(3)]
    Journal(db, "other").append(NOW, b"x")
    assert ids == sorted(set(ids))
    found = load_recovery(db, STORE)
    assert [(r.id, r.now, r.payload) for r in found.journal] == [(ids[i], NOW + i, bytes([i]) * 3) for i in range(3)]
    assert len(load_recovery(db, "other").journal) == 1


def test_a_checkpoint_cuts_the_journal_and_adds_the_aggregates(db: Database) -> None:
    first, second = Journal(db, STORE).append(NOW, b"a"), Journal(db, STORE).append(NOW, b"b")
    other = Journal(db, "other").append(NOW, b"c")
    save_checkpoint(db, STORE, first, b"state 1", [HEAT], [ZONE], [], NOW, flows=[FLOW])
    found = load_recovery(db, STORE)
    assert (found.checkpoint, found.upto_id, [r.id for r in found.journal]) == (b"state 1", first, [second])
    save_checkpoint(db, STORE, second, b"state 2", [HEAT], [replace(ZONE, persons_peak=1.5)], [], NOW, flows=[FLOW])
    found = load_recovery(db, STORE)
    assert (found.checkpoint, found.upto_id, found.journal) == (b"state 2", second, [])
    assert [r.id for r in load_recovery(db, "other").journal] == [other]
    assert heat_rows(db, STORE, from_t=0, to_t=2 * HOUR) == [replace(HEAT, person_s=20.0, fixes=5.0)]
    assert zone_hours(db, STORE, from_t=0, to_t=2 * HOUR) == [ZoneHourRow(HOUR, "fruit", 200.0, 6, 180.0, 2.0)]
    assert zone_flows(db, STORE, from_t=0, to_t=2 * HOUR) == [replace(FLOW, count=8)]


def test_ids_go_on_after_the_journal_was_cut(db: Database) -> None:
    """A checkpoint says "up to id n": an id used again would hide a row from recovery for ever."""
    last = Journal(db, STORE).append(NOW, b"a")
    save_checkpoint(db, STORE, last, b"state", [], [], [], NOW)
    assert Journal(db, STORE).append(NOW, b"b") > last


def test_a_checkpoint_that_fails_changes_nothing(db: Database) -> None:
    row = Journal(db, STORE).append(NOW, b"a")
    save_checkpoint(db, STORE, 0, b"old", [HEAT], [], [], NOW)
    nothing: Any = None  # refused by the last statement, after the aggregates
    with pytest.raises(IntegrityError):
        save_checkpoint(db, STORE, nothing, b"new", [HEAT], [ZONE], [], NOW, flows=[FLOW])
    found = load_recovery(db, STORE)
    assert (found.checkpoint, [r.id for r in found.journal]) == (b"old", [row])
    assert heat_rows(db, STORE, from_t=0, to_t=2 * HOUR) == [HEAT]
    assert zone_hours(db, STORE, from_t=0, to_t=2 * HOUR) == []
    assert zone_flows(db, STORE, from_t=0, to_t=2 * HOUR) == []


def test_aggregates_are_read_by_time_level_and_store(db: Database) -> None:
    rows = [replace(HEAT, hour_start=h * HOUR, level=lv) for h in (2, 1) for lv in ("up", "ground")]
    save_checkpoint(db, STORE, 0, b"", rows, [ZONE, replace(ZONE, hour_start=2 * HOUR)], [], NOW)
    found = heat_rows(db, STORE, from_t=HOUR, to_t=3 * HOUR)
    assert [(r.hour_start, r.level) for r in found] == [
        (HOUR, "ground"), (HOUR, "up"), (2 * HOUR, "ground"), (2 * HOUR, "up"),
    ]  # fmt: skip
    assert heat_rows(db, STORE, from_t=HOUR, to_t=2 * HOUR, level="up") == [replace(HEAT, level="up")]
    assert heat_rows(db, "other", from_t=0, to_t=9 * HOUR) == []
    assert [z.hour_start for z in zone_hours(db, STORE, from_t=2 * HOUR, to_t=3 * HOUR)] == [2 * HOUR]


def test_flows_are_read_by_hour_or_summed_over_a_period(db: Database) -> None:
    out = FlowRow(HOUR, "tea", "", 9)
    save_checkpoint(db, STORE, 0, b"", [], [], [], NOW, flows=[FLOW, out, replace(FLOW, hour_start=2 * HOUR, count=6)])
    save_checkpoint(db, "other", 0, b"", [], [], [], NOW, flows=[replace(FLOW, count=50)])
    assert zone_flows(db, STORE, from_t=HOUR, to_t=2 * HOUR) == [FLOW, out]
    assert [r.count for r in zone_flows(db, STORE, from_t=2 * HOUR, to_t=3 * HOUR)] == [6]
    assert flow_sums(db, STORE, UTC, from_t=HOUR, to_t=3 * HOUR) == [replace(FLOW, count=10), out]
    assert flow_sums(db, STORE, UTC, from_t=3 * HOUR, to_t=9 * HOUR) == []
    assert flow_sums(db, STORE, UTC, from_t=HOUR, to_t=3 * HOUR, hours=[2 * HOUR]) == [replace(FLOW, count=6)]


def test_visits_are_kept_for_those_who_consent_and_once(db: Database) -> None:
    yes = shopper(db).shopper_id
    no = shopper(db, consents=[ConsentChoice("crm", "any", True)]).shopper_id
    visit = VisitRow(yes, "fruit", "v1", NOW, NOW + 60, 60.0)
    visits = [visit, visit, replace(visit, shopper_id=no), replace(visit, shopper_id="nobody")]
    save_checkpoint(db, STORE, 0, b"", [], [], visits, NOW)
    save_checkpoint(db, STORE, 0, b"", [], [], [visit, replace(visit, started_at=NOW + 90)], NOW)
    assert visits_of(db, yes) == [replace(visit, started_at=NOW + 90), visit]
    assert visits_of(db, no) == []
    assert visits_of(db, yes, limit=1) == [replace(visit, started_at=NOW + 90)]


def test_several_stores_write_at_once(db: Database) -> None:
    def work(i: int) -> str:
        store = f"store-{i % 4}"
        row = Journal(db, store).append(NOW, b"x" * 1000)
        save_checkpoint(db, store, row, b"s", [HEAT, replace(HEAT, col=i)], [ZONE], [], NOW)
        return "ok"

    assert at_once(24, work) == {"ok": 24}
    for k in range(4):
        [shared_cell] = [r for r in heat_rows(db, f"store-{k}", from_t=0, to_t=2 * HOUR) if r.col == 3 and r.row == 4]
        assert shared_cell.person_s == pytest.approx(60.0 if k != 3 else 70.0)  # i = 3 hits the shared cell itself


def test_two_writers_of_one_store_in_crossing_orders_do_not_deadlock(db: Database) -> None:
    rows = [replace(HEAT, col=c) for c in range(150)]

    def work(i: int) -> str:
        save_checkpoint(db, STORE, 0, b"s", rows[:: 1 if i % 2 else -1], [], [], NOW)
        return "ok"

    assert at_once(8, work) == {"ok": 8}
    assert {r.person_s for r in heat_rows(db, STORE, from_t=0, to_t=2 * HOUR)} == {80.0}


WRITER = """
import sys
from engine.storage.database import open_database
from engine.storage.journal import Journal
db = open_database(sys.argv[1])
for i in range(10_000):
    print(Journal(db, "market").append(float(i), str(i).encode()), flush=True)
"""


def test_what_was_acknowledged_survives_kill_minus_9(database_url: str) -> None:
    open_database(database_url).close()
    writer = subprocess.Popen([sys.executable, "-c", WRITER, database_url], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    told = [int(writer.stdout.readline()) for _ in range(40)]
    os.kill(writer.pid, signal.SIGKILL)
    told += [int(line) for line in writer.stdout.read().splitlines()]
    writer.wait()
    writer.stdout.close()
    db = open_database(database_url)
    try:
        kept = [row.id for row in load_recovery(db, STORE).journal]
    finally:
        db.close()
    assert kept[: len(told)] == told
    assert len(kept) - len(told) in (0, 1)  # at most the one whose answer was not heard


def slots(db: Database) -> list[int]:
    with db.read() as session:
        return [row.slot or 0 for row in session.exec(select(JournalTable).order_by(col(JournalTable.seq)))]


def test_rows_that_a_checkpoint_holds_are_written_over(db: Database) -> None:
    journal = Journal(db, STORE)
    for turn in range(4):
        told = [journal.append(NOW, b"%d" % (turn * 100 + i)) for i in range(100)]
        save_checkpoint(db, STORE, told[-1], b"s", [], [], [], NOW)
        journal.free(told[-1])
        assert load_recovery(db, STORE).journal == []
    assert len(slots(db)) == 100
    left = [journal.append(NOW, b"after %d" % i) for i in range(3)]
    assert [(r.id, r.payload) for r in load_recovery(db, STORE).journal] == [
        (left[i], b"after %d" % i) for i in range(3)
    ]


def test_a_busy_hour_leaves_few_rows_behind(db: Database) -> None:
    journal = Journal(db, STORE)
    for n in (300, 10, 10):
        told = [journal.append(NOW, b"x") for _ in range(n)]
        save_checkpoint(db, STORE, told[-1], b"s", [], [], [], NOW)
        journal.free(told[-1])
    assert len(slots(db)) <= 74


def test_who_takes_over_goes_on_where_the_journal_ended(db: Database) -> None:
    first = Journal(db, STORE)
    told = [first.append(NOW, b"a") for _ in range(5)]
    save_checkpoint(db, STORE, told[2], b"s", [], [], [], NOW)
    second = Journal(db, STORE)
    assert second.append(NOW, b"b") == told[-1] + 1
    assert [r.payload for r in load_recovery(db, STORE).journal] == [b"a", b"a", b"b"]
    first.free(told[2])
    first.append(NOW, b"late")  # the row it would write over is the other's by now: it takes another
    assert b"b" in [r.payload for r in load_recovery(db, STORE).journal]


def test_a_row_is_written_over_by_one_of_its_size_alone(db: Database) -> None:
    """Of another size it would give its pages back and take others."""
    journal = Journal(db, STORE)
    for size in (10, 20, 10):
        journal.append(NOW, b"x" * size)
    journal.free(3)
    for size in (20, 10, 30):
        journal.append(NOW + 1, b"y" * size)
    with db.read() as session:
        rows = session.exec(select(JournalTable).order_by(JournalTable.slot)).all()  # type: ignore[arg-type]
    assert [(row.seq, row.payload[:1], len(row.payload)) for row in rows] == [
        (5, b"y", 10), (4, b"y", 20), (3, b"x", 10), (6, b"y", 30)
    ]  # fmt: skip
