"""The programme's terms are what the config says; mistakes are named with their places."""

from __future__ import annotations

from datetime import time

import pytest

from engine.config import LoyaltyConfig, check_worth, parse_config
from engine.errors import OperatorError
from engine.loyalty.earning import EarnRule, EarnTerms, Tier
from engine.loyalty.terms import terms_of

RULE = {"points": 2, "per_minor": 100, "currency": "EUR"}


def loyalty(**said: object) -> LoyaltyConfig:
    return parse_config({"loyalty": said}, "config.yaml").loyalty


def test_without_a_word_nothing_is_earned_and_nothing_ends() -> None:
    assert terms_of(LoyaltyConfig()) == EarnTerms()


def test_everything_that_can_be_said() -> None:
    rule = {
        **RULE,
        "categories": ["coffee"],
        "tiers": ["gold"],
        "weekdays": ["mon"],
        "since": "08:00",
        "until": "10:30",
    }
    gold = {"name": "gold", "from_points": 500}
    said = loyalty(earn=[rule], per_visit=5, pending_days=14, expire_days=365, tiers=[gold], tier_days=90)
    assert terms_of(said) == EarnTerms(
        (
            EarnRule(
                2,
                100,
                "EUR",
                categories=frozenset({"coffee"}),
                tiers=frozenset({"gold"}),
                weekdays=frozenset({0}),
                since=time(8),
                until=time(10, 30),
            ),
        ),
        pending_s=14 * 86_400.0,
        expire_s=365 * 86_400.0,
        tiers=(Tier("gold", 500),),
        tier_s=90 * 86_400.0,
        per_visit=5,
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"earn": [{**RULE, "points": 0}]},
        {"earn": [{**RULE, "points": 1.5}]},
        {"earn": [{**RULE, "weekdays": ["lundi"]}]},
        {"earn": [{**RULE, "since": "24:00"}]},
        {"tiers": [{"name": "gold", "from_points": 1}, {"name": "gold", "from_points": 2}]},
        {"tiers": [{"name": "gold", "from_points": 1}, {"name": "silver", "from_points": 1}]},
        {"expire_days": 0},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(OperatorError, match="loyalty"):
        loyalty(**wrong)


def test_rules_in_currencies_that_no_store_has_and_tiers_that_are_none_are_all_named() -> None:
    said = loyalty(earn=[{**RULE, "currency": "CHF"}, {**RULE, "tiers": ["gold"]}])
    with pytest.raises(OperatorError) as refused:
        check_worth(said, {"EUR"}, "config.yaml")
    assert [p.place for p in refused.value.problems] == ["loyalty.earn[0].currency", "loyalty.earn[1].tiers"]
    with pytest.raises(OperatorError) as refused:  # a store's plan waits to be mended: francs may be its
        check_worth(said, {"EUR"}, "config.yaml", whole=False)
    assert [p.place for p in refused.value.problems] == ["loyalty.earn[1].tiers"]


WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@pytest.mark.parametrize(("day", "n"), list(zip(WEEK, range(7), strict=True)))
def test_weekdays_are_numbered_as_pythons(day: str, n: int) -> None:
    [rule] = terms_of(loyalty(earn=[{**RULE, "weekdays": [day]}])).rules
    assert rule.weekdays == {n}
    assert (rule.products, rule.stores, rule.since, rule.until) == (frozenset(), frozenset(), None, None)


def test_a_rule_names_products_and_stores() -> None:
    [rule] = terms_of(loyalty(earn=[{**RULE, "products": ["kenya"], "stores": ["corner"], "until": "12:00"}])).rules
    assert (rule.products, rule.stores, rule.categories) == ({"kenya"}, {"corner"}, frozenset())
    assert (rule.since, rule.until) == (None, time(12))
