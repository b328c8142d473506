"""Where everybody is: all journeys as one table, asked for many shoppers and times in one numpy call."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass

import numpy as np

from engine.records import F64, I32
from simulators.people.journeys import Journey


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where some shoppers are: level index, metres, and the direction they face, each (n,)."""

    level: I32
    x_m: F64
    y_m: F64
    heading_rad: F64


class Crowd:
    """All journeys as one table, so that places of many shoppers at many times are one numpy call."""

    _SPAN_S = 1e8  # longer than any scenario: keeps one shopper's times apart from the next one's in one sorted key

    def __init__(self, journeys: list[Journey]) -> None:
        sizes = [len(j.t_s) for j in journeys]
        self.first = np.cumsum([0, *sizes])
        self.start_s = np.array([j.start_s for j in journeys], np.float64)
        self.end_s = np.array([j.end_s for j in journeys], np.float64)
        self._t_s = _join([j.t_s for j in journeys])
        self._level = _join([j.level for j in journeys]).astype(np.int32)
        self._x_m, self._y_m = _join([j.x_m for j in journeys]), _join([j.y_m for j in journeys])
        self._heading = _join([j.heading_rad for j in journeys])
        self._key = self._t_s + self._SPAN_S * np.repeat(np.arange(len(journeys)), sizes)

    def replace_journey(self, shopper: int, journey: Journey) -> Crowd:
        """With another journey of one shopper."""
        out = copy(self)
        a, b, more = int(self.first[shopper]), int(self.first[shopper + 1]), len(journey.t_s)
        out.first = self.first + np.where(np.arange(len(self.first)) > shopper, more - (b - a), 0)
        out.start_s, out.end_s = self.start_s.copy(), self.end_s.copy()
        out.start_s[shopper], out.end_s[shopper] = journey.start_s, journey.end_s
        new = Crowd([journey])
        for name in ("_t_s", "_level", "_x_m", "_y_m", "_heading"):
            was = getattr(self, name)
            setattr(out, name, np.concatenate([was[:a], getattr(new, name), was[b:]]))
        out._key = np.concatenate([self._key[:a], new._key + self._SPAN_S * shopper, self._key[b:]])
        return out

    def at(self, shopper: I32, t_s: F64) -> Whereabouts:
        """Places of shopper i at time t, row by row; before coming in and after leaving, the first and last place."""
        i = np.searchsorted(self._key, shopper * self._SPAN_S + t_s, side="right") - 1
        i = np.clip(i, self.first[shopper], np.maximum(self.first[shopper + 1] - 2, self.first[shopper]))
        j = np.minimum(i + 1, self.first[shopper + 1] - 1)
        span = self._t_s[j] - self._t_s[i]
        part = np.clip((t_s - self._t_s[i]) / np.where(span > 0, span, 1.0), 0.0, 1.0)
        x_m = self._x_m[i] + part * (self._x_m[j] - self._x_m[i])
        y_m = self._y_m[i] + part * (self._y_m[j] - self._y_m[i])
        return Whereabouts(np.where(part < 0.5, self._level[i], self._level[j]), x_m, y_m, self._heading[i])


def _join(parts: list[list[float]] | list[list[int]]) -> F64:
    return np.concatenate([np.asarray(p, np.float64) for p in parts]) if parts else np.empty(0)
