"""A small shop with weeks of plain counts, in any time zone: every figure of a page can be worked out by hand.

The hall holds a bakery, a cellar and the tills. Each open hour (9 to 12 by the shop's clock) sees the same: 20 people
come in, half go to the bakery, all pass the tills; `busy` multiplies a day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from pathlib import Path
from zoneinfo import ZoneInfo

from shapely.geometry import box

from api.context import AppContext
from api.managers.reports import Reports
from engine.config import Config
from engine.plan.model import AccessPoint, Anchor, Level, Plan, Product, Zone
from engine.presence.expected.rows import PRODUCT, ExpectedRow
from engine.presence.flows import OUTSIDE, FlowRow
from engine.presence.heat import HeatRow
from engine.presence.zonehours import ZoneHourRow
from engine.privacy.secrets import Secrets
from engine.storage.database import Database, open_database
from engine.storage.journal import save_checkpoint
from tests.databases import new_sqlite

SECRETS = Secrets(b"k" * 32, "manager-key-of-the-test", "till-key-of-the-test")
STORE = "shop"
OPEN = range(9, 12)
MONDAY = dt.date(2026, 3, 2)


def plan_in(timezone: str = "Europe/Paris", *, tills: bool = True, anchor: bool = True) -> Plan:
    """20 by 12 m: bakery on the left, cellar on the right, tills along the front."""
    zones = [
        Zone("bakery", "ground", "Boulangerie", "fresh", box(0, 4, 8, 12)),
        Zone("cellar", "ground", "Cave", "grocery", box(8, 4, 20, 12)),
        Zone("tills", "ground", "Caisses", "checkout" if tills else "service", box(0, 0, 20, 4)),
    ]
    return Plan(
        STORE,
        "Épicerie",
        timezone,
        "EUR",
        Anchor(2.35, 48.85, 0.0) if anchor else None,
        (Level("ground", 0, "Rez-de-chaussée", 3.0, 0.0, box(0, 0, 20, 12)),),
        zones=tuple(zones),
        products=(
            Product("BREAD", "Pain", "fresh", 250, "ground", 4.0, 8.0, "food"),
            Product("WINE", "Vin", "drinks", 900, "ground", 14.0, 8.0, "alcohol"),
            Product("SOUP", "Soupe", "", 300, "ground", 4.0, 9.0, "food"),
        ),
        access_points=(AccessPoint("02:00:00:00:00:01", "ground", 5.0, 4.0, 2.5, "AP 1", None, None),),
    )


def at(plan: Plan, day: dt.date, hour: int, minute: int = 0) -> float:
    """A moment by the shop's clock, s UTC."""
    return dt.datetime.combine(day, dt.time(hour, minute), ZoneInfo(plan.timezone)).timestamp()


def days_from(first: dt.date, n: int) -> list[dt.date]:
    """So many days on end."""
    return [first + dt.timedelta(days=i) for i in range(n)]


def open_day(
    plan: Plan, day: dt.date, busy: float = 1.0, *, heat: bool = True, hours: Iterable[int] = OPEN
) -> tuple[list[HeatRow], list[ZoneHourRow], list[FlowRow]]:
    """What one day counts. Bakery: 10 visits of 300 s an hour; tills: 20 of 60 s; the cellar nobody."""
    squares, zones, flows = [], [], []
    for hour in hours:
        t = at(plan, day, hour)
        n = int(10 * busy)
        zones += [
            ZoneHourRow(t, "bakery", 300.0 * n, n, 300.0 * n, 2.0 * busy),
            ZoneHourRow(t, "tills", 60.0 * 2 * n, 2 * n, 60.0 * 2 * n, 3.0 * busy),
        ]
        flows += [
            FlowRow(t, OUTSIDE, "bakery", n),
            FlowRow(t, OUTSIDE, "tills", n),
            FlowRow(t, "bakery", "tills", n),
            FlowRow(t, "tills", OUTSIDE, 2 * n),
        ]
        if heat:
            for col in range(20):
                for row in range(12):
                    at_a_shelf = col in (2, 4, 5, 7) and row in (5, 7, 8, 10)  # apart: what is all alike is no evidence
                    spent = 300.0 * n / 16 if at_a_shelf else 60.0 * 2 * n / 80 if row < 4 else 0.0
                    if spent:
                        squares.append(HeatRow(t, "ground", col, row, spent, spent / 3))
    return squares, zones, flows


def day_rows(plan: Plan, day: dt.date, busy: float = 1.0) -> list[ExpectedRow]:
    """What is kept of a day as a whole: 24 stops of 20 s at the bread, surely; nothing was let out of the others."""
    return [expected(at(plan, day, 0), f"{PRODUCT}BREAD", 24 * busy, 20.0)]


def expected(t: float, name: str, n: float, each_s: float = 1.0) -> ExpectedRow:
    """`n` visits, all of them sure, and all of one length."""
    return ExpectedRow(t, name, 0.0, n, n * each_s, 0.0, 0.0, 0.0, 0.0, n, n * each_s**2, n * each_s)


def shop_with(
    folder: Path, plan: Plan, days: Iterable[dt.date], busy: Callable[[dt.date], float] = lambda _: 1.0, **more: bool
) -> Reports:
    """The reports of the shop with these days counted; `close_shop` ends it."""
    db = open_database(new_sqlite(folder / "rayon.db"))
    days = list(days)
    heat: list[HeatRow] = []
    zones: list[ZoneHourRow] = []
    flows: list[FlowRow] = []
    for day in days:
        for rows, new in zip((heat, zones, flows), open_day(plan, day, busy(day), **more), strict=True):
            rows += new  # type: ignore[operator]
    kept = [row for day in days for row in day_rows(plan, day, busy(day))]
    save_checkpoint(db, STORE, 0, b"", heat, zones, [], 0.0, flows=flows, expected=kept)
    return Reports(AppContext(Config(), db, SECRETS, {STORE: plan}))


def database_of(made: Reports) -> Database:
    """To be closed."""
    return made.ctx.db
