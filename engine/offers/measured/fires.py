"""What a track would have set off: at each threshold, triggers by what P(place) was over their dwell."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from engine.devices import CLOCK_SLACK_S
from engine.offers.measured.calibration import (
    PAID_ELSEWHERE,
    PAID_THERE,
    PASSED,
    STEPS,
    STOOD,
    THRESHOLDS,
    WAYS,
    step_of,
)
from engine.offers.measured.tills import COMING_S, LONG_ENOUGH, STANDS_M_S, WALKS_M_S, at_place, find_stand_at_till
from engine.offers.targets import begin_level
from engine.offers.triggers import GAP_S
from engine.records import F32, F64, I64, Bools

Probabilities = F32 | npt.NDArray[np.float16]
Row = tuple[int, list[tuple[int, int, float, int]], Bools]
"""A row of a track; what it sets off: target, threshold, the beginning of the dwell up to it, and the step of its mean;
and which targets at which thresholds have had their trigger in this stay."""

LEVELS = begin_level(THRESHOLDS)


def fires_of(
    t: F64, p: Probabilities, xy: F32, dwell_s: F64, tills: F64 | None = None, within: F64 | None = None
) -> F64:
    """(targets, WAYS, THRESHOLDS, STEPS) how many triggers one device's fixes at `t` (n,), in order, set off with
    P(place) of `p` (n, targets) by the rule of `engine.offers.triggers.TriggerTimers`, targets' dwells being `dwell_s`:
    those of who stood, of who was on their way, and of who stood at a till, within the place and not. `xy` (n, 2) is
    where the fixes are, m, `tills` (n, J) P(at each till), and `within` (J, targets) which share of each is of a place;
    without them nobody stood at one."""
    out = np.zeros((p.shape[1], WAYS, len(THRESHOLDS), len(STEPS)))
    paid = None if tills is None else find_stand_at_till(t, xy, tills)
    there = np.zeros(p.shape[1]) if paid is None or tills is None or within is None else at_place(tills[paid], within)
    for row, fired, _ in _rows(t, p, dwell_s):
        for k, level, _, step in fired:
            if paid is not None and t[paid.start] - COMING_S <= t[row] and row < paid.stop:
                out[k, PAID_THERE, level, step] += there[k]
                out[k, PAID_ELSEWHERE, level, step] += 1.0 - there[k]
                continue
            way = PASSED if least_way_m(t, xy, row, dwell_s[k]) > STANDS_M_S * dwell_s[k] else STOOD
            out[k, way, level, step] += 1.0
    return out


def least_way_m(t: F64, xy: F32, row: int, dwell_s: float) -> float:
    """How far a device came in the calmest dwell around `row`, from one dwell before to one after: whoever stood for a
    dwell came nowhere in it, wherever they were before. It is twice the way between the means of a dwell's two halves,
    as fixes scatter. 0 where too few tell."""
    begins, ends = np.searchsorted(t, [t[row] - dwell_s - CLOCK_SLACK_S, t[row] + dwell_s + CLOCK_SLACK_S])
    first: I64 = np.arange(begins, row + 1)
    last = np.minimum(np.searchsorted(t, t[first] + dwell_s + CLOCK_SLACK_S), ends)
    long = t[last - 1] - t[first] >= max(LONG_ENOUGH * dwell_s, CLOCK_SLACK_S)
    first, last = first[long], last[long]
    middle = np.searchsorted(t, (t[first] + t[last - 1]) / 2, side="right")
    total = np.vstack([np.zeros(2), np.cumsum(xy[begins:ends].astype(np.float64), axis=0)])
    a, b, c = (total[i - begins] for i in (first, middle, last))
    way = (b - a) / (middle - first)[:, None] - (c - b) / (last - middle)[:, None]
    return float(2 * np.hypot(*way.T).min(initial=np.inf)) if len(first) else 0.0


def crossing_share(across_m: float, dwell_s: float) -> float:
    """Which share of a dwell it takes to walk across a place: whoever passes is there for no longer."""
    return min(1.0, across_m / (WALKS_M_S * dwell_s)) if dwell_s else 1.0


def fires_at(t: F64, p: Probabilities, dwell_s: F64, at_t: float) -> tuple[I64, Bools]:
    """(targets, THRESHOLDS) what one device's fixes set off where it was at `at_t`: the step of the trigger whose
    dwell, or as long again after it, holds that time, -1 where there is none; and whether its stay then had its
    trigger: however long before, or within two dwells of that time."""
    step = np.full((p.shape[1], len(THRESHOLDS)), -1, np.int64)
    held, came = np.zeros((2, *step.shape), np.bool_)
    nearest = np.full(step.shape, np.inf)
    for row, fired, done in _rows(t, p, dwell_s):
        if t[row] <= at_t:
            held = done.copy()
        for k, at, since, own in fired:
            off = abs(float(t[row]) - at_t)
            came[k, at] |= off <= 2 * dwell_s[k]
            if since <= at_t <= t[row] + dwell_s[k] and off < nearest[k, at]:
                step[k, at], nearest[k, at] = own, off
    return step, held | came


def _rows(t: F64, p: Probabilities, dwell_s: F64) -> Iterator[Row]:
    """Row by row, for those targets alone that the device was ever likely to be at."""
    some = np.flatnonzero(p.max(axis=0) >= THRESHOLDS[0]) if len(t) else np.empty(0, np.int64)
    if not len(some):
        return
    own: F64 = p[:, some].astype(np.float64)
    total = np.vstack([np.zeros(len(some)), np.cumsum(own, axis=0)])
    first: I64 = np.full((len(some), len(THRESHOLDS)), -1, np.int64)
    done = np.zeros(first.shape, np.bool_)
    every = np.zeros((p.shape[1], len(THRESHOLDS)), np.bool_)
    near = np.diff(t, prepend=-np.inf) <= GAP_S
    for row, now in enumerate(own[:, :, None]):
        going = (now >= LEVELS) & (first >= 0) & near[row]
        first = np.where(now < LEVELS, -1, np.where(going, first, row))
        done &= going
        due = (now >= THRESHOLDS) & ~done & (t[row] - t[first] >= dwell_s[some, None] - CLOCK_SLACK_S)
        done |= due
        fired = []
        for k, at in np.argwhere(due).tolist():
            # the stay may be older than the dwell: then P was too low for the threshold, and may have been of elsewhere
            since = max(int(first[k, at]), int(np.searchsorted(t, t[row] - dwell_s[some[k]] - CLOCK_SLACK_S)))
            mean = (total[row + 1, k] - total[since, k]) / (row + 1 - since)
            fired.append((int(some[k]), at, float(t[since]), int(step_of(np.array([mean]))[0])))
        every[some] = done
        yield row, fired, every
