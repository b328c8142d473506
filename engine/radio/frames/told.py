"""Places that were all told in another frame than the plan's: mirrored, turned, with x and y swapped, stretched, off by
one vector, or in none at all. Such places agree with each other, so that leaving some out says nothing; the plan's
access points contradict them.

Each frame that people use by mistake is tried, and how well signals then fit (`misfit`) is held against the places as
they were told, give or take NEAR_M: plans and people are off by as much. Access points have a vote each, so that one
that hangs elsewhere, or stands behind a wall, names nothing: another frame must be likelier by far, for most of them,
and by more than they differ. How well a common vector is known is told by leaving each access point out (Quenouille's
jackknife, as of Efron 1982), by Student's t, since they are few, and never better than all together say.

Places of which no other frame is likelier are honest only if what was heard there follows distance at all: where
signals that have nothing to do with it are likelier, for most access points, these contradict them, too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import stdtrit

from engine.plan.model import Plan
from engine.radio.frames.frame import NOWHERE, SHIFTED, OtherFrame, frames_of
from engine.radio.frames.heard import HeardRows
from engine.radio.frames.misfit import misfit, misfit_of_nowhere
from engine.records import F64

REACH_M = 10.0  # how far off places are looked for
GRID_M = 1.0
COARSE_M = 2.0  # for frames that are something else, too
NEAR_M = 4.0
LEAST_POINTS = 3  # access points: fewer have no majority
SHADOW_SHARE = 0.5  # of what places SHADOW_M apart say, shadows being longer: as in `hanging`
LEAST_ODDS = 12.0  # natural logarithm; honest surveys of nine measured sites come to at most 7
LEAST_NOWHERE = 3.0  # the same, for no frame: twenty to one; honest surveys come to 0.6 at most
LEAST_VOTES = 2.0 / 3.0
LEAST_SURE = 2.0  # standard errors between access points


@dataclass(frozen=True, slots=True)
class Sureness:
    """What is asked of a common vector: Student's quantile (one-sided) of what access points differ by, standard
    deviations of what they say together, how far it must be off beyond the larger of both, how far in all, and how many
    access points must say so (share). Honest people are off by a metre or two."""

    quantile: float = 0.95
    deviations: float = 2.0
    off_m: float = 0.5
    least_m: float = 2.0
    votes: float = LEAST_VOTES


ALONE = Sureness()


@dataclass(frozen=True, slots=True)
class _Tried:
    """One frame with each vector (V, 2): the cost for each access point (V, A)."""

    frame: OtherFrame
    vectors: F64
    cost: F64

    @property
    def best(self) -> int:
        return int(self.cost.sum(axis=1).argmin())

    @property
    def least(self) -> F64:
        """(A,) the cost of the best vector."""
        return np.asarray(self.cost[self.best], np.float64)

    def near(self, off_m: float) -> _Tried:
        """Of vectors no longer than that."""
        near = np.hypot(*self.vectors.T) <= off_m
        return _Tried(self.frame, self.vectors[near], self.cost[near])


def other_frame(plan: Plan, rows: HeardRows, sure: Sureness = ALONE, asked: int = 1) -> OtherFrame | None:
    """The frame in which these places were told, where that is clearly not the plan's. Where so many parts of a survey
    are `asked`, each must give as much greater odds (Bonferroni): one in all of them is no likelier to lie."""
    if len(np.unique(rows.ap)) < LEAST_POINTS:
        return None
    told, *others = (_try(plan, rows, frame) for frame in frames_of(plan))
    best = min(others, key=lambda tried: float(tried.least.sum()))
    here, nowhere = told.near(NEAR_M).least, misfit_of_nowhere(rows)
    more = math.log(asked)
    falls = SHADOW_SHARE * float(nowhere.sum() - min(told.least.sum(), best.least.sum())) >= LEAST_ODDS + more
    found = _find_frame(here, told, best, sure, LEAST_ODDS + more) if falls else None
    votes = SHADOW_SHARE * (here - nowhere)
    if found is None and votes.sum() >= LEAST_NOWHERE + more and _most(votes):
        return replace(told.frame, kind=NOWHERE, odds=float(votes.sum()))
    return found


def likely_shift(plan: Plan, rows: HeardRows) -> F64 | None:
    """The vector (2,) by which these places are likeliest moved to where access points put them, however unsure; None
    of fewer than LEAST_POINTS."""
    if len(np.unique(rows.ap)) < LEAST_POINTS:
        return None
    told = _try(plan, rows, next(frame for frame in frames_of(plan) if frame.kind == SHIFTED))
    return _mean(told.vectors, told.cost.sum(axis=1))[0]


def _find_frame(
    here: F64, told: _Tried, best: _Tried, sure: Sureness, least_odds: float = LEAST_ODDS
) -> OtherFrame | None:
    """The best of the others, or the plan's own but for a vector. `here` (A,): what places cost near where they are."""
    votes = SHADOW_SHARE * (here - best.least)
    if best.least.sum() < told.least.sum() and _clearly(votes, least_odds):
        return replace(best.frame, shift_m=best.vectors[best.best], odds=float(votes.sum()))
    return _find_vector(told, sure, least_odds)


def _clearly(votes: F64, least_odds: float = LEAST_ODDS) -> bool:
    """Whether access points (A,) say so by far, most of them, and by more than they differ."""
    error = float(votes.std(ddof=1)) / np.sqrt(len(votes))
    return bool(votes.sum() >= least_odds and _most(votes) and votes.mean() >= LEAST_SURE * error)


def _most(votes: F64) -> bool:
    return float((votes > 0).mean()) >= LEAST_VOTES


def _find_vector(told: _Tried, sure: Sureness, least_odds: float = LEAST_ODDS) -> OtherFrame | None:
    """The common vector, where it is beyond its error."""
    total, n = told.cost.sum(axis=1), told.cost.shape[1]
    vector, spread_m = _mean(told.vectors, total)
    without = np.array([_mean(told.vectors, total - told.cost[:, a])[0] for a in range(n)])
    error_m = float(np.sqrt((n - 1) / n * ((without - without.mean(axis=0)) ** 2).sum()))
    votes = SHADOW_SHARE * (told.near(0.0).least - told.least)
    off_m = float(np.hypot(*vector))
    beyond = off_m - max(float(stdtrit(n - 1, sure.quantile)) * error_m, sure.deviations * spread_m)
    likely = votes.sum() >= least_odds and (votes > 0).mean() >= sure.votes
    if likely and off_m >= sure.least_m and beyond >= sure.off_m:
        return replace(told.frame, shift_m=vector, odds=float(votes.sum()))
    return None


def _mean(vectors: F64, cost: F64) -> tuple[F64, float]:
    """The likely vector (2,), and its radial standard deviation."""
    likely = np.exp(SHADOW_SHARE * (cost.min() - cost))
    likely /= likely.sum()
    mean = likely @ vectors
    return mean, float(np.sqrt(likely @ ((vectors - mean) ** 2).sum(axis=1)))


def _try(plan: Plan, rows: HeardRows, frame: OtherFrame) -> _Tried:
    step = GRID_M if frame.kind == SHIFTED else COARSE_M
    steps = np.arange(-REACH_M, REACH_M + step / 2, step)
    vectors = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    vectors = vectors[np.hypot(*vectors.T) <= REACH_M + step / 2]
    x, y = frame.right(rows.level, rows.x_m, rows.y_m)
    return _Tried(frame, vectors, misfit(plan, rows, x + vectors[:, :1], y + vectors[:, 1:]))
