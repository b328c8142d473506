"""Access points of one store by where they seem to hang: those of the plan, and those that no plan has.

Phones that stand still say how strong a place is heard: what a frame has of them is added to the sums of their square
of the floor. Nothing of a phone is kept but where it stood within the last seconds. In memory only: after a start the
evidence is gathered anew.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from engine.ingest.decoders.native import Frame
from engine.ingest.samples import HeardUnknown
from engine.plan.model import Plan
from engine.radio.hanging.heard_places import FORGET_S, HeardPlaces, Squares
from engine.radio.hanging.seeming import Hanging
from engine.radio.pathloss import DEFAULT_PRIOR
from engine.records import U64, Fixes

STILL_M = 1.5  # from one fix to the next
STILL_S = 5.0  # so long a phone is taken to stand where its last fix was
SURE_M = 4.0  # radial standard deviation of a fix that says where somebody stands
MOST_UNKNOWN = 20
_NO_SQUARE = -1

Known = tuple[str, Hanging]
"""The level's id, and where on it."""


class HangingPoints:
    """Used by the store's thread. Times in s UTC."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._squares = plan, Squares(plan)
        self._stood: dict[int, tuple[float, float, float, int, int]] = {}  # device: t, x, y, level, square
        self._points = [HeardPlaces(self._squares) for _ in plan.access_points]
        self._unknown: dict[str, HeardPlaces] = {}
        self._seem: dict[int, Known | None] = {}
        self._seem_unknown: dict[str, Known | None] = {}
        self._next, self._faded_at = 0, -math.inf

    def stand(self, fixes: Fixes, now: float) -> None:
        """Where phones are now; those that stand still are believed."""
        squares = self._squares.number(fixes.level, fixes.x_m, fixes.y_m).tolist()
        columns = (fixes.device, fixes.t, fixes.x_m, fixes.y_m, fixes.level, fixes.sigma_m)
        for device, t, x, y, level, sigma, square in zip(*(c.tolist() for c in columns), squares, strict=True):
            before = self._stood.get(device)
            still = before is not None and level == before[3] and math.hypot(x - before[1], y - before[2]) <= STILL_M
            self._stood[device] = (t, x, y, level, square if still and sigma <= SURE_M else _NO_SQUARE)
        self._stood = {who: where for who, where in self._stood.items() if 0 <= now - where[0] <= STILL_S}
        if not 0 <= now - self._faded_at < FORGET_S:
            self._fade(now)

    def hear(self, frames: Sequence[Frame]) -> None:
        """What access points of the plan hear of those who stand."""
        for frame in frames:
            readings = frame.readings
            if frame.replay or not len(readings):
                continue
            square = self._squares_of(readings.device)
            used = (square != _NO_SQUARE) & np.isfinite(readings.rssi_dbm)
            for ap in np.unique(readings.ap[used]).tolist():
                mine = used & (readings.ap == ap)
                self._points[ap].add(square[mine], readings.rssi_dbm[mine].astype(np.float64))

    def hear_unknown(self, told: HeardUnknown | None) -> None:
        """The same of access points that no plan has, where a frame has such."""
        if told is None:
            return
        square = self._squares_of(told.device)
        used = (square != _NO_SQUARE) & np.isfinite(told.rssi_dbm)
        for i in np.flatnonzero(used).tolist():
            name = told.names[i]
            heard = self._unknown.pop(name, None) or HeardPlaces(self._squares)
            self._unknown[name] = heard  # the newest stand last
            heard.add(square[i : i + 1], told.rssi_dbm[i : i + 1])
        for oldest in list(self._unknown)[: max(len(self._unknown) - MOST_UNKNOWN, 0)]:
            del self._unknown[oldest]
            self._seem_unknown.pop(oldest, None)

    def forget(self, devices: Iterable[int]) -> None:
        """Where these stood; all of them where the salt has turned."""
        for device in devices:
            self._stood.pop(device, None)

    def rename(self) -> None:
        """The salt has turned: nobody is known by an old name."""
        self._stood.clear()

    def look(self) -> None:
        """Works one access point out, each in its turn: called every few seconds."""
        names: list[int | str] = [*range(len(self._points)), *self._unknown]
        if not names:
            return
        name = names[self._next % len(names)]
        self._next += 1
        if isinstance(name, int):
            ap = self._plan.access_points[name]
            level, told = self._plan.level_index[ap.level], (ap.x_m, ap.y_m)
            found = self._points[name].hanging(level, ap.exponent or DEFAULT_PRIOR.exponent, told)
            self._seem[name] = None if found is None else (ap.level, found)
        else:
            self._seem_unknown[name] = self._place(self._unknown[name])

    def as_json(self) -> dict[str, Any]:
        """`seem`: of each access point of the plan, in its order, where it seems to hang, None where that is not known;
        `unknown`: the same by name of those that it does not have, with the mean of what they hear."""
        return {
            "seem": [_as_json(self._seem.get(i)) for i in range(len(self._points))],
            "unknown": {
                name: {"mean_dbm": _round_off(heard.mean_dbm), "seems": _as_json(self._seem_unknown.get(name))}
                for name, heard in self._unknown.items()
            },
        }

    def _place(self, heard: HeardPlaces) -> Known | None:
        for level in heard.levels():
            found = heard.hanging(level, DEFAULT_PRIOR.exponent)
            return None if found is None else (self._plan.levels[level].id, found)
        return None

    def _squares_of(self, devices: U64) -> Any:
        names, at = np.unique(devices, return_inverse=True)
        where = [self._stood[name][4] if name in self._stood else _NO_SQUARE for name in names.tolist()]
        return np.array(where, np.int64)[at]

    def _fade(self, now: float) -> None:
        for heard in [*self._points, *self._unknown.values()]:
            heard.fade(0.5)
        self._faded_at = now


def _as_json(known: Known | None) -> list[Any] | None:
    """Level, x, y, sigma, how far off (m), whether moved: short, as it is written every few seconds."""
    if known is None:
        return None
    level, at = known
    return [level, *(round(v, 1) for v in (at.x_m, at.y_m, at.sigma_m, at.told_off_m)), at.moved]


def _round_off(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
