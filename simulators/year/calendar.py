"""The days of a store's year: public holidays, sales, opening hours, and how many people a day draws.

French rules: public holidays of the Code du travail, L3133-1; sales of the Code de commerce, L310-3, and the arrêté of
27 May 2019 (four weeks from the second Wednesday of January, the first where that is after the 12th; and from the last
Wednesday of June, the one before where that is after the 28th; some border and overseas departments have others).
Easter: Meeus, *Astronomical Algorithms*, 1991, chapter 8 (the rule of Butcher, 1876).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from engine.records import F64
from simulators.people.hours import Rates, arrival_rates
from simulators.scenario.people import WEEKDAYS, Open, PeopleConfig
from simulators.scenario.year import Holiday, KnownEvent, Weather, YearConfig, YearEvent

WEDNESDAY, THURSDAY = 2, 3


@dataclass(frozen=True, slots=True)
class YearDay:
    """One local day. `factor` is on `arrivals_per_hour`; `people` has the day's own hours; closed: `opened` False."""

    day: date
    starts_at: datetime
    length_s: float
    opened: bool
    factor: float
    events: tuple[str, ...]
    people: PeopleConfig

    def rates(self, timezone: str) -> Rates:
        """Arrivals through the day, season and events left out."""
        return arrival_rates(self.people, self.length_s, self.starts_at, timezone)


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, before = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, before + 1)


def public_holidays(year: int) -> dict[date, Holiday]:
    """The eleven of France, by day; Alsace and Moselle have two more. Two may fall on one day (1 May, Ascension)."""
    sunday = easter(year)
    fixed: dict[Holiday, tuple[int, int]] = {
        "new-year": (1, 1),
        "labour-day": (5, 1),
        "victory-1945": (5, 8),
        "bastille-day": (7, 14),
        "assumption": (8, 15),
        "all-saints": (11, 1),
        "armistice-1918": (11, 11),
        "christmas-day": (12, 25),
    }
    after: dict[Holiday, int] = {"easter-monday": 1, "ascension": 39, "whit-monday": 50}
    days = {sunday + timedelta(n): name for name, n in after.items()}
    return days | {date(year, month, day): name for name, (month, day) in fixed.items()}


def event_days(name: KnownEvent, year: int) -> tuple[date, date]:
    """First and last day of an event that the calendar knows."""
    second, last = _weekday(year, 1, WEDNESDAY, 2), _weekday(year, 6, WEDNESDAY, -1)
    winter = second if second.day <= 12 else second - timedelta(7)
    summer = last if last.day <= 28 else last - timedelta(7)
    friday, sunday = _weekday(year, 11, THURSDAY, 4) + timedelta(1), easter(year)
    found: dict[KnownEvent, tuple[date, date]] = {
        "winter-sales": (winter, winter + timedelta(27)),
        "easter-week": (sunday - timedelta(6), sunday - timedelta(1)),
        "summer-sales": (summer, summer + timedelta(27)),
        "back-to-school": (date(year, 8, 25), date(year, 9, 12)),
        "black-friday": (friday, friday + timedelta(3)),
        "christmas": (date(year, 12, 5), date(year, 12, 24)),
        "new-year": (date(year, 12, 26), date(year, 12, 31)),
    }
    return found[name]


def year_days(
    config: YearConfig, people: PeopleConfig, starts_at: datetime, timezone: str, rng: np.random.Generator
) -> list[YearDay]:
    """Every day from the local one of `starts_at` on, open or not, with its weather drawn."""
    zone = ZoneInfo(timezone)
    first = starts_at.astimezone(zone).date()
    weather = weather_factors(config.weather, config.days, rng)
    return [_day(config, people, first + timedelta(k), k, float(weather[k]), zone) for k in range(config.days)]


def weather_factors(weather: Weather, days: int, rng: np.random.Generator) -> F64:
    """(days,) lognormal factors of mean 1 whose logarithms are an autoregression of order one."""
    draws = rng.standard_normal(days)
    for k in range(1, days):
        draws[k] = weather.persistence * draws[k - 1] + np.sqrt(1 - weather.persistence**2) * draws[k]
    return np.exp(weather.sd * draws - weather.sd**2 / 2)


def events_on(events: dict[str, YearEvent], day: date) -> tuple[str, ...]:
    """Which of them this day is in."""
    return tuple(name for name, event in events.items() if any(a <= day <= b for a, b in _spans(name, event, day.year)))


def opening(config: YearConfig, people: PeopleConfig, day: date) -> PeopleConfig | None:
    """The people's habits with the hours of this day; None where the store stays closed."""
    own = config.opened_on.get(day)
    if own is not None:
        hours: dict[str, Open] = {WEEKDAYS[day.weekday()]: own}
        return people.model_copy(update={"opening_hours": hours})
    holiday = public_holidays(day.year).get(day) if config.public_holidays == "fr" else None
    if day in config.closed_on or (holiday is not None and holiday not in config.open_holidays):
        return None
    return people if not people.opening_hours or WEEKDAYS[day.weekday()] in people.opening_hours else None


def _day(config: YearConfig, people: PeopleConfig, day: date, k: int, weather: float, zone: ZoneInfo) -> YearDay:
    habits, names = opening(config, people, day), events_on(config.events, day)
    begins, ends = (datetime.combine(d, time(), zone) for d in (day, day + timedelta(1)))
    growth = (1 + config.growth_per_year) ** (k / 365)
    factor = config.by_month.get(day.month, 1.0) * growth * weather
    factor *= float(np.prod([config.events[name].factor for name in names]))
    if _is_eve(config, people, day):
        factor *= config.eve_factor
    length_s = ends.timestamp() - begins.timestamp()  # 23 or 25 hours when clocks change
    return YearDay(day, begins.astimezone(UTC), length_s, habits is not None, factor, names, habits or people)


def _is_eve(config: YearConfig, people: PeopleConfig, day: date) -> bool:
    after = day + timedelta(1)
    is_holiday = config.public_holidays == "fr" and after in public_holidays(after.year)
    return is_holiday and opening(config, people, after) is None


def _spans(name: str, event: YearEvent, year: int) -> Sequence[tuple[date, date]]:
    if event.from_day is not None and event.until_day is not None:
        return [(event.from_day, event.until_day)]
    return [event_days(name, year)]  # type: ignore[arg-type]  # the config refuses names without days


def _weekday(year: int, month: int, weekday: int, nth: int) -> date:
    """The nth such weekday of a month; -1: the last."""
    if nth > 0:
        first = date(year, month, 1)
        return first + timedelta((weekday - first.weekday()) % 7 + 7 * (nth - 1))
    last = date(year + month // 12, month % 12 + 1, 1) - timedelta(1)
    return last - timedelta((last.weekday() - weekday) % 7)
