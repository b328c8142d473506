"""P(stay) calibrated in one store from its own labels: what share of triggers of a score are right, and from which
score on a campaign keeps its word.

A pair is a trigger's score, P(place) over its dwell, and whether the stay was true, by a label: a shelf scan, a receipt
line, a redemption right after the coupon, "I am here". Pairs of one device are right or wrong together, so whole
devices are drawn again and again (the cluster bootstrap: Davison and Hinkley 1997, section 3.8).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.records import F64, I64, Bools

LEAST_DEVICES = 40
DRAWS = 400
PESSIMISTIC = 0.2  # of draws are worse than what a threshold stands on


@dataclass(frozen=True, slots=True)
class Labelled:
    """Triggers with the truth, each (n,): the number of its device, its score, whether it was right."""

    device: I64
    score: F64
    right: Bools


@dataclass(frozen=True, slots=True)
class Calibrated:
    """The threshold of a campaign, with the precision and the recall it had among the labels, and the 95 % interval of
    the precision by device."""

    threshold: float
    precision: float
    low: float
    high: float
    recall: float


def calibrate_threshold(labels: Labelled, wanted: float, rng: np.random.Generator) -> Calibrated | None:
    """The lowest score from which on a share `wanted` of triggers is right, at the pessimistic end of what devices say.
    None of fewer than LEAST_DEVICES devices, or where no score will do."""
    devices, of = np.unique(labels.device, return_inverse=True)
    if len(devices) < LEAST_DEVICES:
        return None
    scores = np.unique(labels.score)
    fired, right = (_by_device(of, len(devices), labels.score, scores, keep) for keep in (None, labels.right))
    weight = rng.multinomial(len(devices), np.full(len(devices), 1.0 / len(devices)), size=DRAWS).astype(np.float64)
    every, good = weight @ fired, weight @ right
    precision = np.where(every > 0, good / np.maximum(every, 1.0), 0.0)
    enough = np.flatnonzero(np.quantile(precision, PESSIMISTIC, axis=0) >= wanted)
    if not len(enough):
        return None
    at = int(enough[0])
    low, high = np.quantile(precision[:, at], [0.025, 0.975])
    said, true = float(right[:, at].sum() / fired[:, at].sum()), float(labels.right.sum())
    return Calibrated(float(scores[at]), said, float(low), float(high), float(right[:, at].sum() / true))


def _by_device(of: I64, devices: int, score: F64, scores: F64, keep: Bools | None) -> F64:
    """(devices, scores) how many triggers of each device reach each score; of those to `keep` only."""
    out = np.zeros((devices, len(scores)))
    at = np.searchsorted(scores, score)
    rows = slice(None) if keep is None else keep
    np.add.at(out, (of[rows], at[rows]), 1.0)
    return np.asarray(out[:, ::-1].cumsum(axis=1)[:, ::-1], np.float64)


def probability_of_right(labels: Labelled, score: Sequence[float]) -> F64:
    """P(right) of these scores (m,) by isotonic regression, rising with the score: pools of neighbours that disagree
    are merged (Ayer and others 1955). NaN where there are no labels."""
    wanted = np.asarray(score, np.float64)
    if not len(labels.score):
        return np.full(len(wanted), np.nan)
    order = np.argsort(labels.score, kind="stable")
    pools: list[tuple[float, float, float]] = []  # first score, sum of rights, how many
    for at, value in zip(labels.score[order].tolist(), labels.right[order].tolist(), strict=True):
        pools.append((at, float(value), 1.0))
        while len(pools) > 1 and pools[-2][1] / pools[-2][2] >= pools[-1][1] / pools[-1][2]:
            _, good, n = pools.pop()
            pools[-1] = (pools[-1][0], pools[-1][1] + good, pools[-1][2] + n)
    starts, means = np.array([p[0] for p in pools]), np.array([p[1] / p[2] for p in pools])
    return np.asarray(means[np.maximum(np.searchsorted(starts, wanted, side="right") - 1, 0)], np.float64)
