"""How strong access points hear phones, by place: sums over squares of the floor, and no phone. In memory only."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from engine.plan.model import Plan
from engine.radio.hanging.seeming import Hanging, find_hanging
from engine.records import F64, I32, I64

SQUARE_M = 2.0
FORGET_S = 3_600.0  # what was heard so long ago counts half


class Squares:
    """The squares of a plan's levels, numbered."""

    def __init__(self, plan: Plan) -> None:
        bounds = np.array([level.polygon.bounds for level in plan.levels])
        self._low = bounds[:, :2].min(axis=0)
        self._n_x, self._n_y = (np.ceil((bounds[:, 2:].max(axis=0) - self._low) / SQUARE_M).astype(int) + 1).tolist()
        self._levels = len(plan.levels)

    def __len__(self) -> int:
        return int(self._levels * self._n_x * self._n_y)

    def number(self, level: I32, x_m: F64, y_m: F64) -> I64:
        """The square of each place (n,)."""
        column = np.clip((x_m - self._low[0]) // SQUARE_M, 0, self._n_x - 1).astype(np.int64)
        row = np.clip((y_m - self._low[1]) // SQUARE_M, 0, self._n_y - 1).astype(np.int64)
        return np.asarray((level.astype(np.int64) * self._n_y + row) * self._n_x + column)

    def centres(self, number: I64) -> tuple[I64, F64, F64]:
        """(level, x, y) of these squares, each (n,)."""
        row, column = number // self._n_x, number % self._n_x
        x = self._low[0] + (column + 0.5) * SQUARE_M
        y = self._low[1] + (row % self._n_y + 0.5) * SQUARE_M
        return row // self._n_y, x, y


class HeardPlaces:
    """Of one access point: how many readings each square has, and their sum, dBm."""

    def __init__(self, squares: Squares) -> None:
        self._squares = squares
        self._n, self._sum = np.zeros(len(squares), np.float32), np.zeros(len(squares), np.float32)

    def add(self, square: I64, rssi_dbm: F64) -> None:
        """Readings (n,) of phones that stood in these squares."""
        size = len(self._n)
        self._n += np.bincount(square, minlength=size).astype(np.float32)
        self._sum += np.bincount(square, weights=rssi_dbm, minlength=size).astype(np.float32)

    def fade(self, share: float) -> None:
        """What there is counts this share of what it did."""
        self._n *= np.float32(share)
        self._sum *= np.float32(share)

    @property
    def mean_dbm(self) -> float | None:
        """Of all its readings; None without any."""
        n = float(self._n.sum())
        return float(self._sum.sum()) / n if n > 0 else None

    def levels(self) -> Iterable[int]:
        """Those on which it is heard, the strongest first: it hangs where its best squares are."""
        at = np.flatnonzero(self._n > 0.5)
        level, _, _ = self._squares.centres(at)
        mean = self._sum[at] / self._n[at]
        best = {int(one): float(np.quantile(mean[level == one], 0.9)) for one in np.unique(level)}
        return sorted(best, key=lambda one: -best[one])

    def hanging(self, level: int, exponent: float, told: tuple[float, float] | None = None) -> Hanging | None:
        """Where it seems to hang on this level; None where that is not known."""
        at = np.flatnonzero(self._n > 0.5)
        on, x, y = self._squares.centres(at)
        here = on == level
        at, x, y = at[here], x[here], y[here]
        n = self._n[at].astype(np.float64)
        return find_hanging(x, y, self._sum[at] / n, n, exponent=exponent, told=told)
