"""A table of figures, of which screen, API, CSV, PDF and letter are forms: columns with units, rows with cells."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from scipy.special import stdtr, stdtrit

from engine.presence.hotzones import benjamini_hochberg

FALSE_DISCOVERIES = 0.1
Unit = Literal["zone", "state", "weekday", "hour", "day", "step", "count", "person_h", "s", "people", "share", "change"]
"""What a cell holds. The first six are names and codes, which readers get in words."""
Role = Literal["now", "before", "change"]


@dataclass(frozen=True, slots=True)
class TableFigure:
    """A figure and, where it has one, its interval: with 90 % it lies between `low` and `high`; of a mean over several
    periods, 90 % of such periods do. None: there is none. `p` is how likely a figure as far from those before is by
    chance, where several are known."""

    value: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None


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

    def unusual(self, name: str) -> set[str]:
        """The rows whose figure in a column differs from those before by more than chance: of all that are named, one
        in ten may be wrong (Benjamini and Hochberg 1995)."""
        tested = {key: f.p for key, f in self.figures(name).items() if f.p is not None}
        q = benjamini_hochberg(list(tested.values())).tolist() if tested else []
        return {key for key, rate in zip(tested, q, strict=True) if rate < FALSE_DISCOVERIES}

    def sorted_by(self, name: str | None) -> Table:
        """The same, largest figure of a column first; rows without it last, in the order they were."""
        found = self.figures(name or "")
        if not found:
            return self
        sizes = {key: -math.inf if f.value is None else f.value for key, f in found.items()}
        return Table(self.columns, tuple(sorted(self.rows, key=lambda row: -sizes[row.key])))


def mean_of(values: Sequence[float | None]) -> TableFigure:
    """The mean of what is known, and between what 90 % of such values lie: the prediction interval of a normal
    distribution, by Student's t of one value less. None of fewer than two."""
    known = [v for v in values if v is not None]
    if not known:
        return TableFigure(None)
    mean = statistics.fmean(known)
    if len(known) < 2:
        return TableFigure(mean)
    half = float(stdtrit(len(known) - 1, 0.95)) * _spread(known)
    return TableFigure(mean, max(0.0, mean - half), mean + half)


def chance_of(value: float | None, before: Sequence[float | None]) -> float | None:
    """How likely one more of those before would be as far from their mean, to either side; None of fewer than two."""
    known = [v for v in before if v is not None]
    if value is None or len(known) < 2:
        return None
    off, spread = abs(value - statistics.fmean(known)), _spread(known)
    if off <= 1e-9 * max(1.0, abs(value)):
        return 1.0
    return 2 * float(stdtr(len(known) - 1, -off / spread)) if spread > 0 else 0.0


def _spread(known: Sequence[float]) -> float:
    """The standard deviation of one more value from the mean of those known."""
    return statistics.stdev(known) * math.sqrt(1 + 1 / len(known))


def change(now: TableFigure, before: TableFigure) -> TableFigure:
    """By which share of what was before; no figure where nothing was."""
    if now.value is None or not before.value:
        return TableFigure(None)
    low, high = (None if end is None else end / before.value - 1 for end in (now.low, now.high))
    return TableFigure(now.value / before.value - 1, low, high)


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
    return replace(now, p=chance_of(now.value, before)), mean, change(now, mean)
