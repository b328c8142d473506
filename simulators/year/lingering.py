"""Who lingers where: zones in which a person stays longer than people do there, drawn once for all their visits."""

from __future__ import annotations

import numpy as np
import shapely

from engine.plan.model import Plan
from engine.records import F64, Bools
from simulators.scenario.year import LingerHabit
from simulators.year.floor import Index


class Lingering:
    """`where` (people, zones): the zones of each, among those with products to stand at."""

    def __init__(self, plan: Plan, habit: LingerHabit, count: int, rng: np.random.Generator) -> None:
        self._inside = _products_inside(plan)
        self._times = habit.times
        goods = np.flatnonzero(self._inside.any(axis=1))
        ranked = np.argsort(rng.random((count, len(goods))), axis=1)[:, : habit.zones]
        self.where: Bools = np.zeros((count, len(plan.zones)), np.bool_)
        if len(goods):
            np.put_along_axis(self.where, goods[ranked], True, axis=1)
        self.where[rng.random(count) >= habit.share] = False

    def times(self, who: Index) -> F64:
        """(len(who), products) how many times as long each of these people stays at each product."""
        return np.where(self.where[who] @ self._inside, self._times, 1.0)


def _products_inside(plan: Plan) -> Bools:
    """(zones, products) which are faced within which."""
    x_m, y_m = np.array([p.x_m for p in plan.products]), np.array([p.y_m for p in plan.products])
    inside = [
        shapely.intersects_xy(zone.polygon, x_m, y_m) & np.array([p.level == zone.level for p in plan.products])
        for zone in plan.zones
    ]
    return np.array(inside, np.bool_).reshape(len(plan.zones), len(plan.products))
