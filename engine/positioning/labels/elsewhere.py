"""Whether products that tracks say stand elsewhere are heard elsewhere, too.

Where the map is folded, tracks are off by as much as a product that was moved, and alike for all that stand together.
What access points heard at the labels knows no map: a product that stands where the plan says is heard there as labels
of the products around it let expect, and one that was moved as those around its new place do. For each access point
that is a Gaussian process of what was heard at all other products' places, around a law of distance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.spatial import cKDTree

from engine.plan.cells import Cells
from engine.plan.model import Plan
from engine.positioning.labels.doubts import MovedProduct, are_timed, witnesses_of
from engine.positioning.labels.field import BODY_DB, FAST_DB, LENGTH_M, TAIL_DOF
from engine.positioning.labels.places import Taught
from engine.radio.pathloss import DEFAULT_PRIOR, log_distance
from engine.radio.radiomap import prior_powers
from engine.radio.ridge import DEFAULT_RIDGE, SHADOW_DB
from engine.records import F64, I32, I64

MOST_OTHERS = 200  # products that one is held against: half of them the nearest, the others evenly
MOST_CELLS = 500
OFFSET_DB = 3.0  # what is left of the phones' offsets at one product, beside those at the others
OFF_FLOOR_M = 2.5  # a product stands on a shelf beside the floor: further from it nothing does


@dataclass(frozen=True, slots=True)
class _Heard:
    """Of each labelled product of a level: its number, its place in the plan, medians of what access points heard at
    its labels (n, A), NaN where unheard, their variance (n,), and 10 log10 of the way to each access point (n, A)."""

    product: I32
    x_m: F64
    y_m: F64
    rssi_dbm: F64
    variance: F64
    log_d: F64


def keep_heard_elsewhere(plan: Plan, cells: Cells, taught: Taught, moved: Sequence[MovedProduct]) -> list[MovedProduct]:
    """Those of the `moved` whose labels are likelier to have been heard anywhere else on their floor than where the
    plan has them, and that seem to stand on it. The clearest come first, and say nothing of the others any more: what
    their labels heard is of another place."""
    own = taught.take(are_timed(taught.kind) & (taught.product >= 0))
    own = own.take(witnesses_of(own))
    out: list[MovedProduct] = []
    for level in sorted({m.level for m in moved}):
        there = _cells_of_level(cells, level)
        heard = _sum_up(plan, own.take(own.level == level), level)
        named = [m for m in moved if m.level == level and _on_floor(cells, there, m)]
        clear = {m.product: _odds(plan, cells, there, heard, m.product, []) for m in named}
        gone: list[int] = []
        for m in sorted(named, key=lambda m: -clear[m.product]):
            if (_odds(plan, cells, there, heard, m.product, gone) if gone else clear[m.product]) > 0.0:
                gone.append(m.product)
                out.append(m)
    return sorted(out, key=lambda m: -m.moved_m)


def _cells_of_level(cells: Cells, level: int) -> I64:
    """The cells of a level, evenly MOST_CELLS of more."""
    own = np.flatnonzero(cells.level == level)
    return own[:: max(1, -(-len(own) // MOST_CELLS))]


def _on_floor(cells: Cells, there: I64, moved: MovedProduct) -> bool:
    if not len(there):
        return False
    tree = cKDTree(np.column_stack([cells.x_m[there], cells.y_m[there]]))
    return float(tree.query([moved.x_m, moved.y_m])[0]) <= OFF_FLOOR_M


def _sum_up(plan: Plan, own: Taught, level: int) -> _Heard:
    product, first = np.unique(own.product, return_index=True)
    x, y = own.x_m[first], own.y_m[first]
    rssi, variance = np.full((len(product), own.rssi_dbm.shape[1]), np.nan), np.empty(len(product))
    for k, one in enumerate(product.tolist()):
        its = own.product == one
        values = own.rssi_dbm[its].astype(np.float64)
        some = np.isfinite(values).any(axis=0)
        rssi[k, some] = np.nanmedian(values[:, some], axis=0)
        devices = len(np.unique(own.number[its]))
        variance[k] = BODY_DB**2 + FAST_DB**2 / max(float(np.median(own.scans[its])) * devices, 1.0)
    return _Heard(product, x, y, rssi, variance, _log_d(plan, level, x, y))


def _log_d(plan: Plan, level: int, x_m: F64, y_m: F64) -> F64:
    """(n, A) 10 log10 of the way from places of a level to each access point."""
    floor_m = np.array([one.floor_z_m for one in plan.levels])
    points = plan.access_points
    hangs_m = np.array([p.z_m + floor_m[plan.level_index[p.level]] for p in points])
    above_m = hangs_m - floor_m[level] - DEFAULT_PRIOR.device_height_m
    away = [x_m[:, None] - np.array([p.x_m for p in points]), y_m[:, None] - np.array([p.y_m for p in points])]
    return log_distance(np.sqrt(away[0] ** 2 + away[1] ** 2 + above_m**2))


def _odds(plan: Plan, cells: Cells, there: I64, heard: _Heard, product: int, gone: Sequence[int]) -> float:
    """The log of how much likelier what was heard of a product is anywhere on its floor than at its place, by all
    products but those that are `gone`. -inf where nothing was heard of it."""
    found = np.flatnonzero(heard.product == product)
    if not len(found):
        return -np.inf
    k = int(found[0])
    others = np.flatnonzero(~np.isin(heard.product, [product, *gone]))
    order = others[np.argsort(np.hypot(heard.x_m[others] - heard.x_m[k], heard.y_m[others] - heard.y_m[k]))]
    near, far = order[: MOST_OTHERS // 2], order[MOST_OTHERS // 2 :]
    others = np.concatenate([near, far[:: max(1, -(-len(far) // (MOST_OTHERS // 2)))]])
    x, y = np.append(heard.x_m[k], cells.x_m[there]), np.append(heard.y_m[k], cells.y_m[there])
    log_d = _log_d(plan, int(cells.level[there[0]]), x, y)
    p0, exponent = prior_powers(plan)
    left, variance = [], []
    for a in np.flatnonzero(np.isfinite(heard.rssi_dbm[k])).tolist():
        rows = others[np.isfinite(heard.rssi_dbm[others, a])]
        if not len(rows):
            continue
        base, slope = heard.rssi_dbm[rows, a] - p0[a] + exponent[a] * heard.log_d[rows, a], heard.log_d[rows, a]
        kernel = _shadows(heard.x_m[rows], heard.y_m[rows], heard.x_m[rows], heard.y_m[rows]) + _law(slope, slope)
        across = _shadows(x, y, heard.x_m[rows], heard.y_m[rows]) + _law(log_d[:, a], slope)
        factor = cho_factor(kernel + np.diag(heard.variance[rows]), lower=True)
        foreseen = p0[a] - exponent[a] * log_d[:, a] + across @ cho_solve(factor, base)
        known = (across * cho_solve(factor, across.T).T).sum(axis=1)
        left.append(heard.rssi_dbm[k, a] - foreseen)
        variance.append(SHADOW_DB**2 + _law_variance(log_d[:, a]) - known + heard.variance[k])
    if not left:
        return -np.inf
    log = _log_likelihood(np.array(left), np.maximum(np.array(variance), heard.variance[k]))
    return float(np.logaddexp.reduce(log[1:]) - np.log(len(log) - 1) - log[0])


def _shadows(x_m: F64, y_m: F64, other_x_m: F64, other_y_m: F64) -> F64:
    """(n, m) covariance of what shadows do at places."""
    d = np.hypot(x_m[:, None] - other_x_m, y_m[:, None] - other_y_m)
    return np.asarray(SHADOW_DB**2 * np.exp(-d / LENGTH_M), np.float64)


_POWER = DEFAULT_PRIOR.p0_spread_db**2 + DEFAULT_RIDGE.ap_power_db**2
_SLOPE = DEFAULT_PRIOR.exponent_spread**2 + DEFAULT_PRIOR.ap_exponent_spread**2


def _law(log_d: F64, other: F64) -> F64:
    """(n, m) covariance of what is not known of one access point's power and exponent."""
    return np.asarray(_POWER + _SLOPE * log_d[:, None] * other, np.float64)


def _law_variance(log_d: F64) -> F64:
    return np.asarray(_POWER + _SLOPE * log_d**2, np.float64)


def _log_likelihood(left: F64, variance: F64) -> F64:
    """(n,) of residuals (A, n) with their variances, but for a constant: an offset that all access points share is
    taken out, and tails are Student's, over all that was heard together."""
    weight = 1.0 / variance
    total, shared = weight.sum(axis=0), (weight * left).sum(axis=0)
    squared = (weight * left**2).sum(axis=0) - shared**2 / (total + 1.0 / OFFSET_DB**2)
    tail = (TAIL_DOF + len(left)) * np.log1p(squared / TAIL_DOF)
    return np.asarray(-0.5 * (tail + np.log(variance).sum(axis=0) + np.log1p(OFFSET_DB**2 * total)), np.float64)
