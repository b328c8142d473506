"""Which straight lines meet which shapes. Shelves stand along the walls mostly: their sides tell nearly all of it.

The lines go from one access point to every node of a grid, so what parts a line from a box along x is the same in a
whole column and along y in a whole row: a shape is compared only with the part of the grid that may lie behind it.
"""

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

Window = tuple[slice, slice]
"""Some rows and columns of a grid."""
Bounds = tuple[float, ...]
"""x0, y0, x1, y1."""


class GridLines:
    """Lines from (x_m, y_m) to the nodes of a grid (R, C) at `columns_m` (C,) and `rows_m` (R,), and what separating
    them from a box needs: bounds, direction, length."""

    def __init__(self, x_m: float, y_m: float, columns_m: F64, rows_m: F64) -> None:
        self.x_m, self.y_m, self.columns_m, self.rows_m = x_m, y_m, columns_m, rows_m
        self._x, self._y = _Axis(x_m, columns_m), _Axis(y_m, rows_m)
        self._length_m = np.maximum(np.hypot(self._x.step, self._y.step[:, None]), DOUBT_M)

    def window(self, bounds: Bounds) -> Window:
        """Where lines come nearer to the box than what is in doubt, or may: all others are apart from it."""
        x0, y0, x1, y1 = bounds
        return _stretch(self._y.inside_m(y0, y1)), _stretch(self._x.inside_m(x0, x1))

    def inside_box_m(self, bounds: Bounds, window: Window) -> F64:
        """(rows, columns) of the window: how far the line would have to move to part from the box if positive; how far
        they are apart if negative, by the best of the three axes that can part a segment and a box (separating axis
        theorem)."""
        x0, y0, x1, y1 = bounds
        rows, columns = window
        x, y = self._x, self._y
        across_m = (y.step[rows] * ((x0 + x1) / 2 - self.x_m))[:, None]
        across_m = x.step[columns] * ((y0 + y1) / 2 - self.y_m) - across_m
        np.abs(across_m, out=across_m)
        reach = x.size[columns] * (y1 - y0) / 2 + (y.size[rows] * (x1 - x0) / 2)[:, None]
        np.subtract(reach, across_m, out=across_m)
        across_m /= self._length_m[window]
        np.minimum(across_m, x.inside_m(x0, x1)[columns], out=across_m)
        np.minimum(across_m, y.inside_m(y0, y1)[rows, None], out=across_m)
        return np.asarray(across_m, np.float64)

    def to_nodes(self, window: Window, nodes: Bools) -> F64:
        """(n, 2, 2): the lines to some nodes of a window."""
        row, column = np.nonzero(nodes)
        ends = np.empty((len(row), 2, 2))
        ends[:, 0] = self.x_m, self.y_m
        ends[:, 1, 0], ends[:, 1, 1] = self.columns_m[window[1]][column], self.rows_m[window[0]][row]
        return ends


class Crossable:
    """Shapes that lines may meet, made ready once for every access point."""

    def __init__(self, shapes: list[BaseGeometry]) -> None:
        everywhere = box(*shapely.total_bounds(shapes)) if shapes else None
        # a sum over what a line meets then has the same last bits as one over what a query of the tree finds
        order = [] if everywhere is None else shapely.STRtree(shapes).query(everywhere).tolist()
        self._shapes = [(i, shapes[i], shapes[i].bounds, _boxes(shapes[i])) for i in order]
        shapely.prepare(shapes)

    def crossings(self, lines: GridLines) -> Iterator[tuple[int, Window, Bools]]:
        """Each shape's index, a part of the grid, and whether each line to it meets the shape, touching included.

        Lines to the rest of the grid do not meet it. In the order in which a tree of the shapes holds them.
        """
        for i, shape, bounds, boxes in self._shapes:
            window = lines.window(bounds)
            yield i, window, _find_met(shape, boxes or [bounds], bool(boxes), lines, window)


class _Axis:
    """Lines along x or y: from a place to places (n,)."""

    def __init__(self, from_m: float, to_m: F64) -> None:
        self._low, self._high = np.minimum(from_m, to_m), np.maximum(from_m, to_m)
        self.step = to_m - from_m
        self.size = np.abs(self.step)

    def inside_m(self, first_m: float, last_m: float) -> F64:
        return np.asarray(np.minimum(self._high - first_m, last_m - self._low), np.float64)


def _stretch(inside_m: F64) -> slice:
    """From the first to the last that is not apart."""
    near = (inside_m >= -DOUBT_M).nonzero()[0]
    return slice(int(near[0]), int(near[-1]) + 1) if len(near) else slice(0, 0)


def _find_met(shape: BaseGeometry, boxes: list[Bounds], sure: bool, lines: GridLines, window: Window) -> Bools:
    """`sure`: whether the boxes make up the shape, instead of holding it."""
    inside_m = lines.inside_box_m(boxes[0], window)
    for bounds in boxes[1:]:
        np.maximum(inside_m, lines.inside_box_m(bounds, window), out=inside_m)
    met = inside_m > DOUBT_M if sure else np.zeros(inside_m.shape, np.bool_)
    doubtful = (inside_m >= -DOUBT_M) & ~met
    if doubtful.any():
        met[doubtful] = shapely.intersects(shape, shapely.linestrings(lines.to_nodes(window, doubtful)))
    return np.asarray(met, np.bool_)


def _boxes(shape: BaseGeometry) -> list[Bounds]:
    """The upright boxes that make up the shape, flat ones for straight pieces of wall; none where others would."""
    if isinstance(shape, LineString):
        ends = [(*np.minimum(a, b).tolist(), *np.maximum(a, b).tolist()) for a, b in pairwise(np.array(shape.coords))]
        return ends if all(x0 == x1 or y0 == y1 for x0, y0, x1, y1 in ends) else []
    return [shape.bounds] if shape.equals(box(*shape.bounds)) else []
