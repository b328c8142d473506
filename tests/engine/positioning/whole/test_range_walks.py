"""Where errors of ranges do not last from scan to scan, tracks are at least as good as scans alone.

A store of 30 x 20 m by ranges alone, one walker on an ellipse for two minutes. A locator that took all errors to last
6 s, as they do where they were measured, came to 0.9 to 1.6 m on these walks, and scans alone to 0.7 m.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from engine.plan.cells import Cells, walkable_cells
from engine.plan.model import Plan
from engine.positioning.locator import Locator
from engine.records import F64, Scans
from tests.engine.positioning.stores import hall

WIDTH, DEPTH, SECONDS = 30.0, 20.0, 120.0
FIVE = ((1.0, 1.0), (29.0, 1.0), (1.0, 19.0), (29.0, 19.0), (15.0, 10.0))
EIGHT = (*FIVE[:4], (15.0, 1.0), (15.0, 19.0), (1.0, 10.0), (29.0, 10.0))
SEEDS = (0, 1)


@cache
def store(points: tuple[tuple[float, float], ...]) -> tuple[Plan, Cells]:
    plan = hall(WIDTH, DEPTH, points)
    return plan, walkable_cells(plan, 0.5)


def walked(t: F64, m_per_s: float) -> F64:
    """Places (n, 2) at these times, on an ellipse of 18 x 12 m, or standing."""
    if not m_per_s:
        return np.tile([11.3, 7.4], (len(t), 1))
    angle = np.linspace(0, 2 * np.pi, 4001)
    gone = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(9 * np.cos(angle)), np.diff(6 * np.sin(angle))))])
    at = np.interp((m_per_s * t) % gone[-1], gone, angle)
    return np.column_stack([15 + 9 * np.cos(at), 10 + 6 * np.sin(at)])


def errors(rng: np.random.Generator, n: int, n_ap: int, every_s: float, lasting: float) -> F64:
    """(n, A) of variance 1, of which `lasting` persists for 10 s."""
    new, kept, keeps = rng.normal(size=(n, n_ap)), rng.normal(size=(n, n_ap)), np.exp(-every_s / 10.0)
    for k in range(1, n):
        kept[k] = keeps * kept[k - 1] + np.sqrt(1 - keeps**2) * kept[k]
    return np.asarray(np.sqrt(1 - lasting) * new + np.sqrt(lasting) * kept)


def medians(
    points: tuple[tuple[float, float], ...], sigma_m: float, m_per_s: float, every_s: float = 2.0, lasting: float = 0.0
) -> tuple[float, float, float]:
    """Of tracks and of scans alone, means over the seeds (m); share of tracks' errors within one sigma."""
    plan, cells = store(points)
    t = np.arange(0.0, SECONDS + 0.1, every_s)
    xy = walked(t, m_per_s)
    found: dict[str, list[float]] = {"bayes": [], "trilateration": []}
    within = []
    for seed in SEEDS:
        noise = errors(np.random.default_rng(seed), len(t), len(points), every_s, lasting)
        true = np.sqrt([(xy[:, 0] - a) ** 2 + (xy[:, 1] - b) ** 2 + 1.6**2 for a, b in points]).T
        ranges = (true + sigma_m * noise).astype(np.float32)
        nothing = np.full(ranges.shape, np.nan, np.float32)
        scans = Scans(1.6e9 + t, np.ones(len(t), np.uint64), nothing, ranges, nothing, np.zeros_like(nothing))
        for method, own in found.items():
            fixes = Locator(plan, cells, method=method).locate(scans)
            assert len(fixes) == len(t)
            error = np.hypot(fixes.x_m - xy[:, 0], fixes.y_m - xy[:, 1])
            own.append(float(np.median(error)))
            if method == "bayes":
                within.append(float((error < fixes.sigma_m).mean()))
    return float(np.mean(found["bayes"])), float(np.mean(found["trilateration"])), float(np.mean(within))


# tracks, scans alone: what they came to when this was written. A track's own motion costs a walker of 0.8 m/s 8 %
@pytest.mark.parametrize(
    ("points", "sigma_m", "m_per_s", "lasting", "tracks_m", "alone_m"),
    [
        (FIVE, 0.8, 0.0, 0.0, 0.347, 0.589),
        (FIVE, 0.8, 0.4, 0.0, 0.555, 0.637),
        (FIVE, 0.8, 0.8, 0.0, 0.688, 0.637),
        (EIGHT, 0.3, 0.8, 0.0, 0.201, 0.192),
        (FIVE, 0.8, 0.4, 0.5, 0.696, 0.620),
    ],
    ids=["stands", "strolls", "walks", "exact ranges", "half of the variance lasts"],
)
def test_tracks_and_scans_alone(
    points: tuple[tuple[float, float], ...],
    sigma_m: float,
    m_per_s: float,
    lasting: float,
    tracks_m: float,
    alone_m: float,
) -> None:
    tracks, alone, within = medians(points, sigma_m, m_per_s, lasting=lasting)
    assert (tracks, alone) == (pytest.approx(tracks_m, rel=0.03), pytest.approx(alone_m, rel=0.03))
    assert within > 0.58
