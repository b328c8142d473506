"""Columns of readings as small integers, to the bit: times in steps of milliseconds, decibels in tenths.

What came over a wire has few digits. Where all of a column's numbers are whole multiples of a step they are kept as
differences to the smallest, in as few bytes as they need; any other column is kept as it is. Numbers that only rise, as
times of a frame do, are kept as what each adds to the one before.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Column = np.ndarray[Any, Any]
_STEPS = (1.0, 10.0, 100.0, 1000.0)
_WIDEST = 2.0**53  # whole numbers up to here are exact in a float64
_UNSIGNED = (np.uint8, np.uint16, np.uint32, np.uint64)


def squeeze(column: Column) -> Any:
    """The column (n,) as something that packs smaller; `unsqueeze` gives it back to the bit."""
    if column.dtype.kind == "f":
        return _squeeze_numbers(column)
    if column.dtype == np.uint64 and len(column):
        names, at = np.unique(column, return_inverse=True)
        return {"of": names, "at": _small(at)}
    return {"dtype": column.dtype.str, "whole": _small(column)} if _is_small(column) else column


def unsqueeze(kept: Any) -> Column:
    """The inverse of `squeeze`."""
    if isinstance(kept, np.ndarray):
        return kept
    if "of" in kept:
        return np.asarray(kept["of"][kept["at"]])
    if "whole" in kept:
        return np.asarray(kept["whole"], np.dtype(kept["dtype"]))
    steps = np.cumsum(kept["rise"], dtype=np.uint64) if "rise" in kept else kept["steps"]
    values = (steps.astype(np.float64) - 1.0 + kept["least"]) / kept["per"]
    values[steps == 0] = np.nan
    return np.asarray(values, np.dtype(kept["dtype"]))


def _squeeze_numbers(column: Column) -> Any:
    given = ~np.isnan(column)
    if not given.any():
        if column.tobytes() != np.full_like(column, np.nan).tobytes():  # NaNs that have a sign, or say more
            return column
        return {"dtype": column.dtype.str, "per": 1.0, "least": 0.0, "steps": np.zeros(len(column), np.uint8)}
    exact = column.astype(np.float64)
    for per in _STEPS:
        whole = np.rint(np.where(given, exact, exact[given][0]) * per)
        if not np.abs(whole).max() < _WIDEST:
            break
        if ((whole / per).astype(column.dtype)[given] == column[given]).all():
            least = float(whole.min())
            steps = np.where(given, whole - least + 1.0, 0.0).astype(np.uint64)
            kept = {"dtype": column.dtype.str, "per": per, "least": least} | _steps(steps)
            return kept if unsqueeze(kept).tobytes() == column.tobytes() else column
    return column


def _steps(steps: Column) -> dict[str, Column]:
    if (steps[1:] >= steps[:-1]).all():
        return {"rise": _small(np.diff(steps, prepend=np.uint64(0)))}
    return {"steps": _small(steps)}


def _is_small(column: Column) -> bool:
    return bool(column.dtype.kind in "iu" and len(column) and column.min() >= 0)


def _small(whole: Column) -> Column:
    """Whole numbers of 0 and more, in as few bytes as the largest needs."""
    most = int(whole.max(initial=0))
    return whole.astype(next(kind for kind in _UNSIGNED if most <= np.iinfo(kind).max))
