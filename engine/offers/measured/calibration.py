"""Thresholds of campaigns calibrated in one store: what share of triggers is right from each threshold on.

Two things are needed, and no one source has both. What P(place) is worth is told by labels: of devices whose place was
known, how many were at a place where P said so much. Which P triggers come with is told by everybody's tracks: labels
are of people who stand at products, while triggers are also set off by people who pass, who queue, who are still on
their way; the lower the threshold, the more. So a threshold's precision is the mean, over what set it off, of what that
is worth (a covariate shift: Shimodaira 2000, Journal of Statistical Planning and Inference 90, 227-244).

A campaign's own mix of triggers is drawn towards that of the store's campaigns together, as far as it has few. Pairs of
one device are right or wrong together, so whole devices are drawn again and again (the cluster bootstrap: Davison and
Hinkley 1997, section 3.8), and triggers with them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.records import F64, I64, Bools

LEAST_DEVICES = 40
DRAWS = 400
PESSIMISTIC = 0.2  # of draws are worse than what a threshold stands on
THRESHOLDS: F64 = np.array([0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
STEPS: F64 = np.array([0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95])
"""Of P(place), the mean over a dwell: what lies between two of them counts as alike."""
MIDDLES: F64 = (STEPS + np.append(STEPS[1:], 1.0)) / 2
OWN_WORD = 2.0  # pairs: as much P counts as its own measure, where labels say little
STORE_MIX = 8.0  # triggers: as much the store's mix counts in a campaign's


@dataclass(frozen=True, slots=True)
class Labelled:
    """Devices at known places, each (n,): the number of the device, P(place) of a target as the mean over its dwell,
    whether the known place is the target's."""

    device: I64
    score: F64
    right: Bools


@dataclass(frozen=True, slots=True)
class Calibrated:
    """The threshold of a campaign, with the precision that is expected of it and its 95 % interval, and the share of
    those who are due that get one."""

    threshold: float
    precision: float
    low: float
    high: float
    recall: float


def step_of(score: F64) -> I64:
    """Which of STEPS each score, 0 to 1, counts in."""
    return np.clip(np.searchsorted(STEPS, score, side="right") - 1, 0, len(STEPS) - 1).astype(np.int64)


def calibrate_threshold(
    labels: Labelled, fired: F64, together: F64, wanted: float, rng: np.random.Generator
) -> Calibrated | None:
    """The lowest threshold whose triggers are right in a share `wanted`, at the pessimistic end of what devices and
    triggers say.

    `fired` (THRESHOLDS, STEPS) counts what would set off the campaign at each threshold by its P(place), `together` the
    same of all campaigns. None of fewer than LEAST_DEVICES labelled devices, or where no threshold will do.
    """
    worth = worth_of(labels, rng)
    if worth is None or not together.sum():
        return None
    drawn = np.concatenate([fired[None], rng.poisson(fired, (DRAWS, *fired.shape))])
    mix = together / np.maximum(together.sum(axis=1, keepdims=True), 1.0)
    mixed = drawn + STORE_MIX * mix
    every = mixed.sum(axis=2)
    precision = np.einsum("dts,ds->dt", mixed, worth) / np.maximum(every, 1e-12)
    low, high = np.quantile(precision[1:], [0.025, 0.975], axis=0)
    enough = np.flatnonzero(np.quantile(precision[1:], PESSIMISTIC, axis=0) >= wanted)
    if not len(enough):
        return None
    at = int(enough[0])
    right = precision[0] * every[0]
    reached = float((labels.score[labels.right] >= THRESHOLDS[0]).mean()) if labels.right.any() else 0.0
    recall = reached * float(right[at] / right.max())
    return Calibrated(float(THRESHOLDS[at]), float(precision[0, at]), float(low[at]), float(high[at]), recall)


def worth_of(labels: Labelled, rng: np.random.Generator) -> F64 | None:
    """(1 + DRAWS, STEPS) what share is right of each step of P(place), rising with it: of all labelled devices, and of
    as many drawn from them, again and again. None of fewer than LEAST_DEVICES."""
    devices, of = np.unique(labels.device, return_inverse=True)
    if len(devices) < LEAST_DEVICES:
        return None
    pairs, right = np.zeros((2, len(devices), len(STEPS)))
    step = step_of(labels.score)
    np.add.at(pairs, (of, step), 1.0)
    np.add.at(right, (of, step), labels.right.astype(np.float64))
    weight = rng.multinomial(len(devices), np.full(len(devices), 1.0 / len(devices)), size=DRAWS).astype(np.float64)
    weight = np.vstack([np.ones(len(devices)), weight])
    share = (weight @ right + OWN_WORD * MIDDLES) / (weight @ pairs + OWN_WORD)
    above = np.maximum.accumulate(share, axis=1)
    below = np.minimum.accumulate(share[:, ::-1], axis=1)[:, ::-1]
    return np.asarray((above + below) / 2, np.float64)  # where neighbours disagree, between the two that rise
