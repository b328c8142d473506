"""When a campaign may speak, in the store's own time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, get_args
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from engine.errors import Problem
from engine.offers.bounds import Moment
from engine.vocabulary import DecisionReason, Weekday
from engine.wording import MistakeCode

Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
"""`HH:MM`, quoted in YAML (where a bare 10:00 is the number 600)."""

DAYS: tuple[Weekday, ...] = get_args(Weekday)
DAY_MIN = 24 * 60


class Hours(BaseModel):
    """From (included) to (excluded); over midnight when `to` is not later than `from`.

    Hours that end when they begin last a day. Who asks for quiet may as well have meant none, and is refused them; what
    was stored before goes on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    from_: Clock = Field(alias="from")
    to: Clock

    def holds(self, clock: str) -> bool:
        """Whether `clock`, as `HH:MM`, lies within."""
        if self.from_ < self.to:
            return self.from_ <= clock < self.to
        return clock >= self.from_ or clock < self.to

    @property
    def is_same_time(self) -> bool:
        """Whether they end when they begin."""
        return _minute(self.from_) % DAY_MIN == _minute(self.to) % DAY_MIN and not (self.from_ < self.to)

    def spanning(self, other: Hours) -> Hours:
        """The shortest hours that have both within."""
        parts = [(_minute(h.from_), (_minute(h.to) - _minute(h.from_)) % DAY_MIN or DAY_MIN) for h in (self, other)]
        length, start = min((max((s - first) % DAY_MIN + n for s, n in parts), first) for first, _ in parts)
        if length >= DAY_MIN:
            return Hours.model_validate({"from": "00:00", "to": "24:00"})
        return Hours.model_validate({"from": _clock(start), "to": _clock((start + length) % DAY_MIN or DAY_MIN)})


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


SAME_TIME = "the hours end when they begin"
ALL_DAY = "for the whole day write 00:00 to 24:00, for none leave them out"


class When(BaseModel):
    """A campaign's time. Everything empty: always."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    starts_at: Moment | None = None
    ends_at: Moment | None = None
    days: tuple[Weekday, ...] = ()
    hours: tuple[Hours, ...] = ()
    quiet_hours: tuple[Hours, ...] = ()

    @model_validator(mode="after")
    def _order(self) -> When:
        if self.starts_at and self.ends_at and self.starts_at >= self.ends_at:
            raise PydanticCustomError("ends_first", "ends_at is not after starts_at")
        return self

    def findings(self) -> Iterator[Problem]:
        """Hours of quiet that may mean all day as well as never, each at its place below the campaign."""
        for i, hours in enumerate(self.quiet_hours):
            if hours.is_same_time:
                yield Problem("", f"when.quiet_hours.{i}.to", SAME_TIME, ALL_DAY, code=MistakeCode.SAME_TIME)

    def refusal(self, now: float, timezone: ZoneInfo) -> DecisionReason | None:
        """Why not at `now` (s): `not_started`, `ended`, `quiet_hours`, `outside_hours`; None when it may speak.

        Hours that run over midnight belong to the day they began on.
        """
        if self.starts_at and now < self.starts_at.timestamp():
            return DecisionReason.NOT_STARTED
        if self.ends_at and now >= self.ends_at.timestamp():
            return DecisionReason.ENDED
        local = dt.datetime.fromtimestamp(now, timezone)
        clock = local.strftime("%H:%M")
        if any(q.holds(clock) for q in self.quiet_hours):
            return DecisionReason.QUIET_HOURS
        return None if self._open(local, clock) else DecisionReason.OUTSIDE_HOURS

    def _open(self, local: dt.datetime, clock: str) -> bool:
        today = DAYS[local.weekday()]
        if not self.hours:
            return not self.days or today in self.days
        yesterday = DAYS[(local.weekday() - 1) % 7]
        for hours in self.hours:
            over_midnight = hours.from_ >= hours.to and clock < hours.to
            began = yesterday if over_midnight else today
            if hours.holds(clock) and (not self.days or began in self.days):
                return True
        return False
