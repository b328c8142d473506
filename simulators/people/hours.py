"""When a store is open and how many people come then: rates over a run, as steps of a quarter of an hour or less."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from engine.records import F64
from simulators.scenario.people import QUARTER_S, WEEKDAYS, PeopleConfig


@dataclass(frozen=True, slots=True)
class Rates:
    """From `from_s[k]` on, until the next, people arrive `factor[k]` times as often as usual; `closes_s` sorted."""

    from_s: F64
    factor: F64
    closes_s: F64

    def closing_after(self, t_s: float) -> float:
        """When the store closes next; infinity where it never does."""
        k = int(np.searchsorted(self.closes_s, t_s, side="right"))
        return float(self.closes_s[k]) if k < len(self.closes_s) else np.inf


def arrival_rates(people: PeopleConfig, duration_s: float, starts_at: datetime, timezone: str) -> Rates:
    """The rates of a run that begins at `starts_at`, by the local clock of `timezone`, summer time included."""
    steps = sorted(people.arrival_profile, key=lambda s: s.from_s)
    step_from = np.array([0.0] + [s.from_s for s in steps])
    step_factor = np.array([1.0] + [s.factor for s in steps])
    if not (people.arrivals_by_hour or people.arrivals_by_weekday or people.opening_hours):
        return Rates(step_from, step_factor, np.empty(0))
    quarters = _quarters(duration_s, starts_at, ZoneInfo(timezone))
    from_s = np.unique(np.concatenate([quarters, step_from]))
    local = [(starts_at + timedelta(seconds=t)).astimezone(ZoneInfo(timezone)) for t in from_s.tolist()]
    factor = np.array([_factor(people, t) for t in local])
    is_open = np.array([_is_open(people, t) for t in local])
    closes = from_s[1:][is_open[:-1] & ~is_open[1:]]
    profile = step_factor[np.searchsorted(step_from, from_s, side="right") - 1]
    return Rates(from_s, profile * factor * is_open, closes)


def arrival_times(people: PeopleConfig, duration_s: float, rates: Rates, rng: np.random.Generator) -> F64:
    """Sorted times of a Poisson process of that rate, by thinning (Lewis and Shedler 1979)."""
    most = float(rates.factor.max())
    n = rng.poisson(people.arrivals_per_hour * most * duration_s / 3600)
    times = np.sort(rng.uniform(0.0, duration_s, n))
    rate = rates.factor[np.searchsorted(rates.from_s, times, side="right") - 1]
    return times[rng.random(n) * most < rate]


def _quarters(duration_s: float, starts_at: datetime, zone: ZoneInfo) -> F64:
    """0, and every full quarter of the local clock until a day after the end, when the last shoppers have left."""
    local = starts_at.astimezone(zone)
    into_s = (local.minute * 60 + local.second + local.microsecond / 1e6) % QUARTER_S
    return np.concatenate([[0.0], np.arange(QUARTER_S - into_s, duration_s + 86_400, QUARTER_S)])


def _factor(people: PeopleConfig, local: datetime) -> float:
    by_day = people.arrivals_by_weekday.get(WEEKDAYS[local.weekday()], 1.0)
    return people.arrivals_by_hour.get(local.hour, 1.0) * by_day


def _is_open(people: PeopleConfig, local: datetime) -> bool:
    if not people.opening_hours:
        return True
    day = people.opening_hours.get(WEEKDAYS[local.weekday()])
    return day is not None and day.opens <= local.time() < day.closes
