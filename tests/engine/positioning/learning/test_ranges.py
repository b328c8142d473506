"""The bias that all ranges share: found again where it was put, and nothing said where there is too little."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.plan.cells import Cells, walkable_cells
from engine.plan.model import Plan
from engine.positioning.learning import ranges
from engine.positioning.learning.ranges import LEAST_RANGED, LEAST_RANGES, MOST_RANGED, shared_bias_m
from engine.positioning.locator import Locator
from engine.positioning.settings import DEFAULT_SETTINGS
from engine.radio.radiomap import RadioMap, prior_map
from engine.records import Scans
from tests.engine.positioning.stores import CORNERS, hall


@pytest.fixture(scope="module")
def store() -> tuple[Plan, Cells, RadioMap]:
    plan = hall()
    cells = walkable_cells(plan, 1.0)
    return plan, cells, prior_map(plan, cells)


def ranged(n: int, bias_m: float, n_ap: int = 5, seed: int = 2) -> Scans:
    """One device, a scan every 10 s at the centres of cells, ranges to the first `n_ap` access points."""
    rng = np.random.default_rng(seed)
    x, y = rng.integers(2, 18, n) + 0.5, rng.integers(2, 10, n) + 0.5
    d = np.sqrt([(x - a) ** 2 + (y - b) ** 2 + 1.6**2 for a, b in CORNERS]).T
    r = (d + bias_m + rng.normal(0, 0.3, d.shape)).astype(np.float32)
    r[:, n_ap:] = np.nan
    nothing = np.full(r.shape, np.nan, np.float32)
    age = np.where(np.isfinite(r), 0.0, np.nan).astype(np.float32)
    return Scans(100.0 * np.arange(n), np.arange(n, dtype=np.uint64) % 7, nothing, r, nothing, age)


@pytest.mark.parametrize("bias_m", [-0.5, 0.4, 1.6])
def test_the_bias_is_found(store: tuple[Plan, Cells, RadioMap], bias_m: float) -> None:
    found = shared_bias_m(*store, ranged(60, bias_m))
    assert found == pytest.approx(bias_m, abs=0.2)


def test_it_is_the_median_of_ranges_less_distances_to_where_devices_are_found(
    store: tuple[Plan, Cells, RadioMap], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = ranged(60, 0.0)
    given.range_m[::3, 4] = np.nan  # four are enough
    given.range_m[1::5, 0] += 9.0  # behind a pillar: the median does not mind
    fixes = Locator(*store, settings=replace(DEFAULT_SETTINGS, vague_share=np.inf)).locate(given)
    assert len(fixes) == 60
    d = np.sqrt([(fixes.x_m - a) ** 2 + (fixes.y_m - b) ** 2 + (2.8 - 1.2) ** 2 for a, b in CORNERS]).T
    error = given.range_m - d
    monkeypatch.setattr(ranges, "SCANS_AT_ONCE", 7)
    assert shared_bias_m(*store, given) == pytest.approx(float(np.median(error[np.isfinite(error)])), abs=1e-5)


def test_forty_scans_of_four_ranges_are_needed(store: tuple[Plan, Cells, RadioMap]) -> None:
    assert (LEAST_RANGES, LEAST_RANGED, MOST_RANGED) == (4, 40, 4096)
    assert shared_bias_m(*store, ranged(39, 1.0)) is None
    assert shared_bias_m(*store, ranged(40, 1.0)) is not None
    assert shared_bias_m(*store, ranged(60, 1.0, n_ap=3)) is None
    assert shared_bias_m(*store, ranged(60, 1.0, n_ap=4)) == pytest.approx(1.0, abs=0.4)


def test_of_a_long_recording_the_newest_count(
    store: tuple[Plan, Cells, RadioMap], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = ranged(60, 2.5), ranged(60, 0.2)
    both = Scans(*(np.concatenate([getattr(s, name) for s in (old, new)]) for name in Scans.__slots__))
    both = replace(both, t=np.arange(120) * 100.0)
    monkeypatch.setattr(ranges, "MOST_RANGED", 60)
    assert shared_bias_m(*store, both) == pytest.approx(0.2, abs=0.2)
