"""Segments: named rules about shoppers, which campaigns may name as their audience. A small closed language.

A condition counts one fact of a shopper, narrowed down by what stands beside it, and says how much it takes. What of it
may stand beside which fact is in `NARROWED`; `docs/guides/segments.md` has examples.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from pydantic import Field, model_validator

from engine.config.section import ConfigSection

Fact = Literal["purchases", "spent", "favourite", "tier", "views", "baskets_left", "visits", "stops", "lingers"]

_WHAT = frozenset({"product", "category"})
_COUNT = frozenset({"at_least", "at_most", "within_days"})
NARROWED: Mapping[Fact, frozenset[str]] = {
    "purchases": _COUNT | _WHAT | {"channel", "store"},
    "spent": _COUNT | _WHAT | {"channel", "store", "currency"},
    "favourite": frozenset({"category", "top", "within_days"}),
    "tier": frozenset({"tiers"}),
    "views": _COUNT | _WHAT,
    "baskets_left": _COUNT | _WHAT,
    "visits": _COUNT | {"store", "zone"},
    "stops": _COUNT | _WHAT | {"store"},
    "lingers": frozenset({"store", "zone"}),
}
"""What may stand beside a fact."""
NEEDED: Mapping[Fact, frozenset[str]] = {
    "spent": frozenset({"currency"}),
    "favourite": frozenset({"category"}),
    "tier": frozenset({"tiers"}),
    "lingers": frozenset({"zone"}),
}
"""And what has to."""
JOINED_FACTS: frozenset[Fact] = frozenset(set(get_args(Fact)) - {"visits", "lingers"})
"""Facts that put visits beside what shop systems tell: known only of who agreed to that."""
_DEFAULT_TOP = 3
_ANYWHERE = ("fact", "holds")


class ConditionConfig(ConfigSection):
    """One condition, which has to hold, or with `holds: false` not to. With neither `at_least` nor `at_most`, once is
    enough; without `within_days` all that is kept counts."""

    fact: Fact
    at_least: int | None = Field(None, ge=0, le=10_000_000_000)
    at_most: int | None = Field(None, ge=0, le=10_000_000_000)
    within_days: float | None = Field(None, gt=0, le=1_096)
    product: str | None = Field(None, min_length=1, max_length=200)
    category: str | None = Field(None, min_length=1, max_length=200)
    store: str | None = Field(None, min_length=1, max_length=64)
    zone: str | None = Field(None, min_length=1, max_length=64)
    channel: Literal["store", "web"] | None = None
    currency: str | None = Field(None, pattern="^[A-Z]{3}$")
    tiers: tuple[str, ...] = ()
    top: int | None = Field(None, ge=1, le=20)
    holds: bool = True

    @model_validator(mode="after")
    def _goes_together(self) -> ConditionConfig:
        said = {name: getattr(self, name) for name in type(self).model_fields if name not in _ANYWHERE}
        given = {name for name, value in said.items() if value not in (None, ())}
        if stray := sorted(given - NARROWED[self.fact]):
            allowed = ", ".join(sorted(NARROWED[self.fact]))
            raise ValueError(f"{', '.join(stray)} says nothing of {self.fact}: beside it may stand {allowed}")
        if missing := sorted(NEEDED.get(self.fact, frozenset()) - given):
            raise ValueError(f"{self.fact} needs {', '.join(missing)}")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError("at_least is above at_most: nobody would be meant")
        if self.at_least == 0 and self.at_most is None:
            raise ValueError("at_least 0 is everybody: leave it out, or give at_most")
        return self

    @property
    def least(self) -> int:
        """The least that it takes."""
        if self.at_least is None:
            return 1 if self.at_most is None else 0
        return self.at_least

    @property
    def best(self) -> int:
        """Of how many favourites it has to be one."""
        return _DEFAULT_TOP if self.top is None else self.top


class SegmentConfig(ConfigSection):
    """Shoppers for whom every condition of `when` is as it says. Of whom that is not known of one, they are not among
    them: who has not agreed is in no segment that asks for it."""

    name: str = Field(pattern="^[a-z0-9][a-z0-9_-]{0,62}$")
    fr: str = Field(min_length=1, max_length=80)
    en: str = Field(min_length=1, max_length=80)
    when: tuple[ConditionConfig, ...] = Field(min_length=1, max_length=20)


def one_name_each(segments: tuple[SegmentConfig, ...]) -> tuple[SegmentConfig, ...]:
    """The segments, where no two have one name. Raises ValueError."""
    named = [one.name for one in segments]
    if twice := sorted({name for name in named if named.count(name) > 1}):
        raise ValueError(f"declared twice: {', '.join(twice)}")
    return segments
