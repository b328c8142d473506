"""How much wider a fix is than its posterior: by how ill its scan fits where it was found, by how ill the store's
ranges have fitted all along, and by how many access points agree.

A posterior takes the map's spreads and the independence of access points at their word. Both can be asked of the scans
themselves. With r_a the residuals at the most likely cell, in sigmas, and w_a how far each reading is believed, the
variance of unit weight, as geodesists have it, shrunk to 1 by as much as so much freedom would weigh:

    f = (prior + sum w r²) / (prior + (1 - 2 / n) sum w)

Of one scan it says how ill that one fits. Of all ranges of a store it says what its walls and chips are like, which
differs far more than one prior can tell: measured sites lie in the order of their f by how wrong sigma was. w r² is
bounded (Student-t of 3 degrees, long ranges sooner), so it grows with about the root of the variance, which is f
squared. RSSI fits a wrong map nearly as well as the right one: there the same figure made sigma no truer.

Where a store's ranges are more exact than its map says, squares are by what they are; and the less their errors last
(`RangeNoise.lasting`), the less RANGE_UNIT, which is of errors that last, narrows fixes: its power of that share.

And one body, one heading, one law for all make the errors of access points alike: n of them say no more than
INDEPENDENT do. So the covariance is f max(1, n / INDEPENDENT) times the posterior's, by UNIT or RANGE_UNIT f_store².
That square takes out what a map says of its own spread of ranges twice where no residual is bounded, so a map that a
survey made wider than the plan's would make fixes surer: `range_spread` puts it back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np

from engine.columns import Columns
from engine.positioning.bayes import measurements
from engine.positioning.belief import Belief, Estimate, Quantity
from engine.positioning.doubting.range_noise import RangeNoise
from engine.positioning.kernels.choice import kernels
from engine.positioning.kernels.rows import floats
from engine.positioning.measurement.expectation import Expectation
from engine.positioning.measurement.likelihood import tail_weights
from engine.positioning.measurement.site import Site
from engine.positioning.settings import LocatorSettings
from engine.radio.pathloss import DEFAULT_PRIOR
from engine.records import F64, I64, Bools, Scans

INDEPENDENT = 6.0  # comes out whichever of nine measured sites and two kinds of stores is left out
SCAN_FREEDOM = 10.0  # by which one scan's fit is shrunk; 5 to 20 do alike
STORE_FREEDOM = 100.0  # by which a store's is: a minute of one phone; 10 to 200 do alike
FORGETS_AFTER = 5000.0  # freedom: an hour of one phone, some minutes of a crowd. Maps and stocks change
UNIT = 0.9  # of the posterior's covariance, where a scan fits as the map says: spreads are on the safe side
# The same with ranges. 0.54 to 0.60 put 68 % of the errors within one sigma, whichever of seven measured sites is left
# out; a wide truth is better than a narrow lie
RANGE_UNIT = 0.6
PERIOD_S = 15.0  # a scan goes by what was heard before its period, so that it is the same however scans are batched
PERIODS_KEPT = 2048  # for fixes that come later, smoothed


@dataclass(frozen=True, slots=True)
class ScanMisfit(Columns):
    """Of n scans: weighted squares of residuals at the most likely cell, and their freedom, (n, 2) of RSSI and of
    ranges; how many access points were heard (n,); `unit` (n,), what more the covariance is to be for what is known of
    the store's ranges."""

    squares: Annotated[F64, 2]
    freedom: Annotated[F64, 2]
    heard: F64
    unit: F64

    @property
    def wider(self) -> F64:
        """Times (n,) the covariance of the posteriors, by what the scans themselves say."""
        fit = (SCAN_FREEDOM + self.squares.sum(axis=1)) / (SCAN_FREEDOM + self.freedom.sum(axis=1))
        return np.asarray(fit * np.maximum(self.heard / INDEPENDENT, 1.0) * self.unit, dtype=np.float64)

    def widen(self, scans: Scans, more: F64) -> ScanMisfit:
        """With fixes by RSSI alone so many times (n,) as wide."""
        ranged = np.isfinite(scans.range_m).any(axis=1)
        return replace(self, unit=np.where(ranged, self.unit, self.unit * more))

    @staticmethod
    def none(n: int) -> ScanMisfit:
        """Of scans that are not asked."""
        return ScanMisfit(np.zeros((n, 2)), np.zeros((n, 2)), np.zeros(n), np.ones(n))


def scan_misfit(
    site: Site,
    scans: Scans,
    belief: Belief,
    estimate: Estimate,
    settings: LocatorSettings,
    likeliest: I64 | None = None,
    noise: RangeNoise | None = None,
) -> ScanMisfit:
    """What these scans say of how well they fit. `likeliest` (n,) cells, and `noise` of the ranges, where known."""
    if likeliest is None:
        likeliest = estimate.posterior.argmax(axis=1)
    squares, freedom = np.zeros((len(scans), len(Quantity))), np.zeros((len(scans), len(Quantity)))
    for k in measurements(site, scans, belief, settings):
        q, fast = k.quantity, kernels()
        expected = site.range if q == Quantity.RANGE else site.rssi
        shift = (estimate.offset_mean - belief.offset_mean)[:, q].astype(np.float32)
        if fast is not None and isinstance(expected, Expectation) and not expected.uniform:
            given = floats(expected.mean), floats(expected.weight), likeliest.astype(np.int64), k.z, k.v, k.heard
            out, freely = np.empty((len(scans), 2), np.float32), (np.float32(k.dof), np.float32(k.excess))
            fast.misfits(*given, shift, floats(belief.new_share[:, q]), *freely, out)
            squares[:, q], freedom[:, q] = out[:, 0] * belief.exactness[:, q], out[:, 1]
            continue
        mean, precision = expected.read(likeliest)
        residual = (k.z - shift[:, None] - mean) * np.sqrt(precision)
        weight = tail_weights(residual, residual**2, k.heard, k.dof, k.excess) * k.v / belief.new_share[:, q, None]
        squares[:, q] = (weight * residual**2).sum(axis=1) * belief.exactness[:, q]
        freedom[:, q] = np.maximum(1.0 - 2.0 / np.maximum(k.heard.sum(axis=1), 1), 0.0) * weight.sum(axis=1)
    ranged = np.isfinite(scans.range_m)
    heard = (np.isfinite(scans.rssi_dbm) | ranged).sum(axis=1)
    unit = np.ones(len(scans))
    if noise is not None and (noise.lasting < 1.0).any():
        unit = np.where(ranged.any(axis=1), RANGE_UNIT ** (noise.lasting - 1.0), 1.0)
    return ScanMisfit(squares, freedom, heard.astype(np.float64), unit)


def range_spread(site: Site) -> float:
    """Times the covariance of fixes with ranges, beside `StoreMisfit.wider`: the variance of ranges by this map over
    that by a plan alone, 1 and more."""
    return max(float((1.0 / site.range_thin.weight).mean()) / DEFAULT_PRIOR.range_sigma_m**2, 1.0)


class StoreMisfit:
    """How ill a store's ranges have fitted, up to the period that is under way."""

    def __init__(self) -> None:
        self._sums: F64 = np.zeros(2)  # squares and freedom of periods that are over
        self._pending: F64 = np.zeros(2)
        self._period = -np.inf
        self._since: deque[float] = deque([-np.inf], PERIODS_KEPT)
        self._wider: deque[float] = deque([self._now()], PERIODS_KEPT)

    def take_in(self, t: F64, misfit: ScanMisfit) -> None:
        """Scans at `t` (n,), in any order."""
        period = np.floor(t / PERIOD_S)
        for own in np.unique(period).tolist():
            if own > self._period:
                self._go_on(own)
            rows = period == own
            self._pending += [v[rows, Quantity.RANGE].sum() for v in (misfit.squares, misfit.freedom)]

    def wider(self, t: F64, ranged: Bools) -> F64:
        """Times (n,) the covariance, beside `ScanMisfit.wider`, of scans at `t` (n,), with ranges or without."""
        period = np.floor(t / PERIOD_S)
        if period.min(initial=np.inf) >= self._since[-1]:  # as nearly always: hours of periods need not be looked at
            return np.where(ranged, self._wider[-1], UNIT)
        at = np.searchsorted(np.array(self._since), period, side="right") - 1
        return np.where(ranged, np.array(self._wider)[np.maximum(at, 0)], UNIT)

    def state(self) -> dict[str, Any]:
        """Sums, and the period under way."""
        return {"sums": self._sums.copy(), "pending": self._pending.copy(), "period": self._period}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned."""
        self._sums, self._pending = np.array(state["sums"], np.float64), np.array(state["pending"], np.float64)
        self._period = float(state["period"])
        self._since, self._wider = deque([-np.inf], PERIODS_KEPT), deque([self._now()], PERIODS_KEPT)

    def _go_on(self, period: float) -> None:
        self._sums += self._pending
        self._sums *= min(FORGETS_AFTER / max(self._sums[1], 1.0), 1.0)
        self._pending, self._period = np.zeros_like(self._pending), period
        self._since.append(period)
        self._wider.append(self._now())

    def _now(self) -> float:
        squares, freedom = self._sums.tolist()
        return RANGE_UNIT * float((STORE_FREEDOM + squares) / (STORE_FREEDOM + freedom)) ** 2
