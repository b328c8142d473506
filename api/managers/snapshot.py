"""One look at a store: everything its page shows, read and worked out in one go, away from the event loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from api.managers.alerted import AlertFound, alerts_in
from api.managers.overlay import draw_heat
from api.managers.reports import Period, Reports, StoreReport, ZoneReport, hour_of_day, last_year, midnight
from api.managers.told import ToldFlow
from engine.plan.model import Plan
from engine.presence.heat import ZoneHourRow
from engine.presence.hotzones import HotState
from engine.presence.local_hours import HOUR_S, hours_in
from engine.privacy.k_anonymity import whole_ks
from engine.storage.status import ENGINE, EVERY_STORE, Status, get_status, is_silent, troubles_of
from engine.storage.told.coupons import CouponFigures
from engine.storage.vouchers.campaigns import all_campaigns
from engine.storage.vouchers.decisions import StoredDecision, latest_decisions
from engine.vocabulary import StoreTrouble

Span = Literal["now", "today", "yesterday", "week", "year", "last_year"]
SPANS: tuple[Span, ...] = ("now", "today", "yesterday", "week", "year", "last_year")
SLOW: tuple[Span, ...] = ("yesterday", "week", "year", "last_year")  # they change slowly, and take longer to read
DAYS_BEFORE: dict[Span, int] = {"week": 6, "year": 364}  # and today
LATEST = 8


@dataclass(frozen=True, slots=True)
class Choice:
    """What the manager chose to see: a span, an hour of its day (only of today and yesterday), a level."""

    span: Span
    hour: int | None
    level: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the page shows. `engine_at` is when the engine last spoke, None when it never did; `troubles` say why
    what is shown is not live, `alerts` what managers are told unasked. `devices` is said in steps of `k`; `demo`:
    shoppers are simulated. `not_followed` is the share of phones that were heard only once, within `gap_max_s` at
    least; None where too few were heard at all. Decisions are listed one by one only where nobody stands behind
    them but simulated shoppers: with a k of 1."""

    at: float
    period: Period
    report: StoreReport
    svg: str
    hours: list[ZoneHourRow]
    flows: list[ToldFlow]
    devices: int | None
    not_followed: float | None
    gap_max_s: float
    engine_at: float | None
    coupons: CouponFigures
    latest: Sequence[StoredDecision]
    campaign_names: dict[str, str]
    k: int
    demo: bool
    troubles: Sequence[StoreTrouble] = ()
    alerts: Sequence[AlertFound] = ()


@dataclass(frozen=True, slots=True)
class Glance:
    """A store in the list: its hot zones of now, hottest first, and who is connected (None: the engine is silent)."""

    plan: Plan
    hot: list[ZoneReport]
    devices: int | None
    k: int
    troubles: Sequence[StoreTrouble] = ()


@dataclass(frozen=True, slots=True)
class Pulse:
    """Whether a store's engine is well: read every few seconds, whatever the page shows."""

    plan: Plan
    at: float
    engine_at: float | None
    troubles: Sequence[StoreTrouble]
    alerts: Sequence[AlertFound] = ()


def pulse(made: Reports, store: str, now: float | None = None) -> Pulse:
    """Reads only what the engine says of itself. Raises StorageUnavailable without a database."""
    now = time.time() if now is None else now
    rows = get_status(made.ctx.db)
    row = next((s for s in rows if (s.store, s.component) == (store, ENGINE)), None)
    return Pulse(
        made.ctx.plan(store), now, row.at if row else None, _troubles(made, rows, store, now), alerts_in(rows, store)
    )


def _troubles(made: Reports, rows: Sequence[Status], store: str, now: float) -> list[StoreTrouble]:
    """The store's own, and where its engine speaks, those of the whole engine. First of all, that we write nothing."""
    newer = made.ctx.db.newer()
    ours = [] if newer is None or newer.goes_on else [StoreTrouble.DATABASE_NEWER]
    return [*ours, *_engines(rows, store, now)]


def _engines(rows: Sequence[Status], store: str, now: float) -> list[StoreTrouble]:
    found = troubles_of(rows, now)
    own = found.get(store, [])
    if StoreTrouble.ENGINE_SILENT in own:
        return own
    return [*(t for t in found.get(EVERY_STORE, []) if t is not StoreTrouble.ENGINE_SILENT), *own]


def glances(made: Reports, now: float | None = None, may: Callable[[str], bool] = lambda _store: True) -> list[Glance]:
    """The stores of the site that the reader may see, by id."""
    now = time.time() if now is None else now
    rows = get_status(made.ctx.db)
    said = {s.store: s for s in rows if s.component == ENGINE and not is_silent(s, now)}
    out, k = [], made.ctx.config.privacy.k
    for store, plan in sorted(made.ctx.plans.items()):
        if not may(store):
            continue
        zones = made.report(store, period_of(plan, Choice("now", None, ""), now)).zones
        devices = whole_ks(int(said[store].values.get("devices", 0)), k) if store in said else None
        out.append(Glance(plan, hottest(zones), devices, k, _troubles(made, rows, store, now)))
    return out


def hottest(zones: Sequence[ZoneReport]) -> list[ZoneReport]:
    """The hot ones, hottest first."""
    return sorted((z for z in zones if z.hot.state is HotState.HOT), key=lambda z: -z.hot.z_max)


def period_of(plan: Plan, choice: Choice, now: float) -> Period:
    """`now` is the running hour and the one before, since a running hour alone may have only just begun; `last_year` is
    the calendar year before this one."""
    if choice.span == "now":
        hours = hours_in(plan.timezone)
        return Period(hours.start(hours.start(now) - 1.0), now)
    if choice.span in DAYS_BEFORE:
        return Period(midnight(plan, now, DAYS_BEFORE[choice.span]), now)
    if choice.span == "last_year":
        return Period(*last_year(plan, now))
    days_before = 1 if choice.span == "yesterday" else 0
    start = midnight(plan, now, days_before)
    end = midnight(plan, now) if days_before else now
    if choice.hour is not None:
        return Period(*hour_of_day(plan, now, days_before, choice.hour))
    return Period(start, max(end, start + HOUR_S))


def take_snapshot(made: Reports, store: str, choice: Choice, now: float | None = None) -> Snapshot:
    """Reads and works out one look. Raises NotFound for an unknown store, StorageUnavailable without a database."""
    now, k = time.time() if now is None else now, made.ctx.config.privacy.k
    db, plan = made.ctx.db, made.ctx.plan(store)
    period = period_of(plan, choice, now)
    report = made.report(store, period)
    whole_day = Choice("today" if choice.span == "now" else choice.span, None, choice.level)
    rows = get_status(db)
    status = next((s for s in rows if (s.store, s.component) == (store, ENGINE)), None)
    return Snapshot(
        at=now,
        period=period,
        report=report,
        svg=draw_heat(plan, report.levels, choice.level, outlined=report.outlined, width_px=1100, signs=False),
        hours=made.hours(store, period_of(plan, whole_day, now)),
        flows=made.flows(store, period),
        devices=whole_ks(int(status.values.get("devices", 0)), k) if status else None,
        not_followed=status.values.get("heard_once_share") if status else None,
        gap_max_s=max(made.ctx.config.presence.silent_s, made.ctx.config.presence.gap_max_s),
        engine_at=status.at if status else None,
        troubles=_troubles(made, rows, store, now),
        alerts=alerts_in(rows, store),
        coupons=made.coupons(store, period, now),
        latest=latest_decisions(db, store, from_t=period.from_t, to_t=period.to_t, limit=LATEST) if k == 1 else [],
        campaign_names={c.id: c.name for c in all_campaigns(db, store)},
        k=k,
        demo=made.ctx.config.privacy.demo,
    )
