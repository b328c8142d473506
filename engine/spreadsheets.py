"""How people and spreadsheets of other countries write tables: semicolons or tabs between columns, commas in numbers,
dates for times, units behind numbers.

Such a file is refused, since nobody can tell for sure what `1,5` is; but it is told what it is, and not that cells are
missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from engine.masks import MASK, mask_macs

Mistake = tuple[int, str, str]
"""Line of the file (1 is the header), reason, and what would be right."""

_NAMES = {";": "semicolons", "\t": "tabs"}
_DECIMAL_COMMA = re.compile(r"\s*([+-]?\d+),(\d+(?:[eE][+-]?\d+)?)\s*")


_WITH_UNIT = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*")
_DATE = re.compile(r"\s*(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})(?!\d).*")
_UNITS = {"_dbm": "dBm", "_m": "m", "_s": "s"}
"""What columns are in, by how their names end."""


MOST_QUOTED = 40  # characters of a cell: enough to find it by
_ADDRESS = "an address of a device stands here: are columns interchanged?"


def quote_cell(cell: str) -> str:
    """A cell as a sentence may quote it: no MAC, and no longer than a line has room for. Where columns are interchanged
    any may hold one."""
    masked = cell if _DATE.fullmatch(cell) else mask_macs(cell)
    # only where it hides something: it writes digits of other scripts plainly, which may be what is wrong
    return repr((masked if MASK in masked or '"' in masked else cell)[:MOST_QUOTED])


def tell_interchanged(cell: str) -> str:
    """What to say of a cell that holds a MAC where none belongs; empty of others."""
    return _ADDRESS if MASK in quote_cell(cell) else ""


def separator_of(line: str, columns: int = 2) -> str | None:
    """What a line that is to have `columns` cells is separated by, where that is not commas."""
    return next((s for s in _NAMES if line.count(s) >= columns - 1), None)


def with_point(cell: str) -> str | None:
    """A number that has a decimal comma, with a point; None where the cell is no such number."""
    found = _DECIMAL_COMMA.fullmatch(cell)
    return f"{found[1]}.{found[2]}" if found else None


def number_fix(column: str, cell: str) -> str:
    """What would be right where a number of `column` is none: a decimal comma, a date, a unit behind it; empty where
    nobody can tell. Another unit than the column's is not reckoned over: what is meant is said."""
    if point := with_point(cell):
        return f"write it with a decimal point: {point}"
    if _DATE.fullmatch(cell):
        return f"seconds since 1970, UTC{_seconds(cell)}"
    if wrong := tell_interchanged(cell):
        return wrong
    found = _WITH_UNIT.fullmatch(cell)
    unit = next((u for end, u in _UNITS.items() if column.endswith(end)), "s" if column == "t" else "")
    if found is None or not unit:
        return ""
    return f"the number alone: {found[1]}" if found[2].casefold() == unit.casefold() else f"a number alone, in {unit}"


def _seconds(date: str) -> str:
    """The same time as a table has it, where the date says its zone."""
    try:
        at = datetime.fromisoformat(date.strip())
    except ValueError:
        return ""
    return "" if at.tzinfo is None else f": {at.timestamp():.3f}".rstrip("0").rstrip(".")


def other_separator(header: list[str], lines: Iterable[str]) -> list[Mistake]:
    """What is wrong with a table whose header is one cell where another sign separates; nothing where none does.

    `header` is as read with commas, `lines` are the file's from the second on, of which the first number with a decimal
    comma is told too.
    """
    separator = separator_of(header[0]) if len(header) == 1 else None
    if separator is None:
        return []
    found = [(1, f"columns are separated by {_NAMES[separator]}", "separate them by commas")]
    for number, line in enumerate(lines, start=2):
        commas = (cell for cell in line.split(separator) if with_point(cell.strip('"\r\n')))
        if cell := next(commas, None):
            found.append(
                (number, f"{quote_cell(cell.strip())} has a decimal comma", "write numbers with a decimal point")
            )
            break
    return found


def no_header(header: list[str], known: Iterable[str]) -> tuple[str, str] | None:
    """What is wrong with a first line that names no column at all, as one thing: reason and fix."""
    names = list(known)
    if {name.strip().casefold() for name in header} & set(names):
        return None
    said = ",".join(header)
    if said.startswith("sep="):
        return f"{quote_cell(said)} is a note to Excel", "remove the line"
    return f"{_quote_all(header)} names no column", "the first line names them: " + ",".join(names)


def _quote_all(cells: list[str]) -> str:
    """A line of cells, as `quote_cell` has one: side by side their digits could make an address of none."""
    return repr(",".join(quote_cell(cell)[1:-1] for cell in cells)[:MOST_QUOTED])


def wrong_row(cells: list[str], columns: int) -> tuple[str, str] | None:
    """Why a row has not as many cells as the header, where another sign separates them: reason and fix."""
    separator = separator_of(",".join(cells), columns) if len(cells) != columns else None
    return None if separator is None else (f"columns are separated by {_NAMES[separator]}", "separate them by commas")
