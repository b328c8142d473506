"""Small counts that happened to be alike for four weeks were called unusual: in most tables of a hundred rows.

Input: tables of a hundred Poisson counts (0.3, 1, 2 and 5) against four before, nothing changed. Right: at most one
table in twenty has a mark; a zone ten times as busy has one.
"""

from __future__ import annotations

import numpy as np
import pytest

from engine.indicators.comparison import against_usual, control_false_discoveries


@pytest.mark.parametrize("mean", [0.3, 1, 2, 5])
def test_few_tables_have_a_false_mark(mean: float) -> None:
    rng = np.random.default_rng(1)
    marked = 0
    for _ in range(60):
        rows = rng.poisson(mean, (100, 5)).tolist()
        found = {str(i): d for i, (now, *before) in enumerate(rows) if (d := against_usual(now, before))}
        marked += any(d.significant for d in control_false_discoveries(found).values())
    assert marked <= 3


def test_ten_times_as_busy_is_marked() -> None:
    found = against_usual(50, [5, 5, 5, 5])
    assert found is not None
    assert found.significant
