"""The map before any measurement, and its saved form: what fits a plan, what does not, and why."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from shapely.geometry import LineString, box

from engine.plan.cells import Cells, walkable_cells
from engine.plan.model import Fixture, Plan, Wall
from engine.radio.pathloss import DEFAULT_PRIOR, cell_geometry
from engine.radio.radiomap import (
    is_of_plan_alone,
    map_arrays,
    map_from_arrays,
    map_misfit,
    plan_fingerprint,
    prior_map,
    prior_powers,
)
from tests.engine.radio.made import cells_at, hall

PLAN = hall((1.0, 1.0), (19.0, 9.0), width=4.0, depth=3.0)


@pytest.fixture(scope="module")
def cells() -> Cells:
    return walkable_cells(PLAN, 1.0)


def test_the_prior_map_is_the_law_of_the_prior(cells: Cells) -> None:
    known = replace(PLAN, access_points=tuple(replace(a, p0_dbm=-40.0, exponent=2.0) for a in PLAN.access_points))
    for plan, p0, exponent, spread in ((PLAN, -42.0, 2.6, 10.0), (known, -40.0, 2.0, 5.0)):
        made = prior_map(plan, cells)
        for a, ap in enumerate(plan.access_points):
            d = np.sqrt((cells.x_m - ap.x_m) ** 2 + (cells.y_m - ap.y_m) ** 2 + 1.5**2)
            np.testing.assert_allclose(made.mean_dbm[a], p0 - 10 * exponent * np.log10(d), rtol=1e-6)
            np.testing.assert_allclose(made.range_mean_m[a], d + 0.4, rtol=1e-6)
        assert (made.n_ap, made.n_cells) == (2, 12)
        assert made.sigma_db.shape == made.range_sigma_m.shape == (2, 12)
        log_d = 10 * np.log10(np.maximum(cell_geometry(plan, cells).distance_m, 1.0))
        spread_db = np.hypot(3.5, np.hypot(0.4, 0.2) * log_d) if plan is PLAN else np.full(log_d.shape, 4.5)
        np.testing.assert_allclose(made.sigma_db, spread_db, rtol=1e-6)
        assert set(made.range_sigma_m.ravel().tolist()) == {1.0}
        assert (made.offset_mean_db, made.offset_sigma_db, made.range_offset_sigma_m) == (0.0, spread, 1.8)
        assert made.measured == (plan is not PLAN)
        assert made.mean_dbm.dtype == made.sigma_db.dtype == made.range_mean_m.dtype == np.float32
    one = replace(PLAN, access_points=(replace(PLAN.access_points[0], p0_dbm=-40.0), PLAN.access_points[1]))
    assert prior_map(one, cells).offset_sigma_db == DEFAULT_PRIOR.p0_spread_db  # one of two is not all
    np.testing.assert_array_equal(prior_powers(one)[0], [-40.0, -42.0])


def test_a_level_that_draws_nothing_in_the_way_has_the_larger_exponent() -> None:
    """What radio crosses is there, drawn or not. The outer walls stand behind everybody."""
    upper = replace(PLAN.levels[0], id="1", ordinal=1)
    plan = replace(PLAN, levels=(*PLAN.levels, upper))
    plan = replace(plan, access_points=(PLAN.access_points[0], replace(PLAN.access_points[1], level="1")))
    outer = Wall("1", LineString([(0, 0), (4, 0), (4, 3)]), "brick", 7.0)
    inner = Wall("1", LineString([(2, 0), (2, 2)]), "brick", 7.0)
    shelf = Fixture("s", "0", "", "gondola", 2.5, False, box(1, 1, 2, 2))
    for walls, fixtures, exponent in (
        ((outer,), (), [2.6, 2.6]),
        ((outer, replace(inner, attenuation_db=0.0)), (replace(shelf, attenuation_db=0.0),), [2.6, 2.6]),
        ((outer, inner), (), [2.6, 2.3]),
        ((), (shelf,), [2.3, 2.6]),
    ):
        drawn = replace(plan, walls=walls, fixtures=fixtures)
        np.testing.assert_array_equal(prior_powers(drawn)[1], exponent)
    stated = replace(plan, access_points=(replace(plan.access_points[0], exponent=2.0), plan.access_points[1]))
    np.testing.assert_array_equal(prior_powers(stated)[1], [2.0, 2.6])


def test_the_fingerprint_is_of_access_points_and_cells() -> None:
    cells = cells_at([0.5, 1.5], [0.5, 0.5])
    digest = hashlib.sha256()
    for line in ("ap0|0|1.000|1.000|2.700\n", "ap1|0|19.000|9.000|2.700\n"):
        digest.update(line.encode())
    for column in (np.array([0.5, 1.5]), np.array([0.5, 0.5]), np.zeros(2, np.int32)):
        digest.update(column.tobytes())
    assert plan_fingerprint(PLAN, cells) == digest.hexdigest()


def moved(plan: Plan, **changes: Any) -> Plan:
    return replace(plan, access_points=(replace(plan.access_points[0], **changes), *plan.access_points[1:]))


def test_a_saved_map_comes_back_as_it_was(cells: Cells) -> None:
    made = replace(
        prior_map(PLAN, cells), offset_mean_db=1.5, offset_sigma_db=7.0, range_offset_sigma_m=0.9, measured=0.3
    )
    arrays = map_arrays(made, PLAN, cells)
    assert map_misfit(arrays, PLAN, cells) == ""
    again = map_from_arrays(arrays)
    for name in ("mean_dbm", "sigma_db", "range_mean_m", "range_sigma_m"):
        np.testing.assert_array_equal(getattr(again, name), getattr(made, name))
    assert (again.offset_mean_db, again.offset_sigma_db, again.range_offset_sigma_m) == (1.5, 7.0, 0.9)
    assert again.measured == 0.3
    assert map_from_arrays({k: v for k, v in arrays.items() if k != "measured"}).measured == 1.0  # an older file


def test_a_map_in_which_nothing_was_learnt_is_the_plan_s(cells: Cells) -> None:
    before = prior_map(PLAN, cells)
    saved = map_from_arrays(map_arrays(replace(before, measured=0.4), PLAN, cells))
    assert is_of_plan_alone(saved, PLAN, cells)
    for name in ("mean_dbm", "sigma_db", "range_mean_m", "range_sigma_m"):
        one = np.array(getattr(before, name))
        one[1, 3] += 0.02
        assert not is_of_plan_alone(replace(before, **{name: one}), PLAN, cells)
    for name in ("offset_mean_db", "offset_sigma_db", "range_offset_sigma_m"):
        assert not is_of_plan_alone(replace(before, **{name: getattr(before, name) + 0.02}), PLAN, cells)


def test_a_map_of_another_plan_says_what_is_different(cells: Cells) -> None:
    arrays = map_arrays(prior_map(PLAN, cells), PLAN, cells)
    changed = "the plan has changed since the map was made (access points or walkable area)"
    assert map_misfit(arrays, moved(PLAN, x_m=1.001), cells) == changed
    assert map_misfit(arrays, moved(PLAN, y_m=1.001), cells) == changed
    assert map_misfit(arrays, moved(PLAN, z_m=2.701), cells) == changed
    assert map_misfit(arrays, PLAN, replace(cells, x_m=cells.x_m + 0.001)) == changed
    assert map_misfit(arrays, PLAN, replace(cells, level=cells.level + 1)) == changed
    assert map_misfit(arrays, moved(PLAN, x_m=1.0000001), cells) == ""  # to the millimetre
    other = map_misfit(arrays, moved(PLAN, id="new"), cells)
    assert other == "made for access points ap0, ap1; the plan has new, ap1"
    assert map_misfit(arrays, PLAN, replace(cells, cell_m=0.5)) == "made for cells of 1.0 m, not 0.5 m"
    assert "version 9, this Rayon reads version 1" in map_misfit(arrays | {"version": np.array(9)}, PLAN, cells)
    assert "version (none)" in map_misfit({k: v for k, v in arrays.items() if k != "version"}, PLAN, cells)


@pytest.mark.parametrize(
    ("name", "values", "says"),
    [
        ("mean_dbm", np.zeros((2, 12)), "mean_dbm is float64 of shape (2, 12), not float32 of (2, 12)"),
        ("sigma_db", np.ones((2, 11), np.float32), "sigma_db is float32 of shape (2, 11), not float32 of (2, 12)"),
        ("range_mean_m", np.full((2, 12), np.nan, np.float32), "range_mean_m holds values that are not finite"),
        ("mean_dbm", np.full((2, 12), np.inf, np.float32), "mean_dbm holds values that are not finite"),
        ("range_sigma_m", np.zeros((2, 12), np.float32), "range_sigma_m holds values that are not positive"),
        ("offset", np.array([0.0, 1.0]), "the devices' offsets are not a mean and two positive spreads"),
        ("offset", np.array([0.0, 0.0, 1.0]), "the devices' offsets are not a mean and two positive spreads"),
        ("offset", np.array([np.nan, 1.0, 1.0]), "the devices' offsets are not a mean and two positive spreads"),
        ("mean_dbm", np.full((2, 12), 1e30, np.float32), "mean_dbm holds values that are not from -100000 to 1000"),
        ("sigma_db", np.full((2, 12), 1e-30, np.float32), "sigma_db holds values that are not from 0.001 to 1000"),
        (
            "range_sigma_m",
            np.full((2, 12), 2e3, np.float32),
            "range_sigma_m holds values that are not from 0.001 to 1000",
        ),
        ("offset", np.array([1e30, 1.0, 1.0]), "the devices' offsets are above 1000"),
        ("measured", np.array([1.0, 0.5]), "measured is not a share from 0 to 1"),
        ("measured", np.array(np.nan), "measured is not a share from 0 to 1"),
        ("measured", np.array(1.1), "measured is not a share from 0 to 1"),
    ],
)
def test_a_damaged_map_is_told_by_its_column(name: str, values: np.ndarray, says: str, cells: Cells) -> None:
    arrays = map_arrays(prior_map(PLAN, cells), PLAN, cells)
    assert map_misfit(arrays | {name: values}, PLAN, cells) == says


def test_means_and_offsets_may_be_negative(cells: Cells) -> None:
    arrays = map_arrays(prior_map(PLAN, cells), PLAN, cells)
    assert map_misfit(arrays | {"offset": np.array([-3.0, 1.0, 1.0])}, PLAN, cells) == ""
