"""Which of many places lie in the shadow of obstacles, seen from one access point.

The same as asking of each straight line whether it meets the obstacle, but an obstacle is compared only with the places
between its outermost corners: those farther than its farthest corner are behind it for certain, since a connected shape
crosses every direction between its corners. The few beside it are asked exactly.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely

from engine.plan.model import AccessPoint
from engine.records import F64

EDGE_RAD, EDGE_M = 1e-9, 1e-6  # nearer to the edge of a shadow than this, the exact question is asked


def shadow_losses_db(tree: shapely.STRtree, loss: F64, ap: AccessPoint, x_m: F64, y_m: F64) -> F64:
    """Sum of `loss` (B,) of the tree's obstacles on the line from the access point to each place, (n,).

    An obstacle that the access point hangs above does not count.
    """
    here = shapely.Point(ap.x_m, ap.y_m)
    counted = loss.copy()
    counted[tree.query(here, predicate="within")] = 0.0
    around = Around(ap, x_m, y_m)
    out = np.zeros(len(x_m))
    for shape, db in zip(tree.geometries, counted.tolist(), strict=True):
        if db > 0:
            out[around.behind(shape, float(shapely.distance(shape, here)))] += db
    return out


class Around:
    """Places by their direction from the access point."""

    def __init__(self, ap: AccessPoint, x_m: F64, y_m: F64) -> None:
        self._x0, self._y0, self._x, self._y = ap.x_m, ap.y_m, x_m, y_m
        self._angle = np.arctan2(y_m - ap.y_m, x_m - ap.x_m)
        self._far = np.hypot(x_m - ap.x_m, y_m - ap.y_m)
        order = np.argsort(self._angle, kind="stable")
        once = self._angle[order]
        self._turn = np.concatenate([once, once + 2 * np.pi])  # twice around: a shadow may lie across the seam
        self._order = np.concatenate([order, order])

    def behind(self, shape: shapely.Geometry, near_m: float) -> npt.NDArray[np.intp]:
        """Places whose line meets the shape, which is `near_m` away."""
        corners = shapely.get_coordinates(shape) - (self._x0, self._y0)
        reference, low, high = _span(corners)
        places = self.beside(shape, near_m)
        if near_m < EDGE_M or high - low >= np.pi:
            return self._ask(shape, places)
        direction = _wrap_angle(self._angle[places] - reference)
        sure = (direction > low + EDGE_RAD) & (direction < high - EDGE_RAD)
        sure &= self._far[places] > float(np.hypot(*corners.T).max()) + EDGE_M
        return np.concatenate([places[sure], self._ask(shape, places[~sure])])

    def beside(self, shape: shapely.Geometry, near_m: float) -> npt.NDArray[np.intp]:
        """Places whose line may meet the shape, which is `near_m` away: all beyond, in its corners' directions."""
        reference, low, high = _span(shapely.get_coordinates(shape) - (self._x0, self._y0))
        if near_m < EDGE_M or high - low >= np.pi:  # it touches the access point, or bends around it
            return np.arange(len(self._x))
        start = float(_wrap_angle(np.array(reference + low - EDGE_RAD)))
        first = np.searchsorted(self._turn, start, side="left")
        last = np.searchsorted(self._turn, start + high - low + 2 * EDGE_RAD, side="right")
        places: npt.NDArray[np.intp] = self._order[first:last]
        beyond: npt.NDArray[np.intp] = places[self._far[places] >= near_m - EDGE_M]
        return beyond

    def _ask(self, shape: shapely.Geometry, places: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """Those of these places whose line meets the shape, asked one by one."""
        if not len(places):
            return places
        ends = np.empty((len(places), 2, 2))
        ends[:, 0] = self._x0, self._y0
        ends[:, 1, 0], ends[:, 1, 1] = self._x[places], self._y[places]
        own = shapely.from_wkb(shapely.to_wkb(shape))  # preparing changes a shape under the feet of other threads
        shapely.prepare(own)
        return places[shapely.intersects(own, shapely.linestrings(ends))]


def _wrap_angle(angle: F64) -> F64:
    """The same directions, from -pi up to pi."""
    return np.asarray((angle + np.pi) % (2 * np.pi) - np.pi, dtype=np.float64)


def _span(corners: F64) -> tuple[float, float, float]:
    """Direction of the middle of corners (n, 2), and the least and the greatest angle of them around it."""
    middle = corners.mean(axis=0)
    reference = float(np.arctan2(middle[1], middle[0]))
    corner = _wrap_angle(np.arctan2(corners[:, 1], corners[:, 0]) - reference)
    return reference, float(corner.min()), float(corner.max())
