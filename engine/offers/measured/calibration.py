"""Thresholds of campaigns calibrated in one store: what share of triggers is right from each threshold on.

Two things are needed, and no one source has both. What P(place) is worth is told by labels: of the triggers that a
device would have set off where its place was known, by what P said over their dwell, how many were right. (What P says
at the time of a label is another thing: it trails behind who has just come, and stays with who has just gone.) Which P
triggers come with is told by everybody's tracks: labels are of people who stand at products, while triggers are also
set off by people who pass, who queue, who are still on their way; the lower the threshold, the more. So a threshold's
precision is the mean, over what set it off, of what that is worth (a covariate shift: Shimodaira 2000, Journal of
Statistical Planning and Inference 90, 227-244). Of those who are on their way no label speaks at all. What they set off
is worth as much less as they are there for less than the dwell: whoever crosses a place in six seconds is not there for
ten. Nor does one speak of those who stand at a till: they are at a place as far as the till is.

A campaign's own mix of triggers is drawn towards that of the store's campaigns together, as far as it has few. Pairs of
one device are right or wrong together, so whole devices are drawn again and again (the cluster bootstrap: Davison and
Hinkley 1997, section 3.8), and triggers with them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from engine.offers.measured.spread import draw_moves
from engine.records import F64, I64, Bools

LEAST_DEVICES = 40
DRAWS = 400
THRESHOLDS: F64 = np.array([0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95])
STEPS: F64 = np.array([0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95])
"""Of P(place), the mean over a dwell: what lies between two of them counts as alike."""
STOOD, PASSED, PAID_THERE, PAID_ELSEWHERE = range(4)
WAYS = 4
"""In which somebody sets something off: standing, on their way, or standing at a till, which is of the place or not."""
MIDDLES: F64 = (STEPS + np.append(STEPS[1:], 1.0)) / 2
PRIOR_SD = 1.0  # of level and slope of the log-odds of P(place), around its own word
NEWTON_STEPS = 40
WRONG = 0.05  # of labels, the planogram having some products elsewhere: as the radio map takes them
STORE_MIX = 8.0  # triggers: as much the store's mix counts in a campaign's


@dataclass(frozen=True, slots=True)
class Labelled:
    """Devices at known places, each (n,): the number of the device, and whether the known place is a target's; by
    threshold (n, THRESHOLDS) the step of P(place) of the trigger that the target had then, -1 where it had none, and
    whether the device's stay there had its trigger; and the number of the target's place, 0 where it is not known."""

    device: I64
    right: Bools
    step: npt.NDArray[np.int8]
    came: Bools
    place: I64


@dataclass(frozen=True, slots=True)
class Calibrated:
    """The threshold of a campaign, with the precision that is expected of it by all of the store's places, the 95 %
    interval of its own place, and the share of those who are due that get one."""

    threshold: float
    precision: float
    low: float
    high: float
    recall: float


def step_of(score: F64) -> I64:
    """Which of STEPS each score, 0 to 1, counts in."""
    return np.clip(np.searchsorted(STEPS, score, side="right") - 1, 0, len(STEPS) - 1).astype(np.int64)


def calibrate_threshold(
    labels: Labelled,
    fired: F64,
    together: F64,
    wanted: float,
    rng: np.random.Generator,
    crossing: float = 1.0,
    place: int = 0,
) -> Calibrated | None:
    """The lowest threshold whose triggers are expected to be right in a share `wanted`, with the interval that devices,
    triggers and the spread of the store's places leave of the campaign's own `place`; between two of THRESHOLDS by how
    far each is from it.

    It is what is expected and no pessimistic end: with one, each campaign kept a margin of its own for the error that
    all of a store share, and stores that stated 80 % reached 87 (of pharmacy, bookshop, DIY store and supermarket
    whichever was left out, the others chose none).

    `fired` (WAYS, THRESHOLDS, STEPS) counts what would set off the campaign at each threshold by its P(place), by those
    who stood, on their way, and at a till within the place and not, `together` the same of all campaigns; `crossing` is
    the share of the dwell that the way across the place takes. None of fewer than LEAST_DEVICES labelled
    devices, or where no threshold will do.
    """
    worth = worth_of(labels, rng)
    if worth is None or not together.sum():
        return None
    drawn = np.concatenate([fired[None], rng.poisson(fired, (DRAWS, *fired.shape))])
    mix = together / np.maximum(together.sum(axis=(0, 2), keepdims=True), 1.0)
    mixed = drawn + STORE_MIX * mix
    expected = _precision(mixed[:1], worth[:1], crossing)[0]
    enough = np.flatnonzero(expected >= wanted)
    if not len(enough):
        return None
    at = float(enough[0])
    if at:
        before, then = expected[enough[0] - 1 : enough[0] + 1]
        at -= float((then - wanted) / (then - before))

    def there(of: F64) -> float:
        return float(np.interp(at, np.arange(len(THRESHOLDS)), of))

    own = _at_place(labels, int(enough[0]), worth, place, rng)
    low, high = np.quantile(_precision(mixed[1:], own, crossing), [0.025, 0.975], axis=0)
    # the threshold is told by all places: where the own place's labels say otherwise, the interval reaches from there
    low, high = np.minimum(low, expected), np.maximum(high, expected)
    right = np.einsum("mts,ms->t", mixed[0], _by_way(worth[:1], crossing)[0])
    reached = labels.came[labels.right].mean(axis=0) if labels.right.any() else np.zeros(len(THRESHOLDS))
    # two readings, of stays with labels and of all triggers: who stays too short is in neither, and the lower holds;
    # at a label that is wrong nothing came, whatever the threshold
    recall = np.minimum(np.minimum(reached / (1.0 - WRONG), 1.0), reached[0] * right / right.max())
    return Calibrated(there(THRESHOLDS), there(expected), there(low), there(high), there(recall))


def _by_way(worth: F64, crossing: float) -> F64:
    """(draws, WAYS, STEPS) what is right of each step, of who stands, passes and pays."""
    return np.stack([worth, crossing * worth, np.ones_like(worth), np.zeros_like(worth)], axis=1)


def _precision(mixed: F64, worth: F64, crossing: float) -> F64:
    """(draws, THRESHOLDS) of so many triggers (draws, WAYS, THRESHOLDS, STEPS)."""
    right = np.einsum("dmts,dms->dt", mixed, _by_way(worth, crossing))
    return np.asarray(right / np.maximum(mixed.sum(axis=(1, 3)), 1e-12), np.float64)


def _at_place(labels: Labelled, at: int, worth: F64, place: int, rng: np.random.Generator) -> F64:
    """(DRAWS, STEPS) what is right of each step at a place, by what is of all places, (1 + DRAWS, STEPS), and by what
    places' labels say of their triggers at threshold `at`. What one device set off at one place is one thing."""
    rows = np.flatnonzero((labels.place != 0) & (labels.step[:, at] >= 0))
    both = np.stack([labels.device[rows], labels.place[rows]])
    _, of, count = np.unique(both, axis=1, return_inverse=True, return_counts=True)
    weight, share = 1.0 / count[of.ravel()], worth[0, labels.step[rows, at]]
    moves = draw_moves(labels.place[rows], weight, labels.right[rows], share, place, WRONG, DRAWS, rng)
    odds = special.logit(np.clip(worth[1:], 1e-9, 1.0 - 1e-9)) + moves[:, None]
    return np.asarray(special.expit(odds), np.float64)


def worth_of(labels: Labelled, rng: np.random.Generator) -> F64 | None:
    """(1 + DRAWS, STEPS) what share is right of each step of P(place), rising with it: of all labelled devices, and of
    as many drawn from them, again and again. None of fewer than LEAST_DEVICES."""
    devices, of = np.unique(labels.device, return_inverse=True)
    if len(devices) < LEAST_DEVICES:
        return None
    pairs, right = np.zeros((2, len(devices), len(STEPS)))
    for step in range(len(STEPS)):
        own = (labels.step == step).any(axis=1)  # at however many thresholds it is the same trigger
        np.add.at(pairs[:, step], of[own], 1.0)
        np.add.at(right[:, step], of[own], labels.right[own].astype(np.float64))
    weight = rng.multinomial(len(devices), np.full(len(devices), 1.0 / len(devices)), size=DRAWS).astype(np.float64)
    weight = np.vstack([np.ones(len(devices)), weight])
    return logistic_shares(weight @ right, weight @ pairs)


def logistic_shares(right: F64, pairs: F64) -> F64:
    """(draws, STEPS) the share that is right of each step, of so many right of so many pairs, both (draws, STEPS).

    Its log-odds are a line in those of P(place) (Platt 1999, "Probabilistic outputs for support vector machines"), and
    before anything was counted P is its own measure: so few pairs draw a line that many steps of their own would not.
    Of those who are there, labels that are wrong say of a share WRONG that they are not, however sure P is: what is
    hidden by them is expected anew at each step (Dempster, Laird and Rubin 1977).
    """
    x = np.log(MIDDLES / (1.0 - MIDDLES))
    level, slope = np.zeros(len(pairs)), np.ones(len(pairs))
    for _ in range(NEWTON_STEPS):
        share = special.expit(level[:, None] + slope[:, None] * x)
        hidden = (pairs - right) * WRONG * share / (1.0 - (1.0 - WRONG) * share)
        left, weight = right + hidden - pairs * share, pairs * share * (1.0 - share)
        up = left.sum(axis=1) - level / PRIOR_SD**2, (left * x).sum(axis=1) - (slope - 1.0) / PRIOR_SD**2
        bend = [(weight * x**k).sum(axis=1) + (k != 1) / PRIOR_SD**2 for k in range(3)]
        det = bend[0] * bend[2] - bend[1] ** 2
        more = np.maximum(np.clip((bend[0] * up[1] - bend[1] * up[0]) / det, -1.0, 1.0), -slope)
        # the level's step is that beside the slope's, which may have been cut short: no line falls
        level, slope = level + np.clip((up[0] - bend[1] * more) / bend[0], -1.0, 1.0), slope + more
    return np.asarray(special.expit(level[:, None] + slope[:, None] * x), np.float64)
