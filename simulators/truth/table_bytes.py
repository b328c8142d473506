"""Columns of numbers and names as the bytes of a CSV file, without a Python object per cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from engine.records import F64

Cells = npt.NDArray[np.uint8]
"""(n, width): each row a cell's bytes, with zeros where a cell is shorter than others."""

ROWS_AT_ONCE = 65_536
LARGEST = 2.0**52
"""From here on a number has no decimals of its own, and a float is told from its neighbour by more than one digit."""


def table_bytes(columns: Sequence[Cells]) -> Iterator[bytes]:
    """The lines of a table, some thousands at a time: columns of equally many rows."""
    comma, newline = (np.full((1, 1), ord(mark), np.uint8) for mark in ",\n")
    for first in range(0, len(columns[0]), ROWS_AT_ONCE):
        rows = [column[first : first + ROWS_AT_ONCE] for column in columns]
        n = len(rows[0])
        parts = [part for cells in rows for part in (cells, np.broadcast_to(comma, (n, 1)))]
        parts[-1] = np.broadcast_to(newline, (n, 1))
        line = np.concatenate(parts, axis=1).ravel()
        yield line[line != 0].tobytes()


def fixed_cells(values: F64, decimals: int) -> Cells:
    """Fixed decimals without a negative zero; NaN as an empty cell. ValueError where a number is too large."""
    scaled = np.rint(np.round(values, decimals) * 10.0**decimals)
    empty = np.isnan(scaled)
    scaled[empty] = 0.0
    if len(scaled) and float(np.abs(scaled).max()) > LARGEST:
        raise ValueError(f"a number is too large to be written with {decimals} decimals")
    left = np.abs(scaled).astype(np.int64)
    digits = max(len(str(int(left.max(initial=0)))), decimals + 1)
    out = np.zeros((len(values), 1 + digits + (decimals > 0)), np.uint8)
    out[:, 0] = np.where(scaled < 0, ord("-"), 0)
    if decimals:
        out[:, -1 - decimals] = ord(".")
    for k in range(digits):  # from the last digit on; zeros in front of the number's first are left out
        column = out.shape[1] - 1 - k - (decimals > 0 and k >= decimals)
        shown = (left > 0) | (k <= decimals)
        left, digit = np.divmod(left, 10)
        out[:, column] = np.where(shown, digit + ord("0"), 0)
    out[empty] = 0
    return out


def name_cells(names: Sequence[str], which: npt.NDArray[np.integer]) -> Cells:
    """Of each row the name of this index, quoted where CSV wants it."""
    written = [_quote(name) for name in names]
    table = np.zeros((len(written), max(map(len, written), default=0)), np.uint8)
    for row, cell in zip(table, written, strict=True):
        row[: len(cell)] = np.frombuffer(cell, np.uint8)
    return np.asarray(table[which], np.uint8)


def _quote(name: str) -> bytes:
    if "\0" in name:
        raise ValueError(f"{name!r} cannot be written into a table")
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow((name, ""))
    return out.getvalue()[:-2].encode()
