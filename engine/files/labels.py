"""Labels and receipts as tables: where devices were, and what their owners bought, told by somebody who knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from engine.errors import OperatorError, Problem
from engine.files.columns import Column, Lines, Texts
from engine.files.read import parse_columns
from engine.files.write import write_columns
from engine.plan.findings import MOST_ALIKE, SHOWN_PLACES
from engine.plan.model import Plan
from engine.records import F64, I32, I64, Labels
from engine.vocabulary import LabelKind

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
OFF_PLAN_M = 5.0  # outside the floor: more than a drawing is off

_KINDS = tuple(LabelKind)

Named = Callable[[str], int]
"""The number of a named device."""

Fix = Callable[[int], str]
"""What would be right of a bad row, by its position among them."""

Found = list[tuple[int, Problem]]
"""Problems with the rows that they begin at."""


def read_labels(path: Path, plan: Plan, device: Named) -> Labels:
    """Labels, as the wire has them: a product's `sku`, or `x_m`, `y_m` and, of several, `level`. Raises OperatorError
    with every problem: cells that hold nothing of their kind, then in the order of lines unknown kinds, products and
    levels, places outside the plan, and rows without a place. More than a few of one kind are one."""
    cols, lines, cells = parse_columns(path, LABELS)
    n = len(cols["t"])
    empty = np.full(n, "", np.str_)
    sku, level_name = cols.get("sku", empty), cols.get("level", empty)
    x, y = (cols.get(name, np.full(n, np.nan)) for name in ("x_m", "y_m"))
    problems = _unknown(path, "kind", cols["kind"], _KINDS, lines)
    product, level, at_x, at_y, found = _places(path, plan, sku, lines)
    problems += found
    told = sku == ""
    at_x, at_y = np.where(told, x, at_x), np.where(told, y, at_y)
    level = np.where(told, _levels(plan, level_name), level).astype(np.int32)
    problems += _levels_unknown(path, plan, told, level, level_name, lines)
    problems += _nowhere(path, plan, told, level, at_x, at_y, lines)
    _refuse(cells, problems)
    kind = np.array([_KINDS.index(LabelKind(k)) for k in cols["kind"].tolist()], np.int32)
    public = kind == _KINDS.index(LabelKind.SURVEY)
    return Labels(cols["t"], _devices(cols["device"], device), kind, product, level, at_x, at_y, public)


def read_receipts(path: Path, plan: Plan, device: Named) -> Labels:
    """Receipts, a row each line: when the till was, whose, what. Raises OperatorError for products that the plan does
    not have."""
    cols, lines, cells = parse_columns(path, RECEIPTS)
    product, level, x, y, problems = _places(path, plan, cols["sku"], lines)
    _refuse(cells, problems)
    n = len(cols["t"])
    kind = np.full(n, _KINDS.index(LabelKind.RECEIPT), np.int32)
    no = np.zeros(n, np.bool_)
    return Labels(cols["t"], _devices(cols["device"], device), kind, product, level, x, y, no)


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


def _refuse(cells: Sequence[Problem], problems: Found) -> None:
    if cells or problems:
        raise OperatorError([*cells, *(problem for _, problem in sorted(problems, key=lambda found: found[0]))])


def _collect(path: Path, column: str, bad: I64, reasons: Sequence[str], lines: Lines, fix: Fix) -> Found:
    """The rows that are `bad` for one reason, with a fix for each by its position; of more than a few the first."""
    rows = bad.tolist()
    told = rows if len(rows) <= MOST_ALIKE else rows[:1]
    out = [
        (row, Problem(str(path), f"line {lines(row)}, column {column}", reasons[i], fix(i)))
        for i, row in enumerate(told)
    ]
    if len(told) < len(rows):
        shown = ", ".join(str(lines(row)) for row in rows[1 : 1 + SHOWN_PLACES])
        reason = f"{reasons[0]}; the like at lines {shown} and {len(rows) - 1 - SHOWN_PLACES} more"
        out = [(rows[0], replace(out[0][1], reason=reason))]
    return out


def _always(said: str) -> Fix:
    return lambda _: said


def _places(path: Path, plan: Plan, sku: Texts, lines: Lines) -> tuple[I32, I32, F64, F64, Found]:
    """(product, level, x, y) of each sku, -1 and NaN where there is none; and those that the plan does not have."""
    index = {product.sku: i for i, product in enumerate(plan.products)}
    at = np.array([index.get(name, -1) for name in sku.tolist()], np.int32)
    levels = np.array([plan.level_index[p.level] for p in plan.products] + [-1], np.int32)
    x, y = (np.array([getattr(p, name) for p in plan.products] + [np.nan]) for name in ("x_m", "y_m"))
    bad = np.flatnonzero((at < 0) & (sku != ""))
    names = sku[bad].tolist()
    reasons = [f"unknown product {name!r}" for name in names]
    return at, levels[at], x[at], y[at], _collect(path, "sku", bad, reasons, lines, lambda i: _near(names[i], index))


def _near(name: str, known: Mapping[str, int]) -> str:
    found = get_close_matches(name[:100], known, n=1)
    return f"did you mean {found[0]!r}?" if found else "a sku of the store's products.csv"


def _levels(plan: Plan, names: Texts) -> I32:
    only = 0 if len(plan.levels) == 1 else -1
    return np.array([plan.level_index.get(name, only if name == "" else -1) for name in names.tolist()], np.int32)


def _unknown(path: Path, column: str, values: Texts, known: Sequence[str], lines: Lines) -> Found:
    bad = np.flatnonzero(~np.isin(values, list(known)) & (values != ""))
    reasons = [f"unknown {column} {value!r}" for value in values[bad].tolist()]
    return _collect(path, column, bad, reasons, lines, _always(f"one of {', '.join(known)}"))


def _levels_unknown(path: Path, plan: Plan, told: Any, level: I32, names: Texts, lines: Lines) -> Found:
    bad = np.flatnonzero(told & (level < 0))
    none = "no level, and the plan has several"
    reasons = [f"unknown level {name!r}" if name else none for name in names[bad].tolist()]
    return _collect(path, "level", bad, reasons, lines, _always(f"one of {', '.join(plan.level_index)}"))


def _nowhere(path: Path, plan: Plan, told: Any, level: I32, x: F64, y: F64, lines: Lines) -> Found:
    # infinite where the cell is no number, which is told already
    lost = np.flatnonzero(told & ~(np.isfinite(x) & np.isfinite(y)) & ~np.isinf(x) & ~np.isinf(y))
    fix = "a sku of the store's products.csv, or x_m and y_m"
    out = _collect(path, "sku", lost, ["neither a product nor a place"] * len(lost), lines, _always(fix))
    for i, one in enumerate(plan.levels):
        rows = np.flatnonzero(told & (level == i) & np.isfinite(x) & np.isfinite(y))
        far = rows[~shapely.contains_xy(one.polygon.buffer(OFF_PLAN_M), x[rows], y[rows])]
        reasons = [f"({x[k]:g}, {y[k]:g}) lies outside level {one.id!r}" for k in far.tolist()]
        x0, y0, x1, y1 = one.polygon.bounds
        metres = f"its metres go from ({x0:g}, {y0:g}) to ({x1:g}, {y1:g})"
        out += _collect(path, "x_m, y_m", far, reasons, lines, _always(metres))
    return out
