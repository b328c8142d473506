"""The tables of a live run: each shopper's points as they should be and as the site says; and what happened when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import numpy as np

from engine.files.columns import Column, Texts
from engine.files.read import read_columns
from engine.files.write import write_columns
from engine.records import F64


class OpeningOutcome(StrEnum):
    """What becomes of an opened link, as the referee has it: each is a column, in this order."""

    REWARDED = "rewarded"
    CAPPED = "capped"
    COUNTED = "counted"  # nothing to earn
    DUPLICATE = "duplicate"  # the same person again
    SELF = "self"  # the sharer
    PREVIEW = "preview"  # a bot
    REFUSED = "refused"  # not shown
    LOST = "lost"  # nobody knows: the answer was lost


_SUMS = ("expected_pending", "expected_available", "said_pending", "said_available", "settling", "uncertain")
POINTS = (
    Column("device", number=False),
    *(Column(name, number=True, blank=name.startswith("said")) for name in _SUMS),
    *(Column(name, number=True) for name in OpeningOutcome),
)
EVENTS = (
    Column("t", number=True),
    Column("device", number=False),
    Column("what", number=False),
    Column("detail", number=False, blank=True),
)


@dataclass(frozen=True, slots=True)
class PointRow:
    """One shopper's points. What was said is None where the site gave no answer.

    `settling` points were due to become available just when the shopper asked: either side is right. `uncertain` ones
    may or may not have been earned, since the answer to an opening was lost.
    """

    device: str
    expected_pending: int
    expected_available: int
    said_pending: int | None
    said_available: int | None
    settling: int = 0
    uncertain: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EventTable:
    """What happened to or through each phone, each (n,)."""

    t: F64
    device: Texts
    what: Texts
    detail: Texts


def read_points(path: Path) -> list[PointRow]:
    """Points as `write_points` writes them. Raises OperatorError with every problem."""
    cols, _ = read_columns(path, POINTS)
    out = []
    for i, device in enumerate(cols["device"].tolist()):
        told = (cols[name][i] for name in ("said_pending", "said_available"))
        said = [None if np.isnan(value) else round(value) for value in told]
        pending, available, settling, uncertain = (
            round(cols[n][i]) for n in ("expected_pending", "expected_available", "settling", "uncertain")
        )
        outcomes = {name.value: round(cols[name][i]) for name in OpeningOutcome if cols[name][i]}
        out.append(PointRow(device, pending, available, said[0], said[1], settling, uncertain, outcomes))
    return out


def write_points(path: Path, rows: Iterable[PointRow]) -> None:
    """Points, in the order given. Raises OperatorError where nothing can be written."""
    given = list(rows)

    def numbers(values: Iterable[int | None]) -> tuple[F64, int]:
        return np.array([np.nan if v is None else v for v in values], np.float64), 0

    sums = {name: numbers(getattr(r, name) for r in given) for name in _SUMS}
    outcomes = {name.value: numbers(r.outcomes.get(name, 0) for r in given) for name in OpeningOutcome}
    device = (np.array([r.device for r in given], np.str_), None)
    write_columns(path, {"device": device, **sums, **outcomes})


def read_events(path: Path) -> EventTable:
    """What happened in a live run. Raises OperatorError with every problem."""
    return EventTable(**read_columns(path, EVENTS)[0])


def write_events(path: Path, table: EventTable) -> None:
    """What happened, times to the millisecond. Raises OperatorError where nothing can be written."""
    texts = {name: (getattr(table, name), None) for name in ("device", "what", "detail")}
    write_columns(path, {"t": (table.t, 3), **texts})
