"""Triggers held against labels: what P(place) was worth of devices whose place is known, and what sets triggers off.

At the time of a label, or in the pause that a receipt's line was found to be of, the device was at the label's place.
Each target's score is the mean of P(place) over the target's dwell then; it is right where the label's place is the
target's. What a threshold lets through is told by the whole tracks of devices that have left: so the store itself says
what a threshold is worth (`engine.offers.measured.calibration`), whatever its errors are like.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.devices import CLOCK_SLACK_S
from engine.offers.measured.calibration import (
    LEAST_DEVICES,
    STEPS,
    THRESHOLDS,
    Calibrated,
    Labelled,
    calibrate_threshold,
)
from engine.offers.measured.fires import fires_of
from engine.offers.targets import Target
from engine.records import F32, F64, I64, U64, Bools, Fixes

SLACK_S = 3.0  # by which a track trails behind
MOST_PAIRS = 20_000  # kept; the oldest go
MOST_SEEN = 40_000  # fixes that labels may yet come of: an afternoon of forty phones. Receipts come after hours
LEAST_SCORE = 0.01  # of wrong places nearer to nothing than that, nobody ever asks
LEAST_FIRES = 5.0  # at the lowest threshold, for a campaign's place to be one that tracks speak of
MOST_FIRES = 2_000.0  # of one campaign at the lowest threshold: older ones fade
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
    """Scores of labelled devices, and what would have set off each target. `targets` are those of the campaigns."""

    def __init__(self) -> None:
        self._targets: list[Target] = []
        self._names: list[str] = []
        self._members: F32 = np.empty((0, 0), np.float32)
        self._t: list[F64] = []
        self._device: list[U64] = []
        self._p: list[F16] = []
        self._seen = 0
        self._number: I64 = np.empty(0, np.int64)
        self._fires: dict[str, F64] = {}  # (THRESHOLDS, STEPS) by the target's `_name`
        self._left = 0
        self._score: F64 = np.empty(0)
        self._right: Bools = np.empty(0, np.bool_)
        self.version = 0

    @property
    def devices(self) -> int:
        """How many labelled devices there are pairs of."""
        return len(np.unique(self._number))

    @property
    def grown(self) -> int:
        """Rises with labelled devices, and with those whose tracks say what sets triggers off."""
        return self.devices + self._left

    @property
    def keep_s(self) -> float:
        """How long fixes are kept for labels to come."""
        return SLACK_S + max((t.min_dwell_s for t in self._targets), default=0.0)

    def set_targets(self, targets: Sequence[Target]) -> None:
        """Replaces the targets; what was seen for the old ones goes, the pairs stay. What set off a target is of its
        place and dwell."""
        if [_name(t) for t in targets] != self._names:
            self._t, self._device, self._p, self._seen = [], [], [], 0
        self._targets = list(targets)
        self._names = [_name(target) for target in targets]
        self._fires = {name: self._fires.get(name, _no_fires()) for name in self._names} if targets else self._fires
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

    def leave(self, devices: U64) -> None:
        """Devices (m,) that have left: what they would have set off counts, and leads to nobody."""
        if self._t and np.isin(np.concatenate(self._device), devices).any():
            t, device, p = np.concatenate(self._t), np.concatenate(self._device), np.concatenate(self._p)
            dwell = np.array([target.min_dwell_s for target in self._targets])
            for one in np.intersect1d(devices, device):
                rows = np.flatnonzero(device == one)
                rows = rows[np.argsort(t[rows], kind="stable")]
                for name, own in zip(self._names, fires_of(t[rows], p[rows], dwell), strict=True):
                    self._fires[name] = _faded(self._fires[name] + own)
                self._left += 1
        self.forget(devices)

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
                self._take(one, t[rows], p[rows])

    def _take(self, one: KnownPause, t: F64, p: F16) -> None:
        scores = np.array([said(t, p[:, k], one.t, target.min_dwell_s) for k, target in enumerate(self._targets)])
        right = np.array([target.membership[one.cell] >= 0.5 for target in self._targets], np.bool_)
        rows = np.flatnonzero((right | (scores >= LEAST_SCORE)) & np.isfinite(scores))
        if not len(rows):
            rows = np.flatnonzero(np.isfinite(scores))[:1]  # it was heard, and at no target: the device counts
        self._number = np.concatenate([self._number, np.full(len(rows), one.number)])[-MOST_PAIRS:]
        self._score = np.concatenate([self._score, scores[rows]])[-MOST_PAIRS:]
        self._right = np.concatenate([self._right, right[rows]])[-MOST_PAIRS:]
        self.version += 1

    def calibrated(self, target: Target, precision: float) -> Calibrated | None:
        """The threshold that keeps a precision at a target; None of too little (`enough`), or where no threshold keeps
        it."""
        if not self.enough(target):
            return None
        labelled = Labelled(self._number, self._score, self._right)
        together = np.sum(list(self._fires.values()), axis=0)
        return calibrate_threshold(
            labelled, self._fires[_name(target)], together, precision, np.random.default_rng(SEED)
        )

    def enough(self, target: Target) -> bool:
        """Whether labels and tracks say anything of a target's triggers."""
        fires = self._fires.get(_name(target))
        return (
            min(self.devices, self._left) >= LEAST_DEVICES
            and fires is not None
            and float(fires[0].sum()) >= LEAST_FIRES
        )

    def state(self) -> dict[str, Any]:
        """The pairs, and what set triggers off; what was seen is not worth keeping."""
        return {
            "number": self._number,
            "score": self._score,
            "right": self._right,
            "fires": {name: fires.copy() for name, fires in self._fires.items()},
            "left": np.array([self._left]),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned, before or after `set_targets`."""
        if "fires" not in state:  # of before: scores meant something else
            return
        self._number = np.array(state["number"], np.int64)
        self._score, self._right = np.array(state["score"], np.float64), np.array(state["right"], np.bool_)
        kept = {str(name): np.array(fires, np.float64) for name, fires in state["fires"].items()}
        self._fires = {name: kept.get(name, _no_fires()) for name in self._names} if self._names else kept
        self._left = int(state["left"][0])
        self.version += 1


def said(t: F64, p: F32 | F16, at: float, dwell_s: float) -> float:
    """The mean of `p` (n,) of fixes at `t` (n,) over the dwell that ends at `at`, the track's lag aside; NaN where
    there is none."""
    rows = (t >= at + SLACK_S - dwell_s - CLOCK_SLACK_S) & (t <= at + SLACK_S + CLOCK_SLACK_S)
    return float(p[rows].astype(np.float64).mean()) if rows.any() else float("nan")


def _name(target: Target) -> str:
    """Of a target's place and dwell: another place is another name."""
    place = sha256(np.ascontiguousarray(target.membership, np.float32).tobytes()).hexdigest()[:16]
    return f"{target.campaign_id} {target.min_dwell_s:g} {place}"


def _no_fires() -> F64:
    return np.zeros((len(THRESHOLDS), len(STEPS)))


def _faded(fires: F64) -> F64:
    """Not more than MOST_FIRES at the lowest threshold."""
    return fires * min(1.0, MOST_FIRES / max(float(fires[0].sum()), 1.0))
