"""Short days of a drawn store, for every test run; `python -m tests.accuracy.days` runs them whole."""

from __future__ import annotations

import numpy as np
import shapely

from tests.accuracy.drawn import KINDS, drawn_campaigns, drawn_plan


def test_drawn_stores_are_what_they_are_called() -> None:
    sizes = {"pharmacy": (24, 16, 5), "bookshop": (30, 20, 8), "diy": (80, 50, 15)}
    for kind in KINDS:
        plan = drawn_plan(kind)
        width, depth, points = sizes[kind]
        assert plan.levels[0].polygon.bounds == (0, 0, width, depth)
        assert len(plan.access_points) == points
        for zone in plan.zones:
            x0, _, x1, _ = zone.polygon.bounds
            assert 3.0 <= x1 - x0 <= 4.0
        shelves = shapely.union_all([f.polygon for f in plan.fixtures])
        x, y = (np.array([getattr(p, c) for p in plan.products]) for c in ("x_m", "y_m"))
        assert not shapely.intersects_xy(shelves, x, y).any()
        assert len({c.place.product for c in drawn_campaigns(plan)}) == 12


def test_a_store_is_drawn_alike_twice_and_otherwise_from_another_seed() -> None:
    assert drawn_plan("pharmacy").products == drawn_plan("pharmacy").products
    assert drawn_plan("pharmacy").products != drawn_plan("pharmacy", 2).products
