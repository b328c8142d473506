"""The table of what is expected of zones by hour: figures that add up, with those that their intervals are made of."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from engine.files.columns import Column
from engine.files.read import read_columns
from engine.files.write import write_columns
from engine.presence.expected.rows import ExpectedRow

FIGURES = ExpectedRow.__slots__[2:]
EXPECTED = (
    Column("hour_start", number=True),
    Column("zone", number=False),
    *(Column(name, number=True) for name in FIGURES),
)


def read_expected(path: Path) -> list[ExpectedRow]:
    """Rows as `write_expected` writes them. Raises OperatorError with every problem."""
    cols, _ = read_columns(path, EXPECTED)
    return [ExpectedRow(*row) for row in zip(*(cols[c.name].tolist() for c in EXPECTED), strict=True)]


def write_expected(path: Path, rows: Iterable[ExpectedRow]) -> None:
    """Rows, in the order given."""
    given = list(rows)
    figures = {name: (np.array([getattr(r, name) for r in given], np.float64), 6) for name in FIGURES}
    write_columns(
        path,
        {
            "hour_start": (np.array([r.hour_start for r in given], np.float64), 3),
            "zone": (np.array([r.zone for r in given], np.str_), None),
            **figures,
        },
    )
