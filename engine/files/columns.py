"""The tables as columns. All arrays of one table have shape (n,); numbers are float64 with NaN for an empty optional
cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.columns import Columns
from engine.records import F64

Texts = npt.NDArray[np.str_]

Lines = Callable[[int], int]
"""Row index to its line in the file (1 is the header)."""


TIME_CEILING_S = 4_102_444_800.0  # the year 2100; before 1970 and after it, a clock was never set or has run wild


def row_line(row: int) -> int:
    """The line of a row in a table without blank lines."""
    return row + 2


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: a number or a text; `required` says that the header must name it."""

    name: str
    number: bool
    required: bool = True
    blank: bool = False  # empty cells allowed (they read as NaN)
    default: str = ""  # what an absent optional text column reads as


READINGS = (
    Column("t", number=True),
    Column("device", number=False),
    Column("ap", number=False),
    Column("rssi_dbm", number=True, required=False, blank=True),
    Column("range_m", number=True, required=False, blank=True),
    Column("range_sigma_m", number=True, required=False, blank=True),
    Column("band", number=False, required=False, blank=True),
)
SURVEY = (
    Column("x_m", number=True),
    Column("y_m", number=True),
    Column("level", number=False),
    Column("ap", number=False),
    Column("rssi_dbm", number=True, required=False, blank=True),
    Column("range_m", number=True, required=False, blank=True),
    Column("t", number=True, required=False, blank=True),
    Column("device", number=False, required=False, blank=True),
)
TRUTH = (
    Column("t", number=True),
    Column("device", number=False),
    Column("level", number=False),
    Column("x_m", number=True),
    Column("y_m", number=True),
)
FIXES = (
    *TRUTH,
    Column("sigma_m", number=True),
    Column("n_ap", number=True),
    Column("method", number=False),
)


@dataclass(frozen=True, slots=True)
class ReadingTable(Columns):
    """Readings as QA writes them: opaque device and AP names, `rssi_dbm`, `range_m`, `range_sigma_m` NaN, `band`
    empty where absent."""

    file: str
    t: F64
    device: Texts
    ap: Texts
    rssi_dbm: F64
    range_m: F64
    range_sigma_m: F64
    band: Texts


@dataclass(frozen=True, slots=True)
class SurveyTable(Columns):
    """Readings at known places. `t` is NaN and `device` empty where the table does not say."""

    file: str
    x_m: F64
    y_m: F64
    level: Texts
    ap: Texts
    rssi_dbm: F64
    range_m: F64
    t: F64
    device: Texts
    lines: Lines = row_line


@dataclass(frozen=True, slots=True)
class TruthTable(Columns):
    """Where devices really were."""

    file: str
    t: F64
    device: Texts
    level: Texts
    x_m: F64
    y_m: F64


@dataclass(frozen=True, slots=True)
class FixTable(Columns):
    """Fixes as `rayon locate` writes them. `sigma_m` is the radial standard deviation."""

    file: str
    t: F64
    device: Texts
    level: Texts
    x_m: F64
    y_m: F64
    sigma_m: F64
    n_ap: F64
    method: Texts


def empty_column(column: Column, n: int) -> Any:
    """What an absent optional column reads as: NaN, or its default text."""
    return np.full(n, np.nan) if column.number else np.full(n, column.default, dtype=np.str_)
