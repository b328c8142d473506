"""An hour's heat of a level in one value: a row for each square would be nine million rows a year in a supermarket."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.presence.heat import HeatRow
from engine.records import F64, I64

FASTEST = 1  # zlib's level: higher ones save a tenth of the bytes and take three times as long
DENSE = 4_000_000
"""Squares around those with heat, up to which they are added up on a grid: a plan of 1 km by 1 km has a quarter."""
_SQUARE_BYTES = 24  # two int32, two float64


@dataclass(frozen=True, slots=True)
class HeatSquares:
    """Heat by square: row, column, person-seconds and fixes, each (n,)."""

    row: I64
    col: I64
    person_s: F64
    fixes: F64

    @staticmethod
    def of(rows: Sequence[HeatRow]) -> HeatSquares:
        """The squares of these rows, whatever their hour and level, each once, by row and column."""
        if not rows:
            return NONE
        row, col, person_s, fixes = zip(*((r.row, r.col, r.person_s, r.fixes) for r in rows), strict=True)
        places = np.array([row, col], np.int64)
        return add_squares(
            [HeatSquares(places[0], places[1], np.array(person_s, np.float64), np.array(fixes, np.float64))]
        )

    def rows(self, hour_start: float, level: str) -> list[HeatRow]:
        """The same as rows of an hour and a level."""
        columns = (self.col.tolist(), self.row.tolist(), self.person_s.tolist(), self.fixes.tolist())
        return [HeatRow(hour_start, level, *values) for values in zip(*columns, strict=True)]

    def pack(self) -> bytes:
        """As it is stored: columns little-endian, places as differences, compressed."""
        places = [np.diff(at, prepend=0).astype("<i4").tobytes() for at in (self.row, self.col)]
        figures = [values.astype("<f8").tobytes() for values in (self.person_s, self.fixes)]
        return zlib.compress(b"".join((*places, *figures)), FASTEST)


NONE = HeatSquares(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0))


def unpack_squares(stored: bytes) -> HeatSquares:
    """The inverse of `HeatSquares.pack`."""
    raw = zlib.decompress(stored)
    n = len(raw) // _SQUARE_BYTES
    places = np.frombuffer(raw, "<i4", 2 * n).reshape(2, n).cumsum(axis=1, dtype=np.int64)
    figures = np.frombuffer(raw, "<f8", 2 * n, offset=8 * n).reshape(2, n)
    return HeatSquares(places[0], places[1], figures[0], figures[1])


def add_squares(parts: Iterable[HeatSquares]) -> HeatSquares:
    """The sums of all, by row and column."""
    held = list(parts)
    row, col = (np.concatenate([NONE.row, *(getattr(p, name) for p in held)]) for name in ("row", "col"))
    if not len(row):
        return NONE
    width = int(col.max() - col.min()) + 1
    flat = (row - row.min()) * width + (col - col.min())
    size = int(flat.max()) + 1
    squares, at = (np.arange(size), flat) if size <= DENSE else np.unique(flat, return_inverse=True)
    seen = np.bincount(at, minlength=len(squares)) > 0
    person_s, fixes = (
        np.asarray(np.bincount(at, np.concatenate([getattr(p, name) for p in held]), len(squares))[seen], np.float64)
        for name in ("person_s", "fixes")
    )
    squares = squares[seen]
    return HeatSquares(squares // width + row.min(), squares % width + col.min(), person_s, fixes)
