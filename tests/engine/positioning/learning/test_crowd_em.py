"""What a crowd teaches, and what does not count as one."""

from __future__ import annotations

import numpy as np
import pytest

from engine.plan.cells import Cells, walkable_cells
from engine.plan.model import Plan
from engine.positioning.learning.crowd_em import LEAST_DEVICES, CrowdLearning
from engine.positioning.learning.tracklets import ScanMemory
from engine.positioning.locator import Locator
from engine.positioning.windows import ScanWindows
from engine.radio.calibrate import calibrate
from engine.radio.evidence_sources import hearings_evidence
from engine.radio.pathloss import cell_geometry
from engine.records import Scans
from tests.engine.positioning.learning.test_crowd import NOBODY
from tests.engine.positioning.stores import Walk, hear, shelved, walk

WEAK = 3  # an access point whose antenna is broken
WEAK_DB = 12.0


def heard(plan: Plan, devices: int, seed: int = 8) -> tuple[Scans, list[Walk]]:
    rng = np.random.default_rng(seed)
    walks = [walk(rng, 120.0) for _ in range(devices)]
    parts = [hear(plan, w, rng, i, offset_db=float(rng.normal(0, 4))) for i, w in enumerate(walks)]
    for readings in parts:
        readings.rssi_dbm[readings.ap == WEAK] -= WEAK_DB
    scans = [ScanWindows(len(plan.access_points), 3.0).push(r, np.inf) for r in parts]
    joined = Scans(*(np.concatenate([getattr(s, name) for s in scans]) for name in Scans.__slots__))
    order = np.argsort(joined.t, kind="stable")
    return Scans(*(getattr(joined, name)[order] for name in Scans.__slots__)), walks


@pytest.fixture(scope="module")
def store() -> tuple[Plan, Cells]:
    plan = shelved()
    return plan, walkable_cells(plan, 0.5)


def errors(locator: Locator, scans: Scans, walks: list[Walk]) -> np.ndarray:
    fixes = locator.locate(scans)
    out = []
    for i, w in enumerate(walks):
        at = fixes.device == i
        x, y = np.interp(fixes.t[at], w.t, w.x_m), np.interp(fixes.t[at], w.t, w.y_m)
        out.append(np.hypot(fixes.x_m[at] - x, fixes.y_m[at] - y))
    return np.concatenate(out)


def test_a_crowd_finds_the_broken_antenna_and_locates_others_better(store: tuple[Plan, Cells]) -> None:
    plan, cells = store
    scans, _ = heard(plan, 14)
    memory = ScanMemory(len(plan.access_points))
    memory.add(scans)
    before = calibrate(plan, cells, hearings_evidence(plan, NOBODY))
    crowd = CrowdLearning(plan, cells)
    learnt = crowd.learn(before.law, memory, np.random.default_rng(0))
    assert learnt is not None
    assert learnt.gain > 0.1
    after = crowd.map_of(before.law, learnt, cell_geometry(plan, cells), before.radio_map)
    change = (after.mean_dbm - before.radio_map.mean_dbm).mean(axis=1)
    assert change.argmin() == WEAK
    assert change[WEAK] < np.delete(change, WEAK).mean() - 4.0
    others, walks = heard(plan, 10, seed=99)
    old, new = (errors(Locator(plan, cells, m), others, walks) for m in (before.radio_map, after))
    assert np.median(new) < 0.95 * np.median(old)
    again = CrowdLearning(plan, cells).learn(before.law, memory, np.random.default_rng(0))
    assert again is not None
    np.testing.assert_array_equal(again.soft.fields, learnt.soft.fields)


def test_a_few_phones_are_no_crowd(store: tuple[Plan, Cells]) -> None:
    plan, cells = store
    scans, _ = heard(plan, LEAST_DEVICES - 1)
    memory = ScanMemory(len(plan.access_points))
    memory.add(scans)
    assert len(memory) > 200
    law = calibrate(plan, cells, hearings_evidence(plan, NOBODY)).law
    assert CrowdLearning(plan, cells).learn(law, memory, np.random.default_rng(0)) is None


def test_noise_teaches_nothing(store: tuple[Plan, Cells]) -> None:
    plan, cells = store
    scans, _ = heard(plan, 12)
    rng = np.random.default_rng(5)
    scans.rssi_dbm[:] = rng.normal(-65.0, 9.0, scans.rssi_dbm.shape)
    memory = ScanMemory(len(plan.access_points))
    memory.add(scans)
    law = calibrate(plan, cells, hearings_evidence(plan, NOBODY)).law
    learnt = CrowdLearning(plan, cells).learn(law, memory, np.random.default_rng(0))
    assert learnt is None or np.abs(learnt.soft.fields).max() < 5.0
