"""Zones, the nearest cell and what is near, on plans small enough to draw in a comment."""

from __future__ import annotations

import numpy as np
import pytest
from shapely.geometry import box

from engine.plan.cells import (
    near_membership,
    nearest_cell,
    standing_cell,
    walkable_cells,
    walking_distance_m,
    zone_membership,
)
from engine.plan.model import Zone
from engine.plan.walkable import walkable_area
from tests.engine.plan.test_cells import ground, store


def test_zone_membership_is_by_the_centre_and_the_level() -> None:
    zones = (
        Zone("west", "0", "", "", box(0, 0, 2, 1)),
        Zone("nested", "0", "", "", box(1, 0, 2, 1)),
        Zone("border", "0", "", "", box(0, 0, 2.5, 1)),
        Zone("upstairs", "1", "", "", box(0, 0, 4, 1)),
    )
    plan = store(ground(box(0, 0, 4, 1)), ground(box(0, 0, 4, 1), "1", 1, 3.0), zones=zones)
    member = zone_membership(plan, walkable_cells(plan, 1.0))
    assert member.dtype == np.float32
    assert member.T.tolist() == [
        [1, 1, 0, 0, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 1, 1, 1, 1],
    ]


def test_nearest_cell_is_on_the_level_asked_for() -> None:
    plan = store(ground(box(0, 0, 4, 1)), ground(box(0, 0, 4, 1), "1", 1, 3.0))
    cells = walkable_cells(plan, 1.0)
    assert [nearest_cell(cells, 0, 2.6, 9.0), nearest_cell(cells, 1, -5.0, 0.0)] == [2, 4]
    with pytest.raises(ValueError, match="level 7 has no walkable cell"):
        nearest_cell(cells, 7, 0.0, 0.0)


def test_distances_go_around_a_wall_and_stop_at_the_limit() -> None:
    # The wall at x = 2 leaves the top row open: from (0.5, 0.5) to (3.5, 0.5) it is up, across and down.
    cells = walkable_cells(store(ground(box(0, 0, 4, 3)), walls=[[(2, 0), (2, 2)]]), 1.0)
    start, goal = nearest_cell(cells, 0, 0.5, 0.5), nearest_cell(cells, 0, 3.5, 0.5)
    d = walking_distance_m(cells, np.array([start, goal]))
    assert d.dtype == np.float32
    assert d.shape == (2, 12)
    assert d[0, goal] == d[1, start] == pytest.approx(1 + 2**0.5 + 1 + 2**0.5 + 1)
    short = walking_distance_m(cells, np.array([start]), 2.0)
    assert np.isinf(short[0, goal])
    assert short[0, start] == 0
    assert walking_distance_m(cells, np.array([], dtype=np.int32)).shape == (0, 12)


def test_unreachable_is_infinitely_far() -> None:
    cells = walkable_cells(store(ground(box(0, 0, 4, 3)), walls=[[(2, 0), (2, 3)]]), 1.0)
    d = walking_distance_m(cells, np.array([0]))
    assert np.isinf(d[0, cells.x_m > 2]).all()
    assert np.isfinite(d[0, cells.x_m < 2]).all()


def test_near_is_a_disc_in_the_open() -> None:
    plan = store(ground(box(0, 0, 20, 20)))
    cells = walkable_cells(plan, 0.5)
    near = near_membership(plan, cells, "0", 10.25, 10.25, 4.0)
    straight = np.hypot(cells.x_m - 10.25, cells.y_m - 10.25)
    assert near.dtype == np.float32
    assert np.array_equal(near == 1, straight <= 4.0)


def test_near_is_no_further_than_the_straight_line_wherever_in_its_cell_a_place_is() -> None:
    plan = store(ground(box(0, 0, 20, 20)))
    cells = walkable_cells(plan, 0.5)
    near = near_membership(plan, cells, "0", 10.0, 10.1, 4.0)
    assert np.array_equal(near == 1, np.hypot(cells.x_m - 10.0, cells.y_m - 10.1) <= 4.0)


def test_near_does_not_go_through_a_shelf() -> None:
    # A gondola 1 m deep between two aisles: who stands behind it is metres away on foot.
    plan = store(ground(box(0, 0, 10, 10)), shelves=[box(0, 4, 9, 5)])
    cells = walkable_cells(plan, 0.5)
    near = near_membership(plan, cells, "0", 2.0, 3.7, 3.0)
    assert near[nearest_cell(cells, 0, 2.2, 2.2)] == 1
    assert near[cells.y_m > 5].sum() == 0
    assert near_membership(plan, cells, "0", 9.0, 3.7, 3.0)[cells.y_m > 5].sum() > 0  # around its end
    area = walkable_area(plan, "0")
    for x_m, y_m in ((2.0, 3.7), (2.0, 4.5), (9.0, 3.7)):  # the same where the area is known, and in the shelf
        known = near_membership(plan, cells, "0", x_m, y_m, 3.0, area)
        assert np.array_equal(known, near_membership(plan, cells, "0", x_m, y_m, 3.0))


def test_near_stays_on_its_level() -> None:
    plan = store(ground(box(0, 0, 5, 5)), ground(box(0, 0, 5, 5), "1", 1, 3.0))
    cells = walkable_cells(plan, 0.5)
    near = near_membership(plan, cells, "1", 2.5, 2.5, 2.0)
    assert near[cells.level == 0].sum() == 0
    assert near.sum() > 30


def test_where_one_stands_is_on_this_side_of_the_wall() -> None:
    # The nearest centre (x 2.25) is beyond the wall at x = 2; who stands at 1.99 is not.
    plan = store(ground(box(0, 0, 4, 4)), walls=[[(2, 0), (2, 4)]])
    cells = walkable_cells(plan, 0.5)
    assert cells.x_m[standing_cell(plan, cells, "0", 1.99, 1.75)] == 1.75
    assert near_membership(plan, cells, "0", 1.99, 1.75, 0.1).sum() == 1
    assert near_membership(plan, cells, "0", 1.99, 1.75, 1.5)[cells.x_m > 2].sum() == 0


def test_near_a_place_in_a_shelf_is_near_its_edge() -> None:
    plan = store(ground(box(0, 0, 6, 6)), shelves=[box(2, 2, 4, 4)])
    cells = walkable_cells(plan, 0.5)
    near = near_membership(plan, cells, "0", 3.0, 2.1, 1.5)
    assert near[nearest_cell(cells, 0, 3.0, 1.7)] == 1
    assert near[cells.y_m > 4].sum() == 0


def test_unknown_levels_are_refused() -> None:
    plan = store(ground(box(0, 0, 5, 5)))
    with pytest.raises(KeyError):
        near_membership(plan, walkable_cells(plan, 1.0), "9", 1, 1, 1)


@pytest.mark.parametrize(("radius_m", "near"), [(3.0, True), (2.99, False)])
def test_what_is_as_far_on_foot_as_the_radius_is_near(radius_m: float, near: bool) -> None:
    """Around the end of a wall at x = 2: a metre up, a metre across, a metre down; nobody sees through."""
    plan = store(ground(box(0, 0, 4, 3)), walls=[[(2, 0), (2, 2)]])
    cells = walkable_cells(plan, 1.0)
    member = near_membership(plan, cells, "0", 1.5, 1.5, radius_m)
    assert bool(member[nearest_cell(cells, 0, 2.5, 1.5)]) is near
    assert member[nearest_cell(cells, 0, 2.5, 2.5)] == 1.0
    assert member[nearest_cell(cells, 0, 2.5, 0.5)] == 0.0
