"""Labels meet the trail of their device: what was heard of it at the labelled place, and where it seemed to be.

A label with a time of its own is taken at that time. A receipt, or a voucher that was redeemed, only says that the
shopper was at the product some time before: each line goes to the pause of that shopper's own lagged track which fits
it best, and counts as much as that pause is likelier than all the others and than none at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from engine.columns import Columns
from engine.positioning.labels.trail import Steps
from engine.records import F32, F64, I32, I64
from engine.vocabulary import LabelKind

KINDS = tuple(LabelKind)
PLACE_M = {
    LabelKind.SURVEY: 0.5,
    LabelKind.HERE: 1.5,
    LabelKind.SHELF_SCAN: 0.8,
    LabelKind.PICKUP: 1.0,
    LabelKind.TILL: 1.5,
    LabelKind.REDEEMED: 1.0,
    LabelKind.RECEIPT: 1.0,
}
"""Radial standard deviation of where people stand around a label's place."""

UNTIMED = (LabelKind.REDEEMED, LabelKind.RECEIPT)
NEAR_S = 6.0  # scans so near a label's time are of its place
STAYS_S = 20.0  # and those of the same pause
LAG_S = 24.0  # a label is taken so long after its time: the track has caught up with the shopper by then
TRACK_LAG_S = 3.0  # by which causal fixes trail behind
BEFORE_TILL_S = 2 * 3600.0  # how far back a receipt looks
SMOOTH_S = 6.0  # either side, for the lagged track
STILL_M, PAUSE_S = 2.5, 8.0  # a pause: how far from its mean, and how long at least
FIT_M = 2.0  # per axis: how far a track is off where it pauses
MISSING = 0.1  # of receipt lines fit no pause: bought by another, or heard too seldom


@dataclass(frozen=True, slots=True)
class Taught(Columns):
    """Labels with what was heard, arrays (n,), `rssi_dbm` (n, A) means over `scans` scans, NaN where unheard.

    `number` counts devices from 0 in the order in which they were first labelled: it leads to nobody. `off_m` is how
    far from the label's place the device seemed to be, at (`fix_x_m`, `fix_y_m`) with radial `fix_sigma_m`; `weight`, 0
    to 1, how likely the label belongs to what was heard.
    """

    number: I64
    source: I32
    kind: I32
    product: I32
    level: I32
    x_m: F64
    y_m: F64
    place_sigma_m: F64
    fix_x_m: F64
    fix_y_m: F64
    fix_sigma_m: F64
    weight: F64
    scans: F64
    rssi_dbm: Annotated[F32, "n_ap"]

    @property
    def off_m(self) -> F64:
        """(n,) from the label's place to where the device seemed to be."""
        return np.hypot(self.x_m - self.fix_x_m, self.y_m - self.fix_y_m)


Places = tuple[I32, F64, F64]
"""Of several: level, x and y, each (n,)."""


@dataclass(frozen=True, slots=True)
class LabelledPlace:
    """Where one label says that its device was."""

    kind: LabelKind
    product: int
    level: int
    x_m: float
    y_m: float


@dataclass(frozen=True, slots=True)
class Pause:
    """A stretch of a track that stays in one place."""

    steps: Steps
    level: int
    x_m: float
    y_m: float

    @property
    def middle_t(self) -> float:
        """Half way between its first step and its last."""
        return float(self.steps.t[0] + self.steps.t[-1]) / 2.0


def take_timed(place: LabelledPlace, t: float, steps: Steps, number: int, source: int) -> Taught | None:
    """A label at its time, of its device's steps around it; None where nothing was heard of it then.

    Where the device paused then, all that was heard within STAYS_S of it counts.
    """
    near = steps.take(np.abs(steps.t - t) <= NEAR_S)
    around = steps.take(np.abs(steps.t - t) <= STAYS_S)
    pause = next((p.steps for p in pauses_of(around) if p.steps.t[0] <= t <= p.steps.t[-1]), None)
    near = near if pause is None or len(pause) < len(near) else pause
    track = steps.take((steps.t >= t - NEAR_S + TRACK_LAG_S) & (steps.t <= t + NEAR_S + TRACK_LAG_S))
    if not len(near):
        return None
    return _taught(place, near, track if len(track) else near, 1.0, number, source)


def take_receipt(
    places: list[LabelledPlace], pauses: list[Pause], floor_m2: float, number: int, source: int
) -> Iterator[tuple[Taught, Pause] | None]:
    """The lines of one receipt, each with its pause of the device's track; None where none fits."""
    for place in places:
        likely = _likelihoods(place, pauses, floor_m2)
        if not len(likely) or likely.max() < 0.5:
            yield None
            continue
        best = pauses[int(likely.argmax())]
        yield _taught(place, best.steps, best.steps, float(likely.max()), number, source), best


def told_apart(place: LabelledPlace, pauses: list[Pause], others: Places, floor_m2: float) -> float:
    """How much likelier such pauses are of a line at this place than of one at any of the `others`: 1 where they do not
    tell."""
    own = (np.array([place.level]), np.array([place.x_m]), np.array([place.y_m]))
    by_chance = MISSING / floor_m2
    here = float(_densities(own, pauses).mean()) + by_chance
    return here / (float(_densities(others, pauses).mean()) + by_chance)


def _likelihoods(place: LabelledPlace, pauses: list[Pause], floor_m2: float) -> F64:
    """(n,) probabilities that the line was taken in each pause; what is missing to 1 is in none."""
    if not pauses:
        return np.empty(0)
    own = (np.array([place.level]), np.array([place.x_m]), np.array([place.y_m]))
    weight = _densities(own, pauses)[0] / len(pauses)
    return np.asarray(weight / (weight.sum() + MISSING / floor_m2), np.float64)


def _densities(places: Places, pauses: list[Pause]) -> F64:
    """(n, m) per m², how likely a line of each place has its pause there."""
    level, x, y = places
    off2 = (x[:, None] - np.array([p.x_m for p in pauses])) ** 2 + (y[:, None] - np.array([p.y_m for p in pauses])) ** 2
    same = level[:, None] == np.array([p.level for p in pauses])
    return np.asarray((1.0 - MISSING) * np.exp(-off2 / (2 * FIT_M**2)) / (2 * np.pi * FIT_M**2) * same, np.float64)


def pauses_of(steps: Steps) -> Iterator[Pause]:
    """The pauses of a device's track, smoothed over SMOOTH_S either side, in their order."""
    if not len(steps):
        return
    xy = _smooth(steps)
    first = 0
    total, count = xy[0].copy(), 1
    for k in range(1, len(steps) + 1):
        ends = k == len(steps)
        if not ends:
            away = float(np.hypot(*(xy[k] - total / count)))
            ends = away > STILL_M or steps.level[k] != steps.level[first] or steps.t[k] - steps.t[k - 1] > 30.0
        if ends:
            if steps.t[k - 1] - steps.t[first] >= PAUSE_S:
                x, y = (total / count).tolist()
                yield Pause(steps.take(slice(first, k)), int(steps.level[first]), x, y)
            if k == len(steps):
                return
            first, total, count = k, xy[k].copy(), 1
            continue
        total, count = total + xy[k], count + 1


def _smooth(steps: Steps) -> F64:
    """(n, 2) places of the track, each the mean of those around it, the lag of causal fixes taken out."""
    low = np.searchsorted(steps.t, steps.t - SMOOTH_S + TRACK_LAG_S)
    high = np.maximum(np.searchsorted(steps.t, steps.t + SMOOTH_S + TRACK_LAG_S, side="right"), low + 1)
    sums = np.vstack([np.zeros(2), np.cumsum(np.column_stack([steps.x_m, steps.y_m]), axis=0)])
    high = np.minimum(high, len(steps))
    low = np.minimum(low, high - 1)
    return np.asarray((sums[high] - sums[low]) / (high - low)[:, None], np.float64)


def _taught(place: LabelledPlace, heard: Steps, track: Steps, weight: float, number: int, source: int) -> Taught:
    count = np.isfinite(heard.rssi_dbm).sum(axis=0)
    total = np.nansum(heard.rssi_dbm, axis=0, dtype=np.float64)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)
    sigma = float(track.sigma_m.mean()) / max(1.0, len(track) ** 0.5 / 2.0)

    def one(value: float) -> F64:
        return np.array([value], np.float64)

    def index(value: int) -> I32:
        return np.array([value], np.int32)

    return Taught(
        np.array([number], np.int64), index(source), index(KINDS.index(place.kind)), index(place.product),
        index(place.level), one(place.x_m), one(place.y_m), one(PLACE_M[place.kind]),
        one(float(track.x_m.mean())), one(float(track.y_m.mean())), one(sigma), one(weight),
        one(float(len(heard))), mean[None],
    )  # fmt: skip
