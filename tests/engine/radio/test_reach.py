"""How far evidence speaks: shares of cells near a place, and the line between a route and a survey."""

from __future__ import annotations

import numpy as np
import pytest

from engine.radio.reach import Reach, reach_of, share_near
from tests.engine.radio.made import cells_at, evidence


@pytest.mark.parametrize(
    ("covered", "share"), [(0.0, 0.0), (0.3, 0.0), (0.35, 0.2), (0.425, 0.5), (0.55, 1.0), (1.0, 1.0)]
)
def test_between_a_route_and_a_survey_the_share_is_a_straight_line(covered: float, share: float) -> None:
    reach = Reach(covered)
    assert reach.share == pytest.approx(share)
    assert reach.weight == pytest.approx(max(share**2, 0.001))
    assert reach.between(5.0, 2.8) == pytest.approx(5.0 - 2.2 * share)


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
    assert reach_of(cells, ev).covered == 0.5
