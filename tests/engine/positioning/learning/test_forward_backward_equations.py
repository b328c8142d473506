"""Forward and backward over two short stretches of six cells: the sums of a hidden Markov model, written out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from engine.positioning.belief import Belief
from engine.positioning.learning.forward_backward import log_likelihood, place_scans
from engine.positioning.learning.tracklets import Stretches
from engine.positioning.motion.walk import MotionModel, predict, walk_graph
from engine.positioning.settings import LocatorSettings
from tests.engine.positioning.tiny import NAN, OFFSET_VAR, SIGMA_DB, bayes_by_hand, cells, scans, site

MODEL = MotionModel(stray_per_s=0.0, walk_m2_per_s=3.0)
SETTINGS = LocatorSettings(offset_floor_db=3.0, offset_drift_db2_per_s=0.5, motion=MODEL)
UNIFORM = np.repeat(SIGMA_DB[:, None], 6, axis=1)
GRAPH = walk_graph(cells(), 2.0)  # a block is a cell
HEARD = [
    [[-50.0, -66.0, -58.0], [-55.0, NAN, -57.0], [-60.0, -55.0, -61.0]],
    [[-62.0, -55.0, -60.0], [-58.0, -62.0, -66.0]],
]
TIMES = [[10.0, 13.0, 19.0], [11.0, 12.5, 0.0]]


def stretches() -> Stretches:
    rssi = np.full((2, 3, 3), np.nan, np.float32)
    rssi[0], rssi[1, :2] = np.array(HEARD[0]), np.array(HEARD[1])
    return Stretches(np.array(TIMES), rssi, np.array([3, 2]), np.array([0, 1]))


@dataclass
class Filtered:
    """After a scan: masses in twelve states (pausing, then walking), the likelihood, the offset, the log of the sum."""

    mass: np.ndarray
    likelihood: np.ndarray
    offset: float
    log: float


def forward(row: int) -> list[Filtered]:
    mean, var = np.zeros((1, 2)), OFFSET_VAR[None].copy()
    mass, out = np.full(12, 0.5 / 6), []
    for k, heard in enumerate(HEARD[row]):
        dt = TIMES[row][k] - TIMES[row][k - 1] if k else 0.0
        left = min((1.0 - mass[6:].sum()) / (1.0 - 0.38), 1.0) ** 2  # of the memory, by how likely it walked
        if k:
            pause, walk = predict(
                GRAPH, MODEL, mass[None, :6].astype(np.float32), mass[None, 6:].astype(np.float32), np.array([dt])
            )
            mass = np.hstack([pause[0], walk[0]]).astype(float)
        prior = mass[:6] + mass[6:]
        trust = 1.0 if not k else dt / (dt + 2.25 * left)
        drifted = np.minimum(var + np.array([0.5, 0.002]) * dt, OFFSET_VAR)
        belief = Belief(
            prior[None].astype(np.float32),
            mean,
            drifted,
            np.full((1, 2), trust, np.float32),
            np.ones((1, 6), np.float32),
        )
        found = bayes_by_hand(site(), scans([heard]), 0, belief, SETTINGS, UNIFORM)
        ratio = found.posterior / prior
        mass = mass * np.tile(ratio, 2)
        mean = found.offset_mean[None]
        var = np.maximum(found.offset_var[None], np.array([9.0, 0.09]))  # never known better than to 3 dB
        out.append(Filtered(mass.copy(), ratio, float(mean[0, 0]), found.log_likelihood))
    return out


@pytest.mark.parametrize("row", [0, 1])
def test_places_are_filtered_times_what_comes_later(row: int) -> None:
    found = place_scans(site(), GRAPH, MODEL, SETTINGS, stretches())
    steps = forward(row)
    back = np.ones(12)
    for k in range(len(steps) - 1, -1, -1):
        if k + 1 < len(steps):
            n = np.eye(12, dtype=np.float32)
            dt = np.full(12, TIMES[row][k + 1] - TIMES[row][k])
            carried = np.hstack(predict(GRAPH, MODEL, n[:, :6], n[:, 6:], dt)).astype(float)
            back = carried @ (back * np.tile(steps[k + 1].likelihood, 2))
        both = steps[k].mass * back
        want = (both[:6] + both[6:]) / both.sum()
        at = (found.stretch == row) & (found.step == k)
        assert at.sum() == 1
        np.testing.assert_allclose(found.cells[at][0], want, rtol=1e-3, atol=1e-5)
        assert found.offset_db[at][0] == pytest.approx(steps[-1].offset, rel=1e-3)  # as the whole stretch tells it
    assert len(found.cells) == 5


def test_a_scan_is_foreseen_by_the_log_of_its_sum_on_average() -> None:
    logs = [step.log for row in (0, 1) for step in forward(row)]
    assert len(logs) == 5
    assert log_likelihood(site(), GRAPH, MODEL, SETTINGS, stretches()) == pytest.approx(np.mean(logs), rel=1e-4)


def test_nothing_is_foreseen_of_nothing() -> None:
    none = Stretches(np.zeros((0, 0)), np.zeros((0, 0, 3), np.float32), np.zeros(0, np.int64), np.zeros(0, np.int64))
    assert log_likelihood(site(), GRAPH, MODEL, SETTINGS, none) == 0.0
