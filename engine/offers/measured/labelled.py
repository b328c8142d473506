"""Triggers held against labels: what a campaign's trigger would have said of a device whose place is known.

At the time of a label, or in the pause that a receipt's line was found to be of, the device was at the label's place.
Each target's score is the most that P(place) was held for the target's dwell around then; it is right where the label's
place is the target's. So the store itself says what a score is worth (`engine.offers.measured.calibration`), whatever
its errors are like.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.offers.measured.calibration import LEAST_DEVICES, Calibrated, Labelled, calibrate_threshold
from engine.offers.targets import Target
from engine.records import F32, F64, I64, U64, Bools, Fixes

SLACK_S = 3.0  # by which a track trails behind: a trigger's dwell may begin so much after the label
MOST_PAIRS = 20_000  # kept; the oldest go
MOST_SEEN = 40_000  # fixes that labels may yet come of: an afternoon of forty phones. Receipts come after hours
LEAST_SCORE = 0.02  # of wrong places nearer to nothing than that, nobody ever asks
SEED = 0


@dataclass(frozen=True, slots=True)
class KnownPause:
    """A device that is known to have been at cell `cell` at `t`; `number` leads to nobody."""

    number: int
    device: int
    t: float
    cell: int


F16 = npt.NDArray[np.float16]


class LabelledTriggers:
    """Scores of labelled devices, by the dwell that they were held for. `targets` are those of the campaigns."""

    def __init__(self) -> None:
        self._targets: list[Target] = []
        self._members: F32 = np.empty((0, 0), np.float32)
        self._t: list[F64] = []
        self._device: list[U64] = []
        self._p: list[F16] = []
        self._seen = 0
        self._number: I64 = np.empty(0, np.int64)
        self._dwell: F64 = np.empty(0)
        self._score: F64 = np.empty(0)
        self._right: Bools = np.empty(0, np.bool_)
        self.version = 0

    @property
    def devices(self) -> int:
        """How many labelled devices there are pairs of."""
        return len(np.unique(self._number))

    @property
    def keep_s(self) -> float:
        """How long fixes are kept for labels to come."""
        return SLACK_S + max((t.min_dwell_s for t in self._targets), default=0.0)

    def set_targets(self, targets: Sequence[Target]) -> None:
        """Replaces the targets; what was seen for the old ones goes, the pairs stay."""
        if [t.campaign_id for t in targets] != [t.campaign_id for t in self._targets]:
            self._t, self._device, self._p, self._seen = [], [], [], 0
        self._targets = list(targets)
        self._members = np.stack([t.membership for t in targets], axis=1) if targets else np.empty((0, 0), np.float32)

    def see(self, fixes: Fixes, followed: U64, clock: float, wait_s: float) -> None:
        """P(place) of the devices that labels may come of; labels are looked at `wait_s` after their time."""
        rows = np.flatnonzero(np.isin(fixes.device, followed))
        if self._targets and len(rows):
            own = fixes.take(rows)
            self._t.append(own.t)
            self._device.append(own.device)
            self._p.append(np.asarray(own.posterior @ self._members, np.float16))
            self._seen += len(rows)
        oldest = clock - 2 * self.keep_s - wait_s
        while self._t and float(self._t[0].max()) < oldest:
            self._drop(len(self._t[0]))
        self._drop(max(0, self._seen - MOST_SEEN))

    def _drop(self, n: int) -> None:
        """The first n rows seen."""
        self._seen -= n
        while n:
            own = min(n, len(self._t[0]))
            n -= own
            if own == len(self._t[0]):
                del self._t[0], self._device[0], self._p[0]
                continue
            self._t[0], self._device[0], self._p[0] = self._t[0][own:], self._device[0][own:], self._p[0][own:]

    def forget(self, devices: U64) -> None:
        """Devices (m,) of which nothing more may be told."""
        if not self._t:
            return
        t, device, p = np.concatenate(self._t), np.concatenate(self._device), np.concatenate(self._p)
        kept = ~np.isin(device, devices)
        some = bool(kept.any())
        self._t = [t[kept]] if some else []
        self._device = [device[kept]] if some else []
        self._p = [p[kept]] if some else []
        self._seen = int(kept.sum())

    def learn(self, known: Sequence[KnownPause]) -> None:
        """Takes in devices whose places are known."""
        if not self._t or not known:
            return
        t, device, p = np.concatenate(self._t), np.concatenate(self._device), np.concatenate(self._p)
        for one in known:
            rows = np.flatnonzero((device == np.uint64(one.device)) & (np.abs(t - one.t) <= self.keep_s + SLACK_S))
            if len(rows):
                rows = rows[np.argsort(t[rows], kind="stable")]
                self._take(one, t[rows], p[rows])

    def _take(self, one: KnownPause, t: F64, p: F16) -> None:
        scores = np.array([held(t, p[:, k], one.t, target.min_dwell_s) for k, target in enumerate(self._targets)])
        right = np.array([target.membership[one.cell] >= 0.5 for target in self._targets], np.bool_)
        rows = np.flatnonzero((right | (scores >= LEAST_SCORE)) & np.isfinite(scores))
        if not len(rows):
            rows = np.flatnonzero(np.isfinite(scores))[:1]  # it was heard, and at no target: the device counts
        dwell = np.array([target.min_dwell_s for target in self._targets])[rows]
        self._number = np.concatenate([self._number, np.full(len(rows), one.number)])[-MOST_PAIRS:]
        self._dwell = np.concatenate([self._dwell, dwell])[-MOST_PAIRS:]
        self._score = np.concatenate([self._score, scores[rows]])[-MOST_PAIRS:]
        self._right = np.concatenate([self._right, right[rows]])[-MOST_PAIRS:]
        self.version += 1

    def calibrated(self, dwell_s: float, precision: float) -> Calibrated | None:
        """The threshold that keeps a precision among labelled devices, for triggers of such a dwell; None of fewer
        than LEAST_DEVICES devices, or where no threshold keeps it."""
        rows = self._dwell == dwell_s
        if len(np.unique(self._number[rows])) < LEAST_DEVICES or not self._right[rows].any():
            return None
        labelled = Labelled(self._number[rows], self._score[rows], self._right[rows])
        return calibrate_threshold(labelled, precision, np.random.default_rng(SEED))

    def enough(self, dwell_s: float) -> bool:
        """Whether labels say anything of triggers of such a dwell."""
        return len(np.unique(self._number[self._dwell == dwell_s])) >= LEAST_DEVICES

    def state(self) -> dict[str, Any]:
        """The pairs; what was seen is not worth keeping."""
        return {"number": self._number, "dwell": self._dwell, "score": self._score, "right": self._right}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned."""
        self._number, self._dwell = np.array(state["number"], np.int64), np.array(state["dwell"], np.float64)
        self._score, self._right = np.array(state["score"], np.float64), np.array(state["right"], np.bool_)
        self.version += 1


def held(t: F64, p: F32 | F16, at: float, dwell_s: float) -> float:
    """The most that `p` (n,) of fixes at `t` (n,), in order, was held for `dwell_s`, in a stretch that holds `at`, the
    track's lag aside; NaN where there is none. What is before and after may be another place."""
    best = np.nan
    end = np.searchsorted(t, t + dwell_s - 1e-6)
    for first in np.flatnonzero(end < len(t)).tolist():
        last = int(end[first])
        if t[first] <= at + SLACK_S and t[last] >= at:
            best = np.fmax(best, float(p[first : last + 1].min()))
    return float(best)
