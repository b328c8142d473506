"""Figures by the day say what their hours say, and no sum outlives a change of its hours."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from engine.config import Config
from engine.delivery.outboxes import told_jobs
from engine.presence.expected.rows import ExpectedRow
from engine.presence.flows import OUTSIDE, FlowRow
from engine.presence.heat import HeatRow
from engine.presence.local_hours import LocalHours, hours_in
from engine.presence.zonehours import ZoneHourRow
from engine.storage.database import Database
from engine.storage.figures import keeping
from engine.storage.figures.heatsums import heat_sums
from engine.storage.figures.keeping import LATE_S, keep_days
from engine.storage.journal import save_checkpoint
from engine.storage.presence.expected import expected_sums
from engine.storage.presence.heatmaps import comings, flow_sums, zone_days
from engine.storage.presence.histories import ZONE_FLOWS, ZONE_HOURS
from tests.api.site import small_plan
from tests.databases import statements

DAYS = 5
CLOCKS = [
    ("Europe/Paris", dt.date(2026, 3, 27)),  # 23 hours on the 29th
    ("Europe/Paris", dt.date(2026, 10, 23)),  # 25 on the 25th
    ("Asia/Kathmandu", dt.date(2026, 3, 27)),  # a quarter to the hour
    ("Australia/Lord_Howe", dt.date(2026, 4, 3)),  # 24 and a half on the 5th
    ("America/Santiago", dt.date(2026, 9, 4)),  # the 6th begins at one
]
PARIS = hours_in("Europe/Paris")
Hours = Sequence[float] | None


def fill(db: Database, local: LocalHours, first: dt.date, store: str = "s") -> tuple[float, float, list[float]]:
    """Figures that no sum of floats keeps whole, in every hour of some days; from when to when, and its hours."""
    rng = np.random.default_rng(5)
    begun, end = local.midnight(first), local.midnight(first + dt.timedelta(days=DAYS))
    hours = [begun]
    while (t := local.end(hours[-1])) < end:
        hours.append(t)
    heat, zones, flows, expected = [], [], [], []
    for t in hours:
        x = rng.random(4).tolist()
        heat += [HeatRow(t, level, i, i % 2, x[i], x[i] / 3) for i, level in enumerate(("eg", "eg", "og", "og"))]
        zones += [ZoneHourRow(t, zone, x[0], int(9 * x[1]), x[2], x[3]) for zone in ("a", "b")]
        flows += [FlowRow(t, a, b, int(9 * x[1])) for a, b in ((OUTSIDE, "a"), ("a", "b"))]
        expected += [ExpectedRow(t, zone, *(x[0] * k for k in range(1, 11))) for zone in ("a", "b")]
    save_checkpoint(db, store, 0, b"", heat, zones, [], 0.0, flows=flows, expected=expected)
    return begun, end, hours


def said(db: Database, local: LocalHours, from_t: float, to_t: float, hours: Hours = None) -> dict[Any, list[float]]:
    """Everything that is told of a period, by what it is of."""
    out: dict[Any, list[float]] = {}
    for r in heat_sums(db, "s", local, from_t=from_t, to_t=to_t, hours=hours):
        out["heat", r.level, r.col, r.row] = [r.person_s, r.fixes]
    for z in zone_days(db, "s", local, from_t=from_t, to_t=to_t, hours=hours):
        spent, visits, dwell_s, peak = out.get(("zone", z.zone), (0.0, 0, 0.0, 0.0))
        added = [spent + z.person_s, visits + z.visits, dwell_s + z.dwell_s_sum, max(peak, z.persons_peak)]
        out["zone", z.zone] = added
    for e in expected_sums(db, "s", local, from_t=from_t, to_t=to_t, hours=hours):
        out["expected", e.zone] = list(astuple(e)[2:])
    for f in flow_sums(db, "s", local, from_t=from_t, to_t=to_t, hours=hours):
        out["flow", f.from_zone, f.to_zone] = [f.count]
    came = comings(db, "s", local, from_t=from_t, to_t=to_t, hours=hours, zones=["a"])
    return out | {"comings": [sum(came.values())]}


@pytest.mark.parametrize(("zone", "first"), CLOCKS)
def test_days_say_what_their_hours_say(db: Database, zone: str, first: dt.date) -> None:
    local = hours_in(zone)
    from_t, to_t, hours = fill(db, local, first)
    some = [t for t in hours if local.clock(t).weekday() in (5, 6)]
    asked: list[tuple[float, float, Hours]] = [
        (from_t, to_t, None),
        (from_t + 7200.0, to_t - 5400.0, None),
        (from_t, to_t, some),
        (from_t, to_t, some[1:]),
        (from_t, to_t, []),
    ]
    before = [said(db, local, *of) for of in asked]
    assert keep_days(db, "s", local, to_t) == DAYS
    assert keep_days(db, "s", local, to_t) == 0
    for of, was in zip(asked, before, strict=True):
        now = said(db, local, *of)
        assert now.keys() == was.keys()
        for name, figures in was.items():
            exact = name[0] in ("heat", "flow") or name == "comings"
            assert now[name] == (figures if exact else pytest.approx(figures, rel=1e-12)), (name, of)


def test_whole_days_are_read_without_their_hours(db: Database) -> None:
    from_t, to_t, _ = fill(db, PARIS, CLOCKS[0][1])
    keep_days(db, "s", PARIS, to_t)
    with db.write() as session:  # what is read of them now can be of no hour
        for table in ("heat", "zone_hour", "zone_expected", "zone_flow"):
            session.connection().exec_driver_sql(f"DELETE FROM {table}")
    assert {name[0] for name in said(db, PARIS, from_t, to_t)} == {"heat", "zone", "expected", "flow", "c"}
    assert said(db, PARIS, from_t, from_t + 7200.0) == {"comings": [0]}
    with statements() as sent:
        assert len(zone_days(db, "s", PARIS, from_t=from_t, to_t=to_t)) == 2 * DAYS
    assert len(sent) <= 3


def test_a_late_correction_is_in_its_day_at_once(db: Database) -> None:
    from_t, to_t, _ = fill(db, PARIS, CLOCKS[0][1])
    keep_days(db, "s", PARIS, to_t)
    late = HeatRow(from_t, "ug", 9, 9, 5.0, 2.0)
    save_checkpoint(db, "s", 1, b"", [late], [ZoneHourRow(from_t, "c", 1.0, 1, 1.0, 1.0)], [], 0.0)
    ZONE_HOURS.put(db, "s", [ZoneHourRow(from_t + 2 * 86_400.0, "d", 1.0, 1, 1.0, 1.0)])
    ZONE_FLOWS.put(db, "s", [FlowRow(to_t - 7200.0, OUTSIDE, "a", 1_000)], replace=True)
    for kept in (3, 0):
        told = said(db, PARIS, from_t, to_t)
        assert told["heat", "ug", 9, 9] == [5.0, 2.0]
        assert told["zone", "c"] == told["zone", "d"] == [1.0, 1, 1.0, 1.0]
        assert told["comings"][0] > 1_000
        assert keep_days(db, "s", PARIS, to_t) == kept


FOREIGN = [
    ("UPDATE zone_hour SET visits = visits + 1 WHERE zone = 'a' AND hour_start = :t", 1),
    ("UPDATE zone_hour SET persons_peak = 9 WHERE zone = 'a' AND hour_start = :t", 1),
    ("UPDATE zone_expected SET cross_sq = cross_sq + 1 WHERE zone = 'b' AND hour_start = :t", 1),
    ("DELETE FROM zone_flow WHERE from_zone = 'a'", 3),
    ("UPDATE heat SET squares = (SELECT squares FROM heat WHERE hour_start <> :t LIMIT 1) WHERE hour_start = :t", 1),
    ("UPDATE zone_hour SET visits = visits", 0),
]


@pytest.mark.parametrize(("statement", "days"), FOREIGN)
def test_hours_that_others_changed_are_in_their_days_an_hour_later(db: Database, statement: str, days: int) -> None:
    """By a version that knows of no days, while an upgrade lasts: those that ended lately."""
    _, to_t, hours = fill(db, PARIS, CLOCKS[0][1])
    keep_days(db, "s", PARIS, to_t)
    with db.write() as session:
        session.connection().execute(text(statement), {"t": hours[-30]} if ":t" in statement else {})
    now = to_t + LATE_S - 2 * 86_400.0 - 1.0  # two days more are over, and the first two ended before what is looked at
    assert keep_days(db, "s", PARIS, now) == days + 1
    assert keep_days(db, "s", PARIS, now) == 0
    assert keep_days(db, "s", PARIS, now) == 0


def test_a_day_that_is_not_over_waits_and_a_store_has_its_own(db: Database) -> None:
    _, to_t, hours = fill(db, PARIS, CLOCKS[0][1])
    assert keep_days(db, "s", PARIS, to_t - 1.0) == DAYS - 1
    assert keep_days(db, "other", PARIS, to_t) == 0
    save_checkpoint(db, "other", 0, b"", [HeatRow(hours[0], "eg", 0, 0, 1.0, 1.0)], [], [], 0.0)
    assert keep_days(db, "s", PARIS, to_t) == 1, "another store's hours are none of it"
    assert keep_days(db, "s", PARIS, to_t + 2 * 86_400.0) == 2, "days without anybody are days"


def test_the_oldest_day_that_is_looked_back_upon_is_added_up_once(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It begins before what is looked back upon, at whatever hour of a day that is."""
    back_s = 60 * 86_400.0  # of three years there are only more days
    monkeypatch.setattr(keeping, "LOOK_BACK_S", back_s)
    _, to_t, hours = fill(db, PARIS, CLOCKS[0][1])
    now = hours[30] + back_s
    assert keep_days(db, "s", PARIS, now) > DAYS
    assert keep_days(db, "s", PARIS, now) == 0
    assert to_t < now


def test_a_batch_of_days_is_added_up_in_as_many_statements_as_one(db: Database) -> None:
    _, to_t, hours = fill(db, PARIS, CLOCKS[0][1])
    sent = []
    for now in (hours[0] + 90_000.0, to_t):
        with statements() as told:
            assert keep_days(db, "s", PARIS, now) == (1 if now < to_t else DAYS - 1)
        sent.append([line.split()[:3] for line in told if line.startswith(("INSERT", "DELETE"))])
    assert sent[0] == sent[1]


def test_a_clock_of_another_zone_has_other_days(db: Database) -> None:
    from_t, to_t, _ = fill(db, PARIS, CLOCKS[0][1])
    kathmandu = hours_in("Asia/Kathmandu")
    before = said(db, kathmandu, from_t, to_t)
    keep_days(db, "s", PARIS, to_t)
    assert said(db, kathmandu, from_t, to_t) == before
    assert keep_days(db, "s", kathmandu, to_t) == DAYS
    after = said(db, PARIS, from_t, to_t)
    assert after["comings"] == before["comings"]


def test_days_are_added_up_by_housekeeping(db: Database) -> None:
    plan = small_plan("s")
    _, to_t, _ = fill(db, hours_in(plan.timezone), CLOCKS[0][1])
    jobs = told_jobs(db, Config(), {"s": plan})
    assert jobs["days of figures added up"](to_t) == DAYS
    assert keep_days(db, "s", hours_in(plan.timezone), to_t) == 0
