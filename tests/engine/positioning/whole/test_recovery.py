"""A track that is in the wrong place finds back by itself: nobody restarts it."""

from __future__ import annotations

import numpy as np
import pytest

from engine.plan.cells import walkable_cells
from engine.positioning.locator import Locator
from engine.records import Scans
from tests.engine.positioning.stores import hall

PLAN = hall(40.0, 25.0, ((4.0, 4.0), (20.0, 3.0), (36.0, 4.0), (4.0, 21.0), (20.0, 22.0), (36.0, 21.0)))
PHONES = 50


def scans(t: float, x_m: float, y_m: float, rng: np.random.Generator) -> Scans:
    """Fifty phones at one place, 4 dB of noise."""
    far = [np.hypot(np.hypot(p.x_m - x_m, p.y_m - y_m), 1.6) for p in PLAN.access_points]
    rssi = -42.0 - 23.0 * np.log10(np.array(far)) + rng.normal(0.0, 4.0, (PHONES, len(far)))
    nothing = np.full(rssi.shape, np.nan, np.float32)
    device = np.arange(PHONES, dtype=np.uint64)
    return Scans(
        np.full(PHONES, t), device, rssi.astype(np.float32), nothing, nothing, np.zeros(rssi.shape, np.float32)
    )


def off(locator: Locator, given: Scans) -> float:
    """Share of the phones put more than 6 m from where they are."""
    fixes = locator.locate(given)
    return float(np.mean(np.hypot(fixes.x_m - 34.0, fixes.y_m - 12.0) > 6.0))


@pytest.mark.parametrize(("interval_s", "after"), [(1.0, 14), (3.0, 5), (30.0, 5)])
def test_soon_a_track_thirty_metres_off_is_as_good_as_one_that_was_right(interval_s: float, after: int) -> None:
    """By a map that nobody measured, whose errors last."""
    cells, rng = walkable_cells(PLAN, 0.5), np.random.default_rng(1)
    lost, right = Locator(PLAN, cells), Locator(PLAN, cells)
    for k in range(20):
        lost.locate(scans(k * interval_s, 4.0, 12.0, rng))
        right.locate(scans(k * interval_s, 34.0, 12.0, rng))
    both = [
        (off(lost, s), off(right, s)) for s in (scans(k * interval_s, 34.0, 12.0, rng) for k in range(20, 23 + after))
    ]
    assert both[0][0] > both[0][1], "it was lost"
    assert all(a <= b + 0.05 for a, b in both[after:])
