"""Shoppers who walk the shortest way from place to place and stand there for a while."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csgraph

from engine.plan.cells import Cells
from engine.records import F64, I32

PLACES = 40  # of interest in a store
SPEEDS_M_S = (0.6, 1.2)
STOP_MEDIAN_S, STOP_SIGMA_LOG = 15.0, 0.7


@dataclass(frozen=True)
class Walks:
    """Where P people are at T times: `t` (T,), `level`, `x_m`, `y_m`, `heading_rad` (P, T)."""

    t: F64
    level: I32
    x_m: F64
    y_m: F64
    heading_rad: F64


def walks(cells: Cells, people: int, t: F64, rng: np.random.Generator) -> Walks:
    """Everybody starts at a place of their own; `cells` is the floor they walk on."""
    largest = np.flatnonzero(cells.component == np.bincount(cells.component).argmax())
    goals = rng.choice(largest, min(PLACES, len(largest)), replace=False)
    _, before = csgraph.dijkstra(cells.graph, indices=goals, return_predecessors=True)
    ways = [_one(cells, goals, before, t, rng) for _ in range(people)]
    level, x, y, heading = (np.array(column) for column in zip(*ways, strict=True))
    return Walks(t, level.astype(np.int32), x, y, heading)


def _one(cells: Cells, goals: F64, before: I32, t: F64, rng: np.random.Generator) -> tuple[F64, F64, F64, F64]:
    """Level, x, y and heading (T,) of one person."""
    at, now = int(rng.integers(len(goals))), float(t[0])
    nodes, times = [int(goals[at])], [now]
    speed = rng.uniform(*SPEEDS_M_S)
    now += rng.uniform() * STOP_MEDIAN_S
    while now < t[-1]:
        nodes.append(nodes[-1])
        times.append(now)
        at = int(rng.integers(len(goals)))
        while nodes[-1] != goals[at]:
            step = int(before[at, nodes[-1]])
            now += max(float(cells.graph[nodes[-1], step]), 0.1) / speed
            nodes.append(step)
            times.append(now)
        now += STOP_MEDIAN_S * np.exp(rng.normal(0.0, STOP_SIGMA_LOG))
    nodes.append(nodes[-1])
    times.append(max(now, float(t[-1])))
    x, y = (np.interp(t, times, c[nodes]) for c in (cells.x_m, cells.y_m))
    ahead = t + 1.0
    dx, dy = np.interp(ahead, times, cells.x_m[nodes]) - x, np.interp(ahead, times, cells.y_m[nodes]) - y
    still = np.hypot(dx, dy) < 0.1
    heading = np.where(still, rng.uniform(-np.pi, np.pi), np.arctan2(dy, dx))
    node = np.array(nodes)[np.clip(np.searchsorted(times, t, side="right") - 1, 0, len(nodes) - 1)]
    return cells.level[node].astype(np.float64), x, y, heading
