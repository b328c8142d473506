"""Expected visits of one device, out of its history of P(zone), without deciding whether it was there.

Errors of one stay go together: whoever is taken for a metre too far to the left is so in all its fixes. So P(zone) is
not a coin for each fix, but one threshold for the whole stay: with U drawn once, evenly between 0 and 1, the device was
in the zone whenever P(zone) was at least U. That keeps each fix's own probability, and makes errors of a stay as much
alike as they can be (the comonotone coupling: Dhaene et al. 2002, "The concept of comonotonicity in actuarial science
and finance"). Visits and their length are then plain counts at each threshold; their means over thresholds are what is
expected, their variance how little is known. Nothing is lost below a threshold, as where zones are as narrow as the
error it would be.

What flickers faster than people go to and fro is the filter's. Time is told by the mean of P(zone) over `SMOOTH_S`
before and after, which keeps all of it where it was. Visits are not: a mean makes 28 s of each visit of 12, and visits
of those who walk through. They are told by the median over `MEDIAN_S`, which leaves edges where they are and drops
whatever is shorter (Tukey 1977, "Exploratory data analysis"). It is taken at each threshold by itself: whoever was
above it for most of the window (Fitch, Coyle and Gallagher 1984, "Median filtering by threshold decomposition", IEEE
Transactions on Acoustics, Speech and Signal Processing 32).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.devices import CLOCK_SLACK_S
from engine.records import F64, I64, Bools

LEVELS = 10
SMOOTH_S = 14.0
MEDIAN_S = 12.0
"""Before and after. Were places known, `VISIT_S` would do, as what is shorter is no visit; errors last a little longer.
Of 10 to 14 s it is what four stores choose, whichever of them is left out (docs/accuracy)."""
VISIT_S = 10.0
"""A stay in a zone counts as a visit from so long on: who walks through an aisle takes less."""
JOIN_S = 10.0
"""Whoever is out for at most this long has not left."""
_LEAST_WEIGHT_S = 0.5  # of a fix that stands for no time: the first of a stay
_LEAST_KNOWN_S = 1e-3  # the same, where it is only asked for how long something was so


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


def levels_above(p: F64) -> Bools:
    """At which of the times (n,) P (n, Z) is at each of `LEVELS` thresholds or above: (Z, LEVELS, n)."""
    threshold = (np.arange(LEVELS) + 0.5) / LEVELS
    return np.asarray(p.T[:, None, :] >= threshold[None, :, None], np.bool_)


def mostly(t: F64, seconds: F64, inside: Bools, half_s: float = MEDIAN_S) -> Bools:
    """Whether `inside` (Z, L, n) held for half of the known time within `half_s` of the middle of what each fix stands
    for: ascending times `t` (n,), each standing for the `seconds` (n,) before it."""
    weight = np.maximum(seconds, _LEAST_KNOWN_S)
    known = np.concatenate([[0.0], np.cumsum(weight)])
    sums = np.zeros((*inside.shape[:2], len(known)))
    np.cumsum(inside * weight, axis=2, out=sums[:, :, 1:])

    def until(at: F64) -> tuple[F64, F64]:
        """The known time before each `at` (n,), and how much of it was inside (Z, L, n)."""
        k = np.minimum(np.searchsorted(t, at, side="left"), len(t) - 1)
        into = np.clip(at - t[k] + weight[k], 0.0, weight[k])
        return known[k] + into, sums[:, :, k] + into / weight[k] * (sums[:, :, k + 1] - sums[:, :, k])

    middle = t - seconds / 2
    (low, out), (high, in_) = until(middle - half_s), until(middle + half_s)
    return np.asarray(in_ - out >= (high - low) / 2 - CLOCK_SLACK_S, np.bool_)


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
