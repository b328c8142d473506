"""Walkable cells, the steps between them, and distances on foot.

The walkable area is cut into squares of `cell_m`; a cell is one whose centre can be stood on. Cells step to their
eight neighbours where the straight way crosses neither a wall nor a fixture. Distances on such a lattice are at most
8 % longer than the straight way (22.5 degrees off an axis); `near_membership` corrects that where one sees straight.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import shapely
from scipy import sparse
from scipy.sparse import csgraph
from shapely import MultiPolygon, Point, Polygon, STRtree
from shapely.ops import nearest_points

from engine.plan.model import Plan
from engine.plan.risers import risers
from engine.plan.walkable import barriers, walkable_area
from engine.records import F32, F64, I32, Bools

SMALLEST_POCKET_M2 = 1.0  # unreachable specks between fixtures this small hold nobody: they are dropped
_SPECK = 4  # a cell that a wall runs through is alone: stairs do not lead there
_STEPS = np.array([(1, 0), (0, 1), (1, 1), (1, -1)])  # each pair of neighbours once


@dataclass(frozen=True, eq=False)
class Cells:
    """The walkable cells of a plan.

    `x_m`, `y_m` (C,) are centres, `level` (C,) the index of the level in the plan. Cells are ordered by level, then y,
    then x. Links are listed once in *each* direction, ordered by `links_from`; `link_m` (E,) is the length on foot.
    """

    cell_m: float
    x_m: F64
    y_m: F64
    level: I32
    links_from: I32
    links_to: I32
    link_m: F64

    def __len__(self) -> int:
        return int(self.x_m.shape[0])

    @cached_property
    def graph(self) -> sparse.csr_array:
        """The links as a symmetric (C, C) matrix of metres."""
        n = len(self)
        return sparse.csr_array((self.link_m, (self.links_from, self.links_to)), shape=(n, n))

    @cached_property
    def component(self) -> I32:
        """(C,) which connected part of the walkable area each cell belongs to, numbered from 0."""
        _, labels = csgraph.connected_components(self.graph, directed=False)
        return np.asarray(labels, dtype=np.int32)


def walkable_cells(plan: Plan, cell_m: float) -> Cells:
    """The cells of all levels and the steps between them. Centres lie at odd multiples of half a cell on every level.

    Stairs, elevators and escalators link their levels' cells. Parts of the area that are not connected to the rest are
    kept when they cover more than 1 m² (rooms whose door is not drawn); smaller pockets are dropped. Every level keeps
    a cell at least. Raises ValueError when `cell_m` is not positive.
    """
    if not (cell_m > 0 and math.isfinite(cell_m)):
        raise ValueError(f"cell_m must be positive and finite, got {cell_m}")
    centres, steps, offset = [], [], 0
    for i, level in enumerate(plan.levels):
        xy = _centres(plan, level.id, cell_m)
        pairs = _steps(plan, level.id, xy, cell_m)
        centres.append(np.column_stack([xy, np.full(len(xy), i)]))
        steps.append(pairs + offset)
        offset += len(xy)
    all_centres = np.concatenate(centres) if centres else np.empty((0, 3))
    pairs = np.concatenate(steps) if steps else np.empty((0, 2), dtype=np.int64)
    length = np.hypot(*(all_centres[pairs[:, 0], :2] - all_centres[pairs[:, 1], :2]).T)
    pairs, length = _with_risers(plan, all_centres, pairs, length)
    return _without_pockets(cell_m, all_centres, pairs, length)


def _centres(plan: Plan, level: str, cell_m: float) -> F64:
    """Cell centres (n, 2) of one level, row by row. A level too narrow for any gets one inside it."""
    area = walkable_area(plan, level)
    x0, y0, x1, y1 = area.bounds
    xs = (np.arange(math.floor(x0 / cell_m), math.ceil(x1 / cell_m)) + 0.5) * cell_m
    ys = (np.arange(math.floor(y0 / cell_m), math.ceil(y1 / cell_m)) + 0.5) * cell_m
    x, y = (a.ravel() for a in np.meshgrid(xs, ys))
    shapely.prepare(area)
    inside = shapely.contains_xy(area, x, y)
    if not inside.any():
        inner = area.representative_point()
        return np.array([[inner.x, inner.y]])
    return np.column_stack([x[inside], y[inside]])


def _steps(plan: Plan, level: str, xy: F64, cell_m: float) -> npt.NDArray[np.int64]:
    """Pairs (e, 2) of neighbours on one level with nothing between. Diagonals need all four sides of their square."""
    col = np.rint(xy[:, 0] / cell_m - 0.5).astype(np.int64)
    row = np.rint(xy[:, 1] / cell_m - 0.5).astype(np.int64)
    col, row = col - col.min() + 1, row - row.min() + 1
    at = np.full((col.max() + 2, row.max() + 2), -1, dtype=np.int64)
    at[col, row] = np.arange(len(xy))
    others = [at[col + dx, row + dy] for dx, dy in _STEPS]
    here = np.concatenate([np.flatnonzero(o >= 0) for o in others])
    there = np.concatenate([o[o >= 0] for o in others])
    kind = np.repeat(np.arange(4), [int((o >= 0).sum()) for o in others])
    open_way = ~_crosses_barrier(plan, level, xy[here], xy[there])
    # For each cell: may one step right, up? Then a diagonal needs both ways around its square.
    right, up = np.zeros(len(xy) + 1, dtype=bool), np.zeros(len(xy) + 1, dtype=bool)  # last: index -1, no cell
    right[here[(kind == 0) & open_way]] = True
    up[here[(kind == 1) & open_way]] = True
    rising = right & up & up[_neighbour(others[0])] & right[_neighbour(others[1])]
    below = at[col, row - 1]
    falling = right[:-1] & up[below] & right[below] & up[at[col + 1, row - 1]]
    open_way &= (kind < 2) | ((kind == 2) & rising[here]) | ((kind == 3) & falling[here])
    return np.column_stack([here[open_way], there[open_way]])


def _neighbour(other: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.append(other, -1)


def _crosses_barrier(plan: Plan, level: str, start: F64, end: F64) -> Bools:
    """(n,) whether the straight way from `start` (n, 2) to `end` (n, 2) crosses or touches a barrier."""
    barred = np.zeros(len(start), dtype=bool)
    bars = barriers(plan, level)
    if len(start) and bars:
        ways = shapely.linestrings(np.stack([start, end], axis=1))
        barred[STRtree(bars).query(ways, predicate="intersects")[0]] = True
    return barred


def _with_risers(
    plan: Plan, centres: F64, pairs: npt.NDArray[np.int64], length: F64
) -> tuple[npt.NDArray[np.int64], F64]:
    """The steps plus one link per riser, between the cells nearest to it on its two levels, specks left out."""
    more = []
    size = _component_size(len(centres), pairs)
    for riser in risers(plan):
        ends = []
        for level_i in (riser.lower, riser.upper):
            on_level = centres[:, 2] == level_i
            on_level = np.flatnonzero(on_level & (size >= min(size[on_level].max(), _SPECK)))
            d2 = (centres[on_level, 0] - riser.x_m) ** 2 + (centres[on_level, 1] - riser.y_m) ** 2
            ends.append(int(on_level[np.argmin(d2)]))
        more.append((ends[0], ends[1], riser.length_m))
    if not more:
        return pairs, length
    extra = np.array([(a, b) for a, b, _ in more], dtype=np.int64)
    return np.concatenate([pairs, extra]), np.concatenate([length, [m for _, _, m in more]])


def _without_pockets(cell_m: float, centres: F64, pairs: npt.NDArray[np.int64], length: F64) -> Cells:
    """Drops small unreachable pockets, renumbers, and lists each link in both directions."""
    size = _component_size(len(centres), pairs)
    keep = size * cell_m**2 > SMALLEST_POCKET_M2
    for level_i in np.unique(centres[:, 2]):
        on_level = centres[:, 2] == level_i
        if not keep[on_level].any():
            keep |= on_level & (size == size[on_level].max())
    number = np.cumsum(keep) - 1
    kept = keep[pairs[:, 0]] & keep[pairs[:, 1]]
    a, b, m = number[pairs[kept, 0]], number[pairs[kept, 1]], length[kept]
    start, end, metres = np.concatenate([a, b]), np.concatenate([b, a]), np.concatenate([m, m])
    order = np.lexsort((end, start))
    x, y, level = centres[keep].T
    return Cells(
        cell_m=float(cell_m),
        x_m=x.copy(),
        y_m=y.copy(),
        level=level.astype(np.int32),
        links_from=start[order].astype(np.int32),
        links_to=end[order].astype(np.int32),
        link_m=metres[order],
    )


def _component_size(n: int, pairs: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """(n,) how many cells are connected to each, itself included."""
    graph = sparse.csr_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, label = csgraph.connected_components(graph, directed=False)
    return np.asarray(np.bincount(label)[label] if n else np.empty(0), dtype=np.int64)


def zone_membership(plan: Plan, cells: Cells) -> F32:
    """(C, Z): 1.0 where the cell's centre lies in the zone or on its border, else 0.0."""
    member = np.zeros((len(cells), len(plan.zones)), dtype=np.float32)
    for z, zone in enumerate(plan.zones):
        on_level = np.flatnonzero(cells.level == plan.level_index[zone.level])
        shapely.prepare(zone.polygon)
        member[on_level, z] = shapely.intersects_xy(zone.polygon, cells.x_m[on_level], cells.y_m[on_level])
    return member


def nearest_cell(cells: Cells, level_i: int, x_m: float, y_m: float) -> int:
    """The cell of a level whose centre is nearest in a straight line. Raises ValueError when the level has no cell."""
    on_level = np.flatnonzero(cells.level == level_i)
    if not len(on_level):
        raise ValueError(f"level {level_i} has no walkable cell")
    d2 = (cells.x_m[on_level] - x_m) ** 2 + (cells.y_m[on_level] - y_m) ** 2
    return int(on_level[np.argmin(d2)])


def walking_distance_m(cells: Cells, source_cells: I32, limit_m: float = math.inf) -> F32:
    """(S, C) metres on foot from each source to each cell along the links; inf where unreachable or beyond `limit_m`.

    Dijkstra's algorithm, once per source.
    """
    sources = np.atleast_1d(np.asarray(source_cells, dtype=np.int32))
    if not len(sources):
        return np.empty((0, len(cells)), dtype=np.float32)
    distance = csgraph.dijkstra(cells.graph, directed=True, indices=sources, limit=limit_m)
    return np.asarray(distance, dtype=np.float32)


def standing_cell(plan: Plan, cells: Cells, level: str, x_m: float, y_m: float) -> int:
    """The cell where someone at this place stands: the nearest with no wall or fixture between, else the nearest."""
    level_i = plan.level_index[level]
    nearest = nearest_cell(cells, level_i, x_m, y_m)
    distance = np.hypot(cells.x_m - x_m, cells.y_m - y_m)
    around = np.flatnonzero((cells.level == level_i) & (distance <= 2 * cells.cell_m))
    around = around[np.argsort(distance[around], kind="stable")]
    seen = around[~_unseen(plan, cells, level, (x_m, y_m), around)]
    return int(seen[0]) if len(seen) else nearest


def near_membership(
    plan: Plan,
    cells: Cells,
    level: str,
    x_m: float,
    y_m: float,
    radius_m: float,
    area: Polygon | MultiPolygon | None = None,
) -> F32:
    """(C,): 1.0 within `radius_m` of the place on foot, else 0.0. The cell where one stands at the place is near.

    Distance is the straight line where one sees straight, else along the cells. `area`, the level's `walkable_area`,
    saves finding it again for each of many places. Raises KeyError for an unknown level.
    """
    source = standing_cell(plan, cells, level, x_m, y_m)
    walked = walking_distance_m(cells, np.array([source], dtype=np.int32), radius_m)[0]
    level_i = plan.level_index[level]
    # a way begins at the middle of a cell, which may lie nearer than the place: none is shorter than the straight line
    stands = nearest_points(walkable_area(plan, level) if area is None else area, Point(x_m, y_m))[0]
    beyond = (cells.level == level_i) & (np.hypot(cells.x_m - stands.x, cells.y_m - stands.y) > radius_m)
    near: F32 = np.where((walked <= radius_m) & ~beyond, np.float32(1), np.float32(0))
    straight = np.hypot(cells.x_m - x_m, cells.y_m - y_m)
    maybe = np.flatnonzero((near == 0) & (cells.level == level_i) & (straight <= radius_m))
    here = (float(cells.x_m[source]), float(cells.y_m[source]))
    near[maybe] = ~_unseen(plan, cells, level, here, maybe)
    near[source] = 1.0
    return near


def _unseen(plan: Plan, cells: Cells, level: str, here: tuple[float, float], targets: npt.NDArray[np.intp]) -> Bools:
    there = np.column_stack([cells.x_m[targets], cells.y_m[targets]])
    return _crosses_barrier(plan, level, np.broadcast_to(np.array(here), there.shape), there)
