"""What shoppers bought, joined to the moments of a campaign: from the receipts that the shop gives for the comparison.

Receipts have to be of everybody, ghosts too: those of coupon users alone would make every campaign look splendid.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.errors import OperatorError, Problem
from engine.offers.measured.uplift import Moments
from engine.wording import MistakeCode as Code

WITHIN_S = 6 * 3600.0
"""A purchase belongs to the moment where it follows so soon: the same visit to the shop."""

COLUMNS = ("shopper", "t", "basket_minor")
MOST_ROWS = 200_000
_WORDS = {
    Code.RECEIPT_CELLS: "{got} cells where the header has {n}",
    Code.RECEIPT_NUMBERS: "not a time and whole minor units",
    Code.RECEIPT_RANGE: "a time that is none, or a basket below nothing",
}


@dataclass(frozen=True, slots=True)
class KnownPurchase:
    """One receipt of a known shopper: epoch seconds, and whole minor units; the margin where the shop tells it."""

    shopper: str
    t: float
    basket_minor: int
    margin_minor: int | None = None


def read_purchases(text: str, file: str) -> list[KnownPurchase]:
    """Receipts as CSV with the header `shopper,t,basket_minor[,margin_minor]`. Raises OperatorError with all that is
    wrong, line by line."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    header = next(reader, [])
    if tuple(header[:3]) != COLUMNS or tuple(header[3:]) not in ((), ("margin_minor",)):
        said = ",".join(header)[:80] or "nothing"
        fix = "write shopper,t,basket_minor,margin_minor, separated by commas"
        code, got = Code.RECEIPT_HEADER, {"got": said}
        raise OperatorError([Problem(file, "line 1", f"the header is {said!r}", fix, code=code, values=got)])
    out: list[KnownPurchase] = []
    wrong: list[Problem] = []
    for line, cells in enumerate(reader, 2):
        if line > MOST_ROWS + 1:  # the first line is the header
            code, fix = Code.TOO_MANY_RECEIPTS, "give a shorter time"
            found = f"more than {MOST_ROWS} receipts"
            wrong.append(Problem(file, f"line {line}", found, fix, code=code, values={"n": MOST_ROWS}))
            break
        if not cells:
            continue
        made = _purchase(cells, len(header))
        if isinstance(made, Code):
            values = {"got": len(cells), "n": len(header)}
            reason, fix = _WORDS[made].format(**values), "as shopper,1767261600,1999,420"
            wrong.append(Problem(file, f"line {line}", reason, fix, code=made, values=values))
        else:
            out.append(made)
    if wrong:
        raise OperatorError(wrong[:50])
    return out


def _purchase(cells: Sequence[str], columns: int) -> KnownPurchase | Code:
    """The receipt of a line, or what is wrong with it."""
    if len(cells) != columns:
        return Code.RECEIPT_CELLS
    try:
        t, basket = float(cells[1]), int(cells[2])
        margin = int(cells[3]) if columns > 3 and cells[3] else None
    except ValueError:
        return Code.RECEIPT_NUMBERS
    if not math.isfinite(t) or basket < 0:
        return Code.RECEIPT_RANGE
    return KnownPurchase(cells[0], t, basket, margin)


def with_purchases(moments: Moments, purchases: Iterable[KnownPurchase]) -> Moments:
    """The moments with what each shopper bought within WITHIN_S after; who bought nothing has a basket of 0.

    Margins stay unknown where any receipt of these leaves them out: those that are missing may be no accident.
    """
    by: dict[str, list[KnownPurchase]] = {}
    for purchase in purchases:
        by.setdefault(purchase.shopper, []).append(purchase)
    found = [_after(by, who, at) for who, at in zip(moments.shopper.tolist(), moments.t.tolist(), strict=True)]
    margins = [
        math.nan if any(p.margin_minor is None for p in f) else sum(p.margin_minor or 0 for p in f) for f in found
    ]
    told = not any(map(math.isnan, margins))
    return replace(
        moments,
        bought=np.array([bool(f) for f in found], np.bool_),
        basket_minor=np.array([sum(p.basket_minor for p in f) for f in found], np.float64),
        margin_minor=np.array(margins if told else [math.nan] * len(margins), np.float64),
    )


def _after(by: Mapping[str, list[KnownPurchase]], shopper: str, t: float) -> list[KnownPurchase]:
    return [p for p in by.get(shopper, []) if t <= p.t < t + WITHIN_S]
