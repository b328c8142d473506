"""Whole stretches forward and backward agree with the smoother that serves live, device by device."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest

from engine.plan.cells import walkable_cells
from engine.positioning.learning.forward_backward import log_likelihood, place_scans
from engine.positioning.learning.tracklets import ScanMemory
from engine.positioning.locator import Locator
from engine.positioning.motion.smoothing import TrackStep, smooth
from engine.positioning.settings import DEFAULT_SETTINGS
from engine.positioning.windows import ScanWindows
from engine.records import Readings, Scans
from tests.engine.positioning.stores import hear, shelved, walk


@pytest.fixture(scope="module")
def made() -> tuple[Locator, ScanMemory]:
    plan, rng = shelved(p0=-40.0), np.random.default_rng(4)
    parts = [hear(plan, walk(rng, 30.0 + 9.0 * i), rng, i, offset_db=2.0 * i - 4) for i in range(1, 4)]
    readings = Readings.concat(parts)
    memory = ScanMemory(len(plan.access_points))
    memory.add(ScanWindows(len(plan.access_points), 3.0).push(readings, np.inf))
    return Locator(plan, walkable_cells(plan, 0.5)), memory


def test_smoothed_places_are_those_of_the_smoother(made: tuple[Locator, ScanMemory]) -> None:
    locator, memory = made
    stretches = memory.stretches(np.random.default_rng(0))
    assert len(stretches) == 3
    found = place_scans(locator.site, locator.graph, locator.motion, DEFAULT_SETTINGS, stretches)
    for row in range(3):
        n = int(stretches.steps[row])
        rssi = stretches.rssi_dbm[row, :n]
        nothing = np.full_like(rssi, np.nan)
        age = np.where(np.isfinite(rssi), np.float32(0.0), nothing)
        steps: dict[int, deque[TrackStep]] = {}
        locator.forget(np.array([5], np.uint64))
        locator.steps = steps
        locator.locate(Scans(stretches.t[row, :n], np.full(n, 5, np.uint64), rssi, nothing, nothing, age))
        path = list(steps[5])
        independent = (1.0, 1.0)  # no exponent makes scans say less
        for k in (0, n // 2, n - 1):
            want = smooth(locator.graph, locator.motion, path[k:], independent)
            got = found.cells[(found.stretch == row) & (found.step == k)][0]
            assert np.abs(got - want).sum() < 5e-3  # a track also asks of each access point whether it is believed


def test_rows_are_probabilities_and_offsets_are_found(made: tuple[Locator, ScanMemory]) -> None:
    locator, memory = made
    stretches = memory.stretches(np.random.default_rng(0))
    found = place_scans(locator.site, locator.graph, locator.motion, DEFAULT_SETTINGS, stretches)
    assert len(found.cells) == stretches.steps.sum()
    np.testing.assert_allclose(found.cells.sum(axis=1), 1.0, atol=1e-4)
    assert (found.cells >= 0).all()
    assert np.ptp(found.offset_db) > 2.0


def test_what_was_heard_is_foreseen_better_than_what_was_not(made: tuple[Locator, ScanMemory]) -> None:
    locator, memory = made
    stretches = memory.stretches(np.random.default_rng(0))
    args = (locator.site, locator.graph, locator.motion, DEFAULT_SETTINGS)
    mixed = stretches.take(np.arange(len(stretches)))
    mixed.rssi_dbm[:] = mixed.rssi_dbm[:, :, ::-1]  # the access points' names are swapped
    assert log_likelihood(*args, memory.stretches(np.random.default_rng(0))) > log_likelihood(*args, mixed) + 0.3
