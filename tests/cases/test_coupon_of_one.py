"""A page said that at least k people stand behind every figure, beside one coupon issued and one redeemed.

Input: coupons of a day. Right: a step is shown where it is none, or k and more, and so are its differences from others.
"""

from __future__ import annotations

import pytest

from api.managers.console.figures.views import held_to_k


@pytest.mark.parametrize(
    ("counted", "shown"),
    [
        ((1, 1, 1), (None, None, None)),
        ((0, 0, 0), (0, 0, 0)),
        ((19, 0, 0), (None, 0, 0)),
        ((40, 20, 0), (40, 20, 0)),
        ((40, 39, 20), (40, None, 20)),
        ((40, 40, 3), (40, 40, None)),
    ],
)
def test_a_step_shows_nobody_or_k(counted: tuple[int, int, int], shown: tuple[int | None, ...]) -> None:
    names = ("vouchers_issued", "vouchers_acknowledged", "vouchers_redeemed")
    assert tuple(held_to_k(dict(zip(names, counted, strict=True)), 20).values()) == shown
