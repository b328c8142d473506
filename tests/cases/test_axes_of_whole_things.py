"""The funnel of a quiet day: two coupons stood beside an axis that said 0, 0, 1, 2, 2, since steps of a half were
rounded when they were written, and nine people beside 0, 2, 5, 8, 10. Right is an axis of whole things whose marks are
whole."""

from __future__ import annotations

import pytest

from api.managers.console.drawn.charts import ticks_of


@pytest.mark.parametrize(
    ("top", "ticks"),
    [
        (0.0, [0, 1]),
        (1.0, [0, 1]),
        (2.0, [0, 1, 2]),
        (9.0, [0, 5, 10]),
        (30.0, [0, 10, 20, 30]),
        (100.0, [0, 25, 50, 75, 100]),
    ],
)
def test_whole_things_have_whole_marks(top: float, ticks: list[float]) -> None:
    assert ticks_of(top, whole=True) == ticks


def test_a_mean_keeps_its_fractions() -> None:
    assert ticks_of(2.0) == [0.0, 0.5, 1.0, 1.5, 2.0]
