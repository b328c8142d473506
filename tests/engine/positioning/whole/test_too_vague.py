"""Where nothing can be said there is no fix, and the reason is counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.plan.cells import walkable_cells
from engine.positioning.bayes import covered_share
from engine.positioning.locator import Locator
from engine.positioning.settings import DEFAULT_SETTINGS
from engine.records import Readings, Scans
from tests.engine.positioning.stores import hall, hear, locate_readings, walk

PLAN = hall(40.0, 25.0, ((4.0, 4.0), (20.0, 3.0), (36.0, 4.0), (4.0, 21.0), (20.0, 22.0), (36.0, 21.0)))


def scan(levels_dbm: dict[int, float], t: float = 0.0, n_ap: int = 6) -> Scans:
    """One device; access points by number."""
    rssi = np.full((1, n_ap), np.nan, np.float32)
    rssi[0, list(levels_dbm)] = list(levels_dbm.values())
    none = np.full(rssi.shape, np.nan, np.float32)
    return Scans(np.full(1, t), np.ones(1, np.uint64), rssi, none, none, np.zeros(rssi.shape, np.float32))


def test_the_share_of_the_floor_is_that_of_as_many_equal_cells() -> None:
    rows = np.zeros((3, 8), np.float32)
    rows[0], rows[1, :2], rows[2, 5] = 1 / 8, 0.5, 1.0
    np.testing.assert_allclose(covered_share(rows), [1.0, 0.25, 0.125])


# in a hall of 40 x 25 m one faint access point could be heard from nearly everywhere; a strong one only from near it
@pytest.mark.parametrize(("heard", "fixes"), [({0: -70.0}, 0), ({0: -35.0}, 1), ({0: -60.0, 1: -70.0, 2: -80.0}, 1)])
def test_a_scan_that_says_nothing_gets_no_fix(heard: dict[int, float], fixes: int) -> None:
    locator = Locator(PLAN, walkable_cells(PLAN, 0.5))
    assert len(locator.locate(scan(heard))) == fixes
    assert locator.refused["too_vague"] == 1 - fixes
    assert len(locator) == 1  # its track has begun all the same


def test_in_a_small_shop_being_there_at_all_is_a_place() -> None:
    shop = hall(6.0, 4.0)
    locator = Locator(shop, walkable_cells(shop, 0.5))
    fixes = locator.locate(scan({0: -60.0}, n_ap=5))
    assert fixes.sigma_m[0] < DEFAULT_SETTINGS.vague_sigma_m
    assert not locator.refused


def test_what_counts_as_vague_is_a_setting() -> None:
    anything = replace(DEFAULT_SETTINGS, vague_share=2.0)
    locator = Locator(PLAN, walkable_cells(PLAN, 0.5), settings=anything)
    assert len(locator.locate(scan({0: -70.0}))) == 1


def with_faint_start(seconds: float) -> Readings:
    """A walk of which only one access point hears the first part."""
    rng = np.random.default_rng(2)
    whole = hear(PLAN, walk(rng, 60.0), rng)
    faint = Readings(
        np.arange(0.0, seconds), np.ones(int(seconds), np.uint64), np.zeros(int(seconds), np.int32),
        np.full(int(seconds), -66, np.float32), *[np.full(int(seconds), np.nan, np.float32)] * 2,
    )  # fmt: skip
    return Readings.concat([faint, whole.take(whole.t >= seconds)])


def test_a_device_is_located_as_soon_as_something_can_be_said() -> None:
    locator = Locator(PLAN, walkable_cells(PLAN, 0.5))
    located = locate_readings(locator, with_faint_start(12.0), 6, 3.0)
    assert located.refused["too_vague"] >= 1
    assert located.fixes.t.min() > 1.0
    assert len(located.fixes.t) + located.refused["too_vague"] == 20


@pytest.mark.parametrize("lag_s", [3.0, 15.0])
def test_looking_back_is_not_put_out_of_step_by_scans_without_a_fix(lag_s: float) -> None:
    cells = walkable_cells(PLAN, 0.5)
    readings = with_faint_start(12.0)
    causal = locate_readings(Locator(PLAN, cells), readings, 6, 3.0).fixes
    smooth = locate_readings(Locator(PLAN, cells), readings, 6, 3.0, lag_s=lag_s).fixes
    np.testing.assert_array_equal(smooth.t, causal.t)
    # the last fix looks back from nowhere: it is the causal one
    np.testing.assert_allclose([smooth.x_m[-1], smooth.y_m[-1]], [causal.x_m[-1], causal.y_m[-1]], atol=1e-3)
