"""Whole minor units over lines, by largest remainder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.offers.pricing.spread import spread
from tests.examples import examples


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (30, [210, 99], [21, 9]),  # 21.0 and 9.9
        (16, [8] * 20, [1] * 16 + [0] * 4),
        (19, [66, 66, 66], [7, 6, 6]),
        (5, [100, 300], [1, 4]),  # less than they come to: in proportion, 1.25 and 3.75
        (0, [0, 0], [0, 0]),
        (0, [], []),
    ],
)
def test_who_gets_what(total: int, weights: list[int], parts: list[int]) -> None:
    assert spread(total, weights, 10) == parts


@examples(100)
@given(weights=st.lists(st.integers(0, 999), min_size=1, max_size=8), share=st.floats(0, 1))
def test_nothing_is_lost_and_no_part_is_rounded_twice(weights: list[int], share: float) -> None:
    most = sum(weights) // 10
    total = round(share * most)
    parts = spread(total, weights, 10)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        exact = weight / 10 if total == most else total * weight / max(sum(weights), 1)
        assert exact - 1 < part < exact + 1


@pytest.mark.parametrize(
    ("total", "weights", "unit", "parts"),
    [
        (
            4,
            [21, 19],
            10,
            [2, 2],
        ),  # 2.1 and 1.9: what is left over goes to the larger remainder, not to the larger part
        (4, [19, 21], 10, [2, 2]),
        (3, [5, 25, 5], 10, [1, 2, 0]),  # of equal remainders the first
        (3, [9, 12, 9], 10, [1, 1, 1]),
        (2, [9, 12, 9], 10, [1, 1, 0]),  # a unit less than they come to: 0.6, 0.8 and 0.6
        (1, [9, 12, 9], 10, [0, 1, 0]),
        (1, [1, 1], 2, [1, 0]),
    ],
)
def test_what_rounding_leaves_over_goes_to_the_largest_remainders(
    total: int, weights: list[int], unit: int, parts: list[int]
) -> None:
    assert spread(total, weights, unit) == parts
