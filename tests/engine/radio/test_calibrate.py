"""Calibration: what evidence teaches, how far it reaches, and that it never takes over where it says nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.plan.cells import Cells, walkable_cells
from engine.plan.model import Plan
from engine.radio.calibrate import calibrate
from engine.radio.evidence import Evidence, EvidenceKind, evidence_at
from engine.radio.pathloss import cell_geometry, geometry_of, mean_dbm
from engine.radio.radiomap import prior_map
from engine.radio.range_fit import weighted_quantile
from engine.radio.reach import reach_of
from engine.radio.residuals import residual_field
from engine.radio.ridge import fit_law
from tests.engine.positioning.stores import shelved

TRUE_P0, TRUE_EXPONENT, TRUE_SCALE = -50.0, 2.9, 0.5
AP_POWER = np.array([0.0, 5.0, -4.0, 0.0, -1.0])


def surveyed(plan: Plan, cells: Cells, rows: np.ndarray, ranges: bool = False) -> Evidence:
    """A survey at these cells with the true law, two visits each, 2 dB of noise and 10 % bursts."""
    rng = np.random.default_rng(3)
    places = np.repeat(rows, 2)
    level, x, y = cells.level[places], cells.x_m[places], cells.y_m[places]
    g = geometry_of(plan, level, x, y)
    rssi = mean_dbm(g, TRUE_P0 + AP_POWER, np.full(5, TRUE_EXPONENT), TRUE_SCALE)
    rssi += rng.normal(0, 2, rssi.shape) - 15 * (rng.random(rssi.shape) < 0.1)
    rng_m = g.distance_m + 1.2 + rng.exponential(0.3, rssi.shape) if ranges else np.full(rssi.shape, np.nan)
    ap = np.repeat(np.arange(5, dtype=np.int32), len(places))
    return evidence_at(
        plan,
        kind=EvidenceKind.SURVEYED,
        ap=ap,
        source=np.zeros(len(ap), np.int32),
        level=np.tile(level, 5),
        x_m=np.tile(x, 5),
        y_m=np.tile(y, 5),
        rssi_dbm=rssi.ravel(),
        range_m=rng_m.ravel(),
        place_sigma_m=np.full(len(ap), 0.3),
    )


@pytest.fixture(scope="module")
def store() -> tuple[Plan, Cells]:
    plan = shelved()
    return plan, walkable_cells(plan, 0.5)


def test_the_law_is_found_with_its_losses(store: tuple[Plan, Cells]) -> None:
    plan, cells = store
    law = fit_law(plan, surveyed(plan, cells, np.arange(0, len(cells), 5)))
    assert law.exponent.mean() == pytest.approx(TRUE_EXPONENT, abs=0.25)
    assert law.loss_scale == pytest.approx(TRUE_SCALE, abs=0.15)
    power = law.coefficients.ap_power_db - law.coefficients.ap_power_db.mean()
    np.testing.assert_allclose(power, AP_POWER - AP_POWER.mean(), atol=2.0)


def test_without_evidence_the_prior_stays(store: tuple[Plan, Cells]) -> None:
    plan, cells = store
    nothing = surveyed(plan, cells, np.arange(10)).take(np.zeros(0, np.intp))
    result = calibrate(plan, cells, nothing)
    before = prior_map(plan, cells)
    for name in ("mean_dbm", "sigma_db", "range_mean_m", "range_sigma_m", "offset_sigma_db"):
        np.testing.assert_allclose(getattr(result.radio_map, name), getattr(before, name))
    assert (result.warnings, result.notes) == ([], []), "that nothing was heard is no news of each access point"


def test_a_survey_of_the_floor_brings_the_map_to_the_truth(store: tuple[Plan, Cells]) -> None:
    plan, cells = store
    truth = mean_dbm(cell_geometry(plan, cells), TRUE_P0 + AP_POWER, np.full(5, TRUE_EXPONENT), TRUE_SCALE)
    result = calibrate(plan, cells, surveyed(plan, cells, np.arange(0, len(cells), 5)))

    def wrong(mean: np.ndarray) -> float:
        return float(np.std(mean - truth))

    assert wrong(result.radio_map.mean_dbm) < 0.35 * wrong(prior_map(plan, cells).mean_dbm)
    assert all(f.rms_after_db < f.rms_before_db + 0.1 for f in result.fits)
    assert result.notes == ["evidence covers 98% of the walkable area"]


def test_one_route_leaves_the_rest_of_the_floor_alone(store: tuple[Plan, Cells]) -> None:
    plan, cells = store
    route = np.flatnonzero(cells.y_m < 1.0)
    evidence = surveyed(plan, cells, route)
    odd = replace(evidence, rssi_dbm=evidence.rssi_dbm + np.where(evidence.ap == 1, 9.0, 0.0))
    assert reach_of(cells, odd).share < 0.15
    result = calibrate(plan, cells, odd).radio_map
    before = prior_map(plan, cells).mean_dbm
    shift = (result.mean_dbm - before)[:, cells.y_m > 5.0].mean(axis=1)
    assert np.ptp(shift) < 0.25 * 9.0


def test_ranges_learn_their_bias(store: tuple[Plan, Cells]) -> None:
    plan, cells = store
    result = calibrate(plan, cells, surveyed(plan, cells, np.arange(0, len(cells), 5), ranges=True)).radio_map
    bias = result.range_mean_m - cell_geometry(plan, cells).distance_m
    np.testing.assert_allclose(bias, 1.35, atol=0.3)
    assert result.range_sigma_m.max() <= 1.5


def test_who_gave_ranges_alone_is_evidence(store: tuple[Plan, Cells]) -> None:
    plan, cells = store
    known = surveyed(plan, cells, np.arange(0, len(cells), 5), ranges=True)
    alone = replace(known, rssi_dbm=np.full(len(known), np.nan)).take(known.ap != 2)
    result = calibrate(plan, cells, alone)
    assert [(fit.places, fit.ranged > 0) for fit in result.fits] == [(0, a != 2) for a in range(5)]
    assert result.warnings == ["ap2: no evidence; it keeps what the others say"]


def test_an_access_point_that_does_not_fit_is_named(store: tuple[Plan, Cells]) -> None:
    plan, cells = store
    evidence = surveyed(plan, cells, np.arange(0, len(cells), 5))
    moved = replace(plan, access_points=(replace(plan.access_points[0], x_m=18.0, y_m=10.0), *plan.access_points[1:]))
    wrong = evidence_at(
        moved,
        kind=EvidenceKind.SURVEYED,
        ap=evidence.ap,
        source=evidence.source,
        level=evidence.level,
        x_m=evidence.x_m,
        y_m=evidence.y_m,
        rssi_dbm=evidence.rssi_dbm,
        range_m=evidence.range_m,
        place_sigma_m=evidence.place_sigma_m,
    )
    warnings = calibrate(moved, cells, wrong).warnings
    said = [w for w in warnings if w.startswith("ap0: fits")]
    assert len(said) == 1
    x, y = (float(said[0].split(f" {axis} ")[1].split(",")[0]) for axis in "xy")
    assert np.hypot(x - 1.0, y - 1.0) < 14.0  # towards its true place, as far as is looked
    assert np.hypot(x - 1.0, y - 1.0) < np.hypot(18.0 - 1.0, 10.0 - 1.0) - 5
    assert not any(w.startswith(("ap1:", "ap3:")) for w in warnings)


def test_a_field_is_exact_regression_near_evidence_and_nothing_far_away() -> None:
    x = np.array([0.0, 2.0])
    place = (np.zeros(2, np.int32), x, np.zeros(2))
    to = (np.zeros(3, np.int32), np.array([0.0, 1.0, 60.0]), np.zeros(3))
    amplitude, length = 4.0, 3.0
    field = residual_field(place, np.array([3.0, -1.0]), np.array([1.0, 2.0]), to, amplitude, length)

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return amplitude**2 * np.exp(-np.abs(a[:, None] - b) / length)

    k = kernel(x, x) + np.diag([1.0, 2.0])
    cross = kernel(to[1], x)
    np.testing.assert_allclose(field.mean, cross @ np.linalg.solve(k, [3.0, -1.0]))
    np.testing.assert_allclose(field.variance, 16 - np.einsum("ij,ji->i", cross, np.linalg.solve(k, cross.T)))
    assert field.mean[2] == pytest.approx(0, abs=1e-6)
    assert field.variance[2] == pytest.approx(16)


def test_other_levels_keep_their_prior() -> None:
    place = (np.zeros(1, np.int32), np.zeros(1), np.zeros(1))
    to = (np.array([0, 1], np.int32), np.zeros(2), np.zeros(2))
    field = residual_field(place, np.array([5.0]), np.array([1.0]), to, 2.0, 3.0)
    assert field.mean[0] == pytest.approx(4.0)
    assert (field.mean[1], field.variance[1]) == (0.0, 4.0)


def test_weighted_quantile() -> None:
    values = np.array([3.0, 1.0, 2.0])
    assert weighted_quantile(values, np.ones(3), 0.5) == 2.0
    assert weighted_quantile(values, np.array([1000.0, 1.0, 1.0]), 0.5) == pytest.approx(3.0, abs=0.01)


def test_readings_of_one_place_are_one_piece_of_evidence() -> None:
    plan = shelved()
    n = 40
    evidence = evidence_at(
        plan,
        kind=EvidenceKind.SURVEYED,
        ap=np.zeros(n, np.int32),
        source=np.zeros(n, np.int32),
        level=np.zeros(n, np.int32),
        x_m=np.full(n, 5.2),
        y_m=np.full(n, 1.3),
        rssi_dbm=np.linspace(-60, -50, n),
        range_m=np.full(n, np.nan),
        place_sigma_m=np.full(n, 0.3),
    )
    assert len(evidence) == 1
    assert (evidence.count[0], evidence.rssi_dbm[0]) == (n, pytest.approx(-55))


def test_access_points_that_hang_where_the_plan_says_are_left_alone(store: tuple[Plan, Cells]) -> None:
    plan, cells = store
    assert calibrate(plan, cells, surveyed(plan, cells, np.arange(0, len(cells), 5))).warnings == []


def test_what_is_to_be_kept_of_a_map_is_the_survey_s_share_of_it(store: tuple[Plan, Cells]) -> None:
    """The rest is the plan's, which a store knows better that calibrates itself; hearings are such knowledge."""
    plan, cells = store
    route = surveyed(plan, cells, np.flatnonzero(cells.y_m < 1.5))
    assert calibrate(plan, cells, route).radio_map.kept == pytest.approx(calibrate(plan, cells, route).in_map)
    assert 0.0 < calibrate(plan, cells, route).radio_map.kept < 1.0
    assert calibrate(plan, cells, surveyed(plan, cells, np.arange(len(cells)))).radio_map.kept > 0.99
    ranges_alone = replace(route, rssi_dbm=np.full(len(route), np.nan))
    assert calibrate(plan, cells, ranges_alone).radio_map.kept == 0.0
    heard = replace(route.take(slice(0, 6)), kind=np.full(6, EvidenceKind.ACCESS_POINT, np.int32))
    assert calibrate(plan, cells, Evidence.concat([route, heard])).radio_map.kept == 1.0
