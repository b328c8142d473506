"""What evidence says of ranges: how long they come out, per access point, and how far they scatter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.radio.evidence import Evidence
from engine.radio.pathloss import RadioPrior
from engine.radio.reach import Reach
from engine.records import F64

QUANTILE = 0.4  # of the errors: near the line-of-sight bias; people and shelves lengthen the median
AP_BIAS_SD_M = 1.0  # of one access point around the store's
SHADOW_M = 2.5  # what one shadow adds to ranges
SIGMA_FLOOR_M = 1.0  # of one scan of another device, however well the surveyed one fits


@dataclass(frozen=True, slots=True)
class RangeFit:
    """`bias_m` (A,) and `sigma_m` of ranges; `known` says whether there was any evidence."""

    bias_m: F64
    sigma_m: float
    known: bool


def fit_ranges(evidence: Evidence, n_ap: int, prior: RadioPrior, reach: Reach) -> RangeFit:
    """The store's bias as a quantile of all errors; each access point's shrunk towards it."""
    rows = np.flatnonzero(np.isfinite(evidence.range_m) & evidence.of_devices)
    if not len(rows):
        return RangeFit(np.full(n_ap, prior.range_bias_m), prior.range_sigma_m, known=False)
    ev = evidence.take(rows)
    error, weight = ev.range_m - ev.distance_m, 1.0 / ev.crowd
    shared = weighted_quantile(error, weight, QUANTILE)
    bias = np.full(n_ap, shared)
    for a in np.unique(ev.ap).tolist():
        at = ev.ap == a
        shadows = weight[at].sum() * reach.weight
        share = shadows / (shadows + (SHADOW_M / AP_BIAS_SD_M) ** 2)
        bias[a] = shared + share * (weighted_quantile(error[at], weight[at], QUANTILE) - shared)
    spread = 1.4826 * float(np.median(np.abs(error - bias[ev.ap])))
    return RangeFit(bias, max(SIGMA_FLOOR_M, 0.5 * (spread + prior.range_sigma_m)), known=True)


def weighted_quantile(values: F64, weight: F64, share: float) -> float:
    """The value under which `share` (0 to 1) of the weight lies, linear between values."""
    order = np.argsort(values)
    rank = (np.cumsum(weight[order]) - weight[order] / 2) / weight.sum()
    return float(np.interp(share, rank, values[order]))
