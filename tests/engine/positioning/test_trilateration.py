"""Trilateration against a general minimiser of the cost in its docstring, and the Gaussian of the solution by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize

from engine.positioning.belief import Belief
from engine.positioning.measurement.site import Site
from engine.positioning.settings import DEFAULT_SETTINGS
from engine.positioning.trilateration import trilateration
from engine.records import Scans
from tests.engine.positioning.tiny import NAN, scans, site

P0_DBM, EXPONENT = np.array([-40.0, -42.0, -38.0]), np.array([2.0, 2.5, 3.0])
AT = np.array([[11.0, 5.0, 2.8], [15.0, 5.0, 2.8], [13.0, 3.0, 2.5]])
PHONE_Z = 1.2


def belief(n: int) -> Belief:
    everyone, whole = np.ones((n, 6), np.float32), np.ones((n, 2), np.float32)
    return Belief(np.zeros((n, 6), np.float32), np.full((n, 2), 3.0), np.full((n, 2), 2.0), whole, everyone)


def start_of(given: Scans, i: int) -> np.ndarray:
    """The centre of who heard it, by 10^((dBm + 60) / 20), or by 1 / max(m, 1) as soon as there is a range."""
    if np.isfinite(given.range_m[i]).any():
        weight = np.where(np.isfinite(given.range_m[i]), 1.0 / np.maximum(np.nan_to_num(given.range_m[i]), 1.0), 0.0)
    else:
        loud = 10.0 ** ((np.nan_to_num(given.rssi_dbm[i]).astype(float) + 60.0) / 20.0)
        weight = np.where(np.isfinite(given.rssi_dbm[i]), loud, 0.0)
    return weight @ AT[:, :2] / weight.sum()


def cost(place: np.ndarray, given: Scans, i: int) -> float:
    """sum w (z - b - f)² + b² / s² + (distance from the start)² / 8², the best offset b put in."""
    ranges = np.isfinite(given.range_m[i])
    d = np.sqrt(np.maximum(((place - AT[:, :2]) ** 2).sum(axis=1) + (AT[:, 2] - PHONE_Z) ** 2, 1.0))
    if ranges.sum() >= 2:
        z, f, sigma, s2 = given.range_m[i][ranges], d[ranges], 1.5, 1.44
    else:
        heard = np.isfinite(given.rssi_dbm[i])
        z, f = given.rssi_dbm[i][heard], (P0_DBM - 10 * EXPONENT * np.log10(d))[heard]
        sigma, s2 = 6.0, 36.0
    r, w = z.astype(float) - f, 1.0 / sigma**2
    b = w * r.sum() / (w * len(r) + 1 / s2)
    return float((w * (r - b) ** 2).sum() + b**2 / s2 + ((place - start_of(given, i)) ** 2).sum() / 8.0**2)


def gaussian(place: np.ndarray, given: Scans, i: int, store: Site) -> np.ndarray:
    """exp(-cost'' / 4 …) on the cells: the Gauss-Newton matrix J'WJ with the offset eliminated, plus 1 / 8²."""
    ranges = np.isfinite(given.range_m[i])
    by_range = ranges.sum() >= 2
    on = ranges if by_range else np.isfinite(given.rssi_dbm[i])
    dx = place - AT[on, :2]
    d2 = np.maximum((dx**2).sum(axis=1) + (AT[on, 2] - PHONE_Z) ** 2, 1.0)
    slope = 1 / np.sqrt(d2) if by_range else -10 * EXPONENT[on] / np.log(10) / d2
    jac, w = dx * slope[:, None], 1 / (1.5 if by_range else 6.0) ** 2
    column = w * jac.sum(axis=0)
    matrix = w * jac.T @ jac - np.outer(column, column) / (w * on.sum() + 1 / (1.44 if by_range else 36.0))
    matrix += np.eye(2) / 64.0
    away = np.column_stack([store.cells.x_m, store.cells.y_m]) - place
    p = np.exp(-0.5 * np.einsum("ci,ij,cj->c", away, matrix, away))
    return np.asarray(p / p.sum())


def least(given: Scans, i: int, along: np.ndarray) -> np.ndarray:
    """The place (2,) of least cost, from the start on in these directions (n, 2)."""
    start = start_of(given, i)
    options = {"xatol": 1e-8, "fatol": 1e-12}
    here = np.zeros(len(along))
    found = minimize(lambda u: cost(start + u @ along, given, i), here, method="Nelder-Mead", options=options)
    return np.asarray(start + found.x @ along)


ANYWHERE = np.eye(2)
TO_RIGHT = np.array([[1.0, 0.0]])


@pytest.mark.parametrize(
    ("rssi", "ranges", "along"),
    [
        ([-47.0, -58.0, -56.0], [NAN, NAN, NAN], ANYWHERE),
        ([-50.0, -53.0, -50.0], [NAN, NAN, NAN], ANYWHERE),
        ([-52.0, -52.0, -50.0], [2.0, 3.9, 3.4], ANYWHERE),
        ([-47.0, -58.0, -56.0], [2.0, NAN, NAN], ANYWHERE),  # one range is not enough: by RSSI
        ([-90.0, -95.0, -30.0], [NAN, NAN, NAN], ANYWHERE),  # nonsense has a least sum of squares too
        # who is heard by two may be on either side of the line between them, and is put on it
        ([-60.0, -49.0, NAN], [NAN, NAN, NAN], TO_RIGHT),
        ([NAN, NAN, NAN], [3.5, 2.4, NAN], TO_RIGHT),
        ([-52.0, NAN, NAN], [NAN, NAN, NAN], np.zeros((1, 2))),  # and who is heard by one, under it
    ],
)
def test_the_solution_is_the_least_cost_and_the_rows_its_gaussian(
    rssi: list[float], ranges: list[float], along: np.ndarray
) -> None:
    store, given = site(), scans([rssi, rssi], [ranges, ranges])
    got = trilateration(store, given, belief(2), DEFAULT_SETTINGS)
    want = gaussian(least(given, 0, along), given, 0, store)
    # after twelve steps nearly at the bottom
    np.testing.assert_allclose(got.posterior, [want, want], rtol=0.01, atol=1e-5)
    assert got.posterior.dtype == np.float32
    np.testing.assert_array_equal(got.offset_mean, np.full((2, 2), 3.0))  # nothing is learnt of the device
    np.testing.assert_array_equal(got.offset_var, np.full((2, 2), 2.0))
    np.testing.assert_array_equal(got.log_likelihood, [0, 0])


def test_the_level_is_that_of_the_loudest_together() -> None:
    """Two access points of -56 dBm below weigh 2 x 1.58 against one of -52 with 2.51: the floor is theirs."""
    store = replace(site(level=(0, 0, 0, 1, 1, 1)), ap_level=np.array([0, 0, 1], np.int32))
    below = trilateration(store, scans([[-56.0, -56.0, -52.0]]), belief(1), DEFAULT_SETTINGS).posterior[0]
    assert below[:3].sum() == pytest.approx(1.0)
    above = trilateration(store, scans([[-56.0, -56.0, -49.0]]), belief(1), DEFAULT_SETTINGS).posterior[0]
    assert above[3:].sum() == pytest.approx(1.0)
    near = trilateration(store, scans([[-30.0, NAN, NAN]], [[NAN, 9.0, 2.0]]), belief(1), DEFAULT_SETTINGS)
    assert near.posterior[0, 3:].sum() == pytest.approx(1.0)  # with a range the loud one does not count


def test_nearer_than_a_metre_all_ranges_weigh_the_same_at_the_start() -> None:
    given = scans([[NAN] * 3], [[0.2, 0.9, NAN]])
    got = trilateration(site(), given, belief(1), DEFAULT_SETTINGS)
    np.testing.assert_allclose(start_of(given, 0), [13.0, 5.0])
    want = gaussian(least(given, 0, TO_RIGHT), given, 0, site())
    np.testing.assert_allclose(got.posterior[0], want, rtol=2e-3, atol=1e-6)
