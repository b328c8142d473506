"""Balances of another programme, as a table: whose, how many points, until when. One row each, known by its key."""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from engine.errors import OperatorError, Problem
from engine.offers.bounds import FIRST_YEAR, LAST_YEAR
from engine.privacy.identifiers import normalise
from engine.spreadsheets import other_separator, quote_cell
from engine.vocabulary import IdentifierKind

REQUIRED = ("key", "points")
WHOSE = ("card", "email")
OPTIONAL = (*WHOSE, "ends_on")
MOST_POINTS = 1_000_000_000
_KEY = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,99}")


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """A balance: `value` is the card's number or the address, as it is compared. `ends_at` is s UTC: the end of that
    day, None for never."""

    line: int
    key: str
    kind: IdentifierKind
    value: str
    points: int
    ends_at: float | None


def read_balances(path: Path) -> list[BalanceRow]:
    """All rows. Raises OperatorError with every mistake, each with its line and what would be right."""
    text = _text(path)
    lines = text.splitlines()
    rows = _cells(path, lines)
    header = [name.strip() for name in rows[0]] if rows else []
    problems = list(_header_problems(path, header, lines))
    if problems:
        raise OperatorError(problems)
    found: list[BalanceRow] = []
    seen: dict[str, int] = {}
    for number, cells in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        said = partial(Problem, str(path))
        if len(cells) != len(header):
            reason = f"{len(cells)} cells where the header has {len(header)}"
            problems.append(said(f"line {number}", reason, "quote cells that hold a comma"))
            continue
        row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
        made = _row(number, row, problems, said)
        if made is None:
            continue
        if made.key in seen:
            reason = f"{made.key!r} is on line {seen[made.key]} already"
            problems.append(said(f"line {number}, key", reason, "a key for each row"))
        seen.setdefault(made.key, number)
        found.append(made)
    if problems:
        raise OperatorError(problems)
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise OperatorError([Problem(str(path), "(file)", f"cannot be read: {error.strerror}", "its path")]) from error
    except UnicodeDecodeError as error:
        fix = "save it as UTF-8"
        raise OperatorError([Problem(str(path), f"byte {error.start}", "is not UTF-8", fix)]) from error


def _cells(path: Path, lines: list[str]) -> list[list[str]]:
    reader = csv.reader(lines)
    try:
        return list(reader)
    except csv.Error as error:
        fix = "a key, a card or address, and a number are short: look for a quote that is never closed"
        raise OperatorError([Problem(str(path), f"line {reader.line_num}", str(error), fix)]) from error


def _header_problems(path: Path, header: list[str], lines: list[str]) -> Iterator[Problem]:
    wrong = other_separator(header, lines[1:]) if header else []
    for number, reason, fix in wrong:
        yield Problem(str(path), f"line {number}", reason, fix)
    if wrong:
        return
    known = (*REQUIRED, *OPTIONAL)
    fix = f"{', '.join(REQUIRED)}, and card or email, and where there is such ends_on"
    for name in REQUIRED:
        if name not in header:
            yield Problem(str(path), "line 1", f"no column {name!r}", fix)
    if not set(WHOSE) & set(header):
        yield Problem(str(path), "line 1", "no column says whose the points are", fix)
    for name in header:
        if name not in known:
            yield Problem(str(path), "line 1", f"unknown column {quote_cell(name)}", fix)
        elif header.count(name) > 1:
            yield Problem(str(path), "line 1", f"column {name!r} twice", fix)


def _row(
    number: int, row: dict[str, str], problems: list[Problem], said: Callable[[str, str, str], Problem]
) -> BalanceRow | None:
    before = len(problems)
    if not _KEY.fullmatch(row["key"]):
        problems.append(
            said(f"line {number}, key", "is empty or no plain text", "what names the row: a member's number")
        )
    points = int(row["points"]) if re.fullmatch(r"[0-9]{1,10}", row["points"]) else 0
    if not 1 <= points <= MOST_POINTS:
        fix = "a whole number from 1 on; leave out members without points"
        problems.append(said(f"line {number}, points", f"{quote_cell(row['points'])} is no number of points", fix))
    kind, value = _whose(number, row, problems, said)
    ends_at = _end(number, row.get("ends_on", ""), problems, said)
    return BalanceRow(number, row["key"], kind, value, points, ends_at) if len(problems) == before else None


def _whose(
    number: int, row: dict[str, str], problems: list[Problem], said: Callable[[str, str, str], Problem]
) -> tuple[IdentifierKind, str]:
    named = [name for name in WHOSE if row.get(name)]
    if len(named) != 1:
        problems.append(said(f"line {number}", "has not exactly one of card and email", "one of them"))
        return IdentifierKind.CARD, ""
    kind = IdentifierKind(named[0])
    value = normalise(kind, row[named[0]])
    if value is None:
        fix = "6 to 32 letters and digits" if kind is IdentifierKind.CARD else "name@example.com"
        problems.append(said(f"line {number}, {kind}", f"is no {kind}", fix))
    return kind, value or ""


def _end(number: int, written: str, problems: list[Problem], said: Callable[[str, str, str], Problem]) -> float | None:
    if not written:
        return None
    try:
        day = dt.date.fromisoformat(written)
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise ValueError("of no calendar here")
        after = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), dt.UTC)
    except (ValueError, OverflowError):
        problems.append(said(f"line {number}, ends_on", f"{quote_cell(written)} is no day", "for instance 2027-12-31"))
        return None
    return after.timestamp()
