"""What no feature shows alone: ids that clash, unknown levels, things outside their level, products in shelves."""

from __future__ import annotations

from collections.abc import Sequence

import shapely
import shapely.ops
from shapely.geometry import LineString, MultiPolygon, Point, Polygon

from engine.plan.features import PlacedRecord
from engine.plan.fields import closest
from engine.plan.findings import Findings
from engine.plan.model import AccessPoint, Fixture, Level, Opening, Plan, Product, Wall, Zone, ap_key, is_no_receiver
from engine.plan.products import PlacedProduct
from engine.plan.walkable import walkable_area

MOST_EXTENT_M = 2000.0  # the largest hypermarkets are 200 m long: beyond 2 km the units are not metres
OUTSIDE_M = 1.0  # outlines are drawn on either face of a wall, doors in it: this far out is still "on" the level
PRODUCT_TOLERANCE_M = 0.75  # about half an aisle: a product drawn on its shelf's edge still has a shopper before it

_NOUN: dict[type, str] = {
    Level: "level",
    Wall: "wall",
    Fixture: "fixture",
    Zone: "section",
    Opening: "opening",
    AccessPoint: "access point",
}


def check_features(placed: Sequence[PlacedRecord], declared_levels: set[str], findings: Findings) -> None:
    """All checks among features. `declared_levels` holds the ids of broken levels too: they are not missing."""
    levels = {p.record.id: p.record for p in reversed(placed) if isinstance(p.record, Level)}  # first of each id
    _refuse_duplicates(placed, findings)
    _refuse_no_receivers(placed, findings)
    _refuse_shared_addresses(placed, findings)
    _check_levels(placed, findings)
    wide = {name: level.polygon.buffer(OUTSIDE_M) for name, level in levels.items()}
    for outline in (*wide.values(), *(level.polygon for level in levels.values())):
        shapely.prepare(outline)
    for p in placed:
        if isinstance(p.record, Level):
            continue
        if p.record.level not in declared_levels:
            fix = closest(p.record.level, declared_levels) if declared_levels else "add a feature of type level"
            findings.wrong(f"{p.place}.properties.level", f"there is no level {p.record.level!r}", fix)
        elif p.record.level in levels:
            _check_inside(p, levels[p.record.level], wide[p.record.level], findings)


def _refuse_no_receivers(placed: Sequence[PlacedRecord], findings: Findings) -> None:
    for p in placed:
        if isinstance(p.record, AccessPoint) and is_no_receiver(p.record.id):
            reason = f"{p.record.id!r} is the MAC of no receiver"
            findings.wrong(f"{p.place}.properties.id", reason, "write the access point's own")


def _refuse_shared_addresses(placed: Sequence[PlacedRecord], findings: Findings) -> None:
    """An address in `macs` that is another access point's too: no reading would say which was meant. Two ids that are
    the same are told by `_refuse_duplicates`."""
    first: dict[str, str] = {}
    for p in placed:
        if isinstance(p.record, AccessPoint):
            first.setdefault(ap_key(p.record.id), p.place)
    for p in placed:
        if not isinstance(p.record, AccessPoint):
            continue
        for mac in p.record.macs:
            owner = first.setdefault(ap_key(mac), p.place)
            if owner != p.place:
                reason = f"{mac!r} is an address of another access point already, at {owner}"
                findings.wrong(f"{p.place}.properties.macs", reason, "write it where it belongs, once")


def _refuse_duplicates(placed: Sequence[PlacedRecord], findings: Findings) -> None:
    first: dict[tuple[type, str], str] = {}
    for p in placed:
        record = p.record
        if isinstance(record, Wall):
            continue
        key = (type(record), ap_key(record.id) if isinstance(record, AccessPoint) else record.id)
        if key in first:
            noun = _NOUN[type(record)]
            reason = f"{record.id!r} is the id of another {noun} already, at {first[key]}"
            findings.wrong(f"{p.place}.properties.id", reason, "give each its own id")
        else:
            first[key] = p.place


def _check_levels(placed: Sequence[PlacedRecord], findings: Findings) -> None:
    seen: list[Level] = []
    for p in placed:
        level = p.record
        if not isinstance(level, Level):
            continue
        place = f"{p.place}.geometry.coordinates"
        x0, y0, x1, y1 = level.polygon.bounds
        if max(x1 - x0, y1 - y0) > MOST_EXTENT_M:
            reason = f"is {x1 - x0:g} by {y1 - y0:g} m"
            findings.wrong(place, reason, f"metres, at most {MOST_EXTENT_M:g} a side: are these millimetres?")
        elif level.polygon.area < 1.0:
            reason = f"covers {level.polygon.area:.2g} m²"
            findings.wrong(place, reason, "metres, 1 m² at least: are these degrees?")
        for other in seen:
            same = other.ordinal == level.ordinal and other.id != level.id
            if same and other.polygon.intersection(level.polygon).area > 1.0:
                reason = f"overlaps level {other.id!r}, which has the same ordinal {level.ordinal}"
                findings.wrong(f"{p.place}.properties.ordinal", reason, "one ordinal per storey")
        seen.append(level)


def _check_inside(p: PlacedRecord, level: Level, wide: Polygon, findings: Findings) -> None:
    record = p.record
    place = f"{p.place}.geometry"
    if isinstance(record, AccessPoint):
        away_m = level.polygon.distance(Point(record.x_m, record.y_m))
        if away_m > 0:
            findings.odd(
                place, f"access point {record.id!r} is {away_m:.2f} m outside level {level.id!r}", "is it right?"
            )
        if record.z_m > level.height_m:
            reason = f"access point {record.id!r} is at {record.z_m:g} m, above the ceiling at {level.height_m:g} m"
            findings.odd(f"{p.place}.properties.z_m", reason, "above its level's floor; or give the level's height_m")
        return
    shape = _shape(record)
    noun = _NOUN[type(record)]
    reach_m = OUTSIDE_M if isinstance(record, Wall | Opening) else 0.0
    if shape.distance(level.polygon) > reach_m or (reach_m == 0 and not _overlaps(shape, level)):
        fix = "coordinates are metres, x to the right, y up"
        findings.wrong(place, f"the {noun} lies outside level {level.id!r}", fix)
    elif not wide.covers(shape):
        findings.odd(place, f"the {noun} sticks out of level {level.id!r} by more than {OUTSIDE_M:g} m", "is it right?")


def _shape(record: Wall | Fixture | Zone | Opening | Level) -> Point | LineString | Polygon:
    if isinstance(record, Wall):
        return record.line
    return record.geometry if isinstance(record, Opening) else record.polygon


def _overlaps(shape: Point | LineString | Polygon, level: Level) -> bool:
    return bool(shape.intersection(level.polygon).area > 0)


def check_products(placed: Sequence[PlacedProduct], plan: Plan, declared_levels: set[str], findings: Findings) -> None:
    """Products stand on levels that exist, where a shopper can stand."""
    areas = {level.id: walkable_area(plan, level.id) for level in plan.levels}
    for p in placed:
        product = p.product
        if product.level not in declared_levels:
            fix = closest(product.level, declared_levels) if declared_levels else ""
            findings.wrong(f"line {p.line}, column level", f"there is no level {product.level!r}", fix)
        elif product.level in areas:
            _check_walkable(p.line, product, areas[product.level], findings)


def _check_walkable(line: int, product: Product, area: Polygon | MultiPolygon, findings: Findings) -> None:
    here = Point(product.x_m, product.y_m)
    if area.is_empty:
        return  # the level itself is wrong, and says so
    away_m = area.distance(here)
    if away_m > PRODUCT_TOLERANCE_M:
        near = shapely.ops.nearest_points(area, here)[0]
        reason = f"{product.sku!r} stands {away_m:.2f} m off the walkable area of level {product.level!r}"
        findings.wrong(f"line {line}, columns x_m, y_m", reason, f"nearest place: {near.x:.2f}, {near.y:.2f}")
