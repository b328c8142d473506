"""What a scenario may say of people: who comes, when, what for, at what pace, and who else is there."""

from __future__ import annotations

from datetime import time
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
QUARTER_S = 900.0


class ScenarioModel(BaseModel):
    """Unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ArrivalStep(ScenarioModel):
    """From `from_s` after the start on, people arrive `factor` times as often as `arrivals_per_hour` says."""

    from_s: float = Field(ge=0)
    factor: float = Field(ge=0)


class DwellHabit(ScenarioModel):
    """How long people stay somewhere: lognormal with this median and this spread of the logarithm."""

    median_s: float = Field(20.0, gt=0)
    sigma_log: float = Field(0.6, ge=0, le=2)


class Open(ScenarioModel):
    """One day's hours, local time, by the quarter: nobody comes in outside them, at closing shoppers go and pay."""

    opens: time
    closes: time

    @model_validator(mode="after")
    def _in_order(self) -> Open:
        if self.opens >= self.closes:
            raise ValueError("opens is not before closes")
        if any(t.minute % 15 or t.second or t.microsecond or t.tzinfo for t in (self.opens, self.closes)):
            raise ValueError("hours are local times by the quarter, as in 09:00 or 19:45")
        return self


class SpeedHabit(ScenarioModel):
    """Free walking speed: normal, cut off at `speed_min_m_s` and `speed_max_m_s`."""

    mean_m_s: float = Field(gt=0, le=3)
    sd_m_s: float = Field(gt=0, le=1)


class GroupHabit(ScenarioModel):
    """Couples, families, friends: they walk together, one of them pays."""

    share: float = Field(0.0, ge=0, le=1)  # of arrivals that are groups
    size_mean: float = Field(2.4, ge=2, le=12)  # two, and a Poisson number more
    phones_share: float = Field(0.5, ge=0, le=1)  # of companions: carry a phone of their own


class StaffHabit(ScenarioModel):
    """People who work here, from the beginning to the end of the run, on rounds from place to place."""

    count: int = Field(0, ge=0, le=500)
    stay: DwellHabit = DwellHabit(median_s=180, sigma_log=0.8)
    phone_share: float = Field(0.8, ge=0, le=1)  # of them: carry a phone that is always connected


class PassersBy(ScenarioModel):
    """People outside, along the front with the entrance. Their phones only probe (`phones.probe_interval_s`), but for
    those that know the network and join it from the street."""

    per_hour: float = Field(0.0, ge=0, le=20_000)
    nearest_m: float = Field(1.5, ge=0.5, le=50)
    furthest_m: float = Field(5.0, ge=0.5, le=50)
    connected_share: float = Field(0.0, ge=0, le=1)  # of them: their phone joins the network in passing

    @model_validator(mode="after")
    def _in_order(self) -> PassersBy:
        if self.nearest_m > self.furthest_m:
            raise ValueError("nearest_m is above furthest_m")
        return self


class Impulse(ScenarioModel):
    """Stops that were on no list: on the way to the next product, at one that lies near and in an attractive zone."""

    share: float = Field(0.0, ge=0, le=1)  # of legs between products
    detour_m: float = Field(8.0, gt=0)  # how much further people like to walk for it: weight exp(-detour / this)
    attraction: dict[str, float] = Field(default_factory=dict)  # zone to a factor; 1 where a zone is not named
    buy_share: float = Field(0.25, ge=0, le=1)

    @field_validator("attraction")
    @classmethod
    def _not_negative(cls, attraction: dict[str, float]) -> dict[str, float]:
        bad = [zone for zone, factor in attraction.items() if factor < 0]
        if bad:
            raise ValueError(f"factor below 0 for {', '.join(bad)}")
        return attraction


class FittingRooms(ScenarioModel):
    """A zone where shoppers try on what they chose, before they pay."""

    zone: str
    share: float = Field(0.4, ge=0, le=1)  # of shoppers with something in the basket
    stay: DwellHabit = DwellHabit(median_s=240, sigma_log=0.5)
    keep_share: float = Field(0.6, ge=0, le=1)  # of products tried on that stay in the basket


class PeopleConfig(ScenarioModel):
    """Who comes, what for, and how they walk."""

    arrivals_per_hour: float = Field(60.0, ge=0, le=20_000)  # of people alone, or groups
    arrival_profile: tuple[ArrivalStep, ...] = ()  # empty: the same rate all along
    arrivals_by_hour: dict[int, float] = Field(default_factory=dict)  # local hour (0-23) to a factor; 1 where not named
    arrivals_by_weekday: dict[Weekday, float] = Field(default_factory=dict)  # likewise
    opening_hours: dict[Weekday, Open] = Field(default_factory=dict)  # empty: always open; else closed on other days
    start_inside: int = Field(0, ge=0, le=20_000)  # people who stand at a product already when it begins
    speed_min_m_s: float = Field(0.6, ge=0.1, le=3)
    speed_max_m_s: float = Field(1.4, ge=0.1, le=3)
    speed: SpeedHabit | None = None  # None: any speed between the limits is as likely
    congestion: bool = False  # people slow down where it is crowded and narrow
    list_length_mean: float = Field(5.0, ge=1, le=100)  # products on a shopping list, at least one
    popularity_exponent: float = Field(0.8, ge=0, le=3)  # Zipf over the products in file order; 0: all alike
    favourites: dict[str, float] = Field(default_factory=dict)  # sku to a factor on its popularity
    dwell: DwellHabit = DwellHabit()
    dwell_by_category: dict[str, DwellHabit] = Field(default_factory=dict)
    buy_share: float = Field(0.6, ge=0, le=1)  # of stops at a product that end with it in the basket
    impulse: Impulse = Impulse()
    turn_back_share: float = Field(0.0, ge=0, le=1)  # of people who come in: leave again before the first product
    fitting_rooms: FittingRooms | None = None
    till_fixed_s: float = Field(25.0, ge=0)
    till_item_s: float = Field(4.0, ge=0)
    groups: GroupHabit = GroupHabit()
    staff: StaffHabit = StaffHabit()
    cleaners: int = Field(0, ge=0, le=100)  # from place to place without an end, a few seconds at each
    passers_by: PassersBy = PassersBy()

    @field_validator("favourites", "arrivals_by_hour", "arrivals_by_weekday")
    @classmethod
    def _not_negative(cls, factors: dict[str, float]) -> dict[str, float]:
        bad = [str(key) for key, factor in factors.items() if factor < 0]
        if bad:
            raise ValueError(f"factor below 0 for {', '.join(bad)}")
        return factors

    @field_validator("arrivals_by_hour")
    @classmethod
    def _hours(cls, factors: dict[int, float]) -> dict[int, float]:
        bad = [str(hour) for hour in factors if not 0 <= hour <= 23]
        if bad:
            raise ValueError(f"no such hour: {', '.join(bad)}")
        return factors

    @model_validator(mode="after")
    def _speeds_in_order(self) -> PeopleConfig:
        if self.speed_min_m_s > self.speed_max_m_s:
            raise ValueError("speed_min_m_s is above speed_max_m_s")
        if self.speed is not None and not self.speed_min_m_s < self.speed.mean_m_s < self.speed_max_m_s:
            raise ValueError("speed.mean_m_s is not between speed_min_m_s and speed_max_m_s")
        return self
