"""Who an offer is for, and what the decision may know of a shopper: never more than this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from engine.offers.bounds import Plain
from engine.offers.interests.condition import NO_TOUCHES, Interested, ShopperTouches
from engine.offers.wishes import NO_WISHES, Wishes
from engine.privacy.consent import Grants

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class LinkedShopper:
    """A shopper behind a device: only those who granted location offers are ever linked.

    `created_at` is when the profile was made, `linked_at` when this device became its shopper's (s UTC). Who objects to
    statistics is not `counted`. `segments` are those they belong to, each from a time to before another (s UTC).
    `touches` are looked up where a campaign asks for them, and only then.
    """

    shopper_id: str
    consents: Grants
    locale: str = "fr"
    created_at: float = 0.0
    linked_at: float = 0.0
    wishes: Wishes = NO_WISHES
    counted: bool = True
    segments: tuple[tuple[str, float, float], ...] = ()
    touches: ShopperTouches = NO_TOUCHES


SegmentName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]


class Audience(BaseModel):
    """Conditions that must all hold; empty means everyone who consented. One of the `segments` is enough."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    locales: tuple[Plain, ...] = ()
    known_at_least_days: float | None = Field(None, ge=0, le=36_500)
    known_at_most_days: float | None = Field(None, ge=0, le=36_500)
    segments: Annotated[tuple[SegmentName, ...], Field(max_length=20)] = ()
    interested: Interested | None = None

    @model_validator(mode="after")
    def _window(self) -> Audience:
        low, high = self.known_at_least_days, self.known_at_most_days
        if low is not None and high is not None and low > high:
            reason = "known_at_least_days is above known_at_most_days: nobody would be meant"
            raise PydanticCustomError("known_order", reason)
        return self

    def holds(self, shopper: LinkedShopper, now: float) -> bool:
        """Whether `shopper` belongs to this audience at `now` (s)."""
        known_days = (now - shopper.created_at) / DAY_S
        return (
            (not self.locales or shopper.locale in self.locales)
            and (self.known_at_least_days is None or known_days >= self.known_at_least_days)
            and (self.known_at_most_days is None or known_days <= self.known_at_most_days)
            and (not self.segments or self._in_one(shopper, now))
            and (self.interested is None or self.interested.holds(shopper.touches, shopper.consents, now))
        )

    def _in_one(self, shopper: LinkedShopper, now: float) -> bool:
        return any(name in self.segments and since <= now < until for name, since, until in shopper.segments)
