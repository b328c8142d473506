"""GeoJSON geometries as shapely ones: metres in the store's frame, checked."""

from __future__ import annotations

from typing import Any

import shapely
from shapely.geometry import LineString, Point, Polygon

from engine.plan.fields import closest, number, refuse_unknown, show
from engine.plan.findings import Findings, WrongValueError

Shape = Point | LineString | Polygon
Position = tuple[float, float]

_coordinate = number(
    -1e9, 1e9, "[x, y] in metres"
)  # any origin, national grids included; beyond, areas lose their decimals

# Nanometres: finer than any drawing, and coarse enough for differences of places to be numbers that can be divided by
DECIMALS = 9

_EXAMPLES = {
    "Point": "[x, y]",
    "LineString": "[[x, y], [x, y], …]",
    "Polygon": "[[[x, y], [x, y], [x, y], [x, y] as the first]]",
}


def read_shape(raw: Any, kinds: tuple[str, ...], place: str, findings: Findings) -> Shape | None:
    """The geometry, or None when it cannot be used (then `findings` says why)."""
    wanted = " or ".join(kinds)
    if not isinstance(raw, dict):
        findings.wrong(place, f"{show(raw)} is not a geometry", f"a {wanted}")
        return None
    refuse_unknown(raw, ("type", "coordinates", "bbox"), place, findings)
    kind = raw.get("type")
    if not isinstance(kind, str) or kind not in kinds:
        fix = f"a {wanted}" if not isinstance(kind, str) or kind in _EXAMPLES else f"a {wanted}; {closest(kind, kinds)}"
        findings.wrong(f"{place}.type", f"{show(kind)} cannot be used here" if "type" in raw else "is missing", fix)
        return None
    if "coordinates" not in raw:
        findings.wrong(f"{place}.coordinates", "is missing", _EXAMPLES[kind])
        return None
    return _read_coordinates(kind, raw["coordinates"], f"{place}.coordinates", findings)


def _read_coordinates(kind: str, raw: Any, place: str, findings: Findings) -> Shape | None:
    before = len(findings.errors)
    shape: Shape | None = None
    if kind == "Point":
        position = _position(raw, place, findings)
        shape = Point(position) if position else None
    elif kind == "LineString":
        line = _positions(raw, 2, place, findings)
        shape = LineString(line) if line else None
        if shape is not None and shape.length == 0:
            findings.wrong(place, "has no length", "two different positions at least")
    elif not isinstance(raw, list) or not raw:
        findings.wrong(place, f"{show(raw)} is not a list of rings", _EXAMPLES[kind])
    else:
        rings = [_ring(ring, f"{place}[{i}]", findings) for i, ring in enumerate(raw)]
        if all(rings):
            shape = _polygon([ring for ring in rings if ring], place, findings)
    return shape if len(findings.errors) == before else None


def _position(raw: Any, place: str, findings: Findings) -> Position | None:
    try:
        return _read_position(raw)
    except WrongValueError as wrong:
        findings.wrong(place, wrong.reason, wrong.fix)
        return None


def _read_position(raw: Any) -> Position:
    if not isinstance(raw, list) or len(raw) != 2:
        raise WrongValueError(f"{show(raw)} is not a position", "[x, y] in metres")
    x, y = (round(_coordinate(value), DECIMALS) for value in raw)
    return x, y


def _positions(raw: Any, at_least: int, place: str, findings: Findings) -> list[Position]:
    if not isinstance(raw, list):
        findings.wrong(place, f"{show(raw)} is not a list of positions", _EXAMPLES["LineString"])
        return []
    good, first, n_wrong = [], (0, WrongValueError("")), 0
    for i, position in enumerate(raw):
        try:
            good.append(_read_position(position))
        except WrongValueError as wrong:
            first = first if n_wrong else (i, wrong)
            n_wrong += 1
    if n_wrong:
        more = f", nor are {n_wrong - 1} more here" if n_wrong > 1 else ""
        findings.wrong(f"{place}[{first[0]}]", first[1].reason + more, first[1].fix)
    if len(raw) < at_least:
        findings.wrong(place, f"has {len(raw)} positions", f"at least {at_least}")
    return good if len(good) == len(raw) >= at_least else []


def _ring(raw: Any, place: str, findings: Findings) -> list[Position]:
    ring = _positions(raw, 4, place, findings)
    if ring and ring[0] != ring[-1]:
        findings.wrong(place, "is not closed", "repeat the first position at the end")
        return []
    return ring


def _polygon(rings: list[list[Position]], place: str, findings: Findings) -> Polygon | None:
    polygon = Polygon(rings[0], rings[1:])
    if not polygon.is_valid:
        why = shapely.is_valid_reason(polygon).replace("[", " at x, y = ").replace("]", "")
        findings.wrong(place, f"is not a simple outline: {why}", "draw rings that neither cross nor touch themselves")
        return None
    if polygon.area < 1e-6:
        findings.wrong(place, "has no area", "an outline in metres, not degrees")
        return None
    return polygon
