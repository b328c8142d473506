"""Stores are watched by what their engine says, their tills and their days, and what goes on stands in the status."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

from api.context import AppContext
from api.managers.hq.watching import alerts_of, day_changes, look_at, queues, watch_stores
from engine.config import Config
from engine.indicators.watch import AlertWatch
from engine.presence.expected.rows import TILL
from engine.storage.database import Database, open_database
from engine.storage.journal import save_checkpoint
from engine.storage.status import ENGINE, EVERY_STORE, get_status, put_statuses
from tests.api.managers.console.shop import MONDAY, SECRETS, STORE, at, days_from, expected, open_day, plan_in

PLAN = plan_in()
LAST = MONDAY + dt.timedelta(days=7 * 8)
NOW = at(PLAN, LAST + dt.timedelta(days=1), 11, 30)


def test_what_goes_on_stands_in_the_status_and_outlives_a_restart(tmp_path: Path) -> None:
    """Eight Mondays alike, a ninth of a third; a queue in the last full hour; a source that has spoken for weeks."""
    db = open_database(f"sqlite:///{tmp_path}/rayon.db")
    days = [MONDAY + dt.timedelta(days=7 * week) for week in range(9)]
    hours = [row for day in days for row in open_day(PLAN, day, busy=0.3 if day == LAST else 6.0)[1]]
    queue = [expected(at(PLAN, LAST + dt.timedelta(days=1), 10), f"{TILL}t1", 400.0, 90.0)]
    save_checkpoint(db, STORE, 0, b"", [], hours, [], 0.0, expected=queue)
    ctx = AppContext(Config(), db, SECRETS, {STORE: PLAN})
    watches: dict[str, AlertWatch] = {}
    for i in range(24):
        t = NOW - (24 - i) * 55.0
        say(db, t)
        watch_stores(ctx, watches, t)
    found = {(a["kind"], a["about"]) for a in alerts_of(db, STORE)}
    assert {("change", "bakery"), ("change", "tills"), ("queue", "t1")} <= found
    assert not {kind for kind, _ in found} & {"silent_source", "dead_access_point"}
    begun = {a["about"]: a["at"] for a in alerts_of(db, STORE)}
    watch_stores(ctx, {}, NOW + 400.0)
    [queued] = [a for a in alerts_of(db, STORE) if a["kind"] == "queue"]
    assert (queued["at"], queued["value"]) == (begun["t1"], 10.0), "it began then, and is as long as now"
    assert ("silent_source", "wifi") in {(a["kind"], a["about"]) for a in alerts_of(db, STORE)}
    db.close()


def say(db: Database, t: float) -> None:
    """The engine speaks."""
    said = {EVERY_STORE: {"sources": {"wifi": {"heard_at": t - 1.0, "stores": [STORE]}}}}
    put_statuses(db, ENGINE, said | {STORE: {"points": {"heard_at": [t - 2.0]}}}, t)


def test_an_engine_of_another_plan_says_nothing_of_access_points(tmp_path: Path) -> None:
    db = open_database(f"sqlite:///{tmp_path}/rayon.db")
    say(db, NOW)
    rows = {row.store: row for row in get_status(db)}
    assert look_at(db, PLAN, rows, NOW).points == {PLAN.access_points[0].id: NOW - 2.0}
    assert look_at(db, replace(PLAN, access_points=()), rows, NOW).points == {}
    assert look_at(db, PLAN, {}, NOW).sources == {}
    assert queues(db, PLAN, NOW) == {}
    assert day_changes(db, PLAN, NOW, 20) == []
    assert alerts_of(db, STORE) == []
    db.close()


def test_no_alert_is_made_of_what_is_withheld(tmp_path: Path) -> None:
    """Eight Mondays alike, a ninth on which nothing of a zone was let out but its time."""
    db = open_database(f"sqlite:///{tmp_path}/rayon.db")
    days = days_from(MONDAY, 1 + 7 * 8)
    hours = [
        replace(row, visits=0, dwell_s_sum=0.0) if day == LAST and row.zone == "bakery" else row
        for day in days
        for row in open_day(PLAN, day, busy=6.0)[1]
    ]
    save_checkpoint(db, STORE, 0, b"", [], hours, [], 0.0)
    assert day_changes(db, PLAN, NOW, 20) == []
    assert [alert.about for alert in day_changes(db, PLAN, NOW, 1)] == ["bakery"]
    db.close()
