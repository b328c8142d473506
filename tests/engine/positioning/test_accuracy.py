"""Expected error from the plan alone: the bound by its equation, simulated scans, and places for more access points."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.plan.cells import Cells, walkable_cells
from engine.plan.model import Plan
from engine.positioning.accuracy import AREA_SIGMA_M, best_places, expected_error, simulated_error, weak
from engine.radio.pathloss import DEFAULT_PRIOR
from engine.radio.radiomap import prior_map
from tests.engine.positioning.stores import hall, two_levels


@pytest.fixture(scope="module")
def store() -> tuple[Plan, Cells]:
    plan = hall()
    return plan, walkable_cells(plan, 1.0)


def test_the_bound_is_that_of_the_whole_information_matrix(store: tuple[Plan, Cells]) -> None:
    """x, y and the offset as three parameters; the bound of x and y is that block of the inverse."""
    plan, cells = store
    c, prior = 37, DEFAULT_PRIOR
    information = np.diag([1 / AREA_SIGMA_M**2, 1 / AREA_SIGMA_M**2, 1 / prior.p0_spread_db**2])
    radio_map = prior_map(plan, cells)
    mean, spread = radio_map.mean_dbm[:, c], radio_map.sigma_db[:, c]
    for ap, dbm, sigma in zip(plan.access_points, mean.tolist(), spread.tolist(), strict=True):
        dx, dy, dz = cells.x_m[c] - ap.x_m, cells.y_m[c] - ap.y_m, ap.z_m - prior.device_height_m
        slope = -10 * prior.bare_exponent / np.log(10) / (dx**2 + dy**2 + dz**2)
        row = np.array([slope * dx, slope * dy, 1.0])
        heard = 0.9 / (1 + np.exp(-(dbm + 88.0) / 4.0))
        information += heard / sigma**2 * np.outer(row, row)
    wanted = np.sqrt(np.trace(np.linalg.inv(information)[:2, :2]))
    assert expected_error(plan, cells)[c] == pytest.approx(wanted, rel=1e-5)


def test_fewer_access_points_locate_worse_everywhere(store: tuple[Plan, Cells]) -> None:
    plan, cells = store
    fewer = replace(plan, access_points=plan.access_points[:3])
    assert (expected_error(fewer, cells) > expected_error(plan, cells)).all()
    assert weak(expected_error(fewer, cells)).sum() > weak(expected_error(plan, cells)).sum()


def test_simulated_scans_agree_with_the_bound_within_a_factor_and_repeat(store: tuple[Plan, Cells]) -> None:
    plan, cells = store
    drawn = simulated_error(plan, cells, np.random.default_rng(1), every=4)
    again = simulated_error(plan, cells, np.random.default_rng(1), every=4)
    assert np.array_equal(drawn, again)
    assert len(drawn) == -(-len(cells) // 4)
    assert 0.5 < np.median(drawn) / np.median(expected_error(plan, cells)) < 1.5


def test_the_best_place_is_where_nobody_listens(store: tuple[Plan, Cells]) -> None:
    plan, cells = store
    left = replace(plan, access_points=tuple(p for p in plan.access_points if p.x_m < 15))
    first, second = best_places(left, cells, 2)
    assert first.x_m > 12
    assert second.mean_m < first.mean_m < expected_error(left, cells).mean()


def test_each_best_place_is_the_least_of_all_candidates_given_those_before_it() -> None:
    """Candidates are the middles of squares of 4 m, on the ceiling at 2.8 m; each gives the bound with it there."""
    plan = hall(12.0, 7.0, ((1.0, 1.0), (1.0, 6.0)))
    cells = walkable_cells(plan, 1.0)
    middles = [(x, y) for x in (2.0, 6.0, 10.0) for y in (2.0, 5.5)]  # the upper squares are cut off at 7 m
    there = plan.access_points
    for found in best_places(plan, cells, 2):
        tried = []
        for x, y in middles:
            more = replace(plan, access_points=(*there, replace(there[0], id="new", x_m=x, y_m=y, z_m=2.8)))
            tried.append(expected_error(more, cells).mean())
        best = int(np.argmin(tried))
        assert (found.level, found.x_m, found.y_m) == ("0", *middles[best])
        assert found.mean_m == pytest.approx(tried[best], rel=1e-6)
        there = (*there, replace(there[0], id=f"new{len(there)}", x_m=found.x_m, y_m=found.y_m, z_m=2.8))


def test_three_places_are_named_unless_more_are_wanted_where_the_most_is_gained_first() -> None:
    plan = two_levels()
    left = replace(plan, access_points=tuple(p for p in plan.access_points if p.level == "g"))
    found = best_places(left, walkable_cells(left, 2.0))
    means = [p.mean_m for p in found]
    assert len(means) == 3
    assert means == sorted(means, reverse=True)


def test_no_place_is_named_twice() -> None:
    """3 x 3 m is one candidate's square, 12 x 7 m are six."""
    for (width, depth), most in (((3.0, 3.0), 1), ((12.0, 7.0), 6)):
        plan = hall(width, depth, ((0.5, 0.5),))
        found = best_places(plan, walkable_cells(plan, 1.0), 8)
        assert len(found) == most
        assert len({(p.x_m, p.y_m) for p in found}) == most


def test_whom_nobody_hears_is_anywhere_within_twelve_metres_on_each_axis(store: tuple[Plan, Cells]) -> None:
    plan, cells = store
    known = prior_map(plan, cells)
    mute = replace(known, mean_dbm=np.full_like(known.mean_dbm, -300.0))
    drawn = simulated_error(plan, cells, np.random.default_rng(1), every=50, radio_map=mute)
    assert drawn == pytest.approx(np.full(-(-len(cells) // 50), np.sqrt(12.0**2 + 12.0**2)))
    assert expected_error(plan, cells, mute) == pytest.approx(np.full(len(cells), np.sqrt(12.0**2 + 12.0**2)))


def test_more_than_six_metres_are_weak() -> None:
    assert weak(np.array([5.9, 6.0, 6.1])).tolist() == [False, False, True]
