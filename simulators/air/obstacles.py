"""What walls and shelves do to a signal, by two models that differ in kind, so that no locator can fit them both.

* `multiwall`: the direct line loses so much at each thing it crosses (Seidel and Rappaport 1992), less and less as
  losses add up.
* `images`: waves in free space along the direct line and along one reflection off every wall that throws one back
  (method of images, as in Valenzuela 1993), each losing at walls it crosses and along its way inside shelves; powers
  add. Along a row of shelves signal dies soon, and behind metal the reflection is the strongest wave: neither distance
  nor the number of things on the line tells the loss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from engine.plan.model import Plan
from engine.records import F64, I32, Bools
from simulators.air.crossings import Crossable, GridLines
from simulators.scenario.radio import RadioConfig

NEAREST_M = 0.3


@dataclass(frozen=True, slots=True)
class Antennas:
    """The access points as they hang, as arrays (A,): level, place, height above the ground floor, law with bias."""

    level: I32
    x_m: F64
    y_m: F64
    z_m: F64
    p0_dbm: F64
    exponent: F64


def images_db(
    plan: Plan, level: int, a: Antennas, i: int, config: RadioConfig, phone_z_m: float, x_m: F64, y_m: F64
) -> F64:
    """(n,) dB of all waves together over the direct wave in free space. Walls of other storeys throw nothing back."""
    ap = np.array([a.x_m[i], a.y_m[i]])
    to = np.column_stack([x_m, y_m])
    high2 = (phone_z_m - a.z_m[i]) ** 2
    shapes, losses = _obstacles(plan, level)
    direct = _power(to - ap, high2) * _share(_cap(_loss_inside_db(shapes, losses, _lines(ap, to)), config))
    total = direct
    if int(a.level[i]) == level:
        thrown = 10.0 ** (-config.reflection_loss_db / 10.0)
        for wall, (p, q) in _segments(plan, level):
            image = _mirror(ap, p, q)
            hits, at = _reflection_points(image, to, p, q)
            rows = np.flatnonzero(hits)
            before, after = _lines(ap, at[rows]), _lines(to[rows], at[rows])
            loss = _loss_inside_db(shapes, losses, before, wall) + _loss_inside_db(shapes, losses, after, wall)
            total[rows] += thrown * _power(to[rows] - image, high2) * _share(_cap(loss, config))
    return np.asarray(10.0 * np.log10(total / _power(to - ap, high2)), np.float64)


def _multiwall_grids(
    plan: Plan, level: int, a: Antennas, config: RadioConfig, phone_z_m: float, columns_m: F64, rows_m: F64
) -> Iterator[F64]:
    for loss_db in crossing_losses_db(plan, level, a.x_m, a.y_m, columns_m, rows_m):
        yield _cap(loss_db, config)


def _images_grids(
    plan: Plan, level: int, a: Antennas, config: RadioConfig, phone_z_m: float, columns_m: F64, rows_m: F64
) -> Iterator[F64]:
    x_m, y_m = (each.ravel() for each in np.meshgrid(columns_m, rows_m))
    for i in range(len(a.x_m)):
        gain_db = images_db(plan, level, a, i, config, phone_z_m, x_m, y_m)
        yield gain_db.reshape(len(rows_m), len(columns_m))


OBSTACLES: dict[str, Callable[[Plan, int, Antennas, RadioConfig, float, F64, F64], Iterator[F64]]] = {
    "multiwall": _multiwall_grids,
    "images": _images_grids,
}
"""For each access point, (R, C) dB that obstacles add to its law at the nodes of a grid on a level, `columns_m` (C,)
and `rows_m` (R,)."""


def crossing_losses_db(plan: Plan, level: int, ap_x_m: F64, ap_y_m: F64, columns_m: F64, rows_m: F64) -> Iterator[F64]:
    """For each access point (R, C): the sum of the attenuations of this level's walls and fixtures between it and each
    node of a grid, `columns_m` (C,) and `rows_m` (R,)."""
    shapes, losses = _obstacles(plan, level)
    crossable = Crossable(shapes)
    for x_m, y_m in zip(ap_x_m.tolist(), ap_y_m.tolist(), strict=True):
        out = np.zeros((len(rows_m), len(columns_m)))
        for i, window, met in crossable.crossings(GridLines(x_m, y_m, columns_m, rows_m)):
            part = out[window]
            np.add(part, losses[i], out=part, where=met)
        yield out


def _obstacles(plan: Plan, level: int) -> tuple[list[BaseGeometry], F64]:
    """Walls first, then fixtures, each with its attenuation."""
    id_ = plan.levels[level].id
    walls, fixtures = [w for w in plan.walls if w.level == id_], [f for f in plan.fixtures if f.level == id_]
    shapes: list[BaseGeometry] = [*(w.line for w in walls), *(f.polygon for f in fixtures)]
    return shapes, np.array([*(w.attenuation_db for w in walls), *(f.attenuation_db for f in fixtures)], np.float64)


def _loss_inside_db(shapes: list[BaseGeometry], losses: F64, lines: F64, but: int = -1) -> F64:
    """(n,) what lines (n, 2, 2) lose at all shapes but one, each wall once, and a shelf its attenuation for every width
    of it that the line is inside."""
    out = np.zeros(len(lines))
    if shapes and len(lines):
        ray, hit = shapely.STRtree(shapes).query(shapely.linestrings(lines), predicate="intersects")
        ray, hit = ray[hit != but], hit[hit != but]
        times = np.ones(len(hit))
        boxes = np.array([_box(shape) for shape in shapes])
        solid = boxes[hit, 5] > 0
        inside_m = _inside_m(boxes[hit[solid]], lines[ray[solid]])
        times[solid] = inside_m / (2 * boxes[hit[solid], 5])
        np.add.at(out, ray, losses[hit] * times)
    return out


def _box(shape: BaseGeometry) -> tuple[float, ...]:
    """The smallest box round a shape: its middle, its long side's direction, half its length and half its width."""
    if not shape.area:
        return (0.0,) * 6
    a, b, c = np.asarray(shape.minimum_rotated_rectangle.boundary.coords)[:3, :2]
    long_, short = sorted((b - a, c - b), key=lambda side: -float(np.hypot(*side)))
    length, width = float(np.hypot(*long_)), float(np.hypot(*short))
    middle = (a + c) / 2
    return float(middle[0]), float(middle[1]), *(long_ / length).tolist(), length / 2, width / 2


def _inside_m(boxes: F64, lines: F64) -> F64:
    """(n,) metres of each line (n, 2, 2) inside its box (n, 6), by clipping at both pairs of sides."""
    ux, uy = boxes[:, 2], boxes[:, 3]
    from_, step = lines[:, 0] - boxes[:, :2], lines[:, 1] - lines[:, 0]
    enter, leave = np.zeros(len(lines)), np.ones(len(lines))
    for ax, ay, half_m in ((ux, uy, boxes[:, 4]), (-uy, ux, boxes[:, 5])):
        at, by = from_[:, 0] * ax + from_[:, 1] * ay, step[:, 0] * ax + step[:, 1] * ay
        by = np.where(np.abs(by) > 1e-12, by, 1e-12)  # along a side: in or out by where it is
        first, second = (-half_m - at) / by, (half_m - at) / by
        enter, leave = np.maximum(enter, np.minimum(first, second)), np.minimum(leave, np.maximum(first, second))
    return np.asarray(np.maximum(leave - enter, 0.0) * np.hypot(step[:, 0], step[:, 1]), np.float64)


def _segments(plan: Plan, level: int) -> list[tuple[int, tuple[F64, F64]]]:
    """(index among the level's walls, both ends) of every straight piece of wall."""
    out = []
    walls = [w for w in plan.walls if w.level == plan.levels[level].id]
    for wall, each in enumerate(walls):
        ends = np.asarray(each.line.coords)[:, :2]
        out += [(wall, (p, q)) for p, q in pairwise(ends) if not np.array_equal(p, q)]
    return out


def _mirror(point: F64, p: F64, q: F64) -> F64:
    along = (q - p) / np.hypot(*(q - p))
    foot = p + along * float((point - p) @ along)
    return np.asarray(2.0 * foot - point, np.float64)


def _reflection_points(image: F64, to: F64, p: F64, q: F64) -> tuple[Bools, F64]:
    """Whether a wave to each place (n, 2) comes back from the segment, which it does on the antenna's own side only,
    and where on the segment, (n, 2)."""
    wall, ray = q - p, to - image
    cross = ray[:, 0] * wall[1] - ray[:, 1] * wall[0]
    safe = np.where(np.abs(cross) > 1e-9, cross, np.inf)
    off = p - image
    along_ray = (off[0] * wall[1] - off[1] * wall[0]) / safe
    along_wall = (off[0] * ray[:, 1] - off[1] * ray[:, 0]) / safe
    hits = (along_ray > 1e-6) & (along_ray < 1.0 - 1e-6) & (along_wall >= 0.0) & (along_wall <= 1.0)
    return hits, p + along_wall[:, None] * wall


def _lines(a: F64, b: F64) -> F64:
    """(n, 2, 2) from one or n places to n others."""
    return np.stack([np.broadcast_to(a, b.shape), b], axis=1)


def _power(way: F64, high2: float) -> F64:
    return np.asarray(1.0 / np.maximum((way**2).sum(axis=1) + high2, NEAREST_M**2), np.float64)


def _cap(loss_db: F64, config: RadioConfig) -> F64:
    return np.asarray(-config.loss_cap_db * -np.expm1(-loss_db / config.loss_cap_db), np.float64)


def _share(gain_db: F64) -> F64:
    return np.asarray(10.0 ** (gain_db / 10.0), np.float64)
