"""Learning from unlabelled readings: taken only when it explains readings it was not fitted on."""

from __future__ import annotations

import numpy as np

from engine.plan.cells import walkable_cells
from engine.positioning.crowd import calibrate_store
from engine.positioning.locator import Locator
from engine.positioning.windows import ScanWindows
from engine.radio.evidence_sources import hearings_evidence
from engine.records import Readings
from tests.engine.positioning.stores import hall, hear, shelved, walk
from tests.engine.positioning.test_self_calibration import Heard

NOBODY = Heard(
    np.zeros(0), np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0, np.float32)
)


def test_a_crowd_is_used_when_it_helps_and_says_by_how_much() -> None:
    plan = shelved()
    cells = walkable_cells(plan, 0.5)
    rng = np.random.default_rng(8)
    parts = [hear(plan, walk(rng, 300.0), rng, i, offset_db=float(rng.normal(0, 4))) for i in range(1, 7)]
    # one access point is 10 dB down: a broken antenna
    readings = Readings.concat(parts)
    readings.rssi_dbm[readings.ap == 3] -= 10
    result = calibrate_store(plan, cells, hearings_evidence(plan, NOBODY), readings)
    assert "unlabelled readings used" in result.notes[-1]
    powers = np.array([f.p0_dbm for f in result.fits])
    assert powers.argmin() == 3
    assert powers[3] < np.delete(powers, 3).mean() - 1.5


def test_a_handful_of_readings_is_not_a_crowd() -> None:
    plan = shelved()
    rng = np.random.default_rng(8)
    readings = hear(plan, walk(rng, 30.0), rng)
    result = calibrate_store(plan, walkable_cells(plan, 0.5), hearings_evidence(plan, NOBODY), readings)
    assert "too few to learn from" in result.notes[-1]


def test_devices_that_only_one_access_point_hears_teach_nothing_and_break_nothing() -> None:
    """Their scans get no fix when they are located, but the crowd goes scan by scan."""
    plan = hall(40.0, 25.0)
    rng = np.random.default_rng(8)
    walker = hear(plan, walk(rng, 240.0), rng)
    n = 60
    none = np.full(n, np.nan, np.float32)
    faint = Readings(
        np.arange(0.0, n), np.full(n, 7, np.uint64), np.zeros(n, np.int32), np.full(n, -66, np.float32), none, none
    )
    cells = walkable_cells(plan, 0.5)
    both = Readings.concat([walker, faint])
    assert Locator(plan, cells).locate(ScanWindows(5, 3.0).push(faint, np.inf)).t.size < n / 3
    result = calibrate_store(plan, cells, hearings_evidence(plan, NOBODY), both)
    assert "unlabelled readings" in result.notes[-1]
    assert np.isfinite(result.radio_map.mean_dbm).all()
