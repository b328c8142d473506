"""Rewards as the config says them: exactly one worth, one target, given where the law and the shelves let them be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from engine.config import LoyaltyConfig
from engine.errors import OperatorError
from engine.offers.bought.rewards import check_rewards, find_reward, rewards_of
from engine.offers.pricing.kinds import Amount, Percent
from engine.plan.load import load_plan

PLANS = {name: load_plan(Path("floorplans") / name) for name in ("boutique", "supermarket")}
TEN = {"id": "ten", "fr": "10 €", "en": "10 €", "points": 200, "amount_minor": 1_000, "currency": "EUR"}


def config(*rewards: dict[str, Any]) -> LoyaltyConfig:
    return LoyaltyConfig.model_validate({"rewards": list(rewards)})


def test_a_reward_becomes_an_offer() -> None:
    share = {"id": "fifth", "fr": "-20 %", "en": "20% off", "points": 90, "currency": "EUR", "category": "coats"}
    fifth, ten = rewards_of(config(TEN, share | {"basis_points": 2_000, "stores": ["boutique"]}))
    assert ten.offer == Amount(kind="amount", applies_to="basket", amount_minor=1_000)
    assert fifth.offer == Percent(kind="percent", applies_to="category", category="coats", basis_points=2_000)
    assert find_reward([fifth, ten], "fifth", "boutique", "EUR") is fifth
    assert find_reward([fifth, ten], "fifth", "market", "EUR") is None
    assert find_reward([fifth, ten], "ten", "market", "CHF") is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"basis_points": 100},
        {"amount_minor": None},
        {"product": "A", "category": "b"},
        {"max_discount_minor": 5},
        {"points": 0},
        {"id": "With Spaces"},
    ],
)
def test_what_is_no_reward_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        config(TEN | wrong)


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(ValidationError, match="declared twice: ten"):
        config(TEN, TEN)


@pytest.mark.parametrize(
    ("said", "place"),
    [
        (TEN | {"currency": "KWD"}, "loyalty.rewards[0].currency"),
        (TEN | {"stores": ["boutique"], "product": "NOT-SOLD"}, "loyalty.rewards[0]"),
        (TEN | {"stores": ["supermarket"]}, "loyalty.rewards[0]"),  # 10 € off a 2 € yoghurt: above the cap
    ],
)
def test_what_no_store_may_give_keeps_the_site_from_starting(said: dict[str, Any], place: str) -> None:
    with pytest.raises(OperatorError) as refused:
        check_rewards(config(said), PLANS, "config.yaml")
    assert {problem.place for problem in refused.value.problems} == {place}


def test_what_a_store_may_give_whose_plan_waits_is_no_mistake_and_what_the_law_forbids_here_is() -> None:
    check_rewards(config(TEN | {"stores": ["mars"]}, TEN | {"id": "new", "product": "NEW"}), PLANS, "", whole=False)
    with pytest.raises(OperatorError, match=r"loyalty\.rewards\[0\]: supermarket: "):
        check_rewards(config(TEN | {"stores": ["supermarket"]}), PLANS, "config.yaml", whole=False)


@pytest.mark.parametrize("goods", [{"product": "NOU-001"}, {"category": "nouveautes"}])
def test_goods_that_a_store_sells_may_be_given(goods: dict[str, Any]) -> None:
    check_rewards(config(TEN | goods | {"stores": ["boutique"]}), PLANS, "config.yaml")


def test_what_the_boutique_may_give_is_fine() -> None:
    check_rewards(config(TEN | {"stores": ["boutique"], "min_basket_minor": 4_000}), PLANS, "config.yaml")


def test_a_reward_holds_what_the_config_says() -> None:
    share = {"id": "fifth", "fr": "-20 %", "en": "20% off", "points": 200, "currency": "EUR", "product": "HAT"}
    more = {"basis_points": 2_000, "max_discount_minor": 500, "min_basket_minor": 900, "valid_days": 3}
    fifth, ten, last = rewards_of(config(TEN | {"points": 201, "id": "a"}, TEN, share | more))
    assert [r.id for r in (fifth, ten, last)] == ["fifth", "ten", "a"], "the cheapest first, then by their ids"
    assert fifth.offer == Percent(
        kind="percent", applies_to="product", sku="HAT", basis_points=2_000, max_discount_minor=500,
        min_basket_minor=900,
    )  # fmt: skip
    assert (fifth.valid_s, fifth.campaign_id, fifth.points) == (3 * 86_400, "reward:fifth", 200)
    assert (fifth.texts.fr.title, fifth.texts.en.text) == ("-20 %", "20% off")
    assert [ten.is_given_in("anywhere", currency) for currency in ("EUR", "CHF")] == [True, False]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"currency": "KWD"},
         ("loyalty.rewards[0].currency", "no store gives it", "a currency of the floor plans, and their stores")),
        ({"stores": ["mars"]},
         ("loyalty.rewards[0].currency", "no store gives it", "a currency of the floor plans, and their stores")),
        ({"stores": ["boutique"], "category": "fish"},
         ("loyalty.rewards[0]", "no store that gives it has these goods", "a product or category of their plans")),
    ],
)  # fmt: skip
def test_what_nobody_can_give_is_told_with_what_to_do(changes: dict[str, Any], problem: tuple[str, str, str]) -> None:
    with pytest.raises(OperatorError) as refused:
        check_rewards(config(TEN | changes), PLANS, "config.yaml")
    assert [(p.place, p.reason, p.fix) for p in refused.value.problems] == [problem]
    check_rewards(config(TEN | changes), PLANS, "config.yaml", whole=False)
