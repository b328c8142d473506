"""What was really paid for each line, and what of it was kept: whole cents, none made and none lost."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.commerce.records import OrderLine, Purchase, Return
from engine.loyalty.earning import BoughtLine
from engine.loyalty.shopped import back_of, deduct_returns, ledger_name, spread_paid, to_bought
from engine.vocabulary import SalesChannel
from tests.examples import examples

AT = 1_767_225_600.0


def line(name: str, amount: int, category: str = "") -> OrderLine:
    return OrderLine(name, f"sku-{name}", 1000, amount, category)


def bought(total: int, *lines: OrderLine) -> Purchase:
    return Purchase("till", "7", 1, AT, SalesChannel.STORE, "EUR", total, lines, store="corner")


def returned(total: int, *lines: OrderLine, currency: str = "EUR") -> Return:
    return Return("till", "9", 1, AT + 60, "7", currency, total, lines)


@pytest.mark.parametrize(
    ("amounts", "total", "paid"),
    [
        ([300, 700], 1000, [300, 700]),
        ([300, 700], 1200, [300, 700]),  # delivery is of no line
        ([300, 700], 500, [150, 350]),
        ([300, 700, -100], 900, [270, 630, 0]),  # a discount on a line of its own
        ([1, 1, 1], 2, [1, 1, 0]),  # the first of equal remainders
        ([10, 20, 30], 59, [10, 20, 29]),  # 9.83, 19.67, 29.5: the two largest remainders get the two cents
        ([300, 700], 0, [0, 0]),
        ([300, 700], -5, [0, 0]),
        ([], 100, []),
        ([100, -300], 50, [0, 0]),
    ],
)
def test_a_discount_of_the_whole_is_spread_by_largest_remainder(
    amounts: list[int], total: int, paid: list[int]
) -> None:
    assert spread_paid(amounts, total) == paid


@examples(60)
@given(st.lists(st.integers(-500, 5000), max_size=8), st.integers(-100, 20_000))
def test_no_line_is_more_than_a_cent_from_its_share(amounts: list[int], total: int) -> None:
    paid, positive = spread_paid(amounts, total), [max(a, 0) for a in amounts]
    payable = max(0, min(sum(amounts), total))
    assert sum(paid) == payable
    for one, part in zip(positive, paid, strict=True):
        share = Fraction(one * payable, sum(positive)) if one else Fraction(0)
        assert part in (floor(share), floor(share) + (share != floor(share)))


def test_a_purchase_is_known_by_its_source_and_its_lines_by_a_name_each() -> None:
    purchase = bought(900, line("1", 400, "shoes"), line("1", 400), line("1", 100), line("1#2", 100), line("d", -100))
    found = to_bought(purchase, lambda sku: f"of {sku}")
    assert (found.purchase_id, found.store, found.at, found.currency) == ("till:7", "corner", AT, "EUR")
    assert found.purchase_id == ledger_name("till", "7")
    assert found.lines == (
        BoughtLine("1", 400, "sku-1", "shoes", 360), BoughtLine("1#3", 400, "sku-1", "of sku-1", 360),
        BoughtLine("1#4", 100, "sku-1", "of sku-1", 90), BoughtLine("1#2", 100, "sku-1#2", "of sku-1#2", 90),
        BoughtLine("d", 0, "sku-d", "of sku-d", 0),
    )  # fmt: skip
    assert to_bought(purchase).lines[1].category == ""
    assert to_bought(replace(purchase, voided=True)).lines == ()


def test_a_return_adds_up_lines_of_one_name_and_names_its_money_only_where_there_is_no_line() -> None:
    some = back_of(returned(600, line("2", 100), line("1", 300), line("2", 200)))
    assert (some.return_id, some.purchase_id, some.at) == ("till:9", "till:7", AT + 60)
    assert (some.lines, some.amount_minor) == ((("1", 300), ("2", 300)), 0)
    assert (back_of(returned(600)).lines, back_of(returned(600)).amount_minor) == ((), 600)


def test_what_came_back_of_a_name_is_taken_from_its_lines_one_after_the_other() -> None:
    purchase = bought(1000, line("1", 300), line("1", 300), line("2", 400))
    assert deduct_returns(purchase, []) == ([300, 300, 400], [300, 300, 400])
    assert deduct_returns(purchase, [returned(450, line("1", 450))]) == ([300, 300, 400], [0, 150, 400])
    twice = [returned(200, line("2", 200)), returned(300, line("2", 300), line("1", -50))]
    assert deduct_returns(purchase, twice)[1] == [300, 300, 0]


def test_money_for_no_line_is_taken_off_all_that_is_left() -> None:
    purchase = bought(1000, line("1", 600), line("2", 400))
    assert deduct_returns(purchase, [returned(400, line("2", 400)), returned(150)])[1] == [450, 0]
    assert deduct_returns(purchase, [returned(100)])[1] == [540, 360]


def test_a_return_in_other_money_or_of_more_than_was_paid_is_of_another_purchase() -> None:
    purchase = bought(1000, line("1", 600), line("2", 400))
    strange = [returned(400, line("2", 400), currency="CHF"), returned(1001, line("1", 600))]
    assert deduct_returns(purchase, strange)[1] == [600, 400]
    assert deduct_returns(purchase, [returned(1000, line("1", 600), line("2", 400))])[1] == [0, 0]
