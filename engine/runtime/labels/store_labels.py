"""A store's labels beside its engine: held against tracks, learnt from, and what they say of triggers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from engine.offers.measured.labelled import KnownPause, LabelledTriggers
from engine.plan.cells import Cells
from engine.plan.model import Plan
from engine.positioning.labels.field import nearest_cells
from engine.positioning.labels.learning import LabelLearning
from engine.positioning.labels.lesson import Lesson
from engine.positioning.labels.places import BEFORE_TILL_S, LAG_S
from engine.presence.places import around_opening
from engine.records import U64, Fixes, Labels, Scans
from engine.runtime.learning_locator import LearningLocator
from engine.runtime.map_fits import Fits, FitsInPlace
from engine.runtime.renaming import rename_devices

LEARNING_S = 60.0  # from the beginning of a lesson to its use, a lesson being 1 to 13 s of a core
RECALIBRATE = 1.1  # thresholds are made anew when there are so many times more devices that say what they are worth


class StoreLabels:
    """Of one store. Deterministic in what it is told, like the engine it belongs to.

    What labels come to is worked out by `lessons` and used from LEARNING_S later by the store's clock; where it is not
    done by then, as soon as it is, so that no reading waits. Another map is used as it is until its lesson is done.
    """

    def __init__(self, plan: Plan, cells: Cells, locator: LearningLocator, lessons: Fits[Lesson] | None = None) -> None:
        self._cells, self._locator = cells, locator
        self._lessons: Fits[Lesson] = FitsInPlace() if lessons is None else lessons
        self._use_at = np.inf
        self._under_way = False
        self._rests_until = -np.inf
        self._learning = LabelLearning(plan, cells)
        tills = [around_opening(plan, cells, o) for o in plan.openings if o.category == "checkout"]
        self.triggers = LabelledTriggers(np.stack(tills, axis=1).astype(np.float32) if tills else None)
        self._map_version = 0
        self._devices = 0
        self.promised_version = 0
        """Rises where thresholds should be made anew."""
        self.lessons = 0
        """Rises with each lesson that is used."""

    def set_willing(self, devices: U64) -> None:
        """The devices of shoppers who agreed that their places teach."""
        self._learning.set_willing(devices)

    def take(self, labels: Sequence[tuple[str, Labels]]) -> None:
        """Labels by their source, on the store's clock."""
        for source, own in labels:
            self._learning.take(own, source)

    def learn(self, scans: Scans, fixes: Fixes, clock: float) -> None:
        """What a step heard and where devices were, and the labels that are due by now."""
        self._learning.see(scans, fixes)
        if not math.isfinite(clock):  # the store's time starts anew
            self._use_at = self._rests_until = -np.inf
            return
        self.triggers.see(fixes, self._learning.followed, clock, BEFORE_TILL_S + self.triggers.keep_s + LAG_S)
        located = self._learning.advance(clock - self.triggers.keep_s, self._locator.base_map)
        if located:
            at = nearest_cells(
                self._cells,
                np.array([one.level for one in located], np.int32),
                np.array([one.x_m for one in located]),
                np.array([one.y_m for one in located]),
            )
            known = [
                KnownPause(one.number, one.device, one.t, int(cell)) for one, cell in zip(located, at, strict=True)
            ]
            self.triggers.learn(known)
        if self.triggers.grown >= max(RECALIBRATE * self._devices, 1):
            self._devices = self.triggers.grown
            self.promised_version += 1
        self._learn_map(clock)

    def _learn_map(self, clock: float) -> None:
        """A lesson begins, or the one that was begun is used."""
        if self._map_version != self._locator.map_version:
            self._map_version = self._locator.map_version
            self._learning.unlearn()
            self._begin(clock)
        elif self._under_way:
            if clock >= self._use_at and self._lessons.ready:
                self._use()
        elif self._learning.due and clock >= self._rests_until:
            self._begin(clock)

    def _begin(self, clock: float) -> None:
        task = self._learning.begin(self._locator.base_map)
        self._under_way, self._use_at = task is not None, clock + LEARNING_S
        if task is not None:
            self._lessons.begin(task)

    def _use(self) -> None:
        before = self._learning.verdict.share
        self._learning.finish(self._lessons.result())
        self._under_way = False
        self.lessons += 1
        self._rests_until = self._use_at - LEARNING_S + self._lessons.owed_s
        if before or self._learning.verdict.share:
            self._locator.correct(self._learning.correct(self._locator.base_map))

    def withdraw(self, devices: U64) -> None:
        """Devices (m,) whose owners take their consent back. What their labels taught leads to nobody, and stays."""
        self._learning.withdraw(devices)
        self.triggers.forget(devices)

    def forget(self, devices: U64) -> None:
        """Devices (m,) that have left."""
        self._learning.forget(devices)
        self.triggers.leave(devices)

    def rename(self, names: Mapping[int, int]) -> None:
        """The salt has turned: devices go on under new names (old to new)."""
        self._learning.restore_rows(rename_devices(self._learning.state(), names))

    def figures(self) -> dict[str, Any]:
        """For the health page and the manager."""
        devices = {"labelled_devices": self.triggers.devices, "left_devices": self.triggers.left_devices}
        return self._learning.figures() | devices

    def pack_taught(self, least_devices: int) -> dict[str, Any] | None:
        """What may outlive the day, as `LabelLearning` says."""
        return self._learning.pack_taught(least_devices)

    def take_kept(self, kept: Mapping[str, Any]) -> None:
        """Begins with what `pack_taught` returned, where nothing was taught yet."""
        self._learning.take_kept(kept)

    def state(self) -> dict[str, Any]:
        """Everything that later results depend on."""
        return {
            "learning": self._learning.state(),
            "triggers": self.triggers.state(),
            "devices": np.array([self._devices]),
            "lesson": np.array([self._under_way, self._use_at, self._rests_until], np.float64),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned, after the locator was restored."""
        base = self._locator.base_map
        self._learning.restore(state["learning"], base)
        self.triggers.restore(state["triggers"])
        self._devices = int(state["devices"][0])
        self._map_version = self._locator.map_version
        self._locator.correct(self._learning.correct(base))
        under_way, self._use_at, self._rests_until = state.get("lesson", (False, np.inf, -np.inf))  # none of before
        task = self._learning.resume(base) if under_way else None
        self._under_way = task is not None
        if task is not None:
            self._lessons.begin(task)
