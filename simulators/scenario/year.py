"""What a scenario may say of a whole year: its days, its events, and the people who come again and again."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal, get_args

from pydantic import Field, field_validator, model_validator

from simulators.scenario.people import Open, ScenarioModel

Holiday = Literal[
    "new-year",
    "easter-monday",
    "labour-day",
    "victory-1945",
    "ascension",
    "whit-monday",
    "bastille-day",
    "assumption",
    "all-saints",
    "armistice-1918",
    "christmas-day",
]
KnownEvent = Literal[
    "winter-sales", "easter-week", "summer-sales", "back-to-school", "black-friday", "christmas", "new-year"
]


class YearEvent(ScenarioModel):
    """Days on which more people come, or other things are on their lists."""

    from_day: date | None = None  # None: as the calendar has it, for events that it knows
    until_day: date | None = None  # likewise; the last day of it
    factor: float = Field(1.0, ge=0, le=20)  # of arrivals; where events meet, factors multiply
    by_category: dict[str, float] = Field(default_factory=dict)  # product category to a factor on its popularity

    @model_validator(mode="after")
    def _makes_sense(self) -> YearEvent:
        if (self.from_day is None) != (self.until_day is None):
            raise ValueError("from_day and until_day go together")
        if self.from_day is not None and self.until_day is not None and self.from_day > self.until_day:
            raise ValueError("from_day is after until_day")
        _not_negative(self.by_category)
        return self


class Weather(ScenarioModel):
    """Days differ beyond chance, and a bad one is often followed by another: lognormal factors of mean 1."""

    sd: float = Field(0.1, ge=0, le=1)  # standard deviation of the factor's logarithm
    persistence: float = Field(0.4, ge=0, lt=1)  # correlation of a day's with the day before


class ShopperBase(ScenarioModel):
    """Whom visits are made by. Visits of one person in a year: negative binomial (gamma-Poisson, Ehrenberg 1959)."""

    count: int = Field(6000, ge=10, le=1_000_000)
    frequency_shape: float = Field(0.7, ge=0.05, le=100)  # of the gamma that frequencies have; small: a few come a lot
    adoption_visits_mean: float = Field(3.0, ge=1)  # a consenting shopper signs in on this visit, on average; geometric


class LingerHabit(ScenarioModel):
    """People with zones of their own, in which they stay longer than people do there, on every visit."""

    share: float = Field(0.0, ge=0, le=1)  # of people
    zones: int = Field(1, ge=1, le=20)  # so many each, of those with products
    times: float = Field(4.0, ge=1, le=20)  # as long as others at each product there


class YearCoupons(ScenarioModel):
    """Coupons for what `phones.responses` names (products, categories), to consenting shoppers who stop there."""

    from_day: date | None = None  # None: from the first day
    per_visit: int = Field(1, ge=0)
    per_week: int = Field(3, ge=0)  # any seven days in a row
    min_dwell_s: float = Field(5.0, ge=0)  # at the product, before the coupon comes
    holdout_share: float = Field(0.1, ge=0, le=0.9)  # of shoppers: never get one, to compare with
    basis_points: int = Field(2000, ge=0, le=10_000)  # off one product
    points_per_open: int = Field(50, ge=0)  # when a friend opens the shared deal


class YearConfig(ScenarioModel):
    """A year of days without radio: who came when, where they were, what they bought. See "A year" above."""

    days: int = Field(365, ge=1, le=366)  # from the local day of `starts_at` on
    public_holidays: Literal["fr", "none"] = "fr"  # fr: closed on the eleven of the Code du travail, L3133-1
    open_holidays: tuple[Holiday, ...] = ()  # of those: open as on any other day
    closed_on: tuple[date, ...] = ()  # other days without opening
    opened_on: dict[date, Open] = Field(default_factory=dict)  # days with hours of their own, holidays included
    eve_factor: float = Field(1.0, ge=0, le=20)  # of arrivals, on the day before a public holiday without opening
    by_month: dict[int, float] = Field(default_factory=dict)  # month (1-12) to a factor on arrivals; 1 where not named
    events: dict[str, YearEvent] = Field(default_factory=dict)
    growth_per_year: float = Field(0.0, ge=-0.9, le=5)
    weather: Weather = Weather()
    shoppers: ShopperBase = ShopperBase()
    lingers: LingerHabit = LingerHabit()
    coupons: YearCoupons = YearCoupons()

    @field_validator("opened_on", mode="before")
    @classmethod
    def _days_as_text(cls, hours: Any) -> Any:
        """YAML reads dates as such: problems then name them as Python does, not as the file."""
        return {str(day): open_ for day, open_ in hours.items()} if isinstance(hours, dict) else hours

    @field_validator("by_month")
    @classmethod
    def _months(cls, factors: dict[int, float]) -> dict[int, float]:
        bad = [str(month) for month in factors if not 1 <= month <= 12]
        if bad:
            raise ValueError(f"no such month: {', '.join(bad)}")
        _not_negative(factors)
        return factors

    @field_validator("events")
    @classmethod
    def _dated(cls, events: dict[str, YearEvent]) -> dict[str, YearEvent]:
        known = get_args(KnownEvent)
        bad = [name for name, event in events.items() if event.from_day is None and name not in known]
        if bad:
            raise ValueError(f"give from_day and until_day of {', '.join(bad)}; the calendar knows {', '.join(known)}")
        return events

    @model_validator(mode="after")
    def _open_or_closed(self) -> YearConfig:
        both = sorted(set(self.closed_on) & set(self.opened_on))
        if both:
            raise ValueError(f"in closed_on and in opened_on: {', '.join(map(str, both))}")
        return self


def _not_negative(factors: dict[str, float] | dict[int, float]) -> None:
    bad = [str(key) for key, factor in factors.items() if factor < 0]
    if bad:
        raise ValueError(f"factor below 0 for {', '.join(bad)}")
