"""What is usual, and which rows differ from it: intervals and tests against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from api.managers.console.figures.tables import (
    Table,
    TableColumn,
    TableRow,
    against_several,
    change,
    figure_cells,
    mean_of,
)
from api.managers.told import TableFigure
from engine.indicators.comparison import difference
from engine.presence.expected.figures import Spread


def test_a_mean_of_several_says_between_what_the_next_will_lie() -> None:
    values = [10.0, 12.0, 9.0, 13.0]
    found = mean_of([*values, None])
    low, high = stats.t.interval(0.9, 3, np.mean(values), np.std(values, ddof=1) * np.sqrt(1 + 1 / 4))
    assert (found.value, found.low, found.high) == (pytest.approx(11), pytest.approx(low), pytest.approx(high))
    assert mean_of([4.0]) == TableFigure(4.0)
    assert mean_of([None]) == TableFigure(None)


def test_nine_in_ten_quiet_days_are_usual() -> None:
    rng = np.random.default_rng(1)
    days = rng.normal(100, 8, (4000, 5))
    found = [mean_of(row[:4].tolist()) for row in days]
    inside = [f.low <= day <= f.high for f, day in zip(found, days[:, 4], strict=True) if f.low is not None and f.high]
    assert np.mean(inside) == pytest.approx(0.9, abs=0.015)
    several = [against_several(row[4], row[:4].tolist()) for row in days]
    p = np.array([found.p for found in several if found is not None])
    assert len(p) == len(days)
    assert np.mean(p < 0.1) == pytest.approx(0.1, abs=0.015)


def test_of_many_zones_few_are_called_unusual_by_chance() -> None:
    """Twenty zones as ever, and one three times as busy: that one is named, and seldom another."""
    rng = np.random.default_rng(2)
    wrong = []
    for _ in range(100):
        cells = [figure_cells(TableFigure(float(now)), before.tolist())
                 for now, before in zip(rng.normal(100, 5, 20), rng.normal(100, 5, (20, 4)), strict=True)]  # fmt: skip
        cells.append(figure_cells(TableFigure(300.0), [100.0, 101.0, 99.0, 100.5]))
        table = Table((TableColumn("visits", "count"),), tuple(TableRow(str(i), c[:1]) for i, c in enumerate(cells)))
        found = table.unusual("visits")
        assert "20" in found
        wrong.append((len(found) - 1) / len(found))
    assert np.mean(wrong) <= 0.08  # one in twenty of those named; without control it would be one in two


def test_alike_is_never_unusual() -> None:
    p = [found.p for now in (5.0, 6.5, 6.0) if (found := against_several(now, [5.0, 5.0, 5.0])) is not None]
    assert p[:2] == [1.0, 0.0]
    assert p[2] > 0.5  # as a count it is nothing to speak of
    assert against_several(6.0, [5.0, 5.0]) is None  # nobody knows how they vary


def test_change_of_nothing_is_none() -> None:
    assert change(TableFigure(3.0), TableFigure(0.0)).value is None
    assert change(TableFigure(3.0, 2.0, 4.0), TableFigure(2.0)) == TableFigure(0.5)  # how far both err is not known


def test_a_change_that_is_more_than_chance_has_no_nought_in_its_interval() -> None:
    """What a place does to both periods widens each of them, and not what lies between."""
    rng = np.random.default_rng(3)
    named = 0
    for now, before in rng.normal(100.0, 6.0, (200, 2)):
        mine, were = (Spread(float(value), 9.0, 400.0, 9.0) for value in (now, before))
        figure = mine.figure()
        cells = figure_cells(TableFigure(figure.value, figure.low, figure.high), [were.value], difference(mine, were))
        p, low, high = cells[0].p, cells[2].low, cells[2].high
        assert p is not None
        assert low is not None
        assert high is not None
        assert (p < 0.1) == (low > 0.0 or high < 0.0)
        named += p < 0.05
    assert named > 20
