"""The scenario that ESPresense-companion publishes for its own locator (docs/accuracy.md), run with ours.

A floor of 6 x 4 m, four nodes, RSSI = -59 - 30 log10(d) in the plane, sigma 2.5 dB, bursts of -6 dB with probability
0.1, one sample a second, 40 seeds; each node dropped in turn. The locator is told the path loss, not the track.
"""

from __future__ import annotations

import numpy as np
from shapely.geometry import box

from engine.plan.cells import walkable_cells
from engine.plan.model import AccessPoint, Level, Plan
from engine.positioning.locator import Locator
from engine.records import F32, F64, I64, Scans

NODES = np.array([(0.2, 3.8), (0.2, 0.2), (5.8, 3.8), (5.8, 0.2)])
DOOR_X_M = 4.0  # living room before, bedroom behind
SEEDS = 40
SEGMENT_STEPS = 30
TRACKS = {
    "diagonal_walk": [(0.5, 0.5), (3.0, 2.0), (5.5, 3.5)],
    "living_to_bedroom": [(1.0, 2.0), (3.0, 2.0), (3.9, 2.0), (4.1, 2.0), (5.0, 2.0)],
}


def figures(track: str, dropped: int | None = None) -> dict[str, float]:
    """Median and 95th percentile of the error, the share of samples in the wrong room, and how true sigma is."""
    nodes = np.array([i for i in range(len(NODES)) if i != dropped])
    error, sigma, wrong = _run(_points(track), nodes)
    return {
        "median_m": float(np.median(error)),
        "p95_m": float(np.percentile(error, 95)),
        "wrong_room": float(wrong.mean()),
        "within_1_sigma": float((error <= sigma).mean()),
        "within_2_sigma": float((error <= 2 * sigma).mean()),
    }


def _points(track: str) -> F64:
    corners = np.array(TRACKS[track])
    steps = np.linspace(0, len(corners) - 1, (len(corners) - 1) * SEGMENT_STEPS + 1)
    return np.column_stack([np.interp(steps, np.arange(len(corners)), c) for c in corners.T])


def _run(places: F64, nodes: I64) -> tuple[F64, F64, F64]:
    """Error, sigma and wrong room, each (samples, seeds). All seeds walk at once, as one device each."""
    points = tuple(
        AccessPoint(f"n{i}", "0", float(NODES[i, 0]), float(NODES[i, 1]), 2.4, "", -59.0, 3.0) for i in nodes.tolist()
    )
    level = Level("0", 0, "House", 3.0, 0.0, box(0, 0, 6, 4))
    plan = Plan("espresense", "ESPresense", "UTC", "EUR", None, (level,), access_points=points)
    locator = Locator(plan, walkable_cells(plan, 0.25))
    rng, devices = np.random.default_rng(0), np.arange(SEEDS, dtype=np.uint64)
    out = []
    for i, place in enumerate(places):
        fixes = locator.locate(_scans(float(i), devices, _heard(place, nodes, rng)))
        error = np.hypot(fixes.x_m - place[0], fixes.y_m - place[1])
        out.append((error, fixes.sigma_m, ((fixes.x_m > DOOR_X_M) != (place[0] > DOOR_X_M)).astype(np.float64)))
    error, sigma, wrong = (np.array(column) for column in zip(*out, strict=True))
    return error, sigma, wrong


def _heard(place: F64, nodes: I64, rng: np.random.Generator) -> F32:
    shape = (SEEDS, len(nodes))
    law = -59.0 - 30.0 * np.log10(np.hypot(*(NODES[nodes] - place).T))
    rssi = law + rng.normal(0.0, 2.5, shape) - 6.0 * (rng.random(shape) < 0.1)
    return np.asarray(rssi, np.float32)


def _scans(t: float, devices: np.ndarray, rssi_dbm: F32) -> Scans:
    nothing = np.full(rssi_dbm.shape, np.nan, np.float32)
    return Scans(np.full(len(devices), t), devices, rssi_dbm, nothing, nothing, np.zeros(rssi_dbm.shape, np.float32))
