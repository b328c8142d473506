"""What labels say of the radio map: a correction of each access point near labelled places, and zero elsewhere.

A Gaussian process per access point on top of the map that is there (`engine.radio.residuals`), after each device's own
offset is taken out. A label may be wrong, so each has a weight, and a Student-t tail over all that it heard together. A
level that all labels share moves the map as a whole only as far as labels cover the floor.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.spatial import cKDTree

from engine.plan.cells import Cells
from engine.positioning.labels.places import Taught
from engine.radio.evidence import SHADOW_M
from engine.radio.pathloss import DEFAULT_PRIOR
from engine.radio.radiomap import RadioMap
from engine.radio.reach import share_near
from engine.records import F32, F64, I32, I64

LENGTH_M = 4.0  # of shadows
CAP_DB = 8.0
BODY_DB = 3.0  # of one label: another body, another hand, facing elsewhere
FAST_DB = 4.0  # of one scan
DEVICE_DB = 8.0  # spread of phones' offsets
TAIL_DOF = 4.0
PASSES = 3
LEAST_WEIGHT = 0.02
SLOPE_DB = 10.0 * DEFAULT_PRIOR.exponent / np.log(10.0)  # of RSSI over the logarithm of distance
NEAR_AP_M = 3.0  # the slope of the map is taken no steeper than at this distance
LEAST_SIGMA_DB = 3.0
FAR_M = 1e4  # between levels
POOL_M = 0.5
VARIANCE_CELLS = 1500  # at which what is left of the spread is computed; others take the nearest's


Where = tuple[I32, F64, F64]
"""Places (n,): level, x and y."""


@dataclass(frozen=True, slots=True)
class Correction:
    """Of a radio map (A, C): dB to add to its means, and how much of the shadows' variance labels took away."""

    mean_db: F32
    taken_db2: F32

    def apply(self, radio_map: RadioMap, share: float = 1.0) -> RadioMap:
        """The map with so large a share of the correction, 0 to 1."""
        if share == 0.0:
            return radio_map
        variance = radio_map.sigma_db.astype(np.float64) ** 2 - share * self.taken_db2
        least = np.minimum(radio_map.sigma_db, LEAST_SIGMA_DB) ** 2
        sigma = np.sqrt(np.maximum(variance, least)).astype(np.float32)
        mean = (radio_map.mean_dbm + np.float32(share) * self.mean_db).astype(np.float32)
        return replace(radio_map, mean_dbm=mean, sigma_db=sigma, measured=1.0, kept=1.0)


def nearest_cells(cells: Cells, level: I32, x_m: F64, y_m: F64) -> I64:
    """(n,) the cell where one stands at each place."""
    return nearest_cells_of((cells.level, cells.x_m, cells.y_m), (level, x_m, y_m))


def nearest_cells_of(there: Where, places: Where) -> I64:
    """(n,) which of these cells is nearest to each place, on its level."""
    (level, x, y), (own_level, own_x, own_y) = there, places
    tree = cKDTree(np.column_stack([x, y, FAR_M * level]))
    return np.asarray(tree.query(np.column_stack([own_x, own_y, FAR_M * own_level]))[1], np.int64)


def correction_of(cells: Cells, radio_map: RadioMap, taught: Taught) -> Correction:
    """What these labels (n rows) say of the map."""
    nothing = np.zeros(radio_map.mean_dbm.shape, np.float32)
    keep = np.flatnonzero(taught.weight >= LEAST_WEIGHT)
    own = taught.take(keep)
    if not len(own):
        return Correction(nothing, nothing)
    at = nearest_cells(cells, own.level, own.x_m, own.y_m)
    residual = own.rssi_dbm.astype(np.float64) - radio_map.mean_dbm[:, at].T
    noise = _noise(own, radio_map, at)
    covered = share_near(cells, own.level, own.x_m, own.y_m)
    place = (own.level, own.x_m, own.y_m)
    tail = np.ones(len(own))
    smooth, level = 0.0, np.zeros(radio_map.n_ap)
    fields = np.zeros_like(residual)
    for _ in range(PASSES):
        var = noise / (own.weight * tail)[:, None]
        left = residual - _offsets(residual - fields, var, own.number)[:, None]
        level = _levels(left, var) * covered
        left = left - level
        smooth = _amplitude(own, left)
        pooled, known, spread = _pool(place, left, var)
        own_fields = [_Process.of(pooled, known[:, a], spread[:, a], smooth).mean(place) for a in range(radio_map.n_ap)]
        fields = level + np.stack(own_fields, axis=1)
        tail = _tail(left + level - fields, noise, smooth)
    var = noise / (own.weight * tail)[:, None]
    left = residual - _offsets(residual - fields, var, own.number)[:, None] - level
    mean, taken = nothing.copy(), nothing.copy()
    every = (cells.level, cells.x_m, cells.y_m)
    thin = np.arange(0, len(cells), max(1, -(-len(cells) // VARIANCE_CELLS)))
    thin_at = (cells.level[thin], cells.x_m[thin], cells.y_m[thin])
    back = nearest_cells_of(thin_at, every)
    pooled, known, spread = _pool(place, left, var)
    for a in range(radio_map.n_ap):
        process = _Process.of(pooled, known[:, a], spread[:, a], smooth)
        mean[a] = level[a] + process.mean(every)
        taken[a] = process.explain_variance(thin_at)[back]
    return Correction(mean, taken)


def _noise(own: Taught, radio_map: RadioMap, at: I64) -> F64:
    """(n, A) variance of each label's residuals: bodies, fading, and a place that is a little elsewhere."""
    scans = np.maximum(own.scans, 1.0)[:, None]
    loss = np.maximum(-35.0 - radio_map.mean_dbm[:, at].T.astype(np.float64), 0.0)
    far = np.maximum(10.0 ** (loss / (10.0 * DEFAULT_PRIOR.exponent)), NEAR_AP_M)  # about how far the map says it is
    slope = SLOPE_DB / far
    alike = _alike(own)[:, None]  # labels of one device in one place share its body and its minute
    one = BODY_DB**2 + FAST_DB**2 / scans + (slope * own.place_sigma_m[:, None]) ** 2 / 2
    return np.asarray(one * alike, np.float64)


def _alike(own: Taught) -> F64:
    """(n,) how many labels of the same device lie in the same square as each."""
    square = np.stack(
        [own.number, own.level, np.floor(own.x_m / SHADOW_M), np.floor(own.y_m / SHADOW_M)], axis=1
    ).astype(np.int64)
    _, of, count = np.unique(square, axis=0, return_inverse=True, return_counts=True)
    return count[of].astype(np.float64)


def _offsets(left: F64, var: F64, number: I64) -> F64:
    """(n,) the offset of each row's device, shrunk to none."""
    heard = np.isfinite(left)
    weight = np.where(heard, 1.0 / var, 0.0)
    devices, of = np.unique(number, return_inverse=True)
    total = np.bincount(of, weights=(weight * np.where(heard, left, 0.0)).sum(axis=1), minlength=len(devices))
    known = np.bincount(of, weights=weight.sum(axis=1), minlength=len(devices))
    return np.asarray((total / (known + 1.0 / DEVICE_DB**2))[of], np.float64)


def _levels(left: F64, var: F64) -> F64:
    """(A,) what all labels of an access point share, shrunk to none."""
    heard = np.isfinite(left)
    weight = np.where(heard, 1.0 / (var + 16.0), 0.0)
    return np.asarray((weight * np.where(heard, left, 0.0)).sum(axis=0) / (weight.sum(axis=0) + 1.0 / 16.0), np.float64)


def _amplitude(own: Taught, left: F64) -> float:
    """Spread of the shadows, shared by all access points: a moment estimate from pairs of labels of different devices
    that are less than half a length apart. Those have the shadow in common, and nothing else."""
    d = np.hypot(own.x_m[:, None] - own.x_m, own.y_m[:, None] - own.y_m)
    near = (d < LENGTH_M / 2) & (own.number[:, None] != own.number) & (own.level[:, None] == own.level)
    value = np.clip(np.where(np.isfinite(left), left, 0.0), -3 * CAP_DB, 3 * CAP_DB)
    heard = np.isfinite(left).astype(np.float64)
    weight = near * np.exp(-d / LENGTH_M)
    total, count = float((near * (value @ value.T)).sum()), float((weight * (heard @ heard.T)).sum())
    return float(np.clip(np.sqrt(max(total / count, 0.0)), 0.0, CAP_DB)) if count > 0 else 0.0


def _tail(left: F64, noise: F64, smooth: float) -> F64:
    """(n,) Student-t weights of labels, by all that each heard."""
    heard = np.isfinite(left)
    squared = np.where(heard, left**2 / (noise + 0.5 * smooth**2), 0.0).sum(axis=1)
    n = heard.sum(axis=1)
    return np.asarray(np.minimum((TAIL_DOF + n) / (TAIL_DOF + squared), 1.0), np.float64)


def _pool(place: Where, left: F64, var: F64) -> tuple[Where, F64, F64]:
    """Labels of one place, a square of POOL_M, as one: places (m,), residuals and variances (m, A)."""
    square = np.stack([place[0], np.floor(place[1] / POOL_M), np.floor(place[2] / POOL_M)], axis=1).astype(np.int64)
    _, first, of = np.unique(square, axis=0, return_index=True, return_inverse=True)
    heard = np.isfinite(left)
    weight = np.where(heard, 1.0 / var, 0.0)
    known, total = np.zeros((len(first), left.shape[1])), np.zeros((len(first), left.shape[1]))
    np.add.at(known, of, weight)
    np.add.at(total, of, weight * np.where(heard, left, 0.0))
    some = known > 0
    mean = np.where(some, total / np.where(some, known, 1.0), np.nan)
    spread = np.where(some, 1.0 / np.where(some, known, 1.0), np.inf)
    return (place[0][first], place[1][first], place[2][first]), mean, spread


@dataclass(frozen=True, slots=True)
class _Process:
    """The Gaussian process of one access point: where it was heard, the factor of their covariance, and the mean's
    weights."""

    place: Where
    factor: tuple[F64, bool]
    weights: F64
    smooth: float

    @classmethod
    def of(cls, place: Where, left: F64, var: F64, smooth: float) -> _Process:
        """From residuals (n,), NaN where unheard, with their variance."""
        rows = np.flatnonzero(np.isfinite(left))
        at = (place[0][rows], place[1][rows], place[2][rows])
        factor = cho_factor(_kernel(at, at, smooth) + np.diag(var[rows]), lower=True)
        return cls(at, factor, cho_solve(factor, left[rows]), smooth)

    def mean(self, to: Where) -> F64:
        """(m,) at places."""
        return np.asarray(_kernel(to, self.place, self.smooth) @ self.weights, np.float64)

    def explain_variance(self, to: Where) -> F32:
        """(m,) of the variance, what is known now."""
        kernel = _kernel(to, self.place, self.smooth)
        return np.asarray((kernel * cho_solve(self.factor, kernel.T).T).sum(axis=1), np.float32)


def _kernel(one: Where, other: Where, smooth: float) -> F64:
    d = np.hypot(one[1][:, None] - other[1], one[2][:, None] - other[2])
    return np.asarray(smooth**2 * np.exp(-d / LENGTH_M) * (one[0][:, None] == other[0]), np.float64)
