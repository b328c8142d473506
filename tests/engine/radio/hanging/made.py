"""Access points that hear each other, by a law and shadows that the engine does not know."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.plan.model import Plan
from engine.radio.crossings import crossing_losses
from engine.records import Hearings
from tests.engine.radio.made import hall

NINE = (
    (3.0, 3.0),
    (13.0, 2.0),
    (27.0, 4.0),
    (5.0, 17.0),
    (16.0, 18.0),
    (26.0, 17.0),
    (9.0, 9.0),
    (20.0, 8.0),
    (14.0, 13.0),
)
PLAN = hall(*NINE, width=30.0, depth=20.0)


def hear_each_other(
    plan: Plan,
    seed: int,
    shadow_db: float = 3.0,
    exponent: float = 2.6,
    power_sd_db: float = 2.8,
    one_way: float = 0.0,
) -> Hearings:
    """Each pair both ways in whole dBm, but for this share of the ways; the two of a pair share their shadow."""
    rng, n = np.random.default_rng(seed), len(plan.access_points)
    x, y, z = (np.array(v) for v in zip(*((p.x_m, p.y_m, p.z_m) for p in plan.access_points), strict=True))
    lost = crossing_losses(plan, np.zeros(n, np.int32), x, y, z)
    far = np.maximum(np.sqrt((x[:, None] - x) ** 2 + (y[:, None] - y) ** 2), 1.0)
    shadow = np.triu(rng.normal(0.0, shadow_db, (n, n)), 1)
    rssi = -38.0 - 10.0 * exponent * np.log10(far) - lost.walls_db - 0.5 * lost.tall_db + shadow + shadow.T
    rssi += rng.normal(0.0, power_sd_db, n)[:, None] + rng.normal(0.0, 1.0, (n, n))
    speaker, listener = np.nonzero(~np.eye(n, dtype=bool) & (rssi > -92.0) & (rng.random((n, n)) >= one_way))
    level = np.round(rssi[speaker, listener]).astype(np.float32)
    return Hearings(
        np.zeros(len(level)), speaker.astype(np.int32), listener.astype(np.int32), level, np.full_like(level, np.nan)
    )


def interchange(plan: Plan, a: int, b: int) -> Plan:
    """The plan, two of its access points told in each other's place."""
    points = list(plan.access_points)
    one, other = points[a], points[b]
    points[a], points[b] = replace(one, x_m=other.x_m, y_m=other.y_m), replace(other, x_m=one.x_m, y_m=one.y_m)
    return replace(plan, access_points=tuple(points))


def hang(plan: Plan, a: int, x_m: float, y_m: float) -> Plan:
    """The plan, one of its access points told elsewhere."""
    points = list(plan.access_points)
    points[a] = replace(points[a], x_m=x_m, y_m=y_m)
    return replace(plan, access_points=tuple(points))
