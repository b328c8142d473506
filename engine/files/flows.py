"""The table of transitions between zones by hour, true or found; an empty zone is outside."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from engine.files.columns import Column
from engine.files.read import read_columns
from engine.files.write import write_columns
from engine.presence.flows import FlowRow

FLOWS = (
    Column("hour_start", number=True),
    Column("from_zone", number=False, blank=True),
    Column("to_zone", number=False, blank=True),
    Column("count", number=True),
)


def read_flows(path: Path) -> list[FlowRow]:
    """Transitions as `write_flows` writes them. Raises OperatorError with every problem."""
    cols, _ = read_columns(path, FLOWS)
    rows = zip(*(cols[c.name].tolist() for c in FLOWS), strict=True)
    return [FlowRow(hour, a, b, round(n)) for hour, a, b, n in rows]


def write_flows(path: Path, rows: Iterable[FlowRow]) -> None:
    """Transitions, in the order given."""
    given = list(rows)
    write_columns(
        path,
        {
            "hour_start": (np.array([r.hour_start for r in given], np.float64), 3),
            "from_zone": (np.array([r.from_zone for r in given], np.str_), None),
            "to_zone": (np.array([r.to_zone for r in given], np.str_), None),
            "count": (np.array([r.count for r in given], np.float64), 0),
        },
    )
