"""Where people can walk: shortest any-angle ways around shelves and walls, on a visibility graph.

The floor less its obstacles, both drawn in by the half width of a person, is the free area. Shortest ways in it bend
only at its reflex corners (Lozano-Pérez and Wesley 1979), so corners and places are the nodes, and two nodes are joined
when the straight line between them stays in the free area. The engine's cells are left out on purpose: the referee has
its own geometry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from shapely.geometry import LineString, Point
from shapely.geometry.base import BaseGeometry
from shapely.ops import nearest_points

from engine.errors import OperatorError, Problem
from engine.plan.model import Plan
from engine.plan.risers import risers
from engine.records import F64, I32, Bools
from simulators.people.walking.climbs import Climb
from simulators.people.walking.floor import Spot, free_areas, reflex_corners, stair_ends

Nodes = npt.NDArray[np.integer]

CLEARANCES_M = (0.25, 0.15, 0.05)
"""Half the width that a way needs, tried from wide to narrow until every place can be reached."""

SNAP_M = 1.5
"""A place further than this from the free area counts as out of reach."""


@dataclass(frozen=True, slots=True)
class Way:
    """A polyline over levels, each array (k,) with k >= 1; a change of level happens between two points.

    `climbs` are the changes of level, in the order of the way.
    """

    level: I32
    x_m: F64
    y_m: F64
    climbs: tuple[Climb, ...] = ()

    def back(self) -> Way:
        """The same way from its end to its beginning."""
        climbs = tuple(climb.back for climb in reversed(self.climbs))
        return Way(self.level[::-1], self.x_m[::-1], self.y_m[::-1], climbs)


class Ways:
    """Shortest ways between named places of one plan. Raises OperatorError when a needed place cannot be reached."""

    def __init__(self, plan: Plan, places: dict[str, Spot], start: str) -> None:
        self._plan = plan
        problems: list[Problem] = []
        for clearance_m in CLEARANCES_M:
            self._build(clearance_m, places, start)
            problems = self._out_of_reach(places, start)
            if not problems:
                return
        raise OperatorError(problems)

    def way(self, origin: str | Spot, target: str) -> Way:
        """The shortest way to a place, both ends included: from another place, or from anywhere in the free area.

        ValueError where no way leads there.
        """
        if isinstance(origin, Spot):
            return self._way_from(origin, target)
        source, node = self._node[origin], self._node[target]
        before = self._before[source]
        nodes = [node]
        while node != source:
            node = int(before[node])
            nodes.append(node)
        return self._along(nodes[::-1])

    def _way_from(self, spot: Spot, target: str) -> Way:
        seen, far_m = self._steps_from(spot, target)
        if not len(seen) or not np.isfinite(far_m.min()):
            raise ValueError(f"no way from {spot} to {target}")
        target_node = self._node[target]
        node, before = int(seen[int(np.argmin(far_m))]), self._before[target_node]
        index = [node]
        while node != target_node:
            node = int(before[node])
            index.append(node)
        way = self._along(index)
        x_m, y_m = np.concatenate([[spot.x_m], way.x_m]), np.concatenate([[spot.y_m], way.y_m])
        return Way(np.concatenate([[spot.level], way.level]).astype(np.int32), x_m, y_m, way.climbs)

    def _steps_from(self, spot: Spot, target: str) -> tuple[Nodes, F64]:
        """The nodes that one can walk to straight from a spot, and how far it is over each to a place."""
        nodes = np.flatnonzero(self._level == spot.level)
        seen = nodes[self.clear_from(spot, self._x_m[nodes], self._y_m[nodes])]
        to_it = np.hypot(self._x_m[seen] - spot.x_m, self._y_m[seen] - spot.y_m)
        return seen, to_it + self._dist[self._node[target], seen]

    def distance_m(self, origin: str | Spot, target: str) -> float:
        """Walked metres to a place from another one or from anywhere; infinity where no way leads there."""
        if isinstance(origin, Spot):
            return float(self._steps_from(origin, target)[1].min(initial=np.inf))
        return float(self._dist[self._node[origin], self._node[target]])

    def distances_m(self, origin: str, targets: Sequence[str]) -> F64:
        """(targets,) walked metres from one place to each."""
        row: F64 = self._dist[self._node[origin]]
        return row[[self._node[t] for t in targets]]

    def spot(self, name: str) -> Spot:
        """The place, drawn to the free area where it was not in it."""
        node = self._node[name]
        return Spot(int(self._level[node]), float(self._x_m[node]), float(self._y_m[node]))

    def clear(self, level: int, x0_m: float, y0_m: float, x1_m: float, y1_m: float) -> bool:
        """Whether one can walk straight from the first point to the second."""
        return bool(self._floor[level].covers(LineString([(x0_m, y0_m), (x1_m, y1_m)])))

    def clear_lines(self, level: I32, lines: F64) -> Bools:
        """(n,) whether one can walk straight along each line, (n, 2, 2) of its ends' x and y, on its level."""
        out = np.zeros(len(level), np.bool_)
        for i, floor in enumerate(self._floor):
            here = np.flatnonzero(level == i)
            out[here] = shapely.covers(floor, shapely.linestrings(lines[here]))
        return out

    def clear_from(self, spot: Spot, x_m: F64, y_m: F64) -> Bools:
        """(n,) whether one can walk straight from a place to each point on its level."""
        ends = np.empty((len(x_m), 2, 2))
        ends[:, 0] = (spot.x_m, spot.y_m)
        ends[:, 1, 0], ends[:, 1, 1] = x_m, y_m
        return np.asarray(shapely.covers(self._floor[spot.level], shapely.linestrings(ends)), np.bool_)

    def within(self, origin: str, level: I32, x_m: F64, y_m: F64, limit_m: float) -> Bools:
        """(n,) which points on the floor can be reached from a place within `limit_m` walked metres."""
        source = self._node[origin]
        near: Bools = np.zeros(len(x_m), np.bool_)
        for node in np.flatnonzero(self._dist[source] < limit_m).tolist():
            spot = Spot(int(self._level[node]), float(self._x_m[node]), float(self._y_m[node]))
            left_m = limit_m - float(self._dist[source, node])
            close = (level == spot.level) & ~near & (np.hypot(x_m - spot.x_m, y_m - spot.y_m) <= left_m)
            rows = np.flatnonzero(close)
            near[rows] = self.clear_from(spot, x_m[rows], y_m[rows])
        return near

    def _along(self, nodes: list[int]) -> Way:
        index = np.array(nodes)
        climbs = tuple(self._climbs[a, b] for a, b in pairwise(nodes) if self._level[a] != self._level[b])
        return Way(self._level[index], self._x_m[index], self._y_m[index], climbs)

    def _build(self, clearance_m: float, places: dict[str, Spot], start: str) -> None:
        free = free_areas(self._plan, clearance_m)
        # a hair wider, so that a line along a shelf's clearance is not cut by rounding
        self._floor = [_prepare(area.buffer(1e-3, join_style="mitre")) for area in free]
        self._snap_m: dict[str, float] = {}
        nodes: list[tuple[int, float, float]] = []
        self._node: dict[str, int] = {}
        for name, spot in [*places.items(), *stair_ends(self._plan).items()]:
            x_m, y_m, self._snap_m[name] = _snap(free[spot.level], spot)
            self._node[name] = len(nodes)
            nodes.append((spot.level, x_m, y_m))
        n_places = len(nodes)
        sides = [np.full((n_places, 4), np.nan)]
        for level, area in enumerate(free):
            corners = reflex_corners(area)
            nodes += [(level, float(x), float(y)) for x, y in corners[:, :2]]
            sides.append(corners[:, 2:])
        self._level = np.array([n[0] for n in nodes], np.int32)
        self._x_m = np.array([n[1] for n in nodes], np.float64)
        self._y_m = np.array([n[2] for n in nodes], np.float64)
        graph = self._graph(np.concatenate(sides))
        self._dist, self._before = dijkstra(
            graph, directed=False, indices=np.arange(n_places), return_predecessors=True
        )

    def _graph(self, sides: F64) -> csr_matrix:
        rows, cols, lengths = [], [], []
        for level in range(len(self._plan.levels)):
            here = np.flatnonzero(self._level == level)
            a, b = (here[i] for i in np.triu_indices(len(here), 1))
            keep = self._taut(a, b, sides) & self._taut(b, a, sides)
            a, b = a[keep], b[keep]
            seen = self._sees(level, a, b)
            rows.append(a[seen])
            cols.append(b[seen])
            # coincident nodes are joined too: a zero would mean no edge in a sparse matrix
            lengths.append(np.maximum(np.hypot(self._x_m[a] - self._x_m[b], self._y_m[a] - self._y_m[b])[seen], 1e-6))
        self._climbs: dict[tuple[int, int], Climb] = {}
        for i, riser in enumerate(risers(self._plan)):
            lower, upper = self._node[f"stairs {i} lower"], self._node[f"stairs {i} upper"]
            up = Climb(riser.category, riser.rise_m)
            self._climbs[lower, upper], self._climbs[upper, lower] = up, up.back
            rows.append(np.array([lower]))
            cols.append(np.array([upper]))
            lengths.append(np.array([riser.length_m]))
        n = len(self._x_m)
        return csr_matrix((np.concatenate(lengths), (np.concatenate(rows), np.concatenate(cols))), shape=(n, n))

    def _sees(self, level: int, a: Nodes, b: Nodes) -> Bools:
        ends = np.stack([self._x_m[a], self._y_m[a], self._x_m[b], self._y_m[b]], axis=-1).reshape(-1, 2, 2)
        return np.asarray(shapely.covers(self._floor[level], shapely.linestrings(ends)), np.bool_)

    def _taut(self, a: Nodes, b: Nodes, sides: F64) -> Bools:
        """Whether a shortest way from `b` could bend at `a`: both sides of the corner lie on one side of the line."""
        dx, dy = self._x_m[b] - self._x_m[a], self._y_m[b] - self._y_m[a]
        before = dx * (sides[a, 1] - self._y_m[a]) - dy * (sides[a, 0] - self._x_m[a])
        after = dx * (sides[a, 3] - self._y_m[a]) - dy * (sides[a, 2] - self._x_m[a])
        return np.asarray(np.isnan(before) | (before * after >= -1e-9), np.bool_)

    def _out_of_reach(self, places: dict[str, Spot], start: str) -> list[Problem]:
        source = self._node[start]
        out = []
        for name in places:
            lost = not np.isfinite(self._dist[source, self._node[name]])
            if lost or self._snap_m[name] > SNAP_M:
                reason = (
                    f"no way from {start} to it" if lost else f"{self._snap_m[name]:.1f} m from where people can walk"
                )
                out.append(Problem(self._plan.store, name, reason, "move it, or widen the aisle"))
        return out


def _snap(area: BaseGeometry, spot: Spot) -> tuple[float, float, float]:
    point = Point(spot.x_m, spot.y_m)
    if area.is_empty:
        return spot.x_m, spot.y_m, float("inf")
    if area.covers(point):
        return spot.x_m, spot.y_m, 0.0
    near = nearest_points(area, point)[0]
    return near.x, near.y, point.distance(near)


def _prepare(area: BaseGeometry) -> BaseGeometry:
    shapely.prepare(area)
    return area
