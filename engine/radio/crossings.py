"""How many dB of walls and fixtures lie on the straight line from each access point to each place."""

from __future__ import annotations

import numpy as np
import shapely

from engine.plan.model import AccessPoint, Plan
from engine.radio.shadows import shadow_losses_db
from engine.records import F64, I32

FEW = 1000  # places: for more, looking along each obstacle's shadow is faster than testing every line


def crossing_losses_db(plan: Plan, level: I32, x_m: F64, y_m: F64) -> tuple[F64, F64]:
    """Sums of losses (A, C) of walls and of fixtures, uncapped, counting only the access point's own level; 0 between
    levels.

    Each wall and each fixture on the line counts once. A fixture that stands under the access point itself does not
    count: the access point hangs above it.
    """
    walls, fixtures = (np.zeros((len(plan.access_points), len(x_m))) for _ in range(2))
    for level_index, lv in enumerate(plan.levels):
        places = np.flatnonzero(level == level_index)
        for out, (obstacles, loss) in ((walls, _walls(plan, lv.id)), (fixtures, _fixtures(plan, lv.id))):
            if not len(places) or not len(loss):
                continue
            tree = shapely.STRtree(obstacles)
            for a, ap in enumerate(plan.access_points):
                if ap.level == lv.id:
                    find = _losses if len(places) < FEW else shadow_losses_db
                    out[a, places] = find(tree, loss, ap, x_m[places], y_m[places])
    return walls, fixtures


def _walls(plan: Plan, level_id: str) -> tuple[list[shapely.Geometry], F64]:
    own = [w for w in plan.walls if w.level == level_id and w.attenuation_db > 0]
    return [w.line for w in own], np.array([w.attenuation_db for w in own])


def _fixtures(plan: Plan, level_id: str) -> tuple[list[shapely.Geometry], F64]:
    own = [f for f in plan.fixtures if f.level == level_id and f.attenuation_db > 0]
    return [f.polygon for f in own], np.array([f.attenuation_db for f in own])


def _losses(tree: shapely.STRtree, loss: F64, ap: AccessPoint, x_m: F64, y_m: F64) -> F64:
    ends = np.empty((len(x_m), 2, 2))
    ends[:, 0] = ap.x_m, ap.y_m
    ends[:, 1, 0], ends[:, 1, 1] = x_m, y_m
    above = tree.query(shapely.Point(ap.x_m, ap.y_m), predicate="within")
    counted = loss.copy()
    counted[above] = 0.0
    line, obstacle = tree.query(shapely.linestrings(ends), predicate="intersects")
    return np.bincount(line, weights=counted[obstacle], minlength=len(x_m)).astype(np.float64)
