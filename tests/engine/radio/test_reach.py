"""How far evidence speaks: shares of cells near a place, and the line between a route and a survey."""

from __future__ import annotations

import numpy as np
import pytest

from engine.radio.reach import Reach, place_numbers, reach_of, share_near
from tests.engine.radio.made import cells_at, evidence


@pytest.mark.parametrize(
    ("covered", "places", "share"),
    [
        (0.0, 0, 0.0),
        (0.0, 40, 1 - np.exp(-1)),
        (0.45, 0, 1 - np.exp(-1)),
        (0.9, 20, 1.0),
        (0.36, 40, 1 - np.exp(-1 - 0.8**6)),
        (0.2, 20, 1 - np.exp(-(0.5**4) - (4 / 9) ** 6)),
    ],
)
def test_many_places_speak_for_a_large_floor_and_a_few_for_a_room(covered: float, places: int, share: float) -> None:
    reach = Reach(covered, places)
    assert reach.share == reach.most == pytest.approx(share)
    assert reach.weight == pytest.approx(max(share**2, 0.001))
    half = Reach(covered, places, believed=0.5)
    assert (half.most, half.share) == (reach.most, pytest.approx(share / 2))
    assert reach.between(5.0, 2.8) == pytest.approx(5.0 - 2.2 * share)


@pytest.mark.parametrize(("share", "of_map"), [(0.0, 0.0), (0.1, 1 / 82), (0.5, 0.5), (0.9, 81 / 82), (1.0, 1.0)])
def test_a_map_is_of_a_survey_as_its_information_against_that_of_the_rest(share: float, of_map: float) -> None:
    assert Reach(0.9, 400, believed=share).of_map == pytest.approx(of_map)


def test_a_route_says_little_a_point_survey_much_and_so_does_a_room_full() -> None:
    assert all(Reach(covered, places).share < 0.15 for covered, places in ((0.16, 13), (0.30, 14), (0.25, 20)))
    assert all(Reach(covered, places).share > 0.97 for covered, places in ((0.14, 80), (0.36, 266), (0.92, 24)))
    assert 0.8 < Reach(0.5, 25).share < 0.95


def test_cells_within_a_metre_and_a_half_on_the_same_level_are_near() -> None:
    cells = cells_at([0.0, 1.4, 1.5, 4.0, 0.0, 4.0], [0.0] * 6, [0, 0, 0, 0, 1, 1])
    got = share_near(cells, np.array([0, 1], np.int32), np.array([0.0, 4.0]), np.array([0.0, 0.0]))
    assert got == pytest.approx(3 / 6)  # 0 and 1.4 m on the first, 4 m on the second; 1.5 m is too far
    both = share_near(cells, np.array([0, 0, 1], np.int32), np.array([0.0, 4.0, 9.0]), np.zeros(3))
    assert both == pytest.approx(3 / 6)
    assert share_near(cells, np.empty(0, np.int32), np.empty(0), np.empty(0)) == 0.0
    assert share_near(cells_at([], []), np.zeros(1, np.int32), np.zeros(1), np.zeros(1)) == 0.0


def test_places_of_devices_count_and_those_of_access_points_do_not() -> None:
    cells = cells_at([0.0, 5.0, 10.0, 15.0], [0.0] * 4)
    ev = evidence([0, 0, 0], kind=[0, 1, 2], x_m=[0.0, 5.0, 10.0])
    assert reach_of(cells, ev) == Reach(0.5, 2)


def test_places_of_one_square_and_level_are_one_place() -> None:
    level, x = np.array([0, 0, 0, 1], np.int32), np.array([0.1, 1.4, 1.6, 0.1])
    assert place_numbers(level, x, np.zeros(4)).tolist() == [0, 0, 1, 2]
    assert place_numbers(level, np.zeros(4), x).tolist() == [0, 0, 1, 2]
