"""Statistics of a shop east of UTC under the wrong day (goatcounter counts by UTC hour).

Input: Asia/Kolkata (and other zones that are no whole hours off UTC), 10 people from 9 to 19 h, one device at night;
the manager asks for "yesterday". Right: 10.0 people from 9 to 18 h, 1.0 at all other hours, and the same over HTTP.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import numpy as np
import pytest

from api.app import create_app
from api.context import AppContext
from api.managers.charts import people_by_hour
from api.managers.reports import Period, Reports
from api.managers.snapshot import Choice, period_of
from engine.config import Config
from engine.plan.load import load_plans
from engine.plan.model import Plan
from engine.presence.local_hours import hours_in
from engine.presence.zonehours import ZoneHourRow, ZoneHours
from engine.records import Fixes
from engine.storage.database import Database, open_database
from engine.storage.journal import save_checkpoint
from tests.api.managers.site import FLOORPLANS, SECRETS, serving
from tests.databases import new_sqlite

DAY = dt.date(2026, 3, 10)
STEP_S = 30.0


def store(timezone: str) -> Plan:
    return replace(load_plans(FLOORPLANS)["boutique"], timezone=timezone)


def time_of(day: dt.date, hour: int, timezone: str) -> float:
    return dt.datetime.combine(day, dt.time(hour), ZoneInfo(timezone)).timestamp()


def crowd(plan: Plan, day: dt.date) -> ZoneHours:
    """The day, and an hour before and after: one device all the time, nine more from 9 to 19 h."""
    made = ZoneHours([plan.zones[0].id], local=hours_in(plan.timezone))
    start, end = time_of(day, 0, plan.timezone), time_of(day + dt.timedelta(days=1), 0, plan.timezone)
    opens, closes = (time_of(day, hour, plan.timezone) for hour in (9, 19))
    for t in np.arange(start - 3600.0, end + 3600.0 + STEP_S, STEP_S):
        n = 10 if opens <= t <= closes else 1
        made.add(fixes(float(t), n), np.ones((n, 1), np.float32))
    return made


@cache
def counted(timezone: str, day: dt.date) -> tuple[ZoneHourRow, ...]:
    """What that makes of the zone's hours: worked out once, for several tests ask of the same day."""
    return tuple(crowd(store(timezone), day).drain())


def fixes(t: float, n: int) -> Fixes:
    zero = np.zeros(n)
    return Fixes(
        np.full(n, t), np.arange(1, n + 1, dtype=np.uint64), zero.astype(np.int32), zero, zero, np.zeros((n, 2, 2)),
        zero.astype(np.int32), np.zeros((n, 1), np.float32),
    )  # fmt: skip


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with closing(open_database(new_sqlite(tmp_path / "rayon.db"))) as made:
        yield made


@pytest.mark.parametrize(
    ("timezone", "day"),
    [
        ("Asia/Kolkata", DAY),
        ("Asia/Kathmandu", DAY),
        ("Australia/Adelaide", DAY),
        ("Pacific/Chatham", DAY),
        ("Europe/Paris", dt.date(2026, 10, 25)),  # 25 hours: 2 h comes twice
        ("Europe/Paris", dt.date(2026, 3, 29)),  # 23 hours: 2 h is left out
        ("Australia/Lord_Howe", dt.date(2026, 4, 5)),  # 24.5 hours
    ],
)
def test_yesterday_is_the_stores(db: Database, timezone: str, day: dt.date) -> None:
    plan = store(timezone)
    save_checkpoint(db, "boutique", 0, b"", [], list(counted(timezone, day)), [], 0.0)
    made = Reports(AppContext(Config(), db, SECRETS, {"boutique": plan}))
    now = time_of(day + dt.timedelta(days=1), 12, timezone)
    period = period_of(plan, Choice("yesterday", None, ""), now)
    hours, people = people_by_hour(plan, made.hours("boutique", period))
    left_out = {2} if (timezone, day) == ("Europe/Paris", dt.date(2026, 3, 29)) else set()
    assert hours == list(range(24))
    found = {h: round(v, 2) for h, v in people[plan.zones[0].id].items()}
    assert found == {h: 10.0 if 9 <= h < 19 else 1.0 for h in hours if h not in left_out}
    assert (period.from_t, period.to_t) == (time_of(day, 0, timezone), time_of(day + dt.timedelta(days=1), 0, timezone))


@pytest.mark.parametrize(("hour", "person_h"), [(8, 1.0), (9, 10.0), (18, 10.0), (19, 1.0)])
def test_an_hour_of_yesterday_is_one_of_its_clock(db: Database, hour: int, person_h: float) -> None:
    plan = store("Asia/Kolkata")
    save_checkpoint(db, "boutique", 0, b"", [], list(counted(plan.timezone, DAY)), [], 0.0)
    made = Reports(AppContext(Config(), db, SECRETS, {"boutique": plan}))
    now = time_of(DAY + dt.timedelta(days=1), 12, plan.timezone)
    rows = made.hours("boutique", period_of(plan, Choice("yesterday", hour, ""), now))
    assert sum(r.person_s for r in rows) / 3600.0 == pytest.approx(person_h)


@pytest.mark.parametrize(("hour", "hours"), [(1, 1.0), (2, 2.0), (3, 1.0)])
def test_an_hour_that_comes_twice_is_shown_whole(hour: int, hours: float) -> None:
    plan = store("Europe/Paris")
    period = period_of(plan, Choice("yesterday", hour, ""), time_of(dt.date(2026, 10, 26), 12, plan.timezone))
    assert (period.to_t - period.from_t) / 3600.0 == hours


def test_an_hour_that_is_left_out_is_empty() -> None:
    plan = store("Europe/Paris")
    now = time_of(dt.date(2026, 3, 30), 12, plan.timezone)
    period = period_of(plan, Choice("yesterday", 2, ""), now)
    assert period == Period(period.from_t, period.from_t)
    assert period_of(plan, Choice("yesterday", 3, ""), now).from_t == period.from_t


def test_over_http_hours_begin_where_the_clock_shows_them(db: Database) -> None:
    plan = store("Asia/Kolkata")
    save_checkpoint(db, "boutique", 0, b"", [], list(counted(plan.timezone, DAY)), [], 0.0)
    app = create_app(Config(), db, SECRETS, {"boutique": plan}, start_delivery=False)
    with serving(app) as url, httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        answer = client.get(
            "/v1/stores/boutique/hours",
            params={"from": "2026-03-10T09:20:00+05:30", "to": "2026-03-10T10:00:00+05:30"},
            headers={"Authorization": f"Bearer {SECRETS.manager_key}"},
        ).json()
    assert answer["from"] == "2026-03-10T03:30:00.000Z"
    assert [(row["hour_start"], row["person_hours"]) for row in answer["items"]] == [("2026-03-10T03:30:00.000Z", 10.0)]
