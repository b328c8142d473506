"""A table of figures, of which screen, API, CSV, PDF and letter are forms: columns with units, rows with cells."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Unit = Literal["zone", "state", "weekday", "hour", "day", "step", "count", "person_h", "s", "people", "share", "change"]
"""What a cell holds. The first six are names and codes, which readers get in words."""
Role = Literal["now", "before", "change"]


@dataclass(frozen=True, slots=True)
class TableFigure:
    """A figure and, where it has one, its interval: 90 % of what it stands for lies between `low` and `high`; of a
    mean over several periods, one standard deviation to either side. None: there is none."""

    value: float | None
    low: float | None = None
    high: float | None = None


Cell = str | TableFigure


@dataclass(frozen=True, slots=True)
class TableColumn:
    """`key` names what is counted, `role` whether it is this period's figure, that of the periods before, or by which
    share it changed."""

    key: str
    unit: Unit
    role: Role = "now"

    @property
    def name(self) -> str:
        """What programs call it."""
        return self.key if self.role == "now" else f"{self.key}_{self.role}"


@dataclass(frozen=True, slots=True)
class TableRow:
    """One line; `key` is the same in every language, and one row's only."""

    key: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows, every row with a cell for each column."""

    columns: tuple[TableColumn, ...]
    rows: tuple[TableRow, ...]

    def figures(self, name: str) -> dict[str, TableFigure]:
        """The figures of one column by the keys of their rows; none where there is no such column."""
        at = next((i for i, c in enumerate(self.columns) if c.name == name), None)
        if at is None:
            return {}
        return {row.key: cell for row in self.rows if isinstance(cell := row.cells[at], TableFigure)}

    def sorted_by(self, name: str | None) -> Table:
        """The same, largest figure of a column first; rows without it last, in the order they were."""
        found = self.figures(name or "")
        if not found:
            return self
        sizes = {key: -math.inf if f.value is None else f.value for key, f in found.items()}
        return Table(self.columns, tuple(sorted(self.rows, key=lambda row: -sizes[row.key])))


def mean_of(values: Sequence[float | None]) -> TableFigure:
    """The mean of what is known with its spread (sample standard deviation); no spread of fewer than two."""
    known = [v for v in values if v is not None]
    if not known:
        return TableFigure(None)
    mean = statistics.fmean(known)
    if len(known) < 2:
        return TableFigure(mean)
    spread = statistics.stdev(known)
    return TableFigure(mean, max(0.0, mean - spread), mean + spread)


def change(now: TableFigure, before: TableFigure) -> TableFigure:
    """By which share of what was before; no figure where nothing was."""
    if now.value is None or not before.value:
        return TableFigure(None)
    low, high = (None if end is None else end / before.value - 1 for end in (now.low, now.high))
    return TableFigure(now.value / before.value - 1, low, high)


def is_unusual(now: TableFigure, before: TableFigure) -> bool:
    """Whether a figure lies outside the spread of those before."""
    if now.value is None or before.low is None or before.high is None:
        return False
    return not before.low <= now.value <= before.high


def measured(key: str, unit: Unit, compared: bool) -> tuple[TableColumn, ...]:
    """The columns of one figure, with what was before and the change where periods are compared."""
    if not compared:
        return (TableColumn(key, unit),)
    return TableColumn(key, unit), TableColumn(key, unit, "before"), TableColumn(key, "change", "change")


def measured_cells(now: TableFigure, before: Sequence[float | None] | None) -> tuple[TableFigure, ...]:
    """The cells of one figure, as `measured` has its columns; `before` is None where nothing is compared."""
    if before is None:
        return (now,)
    mean = mean_of(before)
    return now, mean, change(now, mean)
