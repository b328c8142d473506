"""Labels and receipts as tables: where devices were, and what their owners bought, told by somebody who knows.

Lines that name what the plan does not have (a till sells goods that the plan has no place of) are left out and told, as
they are where they come one by one; a file of which nothing is left, or whose cells are no numbers, is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from engine.errors import OperatorError, Problem
from engine.files.columns import TIME_CEILING_S, Column, Lines, Texts
from engine.files.read import parse_columns
from engine.files.surveyed import say_levels
from engine.files.write import write_columns
from engine.plan.findings import MOST_ALIKE, SHOWN_PLACES
from engine.plan.model import Plan
from engine.records import F64, I32, I64, Labels
from engine.spreadsheets import quote_cell, tell_interchanged
from engine.vocabulary import LabelKind
from engine.wording import nearest

LABELS = (
    Column("t", number=True),
    Column("device", number=False),
    Column("kind", number=False),
    Column("sku", number=False, required=False, blank=True),
    Column("x_m", number=True, required=False, blank=True),
    Column("y_m", number=True, required=False, blank=True),
    Column("level", number=False, required=False, blank=True),
)
RECEIPTS = (Column("t", number=True), Column("device", number=False), Column("sku", number=False))
OFF_PLAN_M = 5.0  # outside the floor, or from a product's place: more than a drawing is off

_KINDS = tuple(LabelKind)

Named = Callable[[str], int]
"""The number of a named device."""

Fix = Callable[[int], str]
"""What would be right of a bad row, by its position among them."""


@dataclass(frozen=True, slots=True)
class _Bad:
    """Rows that cannot be used for one kind of reason; `what` it is, for all of them."""

    column: str
    what: str
    rows: I64
    reasons: Sequence[str]
    fix: Fix
    remedy: str

    def problems(self, path: Path, lines: Lines) -> list[tuple[int, Problem]]:
        """With the rows that they begin at; of more than a few the first."""
        rows, fix = self.rows.tolist(), self.fix
        told = rows if len(rows) <= MOST_ALIKE else rows[:1]
        out = [
            (row, Problem(str(path), f"line {lines(row)}, column {self.column}", self.reasons[i], fix(i)))
            for i, row in enumerate(told)
        ]
        if len(told) < len(rows):
            shown = ", ".join(str(lines(row)) for row in rows[1 : 1 + SHOWN_PLACES])
            reason = f"{self.reasons[0]}; the like at lines {shown} and {len(rows) - 1 - SHOWN_PLACES} more"
            out = [(rows[0], replace(out[0][1], reason=reason))]
        return out

    def sentence(self, path: Path, lines: Lines, n: int) -> str:
        """Of a file of `n` rows, the others of which are used."""
        first = [f"line {lines(row)}: {self.reasons[i]}" for i, row in enumerate(self.rows[:SHOWN_PLACES].tolist())]
        more = len(self.rows) - len(first)
        shown = "; ".join(first) + (f"; and {more} more" if more else "")
        return f"{path}: {len(self.rows)} of {n} lines left out, {self.what} ({shown}): {self.remedy}"


@dataclass(frozen=True, slots=True)
class LabelTable:
    """The labels of a file that can be used, and a sentence for each kind of line that was left out, or whose place
    was."""

    labels: Labels
    left_out: list[str]


def read_labels(path: Path, plan: Plan, device: Named) -> LabelTable:
    """Labels, as the wire has them: a product's `sku`, or `x_m`, `y_m` and, of several, `level`. Raises OperatorError
    for cells that hold nothing of their kind, and where no line is left, with every problem: those of cells, then in
    the order of lines unknown kinds, products and levels, places outside the plan, and rows without a place. More than
    a few of one kind are one."""
    cols, lines, cells = parse_columns(path, LABELS)
    n = len(cols["t"])
    empty = np.full(n, "", np.str_)
    sku, level_name = cols.get("sku", empty), cols.get("level", empty)
    x, y = (cols.get(name, np.full(n, np.nan)) for name in ("x_m", "y_m"))
    product, level, at_x, at_y, unknown = _places(plan, sku)
    told = sku == ""
    at_x, at_y = np.where(told, x, at_x), np.where(told, y, at_y)
    level = np.where(told, _levels(plan, level_name), level).astype(np.int32)
    bad = [_untimely(cols["t"]), _unknown_kinds(cols["kind"]), unknown, _levels_unknown(plan, told, level, level_name)]
    bad += _nowhere(plan, told, level, at_x, at_y)
    kept, left_out = _sift(path, cells, bad, lines, n)
    with np.errstate(over="ignore"):  # of places beyond all metres
        off_m = np.hypot(x - at_x, y - at_y)
    left_out += _say_elsewhere(path, kept[off_m[kept] > OFF_PLAN_M], lines, n)
    kind = np.array([_KINDS.index(LabelKind(k)) if k in _KINDS else -1 for k in cols["kind"].tolist()], np.int32)
    public = kind == _KINDS.index(LabelKind.SURVEY)
    every = Labels(cols["t"], _devices(cols["device"], device), kind, product, level, at_x, at_y, public)
    return LabelTable(every.take(kept), left_out)


def read_receipts(path: Path, plan: Plan, device: Named) -> LabelTable:
    """Receipts, a row each line: when the till was, whose, what. Raises OperatorError for cells that hold nothing of
    their kind, and where the plan has none of the products."""
    cols, lines, cells = parse_columns(path, RECEIPTS)
    product, level, x, y, unknown = _places(plan, cols["sku"])
    n = len(cols["t"])
    kept, left_out = _sift(path, cells, [_untimely(cols["t"]), unknown], lines, n)
    kind = np.full(n, _KINDS.index(LabelKind.RECEIPT), np.int32)
    no = np.zeros(n, np.bool_)
    every = Labels(cols["t"], _devices(cols["device"], device), kind, product, level, x, y, no)
    return LabelTable(every.take(kept), left_out)


def write_labels(path: Path, rows: Sequence[tuple[float, str, LabelKind, str]]) -> None:
    """Labels of products: time, device, kind and sku, in the order given."""
    t, device, kind, sku = zip(*rows, strict=True) if rows else ((), (), (), ())
    texts = {"device": device, "kind": [str(k) for k in kind], "sku": sku}
    write_columns(path, {"t": (np.array(t), 3)} | {name: (np.array(v, np.str_), None) for name, v in texts.items()})


def write_receipts(path: Path, rows: Sequence[tuple[float, str, str]]) -> None:
    """Receipts: time, device and sku of each line, in the order given."""
    t, device, sku = zip(*rows, strict=True) if rows else ((), (), ())
    texts = {"device": np.array(device, np.str_), "sku": np.array(sku, np.str_)}
    write_columns(path, {"t": (np.array(t), 3)} | {name: (v, None) for name, v in texts.items()})


def _devices(names: Texts, device: Named) -> Any:
    number: Mapping[str, int] = {name: device(name) for name in np.unique(names).tolist()}
    return np.array([number[name] for name in names.tolist()], np.uint64)


def _sift(path: Path, cells: Sequence[Problem], bad: Sequence[_Bad], lines: Lines, n: int) -> tuple[I64, list[str]]:
    """The rows that can be used, of `n`, and what is said of the others. Raises OperatorError."""
    some = [one for one in bad if len(one.rows)]
    kept = np.setdiff1d(np.arange(n), np.concatenate([one.rows for one in some])) if some else np.arange(n)
    if cells or (some and not len(kept)):
        found = [problem for one in some for problem in one.problems(path, lines)]
        raise OperatorError([*cells, *(problem for _, problem in sorted(found, key=lambda said: said[0]))])
    return kept, [one.sentence(path, lines, n) for one in some]


def _say_elsewhere(path: Path, rows: I64, lines: Lines, n: int) -> list[str]:
    """Of rows that name a product and a place far from it, of `n`."""
    if not len(rows):
        return []
    said = f"name a product and a place more than {OFF_PLAN_M:g} m from it (the first: line {lines(int(rows[0]))})"
    fix = "the product's place is used; leave x_m and y_m empty beside a sku"
    return [f"{path}: {len(rows)} of {n} lines {said}: {fix}"]


def _always(said: str) -> Fix:
    return lambda _: said


def _untimely(t: F64) -> _Bad:
    # infinite where the cell is no number, which is told already
    rows = np.flatnonzero(((t < 0) | (t >= TIME_CEILING_S)) & np.isfinite(t))
    fix = "seconds since 1970, UTC"
    reasons = [f"{value:g} is before 1970 or after 2100" for value in t[rows].tolist()]
    late = len(rows) and len(rows) == len(t) and bool((t >= TIME_CEILING_S).all())
    said = f"{fix}: are these milliseconds?" if late else fix
    return _Bad("t", "of times that no clock shows", rows, reasons, _always(said), f"write {fix}")


def _places(plan: Plan, sku: Texts) -> tuple[I32, I32, F64, F64, _Bad]:
    """(product, level, x, y) of each sku, -1 and NaN where there is none; and those that the plan does not have."""
    index = {product.sku: i for i, product in enumerate(plan.products)}
    at = np.array([index.get(name, -1) for name in sku.tolist()], np.int32)
    levels = np.array([plan.level_index[p.level] for p in plan.products] + [-1], np.int32)
    x, y = (np.array([getattr(p, name) for p in plan.products] + [np.nan]) for name in ("x_m", "y_m"))
    rows = np.flatnonzero((at < 0) & (sku != ""))
    names = sku[rows].tolist()
    reasons = _say_unknown("product", names)
    remedy = "where such goods should teach, give the store's products.csv their sku and place"
    bad = _Bad(
        "sku", "of products that the plan does not have", rows, reasons, lambda i: _near(names[i], index), remedy
    )
    return at, levels[at], x[at], y[at], bad


def _say_unknown(what: str, names: Sequence[str], none: str = "") -> list[str]:
    """A reason each, `none` where nothing is said."""
    said = {name: f"unknown {what} {quote_cell(name)}" if name else none for name in set(names)}
    return [said[name] for name in names]


def _near(name: str, known: Mapping[str, int]) -> str:
    if wrong := tell_interchanged(name):
        return wrong
    found = nearest(name, known)
    return f"did you mean {found!r}?" if found is not None else "a sku of the store's products.csv"


def _levels(plan: Plan, names: Texts) -> I32:
    only = 0 if len(plan.levels) == 1 else -1
    return np.array([plan.level_index.get(name, only if name == "" else -1) for name in names.tolist()], np.int32)


def _unknown_kinds(kinds: Texts) -> _Bad:
    rows = np.flatnonzero(~np.isin(kinds, list(_KINDS)) & (kinds != ""))
    reasons = _say_unknown("kind", kinds[rows].tolist())
    one_of = f"one of {', '.join(_KINDS)}"
    return _Bad("kind", "of kinds that there are not", rows, reasons, _always(one_of), f"write {one_of}")


def _levels_unknown(plan: Plan, told: Any, level: I32, names: Texts) -> _Bad:
    rows = np.flatnonzero(told & (level < 0))
    reasons = _say_unknown("level", names[rows].tolist(), "no level, and the plan has several")
    have = say_levels(plan)
    return _Bad("level", "of levels that the plan does not have", rows, reasons, _always(have), have)


def _nowhere(plan: Plan, told: Any, level: I32, x: F64, y: F64) -> list[_Bad]:
    # infinite where the cell is no number, which is told already
    lost = np.flatnonzero(told & ~(np.isfinite(x) & np.isfinite(y)) & ~np.isinf(x) & ~np.isinf(y))
    fix, neither = "a sku of the store's products.csv, or x_m and y_m", "neither a product nor a place"
    out = [_Bad("sku", "without a place", lost, [neither] * len(lost), _always(fix), f"give {fix}")]
    for i, one in enumerate(plan.levels):
        rows = np.flatnonzero(told & (level == i) & np.isfinite(x) & np.isfinite(y))
        far = rows[~shapely.contains_xy(one.polygon.buffer(OFF_PLAN_M), x[rows], y[rows])]
        reasons = [f"({x[k]:g}, {y[k]:g}) lies outside level {one.id!r}" for k in far.tolist()]
        x0, y0, x1, y1 = one.polygon.bounds
        metres = f"its metres go from ({x0:g}, {y0:g}) to ({x1:g}, {y1:g})"
        out.append(_Bad("x_m, y_m", f"off level {one.id!r}", far, reasons, _always(metres), metres))
    return out
