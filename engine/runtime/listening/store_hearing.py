"""How well a store hears: what of its readings is lost, and which access points say anything."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.ingest.decoders.labels import LABEL_SOURCE
from engine.ingest.decoders.native import Frame
from engine.ingest.hearing import Hearing
from engine.ingest.points import PointFigures
from engine.plan.model import Plan
from engine.records import Fixes
from engine.runtime.listening.hanging_points import HangingPoints
from engine.vocabulary import NO_LOSS, StoreTrouble

log = logging.getLogger(__name__)


class StoreHearing:
    """Counts of one store's readings, and a line in the log when most of them are lost. Times in s UTC."""

    def __init__(self, plan: Plan) -> None:
        self._store = plan.store
        self._hearing = Hearing()
        self._points = PointFigures(len(plan.access_points))
        self.hanging = HangingPoints(plan)
        self._deaf: StoreTrouble | None = None

    def note(self, frames: Sequence[Frame], late: int, fixes: Fixes, now: float) -> None:
        """These frames came; of all readings `late` came too late to be used, and `fixes` came of them."""
        frames = [frame for frame in frames if not frame.source.startswith(LABEL_SOURCE)]  # those say who was where
        refused = sum(n for frame in frames for reason, n in frame.refused.items() if reason not in NO_LOSS)
        came = refused + sum(len(f.readings) + len(f.ap_readings) + len(f.positions) for f in frames)
        self._say_deaf(self._hearing.note(now, came, refused, late))
        heard = [part.ap for f in frames if not f.replay for part in (f.readings, f.ap_readings) if len(part)]
        self._points.note(np.concatenate(heard) if heard else np.empty(0, np.int32), now)
        self.hanging.hear(frames)
        self.hanging.stand(fixes, now)

    def miss(self, frames: int, now: float) -> None:
        """Whole frames could not be used: each counts as a reading that was refused."""
        self._say_deaf(self._hearing.note(now, frames, frames, 0))

    def troubles(self) -> dict[StoreTrouble, int]:
        """1 where most readings are lost in that way, else 0."""
        return {kind: int(self._deaf is kind) for kind in (StoreTrouble.MOSTLY_LATE, StoreTrouble.MOSTLY_REFUSED)}

    def points(self) -> Any:
        """What the health page knows of the access points."""
        self.hanging.look()
        return self._points.as_json() | self.hanging.as_json()

    def _say_deaf(self, trouble: StoreTrouble | None) -> None:
        """One line when it begins and one when it ends."""
        if trouble and not self._deaf:
            log.warning("not ready: %s: more than half of the last minute's readings are lost: %s", self._store,
                        "too late" if trouble is StoreTrouble.MOSTLY_LATE else "refused")  # fmt: skip
        elif self._deaf and not trouble:
            log.warning("%s: most readings can be used again", self._store)
        self._deaf = trouble
