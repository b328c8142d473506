"""A return in yen was taken off a purchase in euros, minor unit by minor unit, and one of a line took all lines of its
name: who had spent 40.00 counted as somebody who had bought nothing, in segments and so in audiences.

Input: returns in another currency, larger than the purchase, of one of two lines of one name, of money alone. Right: as
for points, what is none of this purchase changes nothing; each cent that came back is taken off once.
"""

from __future__ import annotations

import pytest

from engine.commerce.records import OrderLine, Purchase, Return
from engine.loyalty.shopped import deduct_returns
from engine.vocabulary import SalesChannel

AT = 1_800_000_000.0


def line(name: str, amount: int) -> OrderLine:
    return OrderLine(name, f"sku {name}", 1000, amount)


def bought(*lines: OrderLine, total: int) -> Purchase:
    return Purchase("till", "r1", 1, AT, SalesChannel.STORE, "EUR", total, lines)


def back(total: int, *lines: OrderLine, currency: str = "EUR") -> Return:
    return Return("till", f"b{total}", 1, AT + 60.0, "r1", currency, total, lines)


TWO = bought(line("1", 3000), line("2", 1000), total=4000)
TWINS = bought(line("1", 1000), line("1", 1000), total=2000)


@pytest.mark.parametrize(
    ("purchase", "returns", "kept"),
    [
        (TWO, [], [3000, 1000]),
        (TWO, [back(3000, line("1", 3000), currency="JPY")], [3000, 1000]),
        (TWO, [back(4000, currency="JPY")], [3000, 1000]),
        (TWO, [back(4001)], [3000, 1000]),
        (TWO, [back(1000, line("1", 1000))], [2000, 1000]),
        (TWO, [back(2000)], [1500, 500]),
        (TWO, [back(3000), back(3000, line("1", 3000))], [0, 0]),
        (TWO, [back(500, line("1", -500))], [3000, 1000]),
        (TWINS, [back(1000, line("1", 1000))], [0, 1000]),
        (TWINS, [back(1500, line("1", 1500))], [0, 500]),
    ],
)
def test_what_was_kept(purchase: Purchase, returns: list[Return], kept: list[int]) -> None:
    assert deduct_returns(purchase, returns) == ([one.amount_minor for one in purchase.lines], kept)
