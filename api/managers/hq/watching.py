"""What managers are told unasked: stores are looked at every few minutes, and what goes on stands in their status.

Sources and access points are what the engine says of them; queues are what was let out of the tills' last full hour;
figures of a day are compared with the same weekdays before once it is over.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from api.context import AppContext
from api.managers.alerted import AlertFound, alerts_in
from api.managers.reports import counted_sums
from api.managers.told import ToldZone, tell_zone
from engine.indicators.alerts import Alert, changes
from engine.indicators.watch import AlertWatch, Look
from engine.plan.model import Plan
from engine.presence.expected.figures import Spread, ZoneSums
from engine.presence.expected.rows import TILL
from engine.presence.local_hours import hours_in
from engine.presence.zonehours import ZoneHourRow
from engine.storage.database import Database
from engine.storage.presence.expected import expected_hours, expected_sums, is_expected
from engine.storage.presence.heatmaps import zone_hours
from engine.storage.status import ALERTS, ENGINE, EVERY_STORE, Status, get_status, put_statuses

WEEKS = 8


def watch_stores(ctx: AppContext, watches: dict[str, AlertWatch], now: float) -> int:
    """Looks at every store, and says in the status what goes on. How many alerts begin. `watches` is filled at the
    first look, and anew where another process looked after our last."""
    rows = get_status(ctx.db)
    said = {row.store: row for row in rows if row.component == ENGINE}
    kept = {row.store: row.values for row in rows if row.component == ALERTS}
    found, begun, k = {}, 0, ctx.config.privacy.k
    for store, plan in ctx.plans.items():
        told = kept.get(store, {}).get("watch")
        if store not in watches or (told is not None and float(told["last"]) > watches[store].looked_at):
            watches[store] = AlertWatch(hours_in(plan.timezone), ctx.config.presence.queue_people)
            if told is not None:
                watches[store].restore(told)
        begun += len(watches[store].see(look_at(ctx.db, plan, said, now)))
        day = hours_in(plan.timezone).clock(now).date().isoformat()
        before = kept.get(store, {})
        changed = before["changed"] if before.get("day") == day else _as_json(day_changes(ctx.db, plan, now, k))
        going_on = _as_json(watches[store].going_on)
        found[store] = {"watch": watches[store].state(), "day": day, "changed": changed, "going_on": going_on}
    put_statuses(ctx.db, ALERTS, found, now)
    return begun


def alerts_of(db: Database, store: str) -> list[AlertFound]:
    """What was found of a store at the last look, as JSON."""
    return alerts_in(get_status(db), store)


def look_at(db: Database, plan: Plan, said: Mapping[str, Status], now: float) -> Look:
    """A store as its engine and its tills say."""
    own, whole = said.get(plan.store), said.get(EVERY_STORE)
    sources = {} if whole is None else whole.values.get("sources", {})
    here = {f.get("name", key): f for key, f in sources.items() if plan.store in f["stores"]}
    heard = {name: float(f["heard_at"] or 0.0) for name, f in here.items()}
    at = (own.values.get("points") or {}).get("heard_at") if own is not None else None
    points: dict[str, float] = {}
    if at is not None and len(at) == len(plan.access_points):  # else the engine runs another plan still
        points = {point.id: float(t) for point, t in zip(plan.access_points, at, strict=True)}
    return Look(now, heard, points, queues(db, plan, now))


def queues(db: Database, plan: Plan, now: float) -> dict[str, Sequence[tuple[float, Spread]]]:
    """People at each till over the last full hour of the store's clock, as its beginning and its end."""
    local = hours_in(plan.timezone)
    end = local.start(now)
    begun = local.start(end - 1.0)
    rows = [r for r in expected_hours(db, plan.store, from_t=begun, to_t=end) if r.zone.startswith(TILL)]
    out: dict[str, Sequence[tuple[float, Spread]]] = {}
    for row in rows:
        time = ZoneSums.of([row]).time(row.dwell_s)
        n = end - begun
        spread = Spread(time.value / n, time.known_var / n**2, time.common_var / n**2, time.sample_var / n**2)
        out[row.zone.removeprefix(TILL)] = [(begun, spread), (end, spread)]
    return out


def day_changes(db: Database, plan: Plan, now: float, k: int) -> list[Alert]:
    """Visits of zones yesterday that are not those of the same weekdays before, as all pages tell them: expected ones
    beside expected ones, counted beside counted, and none that are withheld."""
    local = hours_in(plan.timezone)
    yesterday = local.clock(now).date() - dt.timedelta(days=1)
    days = [yesterday - dt.timedelta(days=7 * week) for week in range(1, WEEKS + 1)]
    told = _read_told(db, plan, yesterday, k)
    if not told:  # nothing to compare: the weeks before need not be read
        return []
    past = [_read_told(db, plan, day, k) for day in days]
    before = {
        zone: [day[zone].visits.value for day in past if zone in day and day[zone].kind == mine.kind]
        for zone, mine in told.items()
    }
    return changes({zone: mine.visits.value for zone, mine in told.items()}, before, local.midnight(yesterday))


def _read_told(db: Database, plan: Plan, day: dt.date, k: int) -> dict[str, ToldZone]:
    local, by_zone = hours_in(plan.timezone), defaultdict[str, list[ZoneHourRow]](list)
    from_t, to_t = local.midnight(day), local.midnight(day + dt.timedelta(days=1))
    rows = [r for r in zone_hours(db, plan.store, from_t=from_t, to_t=to_t) if r.zone in plan.zone_index]
    for row in rows:
        by_zone[row.zone].append(row)
    kept = is_expected(db, plan.store, min((row.hour_start for row in rows), default=None))
    sums = expected_sums(db, plan.store, hours_in(plan.timezone), from_t=from_t, to_t=to_t) if kept else []
    expected = {r.zone: ZoneSums.of([r]) for r in sums}
    return {zone: tell_zone(counted_sums(of), expected.get(zone), k) for zone, of in by_zone.items()}


def _as_json(alerts: Sequence[Alert]) -> list[dict[str, Any]]:
    return [
        {
            "kind": alert.kind.value,
            "about": alert.about,
            "at": alert.at,
            "value": None if alert.figure is None else alert.figure.value,
            "usual": None if alert.usual is None else alert.usual.value,
        }
        for alert in alerts
    ]
