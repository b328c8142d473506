"""What labels say of the map, written out: offsets, levels and Gaussian processes by plain linear algebra."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.plan.cells import Cells, walkable_cells
from engine.positioning.labels.field import Correction, correction_of, nearest_cells, nearest_cells_of
from engine.positioning.labels.places import KINDS, Taught
from engine.radio.pathloss import DEFAULT_PRIOR
from engine.radio.radiomap import RadioMap, prior_map
from engine.radio.reach import share_near
from engine.records import F64
from engine.vocabulary import LabelKind
from tests.engine.positioning.stores import hall

EXPONENT = DEFAULT_PRIOR.exponent


@pytest.fixture(scope="module")
def store() -> tuple[Cells, RadioMap]:
    plan = hall(9.0, 6.0, ((1.0, 1.0), (8.0, 1.0), (4.0, 5.0)))
    cells = walkable_cells(plan, 1.0)
    return cells, prior_map(plan, cells)


def heard(cells: Cells, radio_map: RadioMap, spread_db: float) -> Taught:
    """Nine labels of four devices: three of one in a corner, two on one spot, one reading missing."""
    x = np.array([1.2, 1.4, 1.6, 3.1, 3.2, 4.4, 7.1, 6.1, 8.2])
    y = np.array([1.2, 1.3, 1.4, 3.1, 3.2, 2.2, 4.9, 4.4, 1.5])
    number = np.array([0, 0, 0, 1, 2, 3, 3, 1, 2])
    n, whole = len(x), np.ones(len(x))
    none = np.zeros(n, np.int32)
    at = np.argmin(np.hypot(cells.x_m - x[:, None], cells.y_m - y[:, None]), axis=1)
    wave = np.array([[1.0, -0.4, 0.2], [0.8, -0.5, 0.3], [0.9, -0.2, 0.1], [-0.3, 0.9, 0.6], [-0.2, 0.7, 0.5],
                     [0.1, 0.5, -0.8], [-0.9, 0.1, 0.4], [-0.7, 0.3, 0.5], [0.6, -1.0, 0.2]])  # fmt: skip
    rssi = radio_map.mean_dbm[:, at].T + spread_db * wave + np.array([4.0, -3.0, 0.0, 6.0])[number][:, None]
    rssi[5, 1] = np.nan
    scans = np.array([5.0, 1.0, 0.0, 4.0, 3.0, 9.0, 2.0, 5.0, 5.0])
    weight = np.array([1.0, 0.9, 0.5, 1.0, 0.8, 0.02, 1.0, 0.7, 0.019])
    return Taught(
        number, none, np.full(n, KINDS.index(LabelKind.SHELF_SCAN), np.int32), none, none, x, y,
        np.array([0.8, 1.5, 1.0] * 3), x, y, 2.0 * whole, weight, scans, rssi.astype(np.float32),
    )  # fmt: skip


def noise_by_hand(own: Taught, mean: F64) -> F64:
    """A body 3 dB, a scan 4 dB, and as many dB as the map falls over the place's own sigma on an axis; as often as one
    device has labels in one square of 3 m."""
    squares = [(d, int(x // 3), int(y // 3)) for d, x, y in zip(own.number, own.x_m, own.y_m, strict=True)]
    out = np.zeros(mean.shape)
    for i, a in np.ndindex(*mean.shape):
        far = max(10 ** (max(-35.0 - mean[i, a], 0.0) / (10 * EXPONENT)), 3.0)
        slope = 10 * EXPONENT / np.log(10) / far  # d/dr of 10 n log10 r
        one = 3.0**2 + 4.0**2 / max(own.scans[i], 1.0) + slope**2 * own.place_sigma_m[i] ** 2 / 2
        out[i, a] = one * squares.count(squares[i])
    return out


def mean_to_none(values: F64, variance: F64, prior_db2: float) -> float:
    """Of a normal mean, with a prior around none."""
    known = np.isfinite(values)
    return float((values[known] / variance[known]).sum() / ((1 / variance[known]).sum() + 1 / prior_db2))


def offsets_by_hand(left: F64, variance: F64, number: np.ndarray) -> F64:
    return np.array([[mean_to_none(left[number == d], variance[number == d], 64.0)] for d in number])


def amplitude_by_hand(own: Taught, left: F64) -> float:
    """Products of residuals of different devices less than 2 m apart, over what their distance lets them share."""
    total = share = 0.0
    for i, j in np.ndindex(len(own), len(own)):
        d = np.hypot(own.x_m[i] - own.x_m[j], own.y_m[i] - own.y_m[j])
        if own.number[i] != own.number[j] and d < 2.0:
            for one, other in zip(left[i], left[j], strict=True):
                if np.isfinite(one) and np.isfinite(other):
                    total += np.clip(one, -24, 24) * np.clip(other, -24, 24)
                    share += np.exp(-d / 4.0)
    return float(min(np.sqrt(max(total / share, 0.0)), 8.0))


def kriged(own: Taught, left: F64, variance: F64, smooth: float, x: F64, y: F64) -> tuple[F64, F64]:
    """Mean and what is taken from the variance at places: K* (K + V)^-1 left, and the diagonal of K* (K + V)^-1 K*'.
    Labels of a square of half a metre are taken at the first of them."""
    squares = list(zip(np.floor(own.x_m / 0.5), np.floor(own.y_m / 0.5), strict=True))
    first = [squares.index(s) for s in squares]
    at_x, at_y = own.x_m[first], own.y_m[first]

    def cov(ax: F64, ay: F64, bx: F64, by: F64) -> F64:
        return np.asarray(smooth**2 * np.exp(-np.hypot(ax[:, None] - bx, ay[:, None] - by) / 4.0))

    k = np.flatnonzero(np.isfinite(left))
    inverse = np.linalg.inv(cov(at_x[k], at_y[k], at_x[k], at_y[k]) + np.diag(variance[k]))
    to = cov(x, y, at_x[k], at_y[k])
    return to @ inverse @ left[k], np.einsum("mk,kl,ml->m", to, inverse, to)


def correction_by_hand(cells: Cells, radio_map: RadioMap, taught: Taught) -> tuple[F64, F64]:
    own = taught.take(taught.weight >= 0.02)
    at = np.argmin(np.hypot(cells.x_m - own.x_m[:, None], cells.y_m - own.y_m[:, None]), axis=1)
    mean = radio_map.mean_dbm[:, at].T.astype(float)
    residual, noise = own.rssi_dbm - mean, noise_by_hand(own, mean)
    covered = share_near(cells, own.level, own.x_m, own.y_m)
    tail, fields = np.ones(len(own)), np.zeros(residual.shape)
    for _ in range(3):
        variance = noise / (own.weight * tail)[:, None]
        left = residual - offsets_by_hand(residual - fields, variance, own.number)
        columns = zip(left.T, variance.T, strict=True)
        level = np.array([mean_to_none(one, v + 16.0, 16.0) for one, v in columns]) * covered
        left = left - level
        smooth = amplitude_by_hand(own, left)
        gp = [kriged(own, left[:, a], variance[:, a], smooth, own.x_m, own.y_m)[0] for a in range(left.shape[1])]
        fields = level + np.stack(gp, axis=1)
        squared = np.nansum((left - np.stack(gp, axis=1)) ** 2 / (noise + smooth**2 / 2), axis=1)
        tail = np.minimum((4 + np.isfinite(left).sum(axis=1)) / (4 + squared), 1.0)  # Student's t of 4 degrees
    variance = noise / (own.weight * tail)[:, None]
    left = residual - offsets_by_hand(residual - fields, variance, own.number) - level
    both = [kriged(own, left[:, a], variance[:, a], smooth, cells.x_m, cells.y_m) for a in range(left.shape[1])]
    return np.stack([level[a] + m for a, (m, _) in enumerate(both)]), np.stack([taken for _, taken in both])


@pytest.mark.parametrize("spread_db", [9.0, 30.0])
def test_a_correction_written_out(store: tuple[Cells, RadioMap], spread_db: float) -> None:
    own = heard(*store, spread_db)
    own.x_m[4], own.y_m[4] = own.x_m[3], own.y_m[3]  # on one spot: in one square, and nothing depends on which is first
    own = own.take(np.array([0, 1, 3, 4, 5, 6, 7, 8]))  # the third shares a square with the second, not its place
    found = correction_of(*store, own)
    mean, taken = correction_by_hand(*store, own)
    np.testing.assert_allclose(found.mean_db, mean, atol=2e-3)
    np.testing.assert_allclose(found.taken_db2, taken, atol=2e-3)
    assert np.abs(mean).max() > 0.5
    assert taken.max() > 1.0


def test_labels_of_no_weight_say_nothing(store: tuple[Cells, RadioMap]) -> None:
    own = heard(*store, 4.0)
    found = correction_of(*store, replace(own, weight=np.full(len(own), 0.019)))
    assert not found.mean_db.any()
    assert not found.taken_db2.any()
    assert found.mean_db.shape == found.taken_db2.shape == store[1].mean_dbm.shape


def test_a_share_of_a_correction_is_added_and_its_variance_taken_away(store: tuple[Cells, RadioMap]) -> None:
    radio_map = store[1]
    shape = radio_map.mean_dbm.shape
    sigma = np.full(shape, 5.0, np.float32)
    sigma[0] = 2.0
    there = replace(radio_map, sigma_db=sigma, measured=0.0)
    taken = np.full(shape, 8.0, np.float32)
    taken[1] = 40.0
    found = Correction(np.full(shape, 6.0, np.float32), taken)
    half = found.apply(there, 0.5)
    np.testing.assert_allclose(half.mean_dbm, there.mean_dbm + 3.0, rtol=1e-6)
    # what is known better than to 3 dB stays as it is; nothing becomes surer than that
    expected = [2.0, 3.0, np.sqrt(5.0**2 - 0.5 * 8.0)]
    np.testing.assert_allclose(half.sigma_db, np.broadcast_to(np.array(expected)[:, None], shape), rtol=1e-6)
    assert half.measured == 1.0
    np.testing.assert_allclose(found.apply(there).mean_dbm, there.mean_dbm + 6.0, rtol=1e-6)
    assert found.apply(there, 0.0) is there


def test_the_nearest_cell_is_on_the_own_level(store: tuple[Cells, RadioMap]) -> None:
    level, x = np.array([0, 0, 1], np.int32), np.array([0.0, 4.0, 0.0])
    own = np.array([1, 0], np.int32), np.array([3.9, 2.1]), np.array([50.0, 0.0])
    assert nearest_cells_of((level, x, np.zeros(3)), own).tolist() == [2, 1]
    cells = store[0]
    at = nearest_cells(cells, cells.level[[5, 9]], cells.x_m[[5, 9]] + 0.3, cells.y_m[[5, 9]] - 0.3)
    assert at.tolist() == [5, 9]
