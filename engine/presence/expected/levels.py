"""Expected visits of one device, out of its history of P(zone), without deciding whether it was there.

Errors of one stay go together: whoever is taken for a metre too far to the left is so in all its fixes. So P(zone) is
not a coin for each fix, but one threshold for the whole stay: with U drawn once, evenly between 0 and 1, the device was
in the zone whenever P(zone) was at least U. That keeps each fix's own probability, and makes errors of a stay as much
alike as they can be (the comonotone coupling: Dhaene et al. 2002, "The concept of comonotonicity in actuarial science
and finance"). Visits and their length are then plain counts at each threshold; their means over thresholds are what is
expected, their variance how little is known. Nothing is lost below a threshold, as where zones are as narrow as the
error it would be.

P(zone) is the mean over `SMOOTH_S` before and after, which keeps all time where it was: what flickers faster is the
filter's, nobody goes to and fro so fast.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.devices import CLOCK_SLACK_S
from engine.records import F64, I64, Bools

LEVELS = 10
SMOOTH_S = 14.0
VISIT_S = 10.0
"""A stay in a zone counts as a visit from so long on: who walks through an aisle takes less."""
JOIN_S = 10.0
"""Whoever is out for at most this long has not left."""
_LEAST_WEIGHT_S = 0.5  # of a fix that stands for no time: the first of a stay


@dataclass(frozen=True, slots=True)
class Runs:
    """Times in a zone at a threshold, or of a way, one row each, arrays (n,): `zone` and `level` are indices, `dwell_s`
    long."""

    zone: I64
    level: I64
    started_at: F64
    dwell_s: F64


def smooth_over(t: F64, seconds: F64, p: F64, half_s: float = SMOOTH_S) -> F64:
    """P(zone) (n, Z) at ascending times (n,), each the mean of those within `half_s`, weighed by their `seconds`."""
    weight = np.maximum(seconds, _LEAST_WEIGHT_S)[:, None]
    sums = np.concatenate([np.zeros((1, p.shape[1] + 1)), np.cumsum(np.hstack([weight, weight * p]), axis=0)])
    low = np.searchsorted(t, t - half_s - CLOCK_SLACK_S, side="left")
    high = np.searchsorted(t, t + half_s + CLOCK_SLACK_S, side="right")
    part = sums[high] - sums[low]
    return np.asarray(np.clip(part[:, 1:] / part[:, :1], 0.0, 1.0), np.float64)


def runs_above(t: F64, seconds: F64, p: F64, least_s: float | F64 = VISIT_S) -> Runs:
    """The visits at each of `LEVELS` thresholds: P(zone) (n, Z) at ascending times (n,), each standing for `seconds`.

    Times apart by `JOIN_S` at most are one; what lasts less than `least_s` (of each zone, or of all) is none.
    """
    threshold = (np.arange(LEVELS) + 0.5) / LEVELS
    return runs_of(t, seconds, p.T[:, None, :] >= threshold[None, :, None], least_s)


def runs_of(t: F64, seconds: F64, inside: Bools, least_s: float | F64) -> Runs:
    """The visits of each of several ways to see it: `inside` (Z, L, n) says at which of the times who was where."""
    zone, level, at = np.nonzero(inside)
    if not len(at):
        return Runs(zone, level, np.empty(0), np.empty(0))
    begins_at = t - seconds
    begins = np.ones(len(at), np.bool_)
    begins[1:] = (
        (zone[1:] != zone[:-1]) | (level[1:] != level[:-1]) | (begins_at[at[1:]] - t[at[:-1]] > JOIN_S + CLOCK_SLACK_S)
    )
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(at)) - 1
    started_at = begins_at[at[first]]
    dwell_s = t[at[last]] - started_at
    least = np.broadcast_to(np.asarray(least_s, np.float64), inside.shape[:1])[zone[first]]
    long = dwell_s >= least - CLOCK_SLACK_S
    return Runs(zone[first][long], level[first][long], started_at[long], dwell_s[long])
