"""Strict readers of the tables: every problem of a file is listed with its line and column, then nothing is used."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import OperatorError, Problem
from engine.files.columns import (
    FIXES,
    READINGS,
    SURVEY,
    TRUTH,
    Column,
    FixTable,
    ReadingTable,
    SurveyTable,
    TruthTable,
    empty_column,
)
from engine.files.columns import Lines as Lines
from engine.files.parquet import parquet_columns
from engine.records import F64, Bools
from engine.spreadsheets import no_header, number_fix, other_separator, quote_cell, wrong_row

_WHOLE = re.compile(r"\s*[+-]?\d+")
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f]")  # a tab within a name is odd, and breaks nothing
MAX_LISTED = 200  # problems of one kind listed one by one; the rest are one line with their count
SAME_LISTED = 5  # that say the same; more are one


def read_readings(path: Path) -> ReadingTable:
    """The readings table. Raises OperatorError with every problem; a row needs RSSI or a range (absurd values are
    kept)."""
    cols, _ = read_columns(path, READINGS)
    if not any(name in cols for name in ("rssi_dbm", "range_m")):
        raise OperatorError([_no_signal_column(path)])
    cols = _fill(cols, READINGS)
    return ReadingTable(str(path), *(cols[c.name] for c in READINGS))


def read_survey(path: Path) -> SurveyTable:
    """The survey table. Raises OperatorError with every problem."""
    cols, lines = read_columns(path, SURVEY)
    if not any(name in cols for name in ("rssi_dbm", "range_m")):
        raise OperatorError([_no_signal_column(path)])
    cols = _fill(cols, SURVEY)
    return replace(SurveyTable(str(path), *(cols[c.name] for c in SURVEY)), lines=lines)


def read_truth(path: Path) -> TruthTable:
    """The truth table. Raises OperatorError with every problem."""
    cols, _ = read_columns(path, TRUTH)
    return TruthTable(str(path), *(cols[c.name] for c in TRUTH))


def read_fixes(path: Path) -> FixTable:
    """The fixes table. Raises OperatorError with every problem."""
    cols, lines = read_columns(path, FIXES)
    problems = [p for name in ("sigma_m", "n_ap") for p in _negative(str(path), name, cols[name], lines)]
    if problems:
        raise OperatorError(problems)
    return FixTable(str(path), *(cols[c.name] for c in FIXES))


def _negative(file: str, column: str, values: F64, lines: Lines) -> list[Problem]:
    rows = np.flatnonzero(values < 0).tolist()
    return row_problems(file, column, rows, [f"{values[i]:g} is negative" for i in rows], lines)


def _no_signal_column(path: Path) -> Problem:
    return Problem(str(path), "line 1", "neither rssi_dbm nor range_m", "at least one of the two columns")


def _fill(cols: dict[str, Any], schema: Sequence[Column]) -> dict[str, Any]:
    n = len(next(iter(cols.values())))
    return {c.name: cols.get(c.name, empty_column(c, n)) for c in schema}


def read_columns(path: Path, schema: Sequence[Column]) -> tuple[dict[str, Any], Lines]:
    """Columns by name (absent optional ones left out) and the row-to-line function. Raises OperatorError."""
    cols, lines, problems = parse_columns(path, schema)
    if problems:
        raise OperatorError(problems)
    return cols, lines


def parse_columns(path: Path, schema: Sequence[Column]) -> tuple[dict[str, Any], Lines, list[Problem]]:
    """As `read_columns`, with the problems of cells, for readers that have more to say of the same rows: numbers that
    are none are infinite, texts that are missing empty. Raises OperatorError where there are no such columns."""
    if path.suffix == ".parquet":
        header, raw = parquet_columns(path, [c.name for c in schema if not c.number])
        lines: Lines = _row_number
    else:
        header, raw, lines = _csv_columns(path, [c.name for c in schema])
    problems = header_problems(str(path), header, schema)
    if problems:
        raise OperatorError(problems)
    cols: dict[str, Any] = {}
    for column in schema:
        if column.name in header:
            values = raw[header.index(column.name)]
            cols[column.name], found = _parse(str(path), column, values, lines)
            problems += found
    if any(len(cols[c.name]) != len(raw[0]) for c in schema if c.name in cols):  # control characters: not parsed
        raise OperatorError(problems)
    return cols, lines, problems


def _row_number(row: int) -> int:
    return row + 1


def header_problems(file: str, header: Sequence[str], schema: Sequence[Column]) -> list[Problem]:
    """Unknown, repeated and missing columns."""
    known = [c.name for c in schema]
    columns = f"the columns are {', '.join(known)}"
    out = [
        Problem(file, f"line 1, column {quote_cell(name)[1:-1] or '(empty)'}", "unknown column", columns)
        for name in dict.fromkeys(header)
        if name not in known
    ]
    out += [Problem(file, f"line 1, column {n}", "repeated column") for n in known if header.count(n) > 1]
    out += [
        Problem(file, "line 1", f"column {c.name} is missing") for c in schema if c.required and c.name not in header
    ]
    return out


def _csv_columns(path: Path, known: Sequence[str]) -> tuple[list[str], list[Sequence[str]], Lines]:
    """Header, text columns, and row-to-line. Raises OperatorError when the file is unreadable or ragged."""
    file = str(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            header = [name.strip() for name in next(reader, [])]
            if foreign := other_separator(header, stream):
                raise OperatorError([Problem(file, f"line {line}", why, fix) for line, why, fix in foreign])
            rows = list(reader)
    except OSError as error:
        raise OperatorError(
            [Problem(file, "(whole file)", error.strerror or str(error), "give a readable file")]
        ) from error
    except UnicodeDecodeError as error:
        fix = "save it as CSV in UTF-8, not as a workbook or Unicode text"
        raise OperatorError([Problem(file, f"byte {error.start}", "not UTF-8 text", fix)]) from error
    except csv.Error as error:
        raise OperatorError([Problem(file, "(whole file)", f"not CSV: {error}")]) from error
    if not header:
        raise OperatorError([Problem(file, "line 1", "no header", "the first line names the columns")])
    if wrong := no_header(header, known):
        raise OperatorError([Problem(file, "line 1", *wrong)])
    blank = [i for i, row in enumerate(rows) if not row]
    if blank:
        rows = [row for row in rows if row]
    lines = _line_numbers(blank)
    width = len(header)
    ragged = [i for i, row in enumerate(rows) if len(row) != width]
    if ragged:
        told = [_explain_ragged(rows[i], width) for i in ragged]
        raise OperatorError(row_problems(file, "", ragged, [t[0] for t in told], lines, [t[1] for t in told]))
    columns: list[Sequence[str]] = list(zip(*rows, strict=True)) if rows else [() for _ in header]
    return header, columns, lines


def _explain_ragged(row: list[str], width: int) -> tuple[str, str]:
    """Why a row cannot be used, and what would be right."""
    if foreign := wrong_row(row, width):
        return foreign
    parts, k = 0, 0  # numbers that a comma may have cut in two
    while k < len(row) - 1:
        cut = _WHOLE.fullmatch(row[k]) and row[k + 1].isdigit()
        parts, k = (parts + 1, k + 2) if cut else (parts, k + 1)
    time = any(len(a) >= 9 and (a + b).isdigit() for a, b in pairwise(row))  # in two
    fix = ""
    if len(row) > width and time:
        fix = "write numbers with a decimal point"
    elif 1 < len(row) - width <= parts:  # one cell too many may be anything
        fix = "decimal commas? Write numbers with a decimal point"
    return f"{len(row)} cells where the header has {width}", fix


def _line_numbers(blank: list[int]) -> Lines:
    """Row to line when the given lines (counted without the header) were blank and left out."""
    gaps = np.array(blank, dtype=np.int64) - np.arange(len(blank))

    def lines(row: int) -> int:
        return row + 2 + int(np.searchsorted(gaps, row, side="right"))

    return lines


def _parse(file: str, column: Column, values: Any, lines: Lines) -> tuple[Any, list[Problem]]:
    if unfit := _unfit_cells(file, column, values, lines):
        return empty_column(column, 0), unfit
    if column.number:
        return _numbers(file, column, values, lines)
    texts = np.asarray(values, dtype=np.str_) if len(values) else np.empty(0, dtype=np.str_)
    texts = np.char.strip(texts)
    if column.blank:
        return texts, []
    bad = np.flatnonzero(texts == "")
    return texts, row_problems(file, column.name, bad.tolist(), ["empty cell"] * len(bad), lines)


def _unfit_cells(file: str, column: Column, values: Any, lines: Lines) -> list[Problem]:
    """Cells with control characters: numpy drops zero bytes at a text's end, so that two names become one, and what
    else there is breaks the next program's lines or a terminal."""
    if isinstance(values, np.ndarray) or not _CONTROL.search("".join(values)):
        return []
    bad = [i for i, cell in enumerate(values) if _CONTROL.search(cell.strip(" \t\r\n"))]
    reasons = [f"{quote_cell(values[i])} holds a control character" for i in bad[:MAX_LISTED]]
    return row_problems(file, column.name, bad, reasons, lines, ["one line of plain text"] * len(reasons))


def _numbers(file: str, column: Column, values: Any, lines: Lines) -> tuple[Any, list[Problem]]:
    """Finite float64; empty optional cells become NaN. `nan` and `inf` are not numbers of a table."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiu":
        out = values.astype(np.float64)
        empty = np.isnan(out)
    else:
        texts = np.char.strip(np.asarray(values, dtype=np.str_)) if len(values) else np.empty(0, dtype=np.str_)
        empty = texts == ""
        try:
            out = np.where(empty, "nan", texts).astype(np.float64) if empty.any() else texts.astype(np.float64)
        except ValueError:
            out = np.array([_number_or_inf(text) for text in texts])
    bad: Bools = np.isinf(out) | (np.isnan(out) if not column.blank else np.isnan(out) & ~empty)
    rows = np.flatnonzero(bad).tolist()
    reasons = ["empty cell" if empty[i] else f"not a number: {quote_cell(str(values[i]))}" for i in rows[:MAX_LISTED]]
    fixes = [number_fix(column.name, str(values[i])) for i in rows[:MAX_LISTED]]
    out[rows] = np.inf
    return out, row_problems(file, column.name, rows, reasons, lines, fixes)


def _number_or_inf(text: str) -> float:
    if text == "":
        return float("nan")
    try:
        return float(text)
    except ValueError:
        return float("inf")  # infinite values are refused with the cell's own text


def row_problems(
    file: str, column: str, rows: list[int], reasons: list[str], lines: Lines, fixes: Sequence[str] = ()
) -> list[Problem]:
    """One problem per bad row up to MAX_LISTED, then one with the count of the rest: of `rows` beyond the `reasons`,
    too. What more than SAME_LISTED rows are told alike is one problem, at the first, with the next lines."""
    tail = f", column {column}" if column else ""
    n = min(len(reasons), len(rows))
    alike: dict[tuple[str, str], list[int]] = {}
    for row, *told in zip_longest(rows[:n], reasons, fixes[:n], fillvalue=""):
        alike.setdefault((told[0], told[1]), []).append(int(row))
    kinds = [([row], why, fix) for (why, fix), own in alike.items() if len(own) <= SAME_LISTED for row in own]
    kinds += [(own, why + _and_on(own, lines), fix) for (why, fix), own in alike.items() if len(own) > SAME_LISTED]
    kinds.sort(key=lambda kind: kind[0][0])
    out = [Problem(file, f"line {lines(own[0])}{tail}", why, fix) for own, why, fix in kinds[:MAX_LISTED]]
    left = [*(row for own, _, _ in kinds[MAX_LISTED:] for row in own), *(int(row) for row in rows[n:])]
    if left:
        out.append(Problem(file, f"line {lines(left[0])} and on{tail}", f"{len(left)} more lines of this kind"))
    return out


def _and_on(rows: Sequence[int], lines: Lines) -> str:
    """On how many more lines than the first row's the same is, and on which, for a sentence's end."""
    more = len(rows) - 1
    few = ", ".join(str(lines(int(row))) for row in rows[1:SAME_LISTED])
    return f", and on {more} more lines ({few}{', …' if more >= SAME_LISTED else ''})"
