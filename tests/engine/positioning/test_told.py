"""A told position as a fix: the round normal distribution, cut by where one can walk."""

from __future__ import annotations

import numpy as np
import pytest

from engine.plan.cells import walkable_cells
from engine.positioning.told import fixes_of
from engine.records import ToldPositions
from tests.engine.runtime.made import boutique

PLAN = boutique()
CELLS = walkable_cells(PLAN, 0.5)


def told(x: float, y: float, sigma_m: float) -> ToldPositions:
    one = np.ones(1)
    return ToldPositions(one, one.astype(np.uint64), np.zeros(1, np.int32), x * one, y * one, sigma_m * one)


@pytest.mark.parametrize("large", [False, True])
def test_the_mass_of_a_cell_falls_with_the_square_of_its_distance(large: bool) -> None:
    """P ∝ exp(-d²/σ²): between cells d1 and d2 away the log differs by (d2² - d1²)/σ²."""
    fixes = fixes_of(told(6.0, 4.0, 3.0), CELLS, large=large)
    mass = np.asarray(fixes.posterior.todense() if large else fixes.posterior)[0].astype(float)  # type: ignore[union-attr]
    square = (CELLS.x_m - 6.0) ** 2 + (CELLS.y_m - 4.0) ** 2
    on = np.flatnonzero((CELLS.level == 0) & (square < 16.0))
    a, b = on[np.argmin(square[on])], on[np.argmax(square[on])]
    assert np.log(mass[a] / mass[b]) == pytest.approx((square[b] - square[a]) / 9.0, rel=1e-3)
    assert mass[CELLS.level != 0].sum() == 0.0
    assert mass.sum() == pytest.approx(1.0, abs=1e-5)
    assert fixes.sigma_m[0] == pytest.approx(3.0)


def test_a_place_outside_lies_at_the_nearest_cells() -> None:
    fixes = fixes_of(told(-30.0, 4.0, 1.0), CELLS, large=False)
    assert fixes.x_m[0] == pytest.approx(CELLS.x_m[CELLS.level == 0].min(), abs=0.3)
    assert np.isfinite(fixes.posterior).all()  # type: ignore[arg-type]
