"""Receipts that a shop gives for the comparison: read line by line, and joined to the moments of coupons."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import OperatorError
from engine.offers.measured import purchases
from engine.offers.measured.purchases import KnownPurchase, read_purchases, with_purchases
from engine.offers.measured.uplift import Moments

HEADER = "shopper,t,basket_minor,margin_minor\n"


def test_receipts_are_read_with_their_margin_and_without() -> None:
    assert read_purchases("\ufeff" + HEADER + "ana,100.5,1999,420\n\nben,7,0,\n", "r.csv") == [
        KnownPurchase("ana", 100.5, 1999, 420),
        KnownPurchase("ben", 7.0, 0, None),
    ]
    assert read_purchases("shopper,t,basket_minor\nana,100,1999\n", "r.csv") == [KnownPurchase("ana", 100.0, 1999)]


@pytest.mark.parametrize("header", ["", "who,t,basket_minor", "shopper,t,basket_minor,profit", "shopper,t"])
def test_another_header_is_refused(header: str) -> None:
    with pytest.raises(OperatorError) as told:
        read_purchases(f"{header}\nana,1,2\n", "r.csv")
    (problem,) = told.value.problems
    assert (problem.place, problem.values) == ("line 1", {"got": header or "nothing"})


def test_each_line_that_is_wrong_is_named() -> None:
    lines = ["ana,1,2,3", "ana,1,2", "ana,x,2,3", "ana,1,2.5,3", "ana,1,2,x", "ana,inf,2,3", "ana,1,-1,3", "ana,1,0,-5"]
    with pytest.raises(OperatorError) as told:
        read_purchases(HEADER + "\n".join(lines), "r.csv")
    assert [(p.place, str(p.code)) for p in told.value.problems] == [
        ("line 3", "receipt_cells"), ("line 4", "receipt_numbers"), ("line 5", "receipt_numbers"),
        ("line 6", "receipt_numbers"), ("line 7", "receipt_range"), ("line 8", "receipt_range"),
    ]  # fmt: skip
    assert told.value.problems[0].values == {"got": 3, "n": 4}


def test_fifty_wrong_lines_are_enough_and_a_file_may_be_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OperatorError) as told:
        read_purchases(HEADER + "ana\n" * 60, "r.csv")
    assert len(told.value.problems) == 50
    monkeypatch.setattr(purchases, "MOST_ROWS", 3)
    three = HEADER + "ana,1,2,3\n" * 3
    assert len(read_purchases(three, "r.csv")) == 3
    with pytest.raises(OperatorError) as told:
        read_purchases(three + "ana,1,2,3\n", "r.csv")
    assert [(p.place, p.values) for p in told.value.problems] == [("line 5", {"n": 3})]


def moments(*rows: tuple[str, float]) -> Moments:
    n = len(rows)
    none, no = np.full(n, np.nan), np.zeros(n, np.bool_)
    who, t = zip(*rows, strict=True)
    return Moments(np.full(n, "c", "U8"), np.array(who), np.array(t), no, no, no, none, none)


def test_what_was_bought_within_six_hours_belongs_to_the_moment() -> None:
    bought = [("ana", 99.0, 1, 1), ("ana", 100.0, 500, 50), ("ana", 99.0 + 21_600.0, 700, 0),
              ("ana", 100.0 + 21_600.0, 1000, 1), ("ben", 150.0, 30, -4)]  # fmt: skip
    told = [KnownPurchase(*one) for one in bought]
    found = with_purchases(moments(("ana", 100.0), ("ben", 100.0), ("eve", 100.0)), told)
    assert found.bought.tolist() == [True, True, False]
    assert found.basket_minor.tolist() == [1200.0, 30.0, 0.0]
    assert found.margin_minor.tolist() == [50.0, -4.0, 0.0]


def test_one_margin_that_is_not_told_leaves_all_unknown() -> None:
    told = [KnownPurchase("ana", 100.0, 500, 50), KnownPurchase("ben", 150.0, 30, None)]
    found = with_purchases(moments(("ana", 100.0), ("ben", 100.0)), told)
    assert np.isnan(found.margin_minor).all()
    assert found.basket_minor.tolist() == [500.0, 30.0]
    unseen = with_purchases(moments(("ana", 100.0), ("eve", 100.0)), told)
    assert unseen.margin_minor.tolist() == [50.0, 0.0]
