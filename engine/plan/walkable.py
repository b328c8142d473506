"""Where people can walk, as geometry: the level minus what stands on it; and what bars the way between two places."""

from __future__ import annotations

import shapely
from shapely.geometry import LineString, MultiPolygon, Polygon

from engine.plan.model import Plan


def walkable_area(plan: Plan, level: str) -> Polygon | MultiPolygon:
    """The level's polygon minus its non-walkable fixtures. Walls have no area: they bar steps, see `barriers`."""
    outline = plan.levels[plan.level_index[level]].polygon
    standing = [f.polygon for f in plan.fixtures if f.level == level and not f.walkable]
    area = outline.difference(shapely.union_all(standing)) if standing else outline
    parts = [p for p in getattr(area, "geoms", [area]) if isinstance(p, Polygon) and p.area > 0]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


def barriers(plan: Plan, level: str) -> list[LineString | Polygon]:
    """What no step crosses on this level: walls, non-walkable fixtures, and the level's own outline and holes."""
    outline = plan.levels[plan.level_index[level]].polygon
    bars: list[LineString | Polygon] = [w.line for w in plan.walls if w.level == level]
    bars += [f.polygon for f in plan.fixtures if f.level == level and not f.walkable]
    bars += [LineString(ring.coords) for ring in (outline.exterior, *outline.interiors)]
    return bars
