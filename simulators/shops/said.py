"""What happens at a shop, said once: an event in Rayon's own form (`docs/guides/shop.md`), customers in clear."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from engine.errors import OperatorError, Problem

Form = dict[str, Any]


class Speaker(StrEnum):
    """Which system says it: the e-shop's back office, its pages, its app, or the tills."""

    ESHOP = "eshop"
    PAGES = "pages"
    APP = "app"
    TILL = "till"


@dataclass(frozen=True, slots=True)
class SaidEvent:
    """One event: when it is said (s UTC, whole seconds), by whom, and what, as the form's JSON object."""

    at: float
    speaker: Speaker
    form: Form


def line(name: str, sku: str, amount_minor: int, category: str = "", pieces: int = 1) -> Form:
    """One line of an order, receipt, return or basket."""
    said = {"id": name, "sku": sku, "quantity_milli": 1000 * pieces, "amount_minor": amount_minor}
    return said | ({"category": category} if category else {})


def in_order(events: Iterable[SaidEvent]) -> list[SaidEvent]:
    """By time; what one system says at one time stays in the order in which it was given."""
    return sorted(events, key=lambda said: said.at)


def write_said(path: Path, events: Iterable[SaidEvent]) -> int:
    """Writes one JSON object a line: `at`, `speaker`, `event`. Raises OperatorError when it cannot be written."""
    rows = 0
    try:
        with path.open("w", encoding="utf-8", newline="\n") as stream:
            for said in events:
                one = {"at": said.at, "speaker": said.speaker, "event": said.form}
                stream.write(json.dumps(one, ensure_ascii=False) + "\n")
                rows += 1
    except OSError as error:
        fix = "give a place to write"
        raise OperatorError([Problem(str(path), "(whole file)", error.strerror or str(error), fix)]) from error
    return rows


def read_said(path: Path) -> list[SaidEvent]:
    """The inverse. Raises OperatorError where the file is none of ours."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        fix = "write one with: rayon simulate cross-canal-week -o DIR"
        raise OperatorError([Problem(str(path), "(whole file)", str(error), fix)]) from error
    return [_one(path, number, text) for number, text in enumerate(lines, start=1)]


def _one(path: Path, number: int, text: str) -> SaidEvent:
    try:
        one = json.loads(text)
        return SaidEvent(float(one["at"]), Speaker(one["speaker"]), dict(one["event"]))
    except (ValueError, TypeError, KeyError) as error:
        reason = f"is no event of a shop: {error}"
        raise OperatorError(
            [Problem(str(path), f"line {number}", reason, "leave the file as it was written")]
        ) from error
