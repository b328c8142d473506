"""The soft fit by its normal equations: a floor of eight cells, two access points, every figure written down."""

from __future__ import annotations

import numpy as np
import pytest

from engine.radio.law import LawCoefficients
from engine.radio.pathloss import geometry_of
from engine.radio.ridge import fit_law
from engine.radio.soft_fit import (
    FloorGrid,
    SoftLaw,
    correlation,
    expected_dbm,
    fit_soft,
    floor_columns,
    floor_of,
    law_dbm,
)
from tests.engine.radio.made import cells_at, evidence, hall

PLAN = hall((0.0, 0.0), (8.0, 4.0))
CELLS = cells_at([0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5], [0.5] * 4 + [3.5] * 4)
GEOMETRY = geometry_of(PLAN, CELLS.level, CELLS.x_m, CELLS.y_m)
GEOMETRY.walls_db[0, 4:] = 9.0
GEOMETRY.tall_db[1, :3] = 6.0
GEOMETRY.low_db[1, :3] = 2.0
LAW = fit_law(PLAN, evidence([0, 1, 0], distance_m=[3.0, 5.0, 8.0], rssi_dbm=[-55.0, -62.0, -66.0]))


@pytest.fixture(scope="module")
def floor() -> FloorGrid:
    return floor_of(PLAN, CELLS, GEOMETRY, LAW)[0]


def columns() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The prior's RSSI, 10 log10 d, and saturated losses."""
    log_d = 10 * np.log10(np.maximum(GEOMETRY.distance_m, 1.0))
    lost = GEOMETRY.walls_db + LAW.tall * GEOMETRY.tall_db + (1 - LAW.tall) * GEOMETRY.low_db
    lost = 50 * (1 - np.exp(-lost / 50))
    return -42.0 - 2.6 * log_d - lost, log_d, lost


def test_the_floor_is_the_prior_and_its_blocks_are_squares_of_two_metres(floor: FloorGrid) -> None:
    base, log_d, lost = columns()
    np.testing.assert_allclose(floor.base_dbm, base, rtol=1e-9)
    np.testing.assert_allclose(floor.log_d, log_d, rtol=1e-9)
    np.testing.assert_allclose(floor.crossings_db, lost, rtol=1e-9, atol=1e-12)
    assert floor.block.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    _, at = floor_of(PLAN, CELLS, GEOMETRY, LAW)
    np.testing.assert_allclose(at, [[0, 1.0, 0.5], [0, 3.0, 0.5], [0, 5.0, 3.5], [0, 7.0, 3.5]])
    d2 = (at[:, 1:2] - at[:, 1]) ** 2 + (at[:, 2:3] - at[:, 2]) ** 2
    np.testing.assert_allclose(floor.kernel, np.exp(-d2 / (2 * 3.0**2)), rtol=1e-9)
    again = floor_columns(PLAN, GEOMETRY, LAW)
    np.testing.assert_array_equal(again[0], floor.base_dbm)


def test_storeys_lie_in_the_base_and_share_no_field() -> None:
    places = np.array([[0.0, 1.0, 1.0], [1.0, 1.0, 1.0], [0.0, 4.0, 5.0]])
    want = [[1, 0, np.exp(-25 / 18)], [0, 1, 0], [np.exp(-25 / 18), 0, 1]]
    np.testing.assert_allclose(correlation(places, places), want, rtol=1e-9)


def test_expectations_are_the_base_changed_by_coefficients_and_fields(floor: FloorGrid) -> None:
    base, log_d, lost = columns()
    theta = np.array([2.0, 0.3, -0.4, 1.5, -2.5, 0.1, -0.2])  # shared three, two powers, two exponents
    fields = np.arange(8).reshape(2, 4) / 4.0
    for a in range(2):
        want = base[a] + 2.0 + theta[3 + a] - (0.3 + theta[5 + a]) * log_d[a] + 0.4 * lost[a]
        np.testing.assert_allclose(law_dbm(base, log_d, lost, LawCoefficients(theta))[a], want, rtol=1e-9)
        field = np.array([sum(fields[a, b] * floor.kernel[b, k] for b in range(4)) for k in range(4)])
        got = expected_dbm(floor, SoftLaw(LawCoefficients(theta), fields))[a]
        np.testing.assert_allclose(got, want + field[[0, 0, 1, 1, 2, 2, 3, 3]], rtol=1e-9)


def by_hand(floor: FloorGrid, weight: np.ndarray, heard: np.ndarray, sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """The law from block means with noise sigma² / (0.3 scans) + 2², around the prior with its precision; then, with
    kriging, what is left of each access point."""
    base, log_d, lost = columns()
    normal, wanted = LAW.precision.copy(), LAW.precision @ LAW.coefficients.vector
    rows, left_rows, noises = [], [], []
    for a in range(2):
        for b in range(4):
            w = weight[a, 2 * b : 2 * b + 2]
            total = max(w.sum(), 1e-9)
            y, d, c = (float((w * v[a, 2 * b : 2 * b + 2]).sum() / total) for v in (heard - base, log_d, lost))
            row = np.zeros(7)
            row[0] = row[3 + a] = 1.0
            row[1] = row[5 + a] = -d
            row[2] = -c
            noise = sigma**2 / (0.3 * total)
            normal += np.outer(row, row) / (noise + 2.0**2)
            wanted += row * y / (noise + 2.0**2)
            rows.append(row)
            left_rows.append(y)
            noises.append(noise)
    theta = np.linalg.solve(normal, wanted)
    left = np.array(left_rows) - np.array(rows) @ theta
    fields = [
        4.0 * np.linalg.solve(4.0 * floor.kernel + np.diag(noises[4 * a : 4 * a + 4]), left[4 * a : 4 * a + 4])
        for a in range(2)
    ]
    return theta, np.array(fields)


@pytest.mark.parametrize("sigma", [3.0, 6.0])
def test_the_fit_written_out(floor: FloorGrid, sigma: float) -> None:
    rng = np.random.default_rng(6)
    weight = rng.uniform(0.0, 12.0, (2, 8))
    weight[1, 2:4] = 0.0  # a block where nothing was heard
    heard = columns()[0] + rng.normal(-3.0, 4.0, (2, 8))
    theta, fields = by_hand(floor, weight, heard, sigma)
    got = fit_soft(floor, LAW, weight, heard, sigma, with_fields=True)
    np.testing.assert_allclose(got.coefficients.vector, theta, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(got.fields, fields, rtol=1e-6, atol=1e-9)
    law_only = fit_soft(floor, LAW, weight, heard, sigma, with_fields=False)
    np.testing.assert_allclose(law_only.coefficients.vector, theta, rtol=1e-6, atol=1e-9)
    assert not law_only.fields.any()
    assert law_only.fields.shape == (2, 4)
