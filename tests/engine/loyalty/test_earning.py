"""What a purchase earns: rules add up, one rounding, down; returns leave what was kept is worth."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.loyalty.earning import (
    Bought,
    BoughtLine,
    EarnRule,
    EarnTerms,
    Tier,
    points_by_line,
    reduce_points,
)
from tests.examples import examples

MONDAY = datetime(2026, 6, 1, 10, 0, tzinfo=UTC)
ONE_A_EURO = EarnRule(1, 100, "EUR")
COFFEE = EarnRule(1, 100, "EUR", categories=frozenset({"coffee"}))


def bought(*lines: BoughtLine) -> Bought:
    return Bought("r1", "boutique", MONDAY.timestamp(), "EUR", lines)


def earned(rule: EarnRule, line: BoughtLine | None = None, tier: str = "", at: datetime = MONDAY) -> int:
    return sum(points_by_line(bought(line or BoughtLine("1", 1000, "kenya", "coffee")), [rule], tier, at))


def test_rules_add_up_line_by_line() -> None:
    lines = BoughtLine("1", 1000, "kenya", "coffee"), BoughtLine("2", 550, "milk", "dairy")
    assert points_by_line(bought(*lines), [ONE_A_EURO, COFFEE], "", MONDAY) == (20, 5)


@pytest.mark.parametrize(
    ("narrowed", "met"),
    [
        ({"products": {"kenya"}}, True),
        ({"products": {"milk"}}, False),
        ({"categories": {"dairy"}}, False),
        ({"stores": {"boutique"}}, True),
        ({"stores": {"another"}}, False),
        ({"tiers": {"gold"}}, False),
        ({"weekdays": {0, 5}}, True),
        ({"weekdays": {6}}, False),
    ],
)
def test_a_rule_may_be_narrowed_down(narrowed: dict[str, set[str]], met: bool) -> None:
    rule = replace(ONE_A_EURO, **{name: frozenset(values) for name, values in narrowed.items()})  # type: ignore[arg-type]
    assert earned(rule) == (10 if met else 0)


def test_a_rule_of_a_tier_is_for_that_tier() -> None:
    assert earned(replace(ONE_A_EURO, tiers=frozenset({"gold"})), tier="gold") == 10


def test_a_rule_of_another_currency_earns_nothing() -> None:
    assert earned(replace(ONE_A_EURO, currency="CHF")) == 0


@pytest.mark.parametrize(
    ("since", "until", "met"),
    [(9, 11, True), (10, 11, True), (9, 10, False), (22, 11, True), (22, 10, False), (22, 23, False), (None, 11, True)],
)
def test_moments_end_before_their_end_and_may_span_midnight(since: int | None, until: int, met: bool) -> None:
    rule = replace(ONE_A_EURO, since=None if since is None else time(since), until=time(until))
    assert earned(rule) == (10 if met else 0)


def test_what_costs_nothing_earns_nothing() -> None:
    assert earned(ONE_A_EURO, BoughtLine("1", 0)) == earned(ONE_A_EURO, BoughtLine("1", -500)) == 0


AMOUNTS = st.lists(st.integers(0, 10_000), min_size=1, max_size=8)


@examples(60)
@given(amounts=AMOUNTS, points=st.integers(1, 7), per=st.integers(1, 999))
def test_the_same_basket_cut_otherwise_earns_the_same(amounts: list[int], points: int, per: int) -> None:
    rule = EarnRule(points, per, "EUR")
    cut = points_by_line(bought(*(BoughtLine(str(i), n) for i, n in enumerate(amounts))), [rule], "", MONDAY)
    assert sum(cut) == sum(amounts) * points // per
    assert all(n <= -(-a * points // per) for n, a in zip(cut, amounts, strict=True))


@examples(60)
@given(points=st.integers(0, 500), amount=st.integers(1, 9_999), data=st.data())
def test_what_is_kept_is_never_worth_more_than_its_share(points: int, amount: int, data: st.DataObject) -> None:
    back = data.draw(st.integers(0, amount))
    kept = reduce_points(points, amount, back)
    assert 0 <= kept * amount <= points * (amount - back)
    assert reduce_points(points, amount, 0) == points
    assert reduce_points(points, amount, amount) == 0


def test_the_highest_tier_reached_counts() -> None:
    terms = EarnTerms(tiers=(Tier("gold", 1000), Tier("silver", 200)))
    assert [terms.tier_of(n) for n in (199, 200, 999, 1000)] == ["", "silver", "silver", "gold"]


def test_what_really_was_paid_earns_and_never_less_than_nothing() -> None:
    assert [BoughtLine("1", 1000, paid_minor=part).earning_minor for part in (None, 700, 0, -5)] == [1000, 700, 0, 0]
    assert earned(ONE_A_EURO, BoughtLine("1", 1000, paid_minor=799)) == 7


def test_the_largest_remainder_gets_the_point_and_of_equal_ones_the_first() -> None:
    """1.5, 2.8 and 0.7 are five points: 1, 2 and 0, and one each for 0.8 and 0.7."""
    lines = [BoughtLine(str(i), amount) for i, amount in enumerate((150, 280, 70))]
    assert points_by_line(bought(*lines), [ONE_A_EURO], "", MONDAY) == (1, 3, 1)
    halves = [BoughtLine(str(i), 50) for i in range(3)]
    assert points_by_line(bought(*halves), [ONE_A_EURO], "", MONDAY) == (1, 0, 0)


def test_a_lines_points_after_a_return_are_rounded_down() -> None:
    assert [reduce_points(7, 1000, back) for back in (0, 142, 143, 999, 1000)] == [7, 6, 5, 0, 0]
    assert reduce_points(7, 0, 0) == 0


def test_points_end_when_the_programme_says_so() -> None:
    assert EarnTerms().end_of(100.0) is None
    assert EarnTerms(expire_s=50.0).end_of(100.0) == 150.0
    plain = EarnTerms()
    assert (plain.rules, plain.pending_s, plain.tiers, plain.tier_s, plain.per_visit) == ((), 0.0, (), 31_536_000.0, 0)
    assert plain.tier_of(10**9) == ""
