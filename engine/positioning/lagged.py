"""Turns a locator's causal fixes into fixed-lag smoothed ones, device by device, as their later readings come in."""

from __future__ import annotations

from collections import deque

import numpy as np

from engine.positioning.bayes import moments
from engine.positioning.fix_points import PlainFixes
from engine.positioning.locator import Locator
from engine.positioning.motion.smoothing import TrackStep, smooth
from engine.records import F32


class Smoother:
    """Holds back each fix until readings `lag_s` later were seen, then gives it again, smoothed."""

    def __init__(self, locator: Locator, lag_s: float) -> None:
        self._locator, self._lag_s = locator, lag_s
        self._steps: dict[int, deque[TrackStep]] = {}
        self._waiting: dict[int, deque[PlainFixes]] = {}
        self._now = -np.inf
        locator.steps = self._steps

    def after(self, fixes: PlainFixes) -> PlainFixes:
        """Takes the causal fixes of a batch; returns the smoothed ones whose lag has passed."""
        for i, device in enumerate(fixes.device.tolist()):
            self._waiting.setdefault(device, deque()).append(fixes.take(slice(i, i + 1)))
        if len(fixes.t):
            self._now = max(self._now, float(fixes.t.max()))
        given = self._give(self._now - self._lag_s)
        for device in [d for d in self._steps if not self._waiting.get(d)]:
            del self._steps[device]  # no fix that is still to be given looks so far back
        return given

    def rest(self) -> PlainFixes:
        """All fixes still held back, smoothed with what there is."""
        return self._give(np.inf)

    def _give(self, before: float) -> PlainFixes:
        """Smoothed fixes older than `before`, in the order of time."""
        out: list[PlainFixes] = []
        rows: list[F32] = []
        steps_of: list[TrackStep] = []
        for device, waiting in self._waiting.items():
            steps = self._steps.get(device, deque())
            while waiting and float(waiting[0].t[0]) < before:
                while steps[0].t < waiting[0].t[0]:  # of a scan whose fix was too vague to be given
                    steps.popleft()
                within = [s for s in steps if s.t <= steps[0].t + self._lag_s]
                rows.append(smooth(self._locator.graph, self._locator.motion, within))
                out.append(waiting.popleft())
                steps_of.append(steps.popleft())
        if not out:
            return PlainFixes.empty()
        fixes = PlainFixes.concat(out)
        level, xy, cov = moments(self._locator.site, np.stack(rows))
        wider = np.array([s.wider for s in steps_of])
        wider *= self._locator.store_wider(fixes.t, np.array([s.ranged for s in steps_of]))
        cov *= wider[:, None, None]
        again = PlainFixes(fixes.t, fixes.device, level, xy[:, 0], xy[:, 1], cov, fixes.n_ap)
        return again.take(np.lexsort((again.device, again.t)))
