"""What was counted in a span: zones by hour, ways that began, transitions, heat; read once for all that shows it.

All of it are sums that k people stand behind (`engine.presence.release`): whatever a page makes of two periods, two
zones or two hours is made of those, so no difference says anything of fewer.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

from api.managers.reports import Period, Reports, counted_sums
from api.managers.spans.days import DaySpan
from api.managers.told import CountedSums, Heat, ToldZone, flow_spreads, tell_zone
from engine.plan.model import Plan
from engine.presence.expected.figures import Spread, ZoneSums
from engine.presence.expected.rows import ExpectedRow
from engine.presence.flows import OUTSIDE, FlowRow, zones_within
from engine.presence.heat import HeatRow
from engine.presence.zonehours import ZoneHourRow
from engine.storage.figures.heatsums import heat_sums
from engine.storage.figures.stamps import figures_stamp
from engine.storage.presence.expected import expected_hours, expected_sums, is_expected, steps_since
from engine.storage.presence.heatmaps import comings, first_hour, flow_sums, sum_spent_by_hour, zone_days, zone_hours
from engine.storage.presence.sales import ProductCoupons, Sold
from engine.storage.told.coupons import CouponFigures
from engine.storage.told.sales import told_sales

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class SpanCounts:
    """What was counted in `span`. `gone` are visits of zones that the plan does not have any more."""

    made: Reports = field(repr=False)
    plan: Plan
    span: DaySpan
    now: float = 0.0  # s UTC, when it is asked

    @cached_property
    def _read(self) -> tuple[list[ZoneHourRow], Counter[str]]:
        db, span = self.made.ctx.figures, self.span
        within = {"from_t": span.from_t, "to_t": span.to_t}
        known: list[ZoneHourRow] = []
        gone: Counter[str] = Counter()
        for row in zone_days(db, self.plan.store, span.local, **within, hours=self._chosen_hours):
            if row.zone in self.plan.zone_index:
                known.append(row)
            else:
                gone[row.zone] += int(row.visits)
        return known, gone

    @property
    def rows(self) -> list[ZoneHourRow]:
        """Zones by the hour, or by the day where all of it was added up: `hour_start` is then when the day begins."""
        return self._read[0]

    @property
    def gone(self) -> Counter[str]:
        """Visits by zone that the plan no longer has."""
        return self._read[1]

    @property
    def is_empty(self) -> bool:
        """Whether nothing was counted at all."""
        return not self.rows

    def hours_over(self, zones: Collection[str]) -> list[ZoneHourRow]:
        """These zones by the hour, of hours that have ended."""
        span = self.span
        rows = zone_hours(self.made.ctx.figures, self.plan.store, from_t=span.from_t, to_t=span.to_t, zones=zones)
        return [r for r in rows if r.hour_start in self.over]

    def sum_spent_by_hour(self, zones: Collection[str]) -> dict[float, float]:
        """Person-seconds in these zones together, by when each hour with figures begins."""
        span = self.span
        within = {"from_t": span.from_t, "to_t": span.to_t}
        found = sum_spent_by_hour(self.made.ctx.figures, self.plan.store, **within, zones=zones)
        return found if span.is_whole else {t: spent for t, spent in found.items() if t in self.seconds}

    @cached_property
    def seconds(self) -> dict[float, float]:
        """How long each hour of the span is, by when it begins."""
        return self.span.seconds()

    @cached_property
    def over(self) -> frozenset[float]:
        """When each hour of the span begins that has ended."""
        return frozenset(t for t in self.seconds if self.span.is_over(t))

    @cached_property
    def _keeps_expected(self) -> bool:
        if not self.rows:
            return False
        db, store = self.made.ctx.figures, self.plan.store
        within = {"from_t": self.rows[0].hour_start, "to_t": self.span.to_t}  # it may be the whole day's
        return is_expected(db, store, first_hour(db, store, **within, zones=self.plan.zone_index))

    @cached_property
    def expected(self) -> dict[str, ZoneSums]:
        """What is expected of each zone, with its errors; nothing where the engine has not kept it for all of it."""
        if not self._keeps_expected:
            return {}
        span = self.span
        rows = expected_sums(
            self.made.ctx.figures,
            self.plan.store,
            span.local,
            from_t=span.from_t,
            to_t=span.to_t,
            hours=self._chosen_hours,
        )
        return {row.zone: ZoneSums.of([row]) for row in rows if row.zone in self.plan.zone_index}

    def sum_expected_by(
        self, key: Callable[[float], Key | None], zones: Collection[str]
    ) -> dict[Key, dict[str, ZoneSums]]:
        """The same of these zones by what `key` says of the hours that begin then; None of it leaves them out."""
        if not self._keeps_expected:
            return {}
        found: dict[Key, dict[str, list[ExpectedRow]]] = defaultdict(lambda: defaultdict(list))
        db, store, span = self.made.ctx.figures, self.plan.store, self.span
        names = {t: key(t) for t in self.seconds}
        for row in expected_hours(db, store, from_t=span.from_t, to_t=span.to_t, zones=zones):
            name = names.get(row.hour_start)
            if name is not None:
                found[name][row.zone].append(row)
        return {name: {zone: ZoneSums.of(of) for zone, of in by.items()} for name, by in found.items()}

    @property
    def k(self) -> int:
        """How many people stand behind each figure."""
        return self.made.ctx.config.privacy.k

    def tell(self, zone: str) -> ToldZone:
        """What is told of a zone."""
        return tell_zone(self.by_zone.get(zone, CountedSums()), self.expected.get(zone), self.k)

    @cached_property
    def by_zone(self) -> dict[str, CountedSums]:
        """What was counted of each zone."""
        named: dict[str, list[ZoneHourRow]] = defaultdict(list)
        for r in self.rows:
            named[r.zone].append(r)
        return {zone: counted_sums(rows) for zone, rows in named.items()}

    @cached_property
    def day_sums(self) -> dict[str, ZoneSums]:
        """What is expected of each row (zone, product, way, kind of stay) on the chosen weekdays, all hours of them."""
        db, store, from_t, to_t = self.made.ctx.figures, self.plan.store, self.span.from_t, self.span.to_t
        hours = replace(self.span, hours=(0, 24)).hour_starts() if self.span.weekdays else None
        rows = expected_sums(db, store, self.span.local, from_t=from_t, to_t=to_t, hours=hours)
        return {row.zone: ZoneSums.of([row]) for row in rows}

    @cached_property
    def steps_since(self) -> float | None:
        """When the first day begins of which stops or ways are kept."""
        return steps_since(self.made.ctx.db, self.plan.store)

    @property
    def has_steps(self) -> bool:
        """Whether stops and ways are kept for all of the span that has figures."""
        since = self.steps_since
        return since is not None and bool(self.rows) and since <= self.rows[0].hour_start

    @cached_property
    def sold(self) -> Sold | None:
        """What is told of receipts of the whole days; None of chosen weekdays, by which nobody counts them."""
        if self.span.weekdays:
            return None
        plan, span = self.plan, self.span
        within = {"from_t": span.from_t, "to_t": span.to_t, "now": self.now or span.to_t}
        return told_sales(self.made.ctx.db, plan.store, plan.product_by_sku, plan.timezone, k=self.k, **within)

    @cached_property
    def product_coupons(self) -> dict[str, ProductCoupons]:
        """Coupons of the whole days by product."""
        return self.made.product_coupons(self.plan.store, Period(self.span.from_t, self.span.to_t), self.now)

    @cached_property
    def comings(self) -> dict[float, int]:
        """Ways through the store that began, by the hour or day as `rows` are."""
        db, span = self.made.ctx.figures, self.span
        within, hours = {"from_t": span.from_t, "to_t": span.to_t}, self._chosen_hours
        return comings(db, self.plan.store, span.local, **within, hours=hours, zones=self.plan.zone_index)

    @cached_property
    def moves(self) -> Counter[tuple[str, str]]:
        """Transitions by pair of zones of the plan, `OUTSIDE` among them."""
        return self.made.kept_moves.get(self._key, self._count_moves)

    def _count_moves(self) -> Counter[tuple[str, str]]:
        known = {OUTSIDE, *self.plan.zone_index}
        out: Counter[tuple[str, str]] = Counter()
        for r in self._flows():
            if r.from_zone in known and r.to_zone in known:
                out[r.from_zone, r.to_zone] += r.count
        return out

    @cached_property
    def move_spreads(self) -> dict[tuple[str, str], Spread]:
        """The same with what is known of their errors; nothing where the engine has not kept that of their zones."""
        return flow_spreads(self.moves, self.expected)

    def _flows(self) -> Iterable[FlowRow]:
        db, store, span = self.made.ctx.figures, self.plan.store, self.span
        return flow_sums(db, store, span.local, from_t=span.from_t, to_t=span.to_t, hours=self._chosen_hours)

    @cached_property
    def _chosen_hours(self) -> list[float] | None:
        return None if self.span.is_whole else self.span.hour_starts()

    @cached_property
    def coupons(self) -> CouponFigures:
        """What is told of the coupons of the whole days."""
        return self.made.coupons(self.plan.store, self.span, self.now)

    @cached_property
    def heat(self) -> Heat:
        """The heat with its test, and the verdict on each zone."""
        return self.made.kept_heat.get(self._key, self._test_heat)

    @property
    def _key(self) -> tuple[object, ...]:
        """What figures that are kept between looks hang on: the span, and how far the store's figures have come."""
        span = self.span
        until = (span.local.start(span.to_t), span.to_t == span.end_t)
        changes = figures_stamp(self.made.ctx.figures, self.plan.store)
        return (self.plan.store, changes, span.from_t, until, span.hours, span.weekdays)

    def _test_heat(self) -> Heat:
        tests = self.made.tests(self.plan.store)
        levels = tests.levels(self.heat_rows())
        visits = {zone: sums.visits for zone, sums in self.by_zone.items()}
        verdicts = tests.zones(levels, visits)
        return Heat(levels, verdicts, tests.outline(levels, verdicts), sum(self.seconds.values()))

    def heat_rows(self, part: tuple[float, float] | None = None) -> list[HeatRow]:
        """Heat per square, of the whole span or the part of it from a time to another."""
        from_t, to_t = part or (self.span.from_t, self.span.to_t)
        db, local, hours = self.made.ctx.figures, self.span.local, self._chosen_hours
        return heat_sums(db, self.plan.store, local, from_t=from_t, to_t=to_t, hours=hours)


def outer_zones(plan: Plan) -> frozenset[str]:
    """The zones that no other zone holds: their person-seconds add up without counting anybody twice."""
    held: set[str] = set()
    for inner in zones_within(plan).values():
        held |= inner
    return frozenset(zone.id for zone in plan.zones) - held


def till_zones(plan: Plan) -> list[str]:
    """The zones where people wait and pay: of category checkout, else those that hold a till of the plan."""
    named = [zone.id for zone in plan.zones if zone.category == "checkout"]
    tills = [o for o in plan.openings if o.category == "checkout"]
    holding = [
        zone.id
        for zone in plan.zones
        if len(plan.zones) > 1 and any(o.level == zone.level and zone.polygon.covers(o.geometry) for o in tills)
    ]
    return named or holding


def shifted_day(row_t: float, span: DaySpan, days: int) -> dt.date:
    """The day of an hour of a span that lies `days` back, in the calendar of the one it is compared with."""
    return span.local.clock(row_t).date() + dt.timedelta(days=days)


def total(values: Sequence[float | int | None]) -> float | None:
    """Their sum; None where none is known."""
    known = [v for v in values if v is not None]
    return sum(known) if known else None
