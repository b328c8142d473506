"""A way on a small piece of the plan, for a phone: what is drawn has a class and no colour, the page gives it one."""

from __future__ import annotations

from collections.abc import Sequence

from shapely.geometry import Polygon, box

from engine.plan.model import Level, Plan
from engine.plan.ways import WayPoint

MARGIN_M = 3.0
SMALLEST_M = 12.0


def draw_way(plan: Plan, spots: Sequence[WayPoint]) -> str:
    """The last of `spots` with what of the way lies on its level, and the shelves around. An SVG without a size."""
    end = spots[-1]
    level = plan.levels[plan.level_index[end.level]]
    points = [(s.x_m, s.y_m) for s in spots if s.level == end.level]
    view = _view(level, points)
    x0, y0, x1, y1 = view.bounds
    shapes = [_polygon(level.polygon.intersection(view), "floor")]
    shapes += [
        _polygon(f.polygon.intersection(view), "shelf")
        for f in plan.fixtures
        if f.level == level.id and f.polygon.intersects(view)
    ]
    line = " ".join(f"{x:.1f},{-y:.1f}" for x, y in points)
    route = f'<polyline class="route" points="{line}"/>' if len(points) > 1 else ""
    here = f'<circle class="here" cx="{points[0][0]:.1f}" cy="{-points[0][1]:.1f}" r=".7"/>' if route else ""
    goal = f'<circle class="goal" cx="{end.x_m:.1f}" cy="{-end.y_m:.1f}" r=".9"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{x0:.1f} {-y1:.1f} {x1 - x0:.1f} {y1 - y0:.1f}">'
        f"{''.join(shapes)}{route}{here}{goal}</svg>"
    )


def _view(level: Level, points: Sequence[tuple[float, float]]) -> Polygon:
    """A square around the points, and no smaller than one can make out where it lies."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    half = max(max(xs) - min(xs), max(ys) - min(ys), SMALLEST_M) / 2 + MARGIN_M
    cx, cy = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    around = box(cx - half, cy - half, cx + half, cy + half)
    x0, y0, x1, y1 = level.polygon.intersection(around).bounds
    return box(x0, y0, x1, y1)


def _polygon(shape: object, kind: str) -> str:
    """One path for a polygon, or for each part of what a cut left of it."""
    parts = [p for p in getattr(shape, "geoms", [shape]) if isinstance(p, Polygon) and not p.is_empty]
    rings = [ring for part in parts for ring in (part.exterior, *part.interiors)]
    drawn = "".join("M" + " ".join(f"{x:.1f},{-y:.1f}" for x, y, *_ in ring.coords[:-1]) + "z" for ring in rings)
    return f'<path class="{kind}" fill-rule="evenodd" d="{drawn}"/>' if drawn else ""
