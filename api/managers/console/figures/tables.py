"""A table of figures, of which screen, API, CSV, PDF and letter are forms: columns with units, rows with cells."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from api.managers.told import TableFigure
from engine.indicators.comparison import ALPHA, PeriodDifference, against_usual, usual
from engine.presence.hotzones import benjamini_hochberg

Name = Literal["zone", "product", "text", "state", "weekday", "hour", "day", "step", "channel"]
"""Names and codes, which readers get in words."""
Quantity = Literal["count", "rate", "person_h", "s", "people", "share", "change"]
Unit = Name | Quantity
"""What a cell holds."""
Role = Literal["now", "before", "change"]


Cell = str | TableFigure
ALL_PRODUCTS = "all"
"""The key of the row of all products together, in place of one."""


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

    def unusual(self, name: str) -> set[str]:
        """The rows whose figure in a column differs from those before by more than chance: of all that are named, one
        in twenty may be wrong (Benjamini and Hochberg 1995)."""
        tested = {key: f.p for key, f in self.figures(name).items() if f.p is not None}
        q = benjamini_hochberg(list(tested.values())).tolist() if tested else []
        return {key for key, rate in zip(tested, q, strict=True) if rate < ALPHA}

    def sort_by(self, name: str | None) -> Table:
        """The same, largest figure of a column first; rows without it last, in the order they were."""
        found = self.figures(name or "")
        if not found:
            return self
        sizes = {key: -math.inf if f.value is None else f.value for key, f in found.items()}
        return Table(self.columns, tuple(sorted(self.rows, key=lambda row: -sizes[row.key])))


def mean_of(values: Sequence[float | None]) -> TableFigure:
    """The mean of what is known, and of three or more between what nine in ten of such values lie."""
    known = [v for v in values if v is not None]
    if not known:
        return TableFigure(None)
    found = usual(known)
    if found is None:
        return TableFigure(statistics.fmean(known))
    return TableFigure(found.mean.value, max(0.0, found.mean.low), found.mean.high)


def against_several(value: float | None, before: Sequence[float | None]) -> PeriodDifference | None:
    """How far from the mean of those before, by how much they vary; None of fewer than three."""
    return None if value is None else against_usual(value, [v for v in before if v is not None])


def change(now: TableFigure, before: TableFigure, found: PeriodDifference | None = None) -> TableFigure:
    """By which share of what was before, with the interval of the difference where that is known: both periods err, and
    what a place does to both is no part of it. No figure where nothing was before."""
    if now.value is None or not before.value:
        return TableFigure(None)
    low, high = (None if found is None else found.share_interval) or (None, None)
    return TableFigure(now.value / before.value - 1, low, high)


def figure_columns(key: str, unit: Unit, compared: bool) -> tuple[TableColumn, ...]:
    """The columns of one figure, with what was before and the change where periods are compared."""
    if not compared:
        return (TableColumn(key, unit),)
    return TableColumn(key, unit), TableColumn(key, unit, "before"), TableColumn(key, "change", "change")


def figure_cells(
    now: TableFigure, before: Sequence[float | None] | None, known: PeriodDifference | None = None
) -> tuple[TableFigure, ...]:
    """The cells of one figure, as `figure_columns` has its columns; `before` is None where nothing is compared. What
    differs may be `known` by itself, as from the intervals of both; else several before say how they vary."""
    if before is None:
        return (now,)
    mean, found = mean_of(before), known or against_several(now.value, before)
    return replace(now, p=None if found is None else found.p), mean, change(now, mean, found)
