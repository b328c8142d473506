"""Which straight lines meet which shapes. Shelves stand along the walls mostly: their sides tell nearly all of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import shapely
from shapely.geometry import LineString, box
from shapely.geometry.base import BaseGeometry

from engine.records import F64, Bools

DOUBT_M = 1e-6
"""What comes so close to a side is left to exact geometry."""


class _Lines:
    """Lines (n, 2, 2), and of each what separating it from a box needs: bounds, direction, length."""

    def __init__(self, lines: F64) -> None:
        self.lines = lines
        self.low, self.high = lines.min(axis=1), lines.max(axis=1)
        self.step = lines[:, 1] - lines[:, 0]
        self.size, self.length_m = np.abs(self.step), np.hypot(*self.step.T)

    def inside_box_m(self, bounds: tuple[float, ...]) -> F64:
        """(n,): how far the line would have to move to part from the box if positive; how far they are apart if
        negative, by the best of the three axes that can part a segment and a box (separating axis theorem)."""
        x0, y0, x1, y1 = bounds
        x_m = np.minimum(self.high[:, 0] - x0, x1 - self.low[:, 0])
        y_m = np.minimum(self.high[:, 1] - y0, y1 - self.low[:, 1])
        aside = self.step[:, 0] * ((y0 + y1) / 2 - self.lines[:, 0, 1])
        aside -= self.step[:, 1] * ((x0 + x1) / 2 - self.lines[:, 0, 0])
        reach = self.size[:, 0] * (y1 - y0) / 2 + self.size[:, 1] * (x1 - x0) / 2
        across_m = (reach - np.abs(aside)) / np.maximum(self.length_m, DOUBT_M)
        return np.asarray(np.minimum(np.minimum(x_m, y_m), across_m), np.float64)


def crossings(shapes: list[BaseGeometry], lines: F64) -> Iterator[tuple[int, Bools]]:
    """Each shape's index, and (n,) whether it is met by each of `lines` (n, 2, 2), touching included.

    In the order in which a tree of the shapes holds them: sums over what a line meets then have the same last bits as
    sums over what a query of the tree finds.
    """
    if not shapes:
        return
    given = _Lines(lines)
    everywhere = box(*shapely.total_bounds(shapes))
    for i in shapely.STRtree(shapes).query(everywhere).tolist():
        yield i, _met(shapes[i], given)


def _met(shape: BaseGeometry, given: _Lines) -> Bools:
    boxes = _boxes(shape)
    inside_m = np.max([given.inside_box_m(b) for b in boxes or [shape.bounds]], axis=0)
    met = inside_m > DOUBT_M if boxes else np.zeros(len(inside_m), np.bool_)
    doubtful = np.flatnonzero(~met & (inside_m >= -DOUBT_M))
    if len(doubtful):
        shapely.prepare(shape)
        met[doubtful] = shapely.intersects(shape, shapely.linestrings(given.lines[doubtful]))
    return np.asarray(met, np.bool_)


def _boxes(shape: BaseGeometry) -> list[tuple[float, ...]]:
    """The upright boxes that make up the shape, flat ones for straight pieces of wall; none where others would."""
    if isinstance(shape, LineString):
        ends = [(*np.minimum(a, b).tolist(), *np.maximum(a, b).tolist()) for a, b in pairwise(np.array(shape.coords))]
        return ends if all(x0 == x1 or y0 == y1 for x0, y0, x1, y1 in ends) else []
    return [shape.bounds] if shape.equals(box(*shape.bounds)) else []
