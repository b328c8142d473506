"""Triggers held against labels: what those of devices whose place is known were worth, and what sets triggers off.

At the time of a label, or in the pause that a receipt's line was found to be of, the device was at the label's place.
A trigger that its track would have set off then is right where the label's place is the target's. What a threshold lets
through is told by the whole tracks of devices that have left: so the store itself says what a threshold is worth
(`engine.offers.measured.calibration`), whatever its errors are like.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.offers.measured.calibration import (
    LEAST_DEVICES,
    STEPS,
    THRESHOLDS,
    WAYS,
    Calibrated,
    Labelled,
    calibrate_threshold,
)
from engine.offers.measured.fires import crossing_share, fires_at, fires_of
from engine.offers.targets import RIGHT, Target
from engine.offers.triggers import GAP_S
from engine.records import F32, F64, I64, U64, Bools, Fixes

SLACK_S = 3.0  # by which a track trails behind
MOST_PAIRS = 20_000  # kept; the oldest go
MOST_SEEN = 40_000  # fixes that labels may yet come of: an afternoon of forty phones. Receipts come after hours
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
    """What labelled devices set off where they were, and what would have set off each target. `targets` are those of
    the campaigns; `tills` (C, J) is 1 at each cell where people stand at a till."""

    def __init__(self, tills: F32 | None = None) -> None:
        self._tills = tills
        self._within: F64 = np.empty((0, 0))  # (J, targets) which share of each till is of a target's place
        self._targets: list[Target] = []
        self._names: list[str] = []
        self._members: F32 = np.empty((0, 0), np.float32)
        self._t: list[F64] = []
        self._device: list[U64] = []
        self._p: list[F16] = []
        self._xy: list[F32] = []  # m
        self._seen = 0
        self._number: I64 = np.empty(0, np.int64)
        self._fires: dict[str, F64] = {}  # (WAYS, THRESHOLDS, STEPS) by the target's `_name`
        self._left = 0
        self._right: Bools = np.empty(0, np.bool_)
        self._step: npt.NDArray[np.int8] = np.empty((0, len(THRESHOLDS)), np.int8)
        self._came: Bools = np.empty((0, len(THRESHOLDS)), np.bool_)
        self._place: I64 = np.empty(0, np.int64)  # of the target, by its `_number_of`; 0 of before
        self.version = 0

    @property
    def devices(self) -> int:
        """How many labelled devices there are pairs of."""
        return len(np.unique(self._number))

    @property
    def left_devices(self) -> int:
        """How many devices that labels may come of have left, and left a track past the campaigns' places."""
        return self._left

    @property
    def grown(self) -> int:
        """Rises with labelled devices, and with those whose tracks say what sets triggers off."""
        return self.devices + self._left

    @property
    def keep_s(self) -> float:
        """How long before and after a label its device's fixes say what it set off."""
        return SLACK_S + 2 * max((t.min_dwell_s for t in self._targets), default=0.0)

    def set_targets(self, targets: Sequence[Target]) -> None:
        """Replaces the targets; what was seen for the old ones goes, the pairs stay. What set off a target is of its
        place and dwell: campaigns that share both say a thing once, and those of the whole store nothing, as whoever
        is located is there."""
        told = {_name(t): t for t in targets if not (t.membership >= RIGHT).all()}
        if list(told) != self._names:
            self._t, self._device, self._p, self._xy, self._seen = [], [], [], [], 0
        self._targets, self._names = list(told.values()), list(told)
        self._fires = {name: self._fires.get(name, _no_fires()) for name in told} if targets else self._fires
        self._members = (
            np.stack([t.membership for t in self._targets], axis=1) if told else np.empty((0, 0), np.float32)
        )
        if told:
            tills = np.empty((len(self._members), 0), np.float32) if self._tills is None else self._tills
            self._within = (tills.T @ self._members / np.maximum(tills.sum(axis=0), 1.0)[:, None]).astype(np.float64)
            self._members = np.hstack([self._members, tills])  # of tills P is kept beside that of places

    def see(self, fixes: Fixes, followed: U64, clock: float, wait_s: float) -> None:
        """P(place) of the devices that labels may come of; labels are looked at `wait_s` after their time."""
        rows = np.flatnonzero(np.isin(fixes.device, followed))
        if self._targets and len(rows):
            own = fixes.take(rows)
            self._t.append(own.t)
            self._device.append(own.device)
            self._p.append(np.asarray(own.posterior @ self._members, np.float16))
            self._xy.append(np.column_stack([own.x_m, own.y_m]).astype(np.float32))
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
                del self._t[0], self._device[0], self._p[0], self._xy[0]
                continue
            self._t[0], self._device[0] = self._t[0][own:], self._device[0][own:]
            self._p[0], self._xy[0] = self._p[0][own:], self._xy[0][own:]

    def leave(self, devices: U64) -> None:
        """Devices (m,) that have left: what they would have set off counts, and leads to nobody."""
        if self._t and np.isin(np.concatenate(self._device), devices).any():
            t, device, p = np.concatenate(self._t), np.concatenate(self._device), np.concatenate(self._p)
            xy = np.concatenate(self._xy)
            dwell = np.array([target.min_dwell_s for target in self._targets])
            places = len(self._targets)
            for one in np.intersect1d(devices, device):
                rows = np.flatnonzero(device == one)
                rows = rows[np.argsort(t[rows], kind="stable")]
                tills = p[rows, places:].astype(np.float64)
                fires = fires_of(t[rows], p[rows, :places], xy[rows], dwell, tills, self._within)
                for name, own in zip(self._names, fires, strict=True):
                    self._fires[name] = _fade(self._fires[name] + own)
                self._left += 1
        self.forget(devices)

    def forget(self, devices: U64) -> None:
        """Devices (m,) of which nothing more may be told."""
        if not self._t:
            return
        t, device, p = np.concatenate(self._t), np.concatenate(self._device), np.concatenate(self._p)
        xy, kept = np.concatenate(self._xy), ~np.isin(device, devices)
        some = bool(kept.any())
        self._t = [t[kept]] if some else []
        self._device = [device[kept]] if some else []
        self._p = [p[kept]] if some else []
        self._xy = [xy[kept]] if some else []
        self._seen = int(kept.sum())

    def learn(self, known: Sequence[KnownPause]) -> None:
        """Takes in devices whose places are known."""
        if not self._t or not known:
            return
        t, device, p = np.concatenate(self._t), np.concatenate(self._device), np.concatenate(self._p)
        for one in known:
            rows = np.flatnonzero((device == np.uint64(one.device)) & (np.abs(t - one.t) <= self.keep_s + GAP_S))
            rows = rows[np.argsort(t[rows], kind="stable")]
            if ((t[rows] >= one.t - GAP_S) & (t[rows] <= one.t + SLACK_S)).any():  # it was heard then
                self._take(one, t[rows], p[rows, : len(self._targets)])

    def _take(self, one: KnownPause, t: F64, p: F16) -> None:
        dwell = np.array([target.min_dwell_s for target in self._targets])
        step, came = fires_at(t, p, dwell, one.t)
        right = np.array([target.membership[one.cell] >= RIGHT for target in self._targets], np.bool_)
        rows = np.flatnonzero(right | (step >= 0).any(axis=1))
        if not len(rows):
            rows = np.zeros(1, np.int64)  # it was heard, and at no target: the device counts
        self._number = np.concatenate([self._number, np.full(len(rows), one.number)])[-MOST_PAIRS:]
        self._right = np.concatenate([self._right, right[rows]])[-MOST_PAIRS:]
        self._step = np.concatenate([self._step, step[rows].astype(np.int8)])[-MOST_PAIRS:]
        self._came = np.concatenate([self._came, came[rows]])[-MOST_PAIRS:]
        places = np.array([_number_of(self._names[row]) for row in rows.tolist()], np.int64)
        self._place = np.concatenate([self._place, places])[-MOST_PAIRS:]
        self.version += 1

    def calibrate(self, target: Target, precision: float) -> Calibrated | None:
        """The threshold that keeps a precision at a target; None of too little (`enough`), or where no threshold keeps
        it."""
        if not self.enough(target):
            return None
        labelled = Labelled(self._number, self._right, self._step, self._came, self._place)
        together = np.sum(list(self._fires.values()), axis=0)
        return calibrate_threshold(
            labelled,
            self._fires[_name(target)],
            together,
            precision,
            np.random.default_rng(SEED),
            crossing_share(target.across_m, target.min_dwell_s),
            _number_of(_name(target)),
        )

    def enough(self, target: Target) -> bool:
        """Whether labels and tracks say anything of a target's triggers."""
        fires = self._fires.get(_name(target))
        return (
            min(self.devices, self._left) >= LEAST_DEVICES
            and fires is not None
            and float(fires[:, 0].sum()) >= LEAST_FIRES
        )

    def state(self) -> dict[str, Any]:
        """The pairs, and what set triggers off; what was seen is not worth keeping."""
        return {
            "number": self._number,
            "right": self._right,
            "step": self._step,
            "came": self._came,
            "place": self._place,
            "fires": {name: fires.copy() for name, fires in self._fires.items()},
            "left": np.array([self._left]),
            "at_tills": np.array([True]),  # who stood at a till is told from who stood elsewhere
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned, before or after `set_targets`."""
        if "step" not in state or np.shape(state["step"])[1] != len(THRESHOLDS):  # of before: it meant something else
            return
        if "at_tills" not in state:  # of before: who paid counted as labelled people do
            return
        kept = {str(name): np.array(fires, np.float64) for name, fires in state["fires"].items()}
        self._number = np.array(state["number"], np.int64)
        self._right = np.array(state["right"], np.bool_)
        self._step, self._came = np.array(state["step"], np.int8), np.array(state["came"], np.bool_)
        self._place = np.array(state.get("place", np.zeros(len(self._number))), np.int64)
        self._fires = {name: kept.get(name, _no_fires()) for name in self._names} if self._names else kept
        self._left = int(state["left"][0])
        self.version += 1


def _name(target: Target) -> str:
    """Of a target's place and dwell: another place is another name, another campaign is not."""
    place = sha256(np.ascontiguousarray(target.membership, np.float32).tobytes()).hexdigest()[:16]
    return f"{target.min_dwell_s:g} {place}"


def _number_of(name: str) -> int:
    """Of what `_name` gives: the same in every process, and not 0."""
    return int(sha256(name.encode()).hexdigest()[:15], 16) or 1


def _no_fires() -> F64:
    return np.zeros((WAYS, len(THRESHOLDS), len(STEPS)))


def _fade(fires: F64) -> F64:
    """Not more than MOST_FIRES at the lowest threshold."""
    return fires * min(1.0, MOST_FIRES / max(float(fires[:, 0].sum()), 1.0))
