"""A percentage was rounded line by line (woocommerce #18710, #22472).

In: 20 lines of 4 minor units at 20 %, which gave 0 and `too_few`; 3 lines of 33, which gave 18. Right: 16 and 19, and
the same basket cut into other lines gives the same (more of that in `tests/engine/offers/test_discounts.py`).
"""

from __future__ import annotations

import pytest

from engine.offers.discounts import Basket, Line, Percent, discount

TWENTY = Percent(kind="percent", applies_to="basket", basis_points=2000)


@pytest.mark.parametrize(
    ("lines", "right"),
    [([(1, 4)] * 20, 16), ([(20, 4)], 16), ([(7, 4), (13, 4)], 16), ([(1, 33)] * 3, 19), ([(1, 33), (2, 33)], 19)],
)
def test_a_percentage_is_rounded_once(lines: list[tuple[int, int]], right: int) -> None:
    for skus in (["A"] * len(lines), [str(i) for i in range(len(lines))]):
        bought = Basket("EUR", tuple(Line(sku, n, price) for sku, (n, price) in zip(skus, lines, strict=True)))
        off = discount(TWENTY, bought)
        assert (off.amount_minor, sum(off.line_minor), off.reason) == (right, right, "ok")
