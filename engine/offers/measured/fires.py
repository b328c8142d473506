"""What a track would have set off: at each threshold, triggers by what P(place) was over their dwell."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.devices import CLOCK_SLACK_S
from engine.offers.measured.calibration import STEPS, THRESHOLDS, step_of
from engine.offers.targets import KEEPS
from engine.offers.triggers import GAP_S
from engine.records import F32, F64, I64


def fires_of(t: F64, p: F32 | npt.NDArray[np.float16], dwell_s: F64) -> F64:
    """(targets, THRESHOLDS, STEPS) how many triggers one device's fixes at `t` (n,), in order, set off with P(place) of
    `p` (n, targets) by the rule of `engine.offers.triggers.TriggerTimers`, targets' dwells being `dwell_s`."""
    out = np.zeros((p.shape[1], len(THRESHOLDS), len(STEPS)))
    some = np.flatnonzero(p.max(axis=0) >= THRESHOLDS[0]) if len(t) else np.empty(0, np.int64)
    if not len(some):
        return out
    own: F64 = p[:, some].astype(np.float64)
    total = np.vstack([np.zeros(len(some)), np.cumsum(own, axis=0)])
    first: I64 = np.full((len(some), len(THRESHOLDS)), -1, np.int64)
    done = np.zeros(first.shape, np.bool_)
    near = np.diff(t, prepend=-np.inf) <= GAP_S
    for row, now in enumerate(own[:, :, None]):
        first = np.where(now < THRESHOLDS, -1, np.where((first >= 0) & near[row], first, row))
        done &= near[row] & (now >= KEEPS * THRESHOLDS)
        due = (first >= 0) & ~done & (t[row] - t[first] >= dwell_s[some, None] - CLOCK_SLACK_S)
        done |= due
        for k, at in np.argwhere(due).tolist():
            since = int(first[k, at])
            mean = (total[row + 1, k] - total[since, k]) / (row + 1 - since)
            out[some[k], at, int(step_of(np.array([mean]))[0])] += 1.0
    return out
