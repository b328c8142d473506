"""How badly signals fit places, each number written out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.plan.model import Plan
from engine.radio.frames import heard as heard_module
from engine.radio.frames.heard import HeardRows, rows_of
from engine.radio.frames.misfit import misfit, misfit_of_nowhere
from engine.records import F64
from tests.engine.radio.made import hall

AT = ((2.0, 5.0), (12.0, 5.0))
X = np.array([4.0, 8.0, 12.0, 16.0])


def heard(value: list[float], ranged: bool = False, ap: int = 0) -> HeardRows:
    """Of one access point along y = 5."""
    n, zero = len(value), np.zeros(len(value))
    return HeardRows(
        zero.astype(np.int64), np.full(n, ranged), np.full(n, ap, np.int32), zero.astype(np.int32), X[:n], zero + 5.0,
        np.array(value), zero + 1.0,
    )  # fmt: skip


def cost(rows: HeardRows, x: F64 = X) -> float:
    return float(misfit(hall(*AT), rows, x[None], np.full((1, len(x)), 5.0))[0, 0])


def law(exponent: float, x: F64 = X) -> list[float]:
    return [-40.0 - 10.0 * exponent * float(np.log10(np.hypot(one - 2.0, 1.5))) for one in x.tolist()]


@pytest.mark.parametrize("exponent", [1.0, 2.0, 4.5])
def test_what_follows_a_law_of_one_to_four_and_a_half_costs_nothing(exponent: float) -> None:
    assert cost(heard(law(exponent))) == pytest.approx(4 * np.log(1.0), abs=1e-6)  # the scale is a decibel at least
    assert cost(heard(law(exponent), ap=0)) < cost(heard(law(exponent)[::-1]))


@pytest.mark.parametrize(("exponent", "nearest"), [(0.5, 1.0), (6.0, 4.5), (-2.0, 1.0)])
def test_beyond_that_the_nearest_law_s_residuals_cost(exponent: float, nearest: float) -> None:
    """The difference of two laws around its mean, by the scale of Student's t that solves its likelihood's equation."""
    left = np.array(law(exponent)) - np.array(law(nearest))
    scale2, mean = 1e3, 0.0
    for _ in range(200):
        tail = 5.0 / (4.0 + (left - mean) ** 2 / scale2)
        mean = float((tail * left).sum() / tail.sum())
        scale2 = max(float((tail * (left - mean) ** 2).mean()), 1.0)
    expected = 4 * 0.5 * np.log(scale2) + 2.5 * np.log1p((left - mean) ** 2 / (4.0 * scale2)).sum()
    assert cost(heard(law(exponent))) == pytest.approx(expected, rel=0.02)


def test_ranges_are_the_distance_and_a_bias() -> None:
    distance = np.sqrt((X - 2.0) ** 2 + 1.5**2)
    assert cost(heard((distance + 2.7).tolist(), ranged=True)) == pytest.approx(4 * np.log(0.3), abs=1e-6)
    assert cost(heard((2.0 * distance).tolist(), ranged=True)) > 4 * np.log(0.3) + 5.0


def test_access_points_come_in_their_order_and_nowhere_is_each_around_its_mean() -> None:
    both = HeardRows.concat([heard(law(2.0)), heard([-50.0, -60.0, -50.0, -60.0], ap=1)])
    both = HeardRows(both.group + both.ap, *(getattr(both, name) for name in HeardRows.__slots__[1:]))
    every = misfit(hall(*AT), both, np.tile(X, 2)[None], np.full((1, 8), 5.0))
    assert every.shape == (1, 2)
    nowhere = misfit_of_nowhere(both)
    assert nowhere[0] > every[0, 0] + 1.0  # the first falls with distance
    alone = misfit_of_nowhere(heard([-50.0, -60.0, -50.0, -60.0]))
    # all are 5 dB from their mean: the tail weighs 5 / (4 + 25 / s) = s / 25, whence s = 25
    assert alone == pytest.approx([4 * 0.5 * np.log(25.0) + 4 * 2.5 * np.log1p(1 / 4.0)], rel=1e-6)


def test_rows_are_means_of_squares_and_share_one_vote() -> None:
    """Two devices in four squares of three metres along y = 1: the first says one thing twice in the first square."""
    x = np.array([1.0, 2.0, 4.0, 7.0, 10.0, 1.0, 4.0, 7.0, 10.0])
    n = len(x)
    level = np.zeros(n, np.int32)
    own = rows_of(
        hall(*AT), ranged=np.zeros(n, np.bool_), ap=level, source=np.array([0] * 5 + [1] * 4, np.int32), level=level,
        x_m=x, y_m=np.ones(n), value=np.array([-50.0, -54.0, -60, -63, -66, -40, -50, -53, -56]),
    )  # fmt: skip
    assert own.group.tolist() == [0] * 4 + [1] * 4
    assert own.value.tolist() == [-52.0, -60.0, -63.0, -66.0, -40.0, -50.0, -53.0, -56.0]
    assert own.x_m[0] == 1.5
    assert own.weight.tolist() == [0.5] * 8
    few = rows_of(
        hall(*AT), ranged=np.zeros(3, np.bool_), ap=level[:3], source=level[:3], level=level[:3], x_m=x[2:5],
        y_m=np.ones(3), value=np.array([-50.0, -60.0, np.nan]),
    )  # fmt: skip
    assert len(few) == 0


def spoken(x: list[float], y: list[float], ap: list[int], level: list[int], plan: Plan) -> HeardRows:
    """RSSI of -50 dBm and one less for each further row, of one device."""
    n = len(x)
    return rows_of(
        plan, ranged=np.zeros(n, np.bool_), ap=np.array(ap, np.int32), source=np.zeros(n, np.int32),
        level=np.array(level, np.int32), x_m=np.array(x), y_m=np.array(y), value=-50.0 - np.arange(n),
    )  # fmt: skip


def test_an_access_point_speaks_of_its_own_floor_in_four_squares_and_more() -> None:
    """Squares of three metres on either side of 0. The second was heard in three, and by twice one of them."""
    low = hall(*AT)
    plan = replace(low, levels=(low.levels[0], replace(low.levels[0], id="1", ordinal=1)))
    x, y = [-0.1, 0.1, 3.1, 3.1], [1.0, 1.0, 2.9, 3.1]
    own = spoken(x * 3, y * 3, [0] * 4 + [1, 1, 1, 1] + [0] * 4, [0] * 8 + [1] * 4, plan)
    assert (own.ap.tolist(), own.level.tolist()) == ([0] * 4 + [1] * 4, [0] * 8)
    near = spoken([-0.1, 0.1, 3.1, 3.4], [1.0, 1.0, 2.9, 2.0], [1] * 4, [0] * 4, plan)
    assert len(near) == 0
    above = spoken(x, y, [0] * 4, [1] * 4, plan)
    assert len(above) == 0


@pytest.mark.parametrize(("most", "kept"), [(8, [0, 1, 2, 3, 4, 5, 6, 7]), (7, [0, 2, 4, 6]), (3, [0, 3, 6])])
def test_of_many_rows_some_are_looked_at_evenly(most: int, kept: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heard_module, "MOST_ROWS", most)
    own = spoken([1.0 + 3.0 * i for i in range(8)], [1.0] * 8, [0] * 8, [0] * 8, hall(*AT))
    assert own.value.tolist() == [-50.0 - i for i in kept]
