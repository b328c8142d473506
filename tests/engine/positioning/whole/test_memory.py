"""What a locator weighs: a hypermarket in 100 MiB, a device of a supermarket in 64 KiB."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.plan.cells import walkable_cells
from engine.positioning import offline
from engine.positioning.learning.self_calibration import SelfCalibration
from engine.positioning.locator import Locator
from engine.positioning.measurement import expectation
from engine.positioning.measurement.expectation import Expectation, PackedExpectation
from engine.positioning.regions.footprint import array_bytes
from engine.radio.radiomap import RadioMap
from engine.records import Fixes, Scans
from tests.clocks import patience_s
from tests.engine.positioning.regions.large import floor_of_hypermarket, hypermarket, scans
from tests.engine.positioning.stores import hall, hear, locate_readings, walk

MIB = 2**20
STORE_MIB = 100


def shadowed(radio_map: RadioMap) -> RadioMap:
    """As after a survey: the spread is another in every cell."""
    spread = np.random.default_rng(1).uniform(2.8, 9.0, radio_map.sigma_db.shape)
    return replace(radio_map, sigma_db=spread.astype(np.float32))


@pytest.mark.parametrize("surveyed", [False, True])
def test_all_a_locator_needs_of_a_hypermarket_stays_below_a_hundred_mib(surveyed: bool) -> None:
    plan, cells, radio_map = floor_of_hypermarket()
    locator = Locator(plan, cells, shadowed(radio_map) if surveyed else radio_map)
    assert len(cells) == 80_000
    assert array_bytes(locator, cells) < STORE_MIB * MIB
    assert array_bytes(locator, cells) > 30 * MIB  # the count sees the arrays


def test_what_a_running_store_keeps_for_calibration_fits_in_too() -> None:
    plan, cells, radio_map = floor_of_hypermarket()
    assert array_bytes(Locator(plan, cells, radio_map), cells, SelfCalibration(plan, cells)) < STORE_MIB * MIB


def test_the_prior_map_keeps_three_numbers_per_cell_and_access_point() -> None:
    """Level, spread (what is not known of the exponent grows with distance), range; the range's spread is one."""
    _, _, radio_map = floor_of_hypermarket()
    assert array_bytes(radio_map) < 75 * MIB


FRESH = """
import gc, tracemalloc
from tests.engine.positioning.regions.large import hypermarket
from engine.plan.cells import walkable_cells
from engine.positioning.locator import Locator
plan = hypermarket()
tracemalloc.start()
cells = walkable_cells(plan, 0.5)
locator = Locator(plan, cells)
gc.collect()
print(tracemalloc.get_traced_memory()[0])
"""


def test_the_interpreter_counts_no_more_than_that_either() -> None:
    root = Path(__file__).parents[4]
    done = subprocess.run(
        [sys.executable, "-c", FRESH], cwd=root, capture_output=True, text=True, timeout=patience_s(240)
    )
    assert done.returncode == 0, done.stderr
    assert 30 * MIB < int(done.stdout) < STORE_MIB * MIB


def test_a_device_of_a_supermarket_takes_less_than_64_kib() -> None:
    plan = hall(40.0, 25.0)
    locator = Locator(plan, walkable_cells(plan, 0.5))
    before = array_bytes(locator)
    rows = 64
    made, _ = scans(hypermarket(), rows, 0.0, np.random.default_rng(1))
    few = replace(made, **{n: getattr(made, n)[:, :5] for n in ("rssi_dbm", "range_m", "range_sigma_m", "age_s")})
    locator.locate(replace(few, rssi_dbm=np.full((rows, 5), -60.0, np.float32)))
    assert len(locator) == rows
    assert 8 * 1024 < (array_bytes(locator) - before) / rows < 64 * 1024


def test_the_same_buffer_is_counted_once() -> None:
    whole = np.zeros((4, 256), np.float32)
    assert array_bytes([whole, whole[:2], whole.T, np.broadcast_to(whole[:1], (99, 256))]) == whole.nbytes
    assert array_bytes({"a": whole, "b": (np.zeros(3),)}) == whole.nbytes + 24


def test_a_packed_store_locates_as_a_dense_one(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = hypermarket()
    cells = walkable_cells(plan, 1.0)
    made, at = scans(plan, 48, 0.0, np.random.default_rng(3))
    packed = Locator(plan, cells)
    assert isinstance(packed.site.rssi, PackedExpectation)
    monkeypatch.setattr(expectation, "DENSE_AT_MOST", 10**9)
    dense = Locator(plan, cells)
    assert isinstance(dense.site.rssi, Expectation)
    got, want = packed.locate(made), dense.locate(made)
    # codes are finer than a thousandth of the noise; another part of the cells finds out the odd readings
    assert np.median(np.hypot(got.x_m - want.x_m, got.y_m - want.y_m)) < 0.05
    np.testing.assert_allclose(got.posterior.sum(axis=1), 1.0, atol=1e-4)
    assert np.median(np.hypot(got.x_m - at[:, 0], got.y_m - at[:, 1])) < 4.0  # 3 m when this was written


def test_a_recording_of_a_large_store_is_located_in_smaller_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = hall(40.0, 25.0)
    cells = walkable_cells(plan, 0.5)
    rng = np.random.default_rng(1)
    readings = hear(plan, walk(rng, 60.0), rng)
    taken: list[int] = []

    class Counting(Locator):
        def locate(self, scans: Scans) -> Fixes:
            taken.append(len(scans))
            return super().locate(scans)

    whole = locate_readings(Counting(plan, cells), readings, 5, 3.0).fixes
    assert max(taken) == 20
    taken.clear()
    monkeypatch.setattr(offline, "ROWS_AT_MOST", 7 * len(cells))
    pieces = locate_readings(Counting(plan, cells), readings, 5, 3.0).fixes
    assert max(taken) == 7
    np.testing.assert_allclose(pieces.x_m, whole.x_m, atol=1e-4)
