"""What managers read, made from the stored counts: heat and its test, zones ranked by dwell, zones by hour."""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Request

from api.context import AppContext
from api.managers.spans.days import DaySpan
from api.managers.spans.kept import Kept
from api.managers.spans.prints import PlanPrints
from api.managers.told import CountedSums, Heat, ToldFlow, ToldZone, flow_spreads, tell_flow, tell_zone
from engine.errors import BusinessRefusal
from engine.plan.model import Plan, Zone
from engine.presence.expected.figures import ZoneSums
from engine.presence.expected.products import ProductPlaces, product_places
from engine.presence.flows import OUTSIDE
from engine.presence.heat import ZoneHourRow
from engine.presence.hotzones import HotZone, HotZones, LevelHeat
from engine.presence.local_hours import hours_in
from engine.records import Bools
from engine.storage.figures.heatsums import heat_sums
from engine.storage.presence.expected import expected_hours, expected_sums, is_expected
from engine.storage.presence.heatmaps import flow_sums, zone_hours
from engine.storage.presence.sales import ProductCoupons, campaign_places, coupons_by_product
from engine.storage.told.coupons import CouponFigures, campaign_coupons, coupon_figures
from engine.vocabulary import ProblemCode

LONGEST_S = 366 * 86_400.0
EARLIEST_T, LATEST_T = 86_400.0, 7_258_118_400.0  # a day of 1970, and 2200: calendars hold what is asked between them
SCOPE_KEY = "rayon.reports"  # where the mount of the pages puts the site's reports in the ASGI scope


class BadPeriod(BusinessRefusal):
    """From and to do not make a period that can be reported."""

    code = ProblemCode.INVALID_PERIOD
    status = 422


@dataclass(frozen=True, slots=True)
class Period:
    """Whole hours of the store's clock, in s UTC: counts are kept by them, so `from_t` is moved back to its hour.
    `to_t` is not part of it."""

    from_t: float
    to_t: float

    @staticmethod
    def of(plan: Plan, from_t: float | None, to_t: float | None, now: float) -> Period:
        """The period asked for; by default from midnight in the store's time zone to now. Raises BadPeriod (422)."""
        end = now if to_t is None else to_t
        if not EARLIEST_T <= end <= LATEST_T:
            raise BadPeriod("'to' must be between 1970 and 2200")
        start = midnight(plan, end) if from_t is None else from_t
        if start < EARLIEST_T:
            raise BadPeriod("'from' must not be before 1970")
        if not start < end:
            raise BadPeriod("'from' must be before 'to'")
        if end - start > LONGEST_S:
            raise BadPeriod("at most 366 days at once")
        return Period(hours_in(plan.timezone).start(start), end)


def midnight(plan: Plan, t: float, days_before: int = 0) -> float:
    """When the day that holds `t` (or an earlier one) began in the store's time zone. Right across clock changes."""
    day = dt.datetime.fromtimestamp(t, ZoneInfo(plan.timezone)).date() - dt.timedelta(days=days_before)
    return dt.datetime.combine(day, dt.time(), ZoneInfo(plan.timezone)).timestamp()


def hour_of_day(plan: Plan, t: float, days_before: int, hour: int) -> tuple[float, float]:
    """From when to when the store's clock showed this hour, on the day that holds `t` or an earlier one.

    Both times where the clock is put back; no time at all where it leaves the hour out.
    """
    local, end = hours_in(plan.timezone), midnight(plan, t, days_before - 1)
    starts = [midnight(plan, t, days_before)]
    while (following := local.end(starts[-1])) < end:
        starts.append(following)
    shown = [s for s in starts if local.hour(s) == hour]
    if not shown:
        left_out = next((s for s in starts if local.hour(s) > hour), end)
        return left_out, left_out
    return shown[0], local.end(shown[-1])


def last_year(plan: Plan, t: float) -> tuple[float, float]:
    """When the calendar year before the one that holds `t` began and ended, in the store's time zone."""
    zone = ZoneInfo(plan.timezone)
    year = dt.datetime.fromtimestamp(t, zone).year
    begun, ended = (dt.datetime(y, 1, 1, tzinfo=zone).timestamp() for y in (year - 1, year))
    return begun, ended


@dataclass(frozen=True, slots=True)
class ZoneReport:
    """One zone over a period."""

    zone: Zone
    told: ToldZone
    hot: HotZone


@dataclass(frozen=True, slots=True)
class StoreReport:
    """A store over a period: `zones` ranked by person-seconds, withheld ones last, `levels` with heat and test.

    `outlined` are the squares of each level that may be shown as hot beside what is said of the zones."""

    plan: Plan
    levels: list[LevelHeat]
    zones: list[ZoneReport]
    outlined: list[Bools]


class Reports:
    """Makes reports of the site's stores. What depends on a plan only is worked out at its first report and kept."""

    def __init__(self, ctx: AppContext) -> None:
        self.ctx = ctx
        self._tests: dict[str, HotZones] = {}
        self._places: dict[str, ProductPlaces] = {}
        self._lock = threading.Lock()
        self.prints = PlanPrints()
        self.kept_heat: Kept[Heat] = Kept()
        self.kept_moves: Kept[Counter[tuple[str, str]]] = Kept()

    def tests(self, store: str) -> HotZones:
        """The store's hot zone tests. Raises NotFound for an unknown store."""
        plan = self.ctx.plan(store)
        cells = self.ctx.cells(store)
        with self._lock:
            if store not in self._tests:
                self._tests[store] = HotZones(plan, cells, self.ctx.config.presence.heat_cell_m)
            return self._tests[store]

    def products(self, store: str) -> ProductPlaces:
        """Where people stop at the store's products. Raises NotFound for an unknown store."""
        plan = self.ctx.plan(store)
        cells = self.ctx.cells(store)
        with self._lock:
            if store not in self._places:
                self._places[store] = product_places(plan, cells)
            return self._places[store]

    def levels(self, store: str, period: Period) -> list[LevelHeat]:
        """The store's heat over a period, level by level, tested."""
        local = hours_in(self.ctx.plan(store).timezone)
        rows = heat_sums(self.ctx.figures, store, local, from_t=period.from_t, to_t=period.to_t)
        return self.tests(store).levels(rows)

    def hours(self, store: str, period: Period) -> list[ZoneHourRow]:
        """The store's zones by hour, zones that the plan no longer has left out."""
        known = self.ctx.plan(store).zone_index
        rows = zone_hours(self.ctx.figures, store, from_t=period.from_t, to_t=period.to_t)
        return sorted((r for r in rows if r.zone in known), key=lambda r: (r.hour_start, known[r.zone]))

    def flows(self, store: str, period: Period) -> list[ToldFlow]:
        """Transitions over a period, most frequent pairs first, zones that the plan no longer has left out."""
        known, k = {OUTSIDE, *self.ctx.plan(store).zone_index}, self.ctx.config.privacy.k
        local = hours_in(self.ctx.plan(store).timezone)
        rows = flow_sums(self.ctx.figures, store, local, from_t=period.from_t, to_t=period.to_t)
        counts = {(r.from_zone, r.to_zone): r.count for r in rows if r.from_zone in known and r.to_zone in known}
        expected = self.sum_expected(store, period, self.hours(store, period)) if counts else {}
        spreads = flow_spreads(counts, expected)
        return [ToldFlow(a, b, n, tell_flow(n, spreads.get((a, b)), k)) for (a, b), n in counts.items()]

    def coupons(self, store: str, period: Period | DaySpan, now: float) -> CouponFigures:
        """What is told of the store's coupons over a period, as of `now` (s UTC)."""
        privacy, plan = self.ctx.config.privacy, self.ctx.plan(store)
        return coupon_figures(
            self.ctx.db,
            store,
            plan.timezone,
            from_t=period.from_t,
            to_t=period.to_t,
            k=privacy.k,
            block_s=privacy.block_s,
            now=now,
        )

    def product_coupons(self, store: str, span: Period, now: float) -> dict[str, ProductCoupons]:
        """What is told of coupons by product, of campaigns that stand at one."""
        privacy, db, timezone = self.ctx.config.privacy, self.ctx.db, self.ctx.plan(store).timezone
        within = {"from_t": span.from_t, "to_t": span.to_t}
        if privacy.k == 1:
            return coupons_by_product(db, store, **within)
        told = campaign_coupons(db, store, timezone, **within, k=privacy.k, block_s=privacy.block_s, now=now)
        sums: dict[str, tuple[int, int]] = {}
        for campaign, sku in campaign_places(db, store).items():
            issued, redeemed = told.get(campaign, (0, 0))
            known = sums.get(sku, (0, 0))
            sums[sku] = (known[0] + issued, known[1] + redeemed)
        return {sku: ProductCoupons(*(n or None for n in both)) for sku, both in sums.items()}

    def report(self, store: str, period: Period) -> StoreReport:
        """Everything at once, from one look at the heat and one at the zones."""
        plan, levels, hours = self.ctx.plan(store), self.levels(store, period), self.hours(store, period)
        by_zone: dict[str, list[ZoneHourRow]] = {zone.id: [] for zone in plan.zones}
        for row in hours:
            by_zone[row.zone].append(row)
        verdicts = self.tests(store).zones(levels, {z: int(sum(r.visits for r in of)) for z, of in by_zone.items()})
        expected, k = self.sum_expected(store, period, hours), self.ctx.config.privacy.k
        zones = []
        for zone, hot in zip(plan.zones, verdicts, strict=True):
            sums = counted_sums(by_zone[zone.id])
            zones.append(ZoneReport(zone, tell_zone(sums, expected.get(zone.id), k), hot))
        zones.sort(key=lambda z: -(z.told.person_s.value or 0.0))  # stable: others stay in the plan's order
        return StoreReport(plan, levels, zones, self.tests(store).outline(levels, verdicts))

    def sum_expected(self, store: str, period: Period, hours: Sequence[ZoneHourRow]) -> dict[str, ZoneSums]:
        """What is expected of zones over a period with these hours; nothing where it was not kept for all of it."""
        if not is_expected(self.ctx.figures, store, min((r.hour_start for r in hours), default=None)):
            return {}
        local = hours_in(self.ctx.plan(store).timezone)
        rows = expected_sums(self.ctx.figures, store, local, from_t=period.from_t, to_t=period.to_t)
        return {r.zone: ZoneSums.of([r]) for r in rows}

    def sum_expected_by_hour(
        self, store: str, period: Period, hours: Sequence[ZoneHourRow]
    ) -> dict[tuple[float, str], ZoneSums]:
        """The same by hour and zone."""
        if not is_expected(self.ctx.figures, store, min((r.hour_start for r in hours), default=None)):
            return {}
        rows = expected_hours(self.ctx.figures, store, from_t=period.from_t, to_t=period.to_t)
        return {(r.hour_start, r.zone): ZoneSums.of([r]) for r in rows}


def counted_sums(rows: Iterable[ZoneHourRow]) -> CountedSums:
    """These hours added up."""
    held = list(rows)  # one pass for each figure: an object for each row takes five times as long
    return CountedSums(
        sum((r.person_s for r in held), 0.0),
        int(sum(r.visits for r in held)),
        sum((r.dwell_s_sum for r in held), 0.0),
        max((r.persons_peak for r in held), default=0.0),
    )


def reports(request: Request) -> Reports:
    """FastAPI dependency: the site's reports, one object per application."""
    return reports_of(request.app)


def reports_of(app: FastAPI) -> Reports:
    """The same, for what is no request."""
    state = app.state
    if not hasattr(state, "reports"):
        state.reports = Reports(state.ctx)
    found = state.reports
    assert isinstance(found, Reports)
    return found
