"""How badly signals fit the plan's access points, if what was heard was heard at these places.

Signals fall with distance, ranges grow with it: each access point and device with a power (a bias) of its own, all with
one exponent,

    z = P_g - n 10 log10 d,   1 <= n <= 4.5        r = d + b_g

Student's t with 4 degrees of freedom around it, its scale by maximum likelihood (Lange, Little and Taylor 1989).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.plan.model import Plan
from engine.radio.frames.heard import HeardRows
from engine.radio.pathloss import DEFAULT_PRIOR, log_distance
from engine.records import F64

FREEDOM = 4.0
PASSES = 6
EXPONENTS = (1.0, 4.5)
LEAST_DB, LEAST_M = 1.0, 0.3  # of the scale: nobody's signals are truer
AT_ONCE = 2_000_000  # values: bounds the memory


def misfit(plan: Plan, rows: HeardRows, x_m: F64, y_m: F64) -> F64:
    """(V, A) minus the log-likelihood of what each of the A access points in `rows` (n,) says, for each of V ways to
    place the rows, `x_m` and `y_m` (V, n)."""
    step = max(1, AT_ONCE // max(len(rows), 1))
    parts = [_misfit(plan, rows, x_m[i : i + step], y_m[i : i + step]) for i in range(0, len(x_m), step)]
    return np.concatenate(parts)


def misfit_of_nowhere(rows: HeardRows) -> F64:
    """(A,) the same if what was heard has nothing to do with distance: each group around its own mean."""
    cost = np.empty((1, len(rows)))
    for ranged, least in ((False, LEAST_DB), (True, LEAST_M)):
        own = np.flatnonzero(rows.ranged == ranged)
        if len(own):
            cost[:, own] = _Fit(rows.take(own)).of_nothing(least)
    return np.asarray(_by_point(rows, cost)[0], np.float64)


def _misfit(plan: Plan, rows: HeardRows, x_m: F64, y_m: F64) -> F64:
    at = np.array([(p.x_m, p.y_m, p.z_m - DEFAULT_PRIOR.device_height_m) for p in plan.access_points])[rows.ap]
    distance = np.sqrt((x_m - at[:, 0]) ** 2 + (y_m - at[:, 1]) ** 2 + at[:, 2] ** 2)
    cost = np.empty_like(distance)
    for ranged in (False, True):
        own = np.flatnonzero(rows.ranged == ranged)
        if len(own):
            fit = _Fit(rows.take(own))
            cost[:, own] = fit.of_ranges(distance[:, own]) if ranged else fit.of_signals(distance[:, own])
    return _by_point(rows, cost)


def _by_point(rows: HeardRows, cost: F64) -> F64:
    """(V, A) sums of the costs (V, n)."""
    points, of = np.unique(rows.ap, return_inverse=True)
    return np.asarray(cost @ np.eye(len(points))[of], np.float64)


class _Fit:
    """Of rows (n,) of one kind, to V distances of each."""

    def __init__(self, rows: HeardRows) -> None:
        self._value, self._weight = rows.value, rows.weight
        self._first, self._of = np.unique(rows.group, return_index=True, return_inverse=True)[1:]

    def of_signals(self, distance_m: F64) -> F64:
        """(V, n) the cost of each row."""
        log_d = log_distance(distance_m)
        value = np.broadcast_to(self._value, log_d.shape)

        def left(weight: F64) -> F64:
            z, d = self._centre(value, weight), self._centre(log_d, weight)
            slope = -(weight * d * z).sum(axis=1) / np.maximum((weight * d * d).sum(axis=1), 1e-9)
            return np.asarray(z + np.clip(slope, *EXPONENTS)[:, None] * d, np.float64)

        return self._cost(left, log_d.shape, LEAST_DB)

    def of_ranges(self, distance_m: F64) -> F64:
        """(V, n) the cost of each row."""
        value = self._value - distance_m
        return self._cost(lambda weight: self._centre(value, weight), distance_m.shape, LEAST_M)

    def of_nothing(self, least: float) -> F64:
        """(1, n) the cost of each row around the mean of its group."""
        value = self._value[None]
        return self._cost(lambda weight: self._centre(value, weight), value.shape, least)

    def _centre(self, values: F64, weight: F64) -> F64:
        """Values (V, n) less the mean of their group."""
        total = np.add.reduceat(weight * values, self._first, axis=1) / np.add.reduceat(weight, self._first, axis=1)
        return np.asarray(values - total[:, self._of], np.float64)

    def _cost(self, left: Callable[[F64], F64], shape: tuple[int, ...], least: float) -> F64:
        """(V, n), where `left` gives residuals (V, n) of a fit in which rows weigh so much (V, n)."""
        weight = np.broadcast_to(self._weight, shape)
        whole, least2 = float(self._weight.sum()), least**2
        residual = left(weight)
        scale2 = np.maximum((weight * residual**2).sum(axis=1, keepdims=True) / whole, least2)
        for _ in range(PASSES):
            tail = weight * (FREEDOM + 1.0) / (FREEDOM + residual**2 / scale2)
            scale2 = np.maximum((tail * residual**2).sum(axis=1, keepdims=True) / whole, least2)
            residual = left(tail)
        rho = 0.5 * np.log(scale2) + 0.5 * (FREEDOM + 1.0) * np.log1p(residual**2 / (FREEDOM * scale2))
        return np.asarray(weight * rho, np.float64)
