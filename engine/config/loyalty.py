"""What points are worth, as the wallet says it, and what earns them."""

from __future__ import annotations

from collections.abc import Collection

from pydantic import Field, field_validator, model_validator

from engine.config.section import ConfigSection
from engine.errors import OperatorError, Problem
from engine.vocabulary import Weekday


class WorthConfig(ConfigSection):
    """So many points of a programme take so much off: whole numbers both, so that nothing is rounded but the sum."""

    programme: str = Field("points", min_length=1, max_length=64)
    points: int = Field(ge=1)
    amount_minor: int = Field(ge=1)
    currency: str = Field(pattern="^[A-Z]{3}$")  # of the stores where it holds


CLOCK = "^([01][0-9]|2[0-3]):[0-5][0-9]$"


class EarnConfig(ConfigSection):
    """`points` for every `per_minor` that a line of a receipt costs. What is empty does not narrow it down; all rules
    that meet a line add up, and the sum over the receipt is rounded down once."""

    points: int = Field(ge=1, le=1_000_000)
    per_minor: int = Field(ge=1)
    currency: str = Field(pattern="^[A-Z]{3}$")
    products: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    weekdays: tuple[Weekday, ...] = ()
    since: str | None = Field(None, pattern=CLOCK)
    until: str | None = Field(None, pattern=CLOCK)


class TierConfig(ConfigSection):
    """A level of the programme, by the points of purchases that were kept."""

    name: str = Field(min_length=1, max_length=32, pattern="^[a-z][a-z0-9_-]*$")
    from_points: int = Field(ge=1)


class RewardConfig(ConfigSection):
    """A voucher that points buy: `amount_minor` or `basis_points` off a product, a category or the basket."""

    id: str = Field(min_length=1, max_length=40, pattern="^[a-z0-9][a-z0-9_-]*$")
    fr: str = Field(min_length=1, max_length=80)
    en: str = Field(min_length=1, max_length=80)
    points: int = Field(ge=1, le=1_000_000_000)
    currency: str = Field(pattern="^[A-Z]{3}$")
    amount_minor: int | None = Field(None, ge=1, le=10_000_000_000)
    basis_points: int | None = Field(None, ge=1, le=10_000)
    max_discount_minor: int | None = Field(None, ge=1, le=10_000_000_000)
    min_basket_minor: int = Field(0, ge=0, le=10_000_000_000)
    product: str | None = None
    category: str | None = None
    stores: tuple[str, ...] = ()
    valid_days: float = Field(90.0, gt=0, le=1_095)

    @model_validator(mode="after")
    def _worth(self) -> RewardConfig:
        if (self.amount_minor is None) == (self.basis_points is None):
            raise ValueError("give exactly one of amount_minor and basis_points")
        if self.product is not None and self.category is not None:
            raise ValueError("give product or category, or neither for the whole basket")
        if self.max_discount_minor is not None and self.basis_points is None:
            raise ValueError("max_discount_minor goes with basis_points")
        return self


class LoyaltyConfig(ConfigSection):
    """Without a rate nothing is said of what points are worth; without rules purchases earn nothing."""

    worth: tuple[WorthConfig, ...] = ()
    earn: tuple[EarnConfig, ...] = ()
    per_visit: int = Field(0, ge=0)
    visit_min_s: float = Field(120.0, ge=0, le=86_400)
    claim_days: float = Field(30.0, ge=0, le=366)
    pending_days: float = Field(0.0, ge=0, le=366)
    expire_days: float | None = Field(None, gt=0, le=3_660)
    tiers: tuple[TierConfig, ...] = ()
    tier_days: float = Field(365.0, gt=0, le=3_660)
    clerk_points: int = Field(0, ge=0, le=1_000_000)  # the most that clerks add by hand in one visit
    rewards: tuple[RewardConfig, ...] = ()

    @field_validator("worth")
    @classmethod
    def _one_of_a_programme(cls, worth: tuple[WorthConfig, ...]) -> tuple[WorthConfig, ...]:
        named = [rate.programme for rate in worth]
        if twice := sorted({name for name in named if named.count(name) > 1}):
            raise ValueError(f"declared twice: {', '.join(twice)}")
        return worth

    @field_validator("tiers")
    @classmethod
    def _each_tier_once(cls, tiers: tuple[TierConfig, ...]) -> tuple[TierConfig, ...]:
        for said in ([t.name for t in tiers], [str(t.from_points) for t in tiers]):
            if twice := sorted({value for value in said if said.count(value) > 1}):
                raise ValueError(f"declared twice: {', '.join(twice)}")
        return tiers

    @field_validator("rewards")
    @classmethod
    def _each_reward_once(cls, rewards: tuple[RewardConfig, ...]) -> tuple[RewardConfig, ...]:
        named = [reward.id for reward in rewards]
        if twice := sorted({name for name in named if named.count(name) > 1}):
            raise ValueError(f"declared twice: {', '.join(twice)}")
        return rewards

    def of(self, programme: str) -> WorthConfig | None:
        """The programme's rate, where there is one."""
        return next((rate for rate in self.worth if rate.programme == programme), None)


def check_worth(config: LoyaltyConfig, currencies: Collection[str], file: str, *, whole: bool = True) -> None:
    """Raises OperatorError with every rate and rule in a currency that no store has, which would be said to nobody or
    earn nothing, and with every tier of a rule that is none. Where the `currencies` are not the `whole` site's, another
    one is no mistake."""
    fix = f"a currency of the floor plans: {', '.join(sorted(currencies))}"
    wrong = [(n, rate) for n, rate in enumerate(config.worth) if whole and rate.currency not in currencies]
    why = "no store has this currency"
    problems = [Problem(file, f"loyalty.worth[{n}].currency", why, fix) for n, _ in wrong]
    tiers = {tier.name for tier in config.tiers}
    for n, rule in enumerate(config.earn):
        if whole and rule.currency not in currencies:
            problems.append(Problem(file, f"loyalty.earn[{n}].currency", why, fix))
        problems += [
            Problem(file, f"loyalty.earn[{n}].tiers", f"there is no tier {name!r}", "a name of loyalty.tiers")
            for name in rule.tiers
            if name not in tiers
        ]
    if problems:
        raise OperatorError(problems)
