"""`products.csv`: what the store sells and where shoppers stand to face it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.plan.currencies import minor_units
from engine.plan.fields import closest, number, show, text, whole
from engine.plan.findings import Findings, WrongValueError
from engine.plan.model import FOODS, LEGAL_CLASSES, Product
from engine.spreadsheets import no_header, other_separator, with_point, wrong_row

REQUIRED = ("sku", "name", "category", "price_minor", "level", "x_m", "y_m")
OPTIONAL = ("legal_class",)
_OTHER_NAMES = {"hygiene": "everyday"}

_MOST_MINOR = 10_000_000_000  # 100 million rupiah, which have cents, are 6,000 euros: beyond, a price is a slip
_words = text()
_sku = text(at_most=64)
_price = whole(0, _MOST_MINOR)
_coordinate = number(-1e9, 1e9, "metres, with a decimal point")


@dataclass(frozen=True, slots=True)
class PlacedProduct:
    """A product and its line."""

    line: int
    product: Product


def read_products(content: str, findings: Findings, currency: str = "EUR") -> list[PlacedProduct]:
    """The rows that could be read; the others are in `findings`, with line and column. A duplicate SKU is wrong.

    `currency` is the plan's, by which a price with decimals is told what it would be.
    """
    foreign = other_separator(content.split("\n", 1)[0].split(","), content.splitlines()[1:])
    for line, reason, fix in foreign:
        findings.wrong(f"line {line}", reason, fix)
    if foreign:
        return []
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    products: list[PlacedProduct] = []
    try:
        header = next(reader, None)
        if header is None or not _good_header(header, findings):
            if header is None:
                findings.wrong("line 1", "the file is empty", "a header: " + ",".join(REQUIRED + OPTIONAL))
            return []
        end = reader.line_num
        for row in reader:
            start, end = end + 1, reader.line_num  # a quoted cell may span lines: a row's place is its first
            if row and (product := _read_row(header, row, start, findings, currency)) is not None:
                products.append(PlacedProduct(start, product))
    except csv.Error as error:
        findings.wrong(f"line {reader.line_num}", f"not CSV: {error}", "close quotes; double a quote inside a cell")
    _refuse_duplicates(products, findings)
    _ask_for_classes(products, findings)
    return products


def _good_header(header: list[str], findings: Findings) -> bool:
    before = len(findings.errors)
    known = REQUIRED + OPTIONAL
    if wrong := no_header(header, known):
        findings.wrong("line 1", *wrong)
        return False
    for name in dict.fromkeys(header):
        if name not in known:
            findings.wrong(
                f"line 1, column {name}", "this column is not known", "remove it, or " + closest(name, known)
            )
        elif header.count(name) > 1:
            findings.wrong(f"line 1, column {name}", "this column is given twice", "keep one")
    for name in REQUIRED:
        if name not in header:
            findings.wrong(f"line 1, column {name}", "this column is missing", "columns: " + ",".join(known))
    return len(findings.errors) == before


def _read_row(header: list[str], row: list[str], line: int, findings: Findings, currency: str) -> Product | None:
    if len(row) != len(header):
        reason, fix = f"has {len(row)} cells", f"{len(header)}, as the header; quote commas in names"
        findings.wrong(f"line {line}", *(wrong_row(row, len(header)) or (reason, fix)))
        return None
    before = len(findings.errors)
    cells = dict(zip(header, row, strict=True))
    values: dict[str, Any] = {}
    for column, read in (_CELLS | {"price_minor": lambda cell: _price_cell(cell, currency)}).items():
        try:
            values[column] = read(cells.get(column, ""))
        except WrongValueError as wrong:
            findings.wrong(f"line {line}, column {column}", wrong.reason, wrong.fix)
    return Product(**values) if len(findings.errors) == before else None


def _price_cell(cell: str, currency: str) -> int:
    cell = cell.strip()
    if not re.fullmatch(r"[0-9]{1,15}", cell):
        meant = minor_units(cell, currency)
        fix = f"the price in minor units of {currency}" + ("" if meant is None else f": {meant}")
        raise WrongValueError(f"{show(cell)} is not a whole number of 0 or more", fix)
    return int(_price(int(cell)))


def _coordinate_cell(cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        point = with_point(cell)
        fix = "metres, with a decimal point" + (f": {point}" if point else "")
        raise WrongValueError(f"{show(cell)} is not a number", fix) from None
    return float(_coordinate(value))


def _legal_class_cell(cell: str) -> str:
    cell = _OTHER_NAMES.get(cell, cell)
    if cell and cell not in LEGAL_CLASSES:
        raise WrongValueError(f"{show(cell)} is not a legal class", ", ".join(LEGAL_CLASSES) + " or empty")
    return cell


def _ask_for_classes(products: list[PlacedProduct], findings: Findings) -> None:
    """One warning for all products without a legal class, which no campaign can be judged on."""
    without = [p for p in products if not p.product.legal_class]
    if not without:
        return
    lines = ", ".join(str(p.line) for p in without[:10]) + (", …" if len(without) > 10 else "")
    some = f"{len(without)} product{'s have' if len(without) > 1 else ' has'} no legal class (line {lines})"
    food = any(p.product.legal_class in FOODS for p in products)
    why = " in a shop that sells food" if food else ""
    reason = f"{some}{why}: campaigns on such goods are held to the strictest cap, 34 %"
    findings.odd(f"line {without[0].line}, column legal_class", reason, "one of " + ", ".join(LEGAL_CLASSES))


_CELLS: dict[str, Callable[[str], Any]] = {
    "sku": lambda cell: _sku(cell.strip()),
    "name": lambda cell: _words(cell.strip()),
    "category": lambda cell: _words(cell.strip()),
    "level": lambda cell: _words(cell.strip()),
    "x_m": _coordinate_cell,
    "y_m": _coordinate_cell,
    "legal_class": lambda cell: _legal_class_cell(cell.strip()),
}


def _refuse_duplicates(products: list[PlacedProduct], findings: Findings) -> None:
    first: dict[str, int] = {}
    for placed in products:
        sku = placed.product.sku
        if sku in first:
            findings.wrong(
                f"line {placed.line}, column sku", f"{sku!r} is on line {first[sku]} already", "one line per SKU"
            )
        else:
            first[sku] = placed.line
