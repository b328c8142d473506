"""What points buy: the programme's rewards as offers, and what the law has against them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.config import LoyaltyConfig
from engine.config.loyalty import RewardConfig
from engine.errors import OperatorError, Problem
from engine.offers.campaigns import Text, Texts
from engine.offers.law.legal import legal_findings
from engine.offers.pricing.kinds import Amount, Offer, Percent
from engine.plan.model import Plan

DAY_S = 86_400.0
BOUGHT = "reward:"
"""How the campaign of a voucher is called that was bought with points; the reward's id follows."""


@dataclass(frozen=True, slots=True)
class Reward:
    """A voucher that `points` buy, good for `valid_s`. `stores` is empty where all that have its currency give it."""

    id: str
    points: int
    offer: Offer
    texts: Texts
    currency: str
    stores: frozenset[str]
    valid_s: float

    @property
    def campaign_id(self) -> str:
        """What its vouchers say they come of."""
        return BOUGHT + self.id

    def is_given_in(self, store: str, currency: str) -> bool:
        """Whether a store of this currency gives it."""
        return currency == self.currency and (not self.stores or store in self.stores)


def rewards_of(config: LoyaltyConfig) -> tuple[Reward, ...]:
    """The programme's rewards, the cheapest first."""
    return tuple(sorted((_reward(said) for said in config.rewards), key=lambda r: (r.points, r.id)))


def check_rewards(config: LoyaltyConfig, plans: Mapping[str, Plan], file: str, *, whole: bool = True) -> None:
    """Raises OperatorError with every reward that no store gives, that is on goods that none has, or that the law
    forbids where it is given. Where `plans` are not the site's `whole`, another store may give it, and have them."""
    problems = [p for n, said in enumerate(config.rewards) for p in _problems(n, said, plans, file, whole=whole)]
    if problems:
        raise OperatorError(problems)


def _problems(n: int, said: RewardConfig, plans: Mapping[str, Plan], file: str, *, whole: bool) -> Iterator[Problem]:
    reward, place = _reward(said), f"loyalty.rewards[{n}]"
    where = [plan for plan in plans.values() if reward.is_given_in(plan.store, plan.currency)]
    if whole and not where:
        yield Problem(file, f"{place}.currency", "no store gives it", "a currency of the floor plans, and their stores")
    if whole and where and not any(_has_goods(reward.offer, plan) for plan in where):
        yield Problem(file, place, "no store that gives it has these goods", "a product or category of their plans")
    for plan in where:
        for found in legal_findings(reward.offer, reward.texts.model_dump(), plan):
            yield Problem(file, place, f"{plan.store}: {found.reason}", found.fix)


def _has_goods(offer: Offer, plan: Plan) -> bool:
    if offer.applies_to == "basket":
        return True
    return any(p.sku == offer.sku or p.category == offer.category for p in plan.products)


def _reward(said: RewardConfig) -> Reward:
    texts = Texts(fr=Text(title=said.fr, text=said.fr), en=Text(title=said.en, text=said.en))
    valid_s = said.valid_days * DAY_S
    return Reward(said.id, said.points, _offer(said), texts, said.currency, frozenset(said.stores), valid_s)


def _offer(said: RewardConfig) -> Offer:
    on: dict[str, Any] = {"applies_to": "basket"}
    if said.product is not None:
        on = {"applies_to": "product", "sku": said.product}
    elif said.category is not None:
        on = {"applies_to": "category", "category": said.category}
    on |= {"min_basket_minor": said.min_basket_minor}
    if said.amount_minor is not None:
        return Amount(kind="amount", amount_minor=said.amount_minor, **on)
    assert said.basis_points is not None
    return Percent(kind="percent", basis_points=said.basis_points, max_discount_minor=said.max_discount_minor, **on)


def find_reward(rewards: Sequence[Reward], name: str, store: str, currency: str) -> Reward | None:
    """The reward of this id that this store gives; None where it gives none."""
    return next((r for r in rewards if r.id == name and r.is_given_in(store, currency)), None)
