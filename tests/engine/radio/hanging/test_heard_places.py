"""Sums over squares of the floor: a place in its square, a square with its middle, and what is old half forgotten."""

from __future__ import annotations

import math

import numpy as np
import pytest
from shapely import box

from engine.plan.model import Level, Plan
from engine.radio.hanging.heard_places import SQUARE_M, HeardPlaces, Squares

FLOOR = box(1.0, -3.0, 31.0, 17.0)  # 30 by 20 m from (1, -3)
PLAN = Plan(
    "hall", "Hall", "Europe/Paris", "EUR", None,
    (Level("0", 0, "Ground", 3.0, 0.0, FLOOR), Level("1", 1, "First", 3.0, 3.0, FLOOR)),
)  # fmt: skip


def test_a_place_lies_in_the_square_whose_middle_is_a_metre_away_at_most() -> None:
    """Squares of 2 m from (1, -3) on: (x - 1) // 2 and (y + 3) // 2, their middles a metre further."""
    squares, chance = Squares(PLAN), np.random.default_rng(1)
    x, y, level = chance.uniform(1, 31, 500), chance.uniform(-3, 17, 500), chance.integers(0, 2, 500).astype(np.int32)
    on, at_x, at_y = squares.centres(squares.number(level, x, y))
    assert on.tolist() == level.tolist()
    assert at_x.tolist() == [1 + 2 * ((a - 1) // 2) + 1 for a in x.tolist()]
    assert at_y.tolist() == [-3 + 2 * ((b + 3) // 2) + 1 for b in y.tolist()]
    assert SQUARE_M == 2.0
    assert squares.number(level, x, y).max() < len(squares)


def test_what_is_outside_is_in_the_nearest_square() -> None:
    squares = Squares(PLAN)
    outside = squares.number(np.zeros(2, np.int32), np.array([-9.0, 99.0]), np.array([-9.0, 99.0]))
    _, x, y = squares.centres(outside)
    assert (x[0], y[0]) == (2.0, -2.0)
    assert 30.0 <= x[1] <= 32.0, "the last one holds the floor's far edge, at 31 and 17 m"
    assert 16.0 <= y[1] <= 18.0


def test_means_are_of_all_readings_and_fade_together() -> None:
    places = HeardPlaces(Squares(PLAN))
    assert places.mean_dbm is None
    places.add(np.array([3, 3, 7]), np.array([-40.0, -50.0, -60.0]))
    assert places.mean_dbm == pytest.approx(-50.0)
    places.fade(0.5)
    places.add(np.array([7]), np.array([-80.0]))
    assert places.mean_dbm == pytest.approx((0.5 * (-40 - 50 - 60) - 80) / (0.5 * 3 + 1))


def test_it_hangs_on_the_level_of_its_best_squares_and_there_where_the_law_says() -> None:
    """RSSI = -40 - 23 log10(d), d to (20, 5) and 1.5 m up, through a floor 18 dB less."""
    squares = Squares(PLAN)
    places = HeardPlaces(squares)
    number = np.arange(len(squares))
    level, x, y = squares.centres(number)
    d = [max(math.sqrt((a - 20.0) ** 2 + (b - 5.0) ** 2 + 1.5**2), 1.0) for a, b in zip(x, y, strict=True)]
    rssi = np.array([-40.0 - 23.0 * math.log10(one) - 18.0 * (lv == 0) for one, lv in zip(d, level, strict=True)])
    for _ in range(3):
        places.add(number, rssi)
    assert list(places.levels()) == [1, 0]
    found = places.hanging(1, 2.3, told=(20.0, 5.0))
    assert found is not None
    assert math.hypot(found.x_m - 20.0, found.y_m - 5.0) < 0.5
    assert not found.moved
    places.fade(0.1)  # three readings are 0.3: nothing is known any more
    assert list(places.levels()) == []
    assert places.hanging(1, 2.3) is None
