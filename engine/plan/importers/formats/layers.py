"""Layers of a drawing before anybody knows what they hold: GeoJSON files of one frame, their features in metres."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import shapely

from engine.plan.importers.answers import DEGREES, METRES, DrawingAnswers
from engine.plan.importers.formats.crs import crs_of, degrees_of
from engine.plan.importers.geometry import Shape, read_shapes
from engine.plan.importers.ground import Ground
from engine.plan.importers.notes import Notes
from engine.plan.importers.read_json import features_of, number_of, properties_of, read_json
from engine.plan.importers.words import clean
from engine.records import F64

MOST_DEGREES = 0.1  # 11 km of latitude: no shop is larger
LEAST_METRES = 1.0  # and none smaller


@dataclass(frozen=True)
class Feature:
    """A feature of a layer in metres, one shape of it (a MultiPolygon's parts are features of one place)."""

    place: str
    shape: Shape
    properties: dict[str, Any]
    z_m: float | None
    id: str = ""


@dataclass
class Layer:
    """A layer: its name as people know it, and its features."""

    name: str
    features: list[Feature] = field(default_factory=list)


def read_layers(files: dict[str, bytes], answers: DrawingAnswers, notes: Notes) -> tuple[list[Layer], Ground | None]:
    """All files as layers in metres, and where these lie on Earth where the files say. Raises OperatorError for files
    that are no GeoJSON, and where nobody can tell degrees from metres."""
    read = []
    for file in sorted(files):
        if file.lower().endswith((".geojson", ".json")) or len(files) == 1:
            raw = read_json(files[file], file, notes)
            if isinstance(raw.get("rayon"), dict):
                notes.refuse(file, "is a plan of ours already", "rayon plan check DIR")
            read.append((file, raw, _read_layer(file, raw, notes)))
    layers = [layer for _, _, layer in read]
    if not any(layer.features for layer in layers):
        notes.refuse("(whole file)", "holds no geometry at all", "features with a Point, LineString or Polygon each")
    if _is_planar(read, answers, notes):
        scale = answers.scale_m or METRES.get(answers.units, 1.0)
        return [_scale(layer, scale) for layer in layers], None
    turned = [_transform(layer, degrees_of(crs_of(raw), file, notes)) for file, raw, layer in read]
    corners = _corners(turned)
    (west, south), (east, north) = corners.min(axis=0), corners.max(axis=0)
    _refuse_no_degrees(west, south, east, north, notes)
    ground = Ground(float(west + east) / 2, float(south + north) / 2)
    notes.say("(whole file)", "coordinates are longitude and latitude: they become metres, and the plan gets an anchor")
    return [_transform(layer, ground.to_metres) for layer in turned], ground


def _read_layer(file: str, raw: dict[str, Any], notes: Notes) -> Layer:
    name = clean(raw.get("name")) or file.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    layer = Layer(name)
    heights = 0
    for i, feature in enumerate(features_of(raw, file, notes)):
        place = f"{file}: features[{i}]"
        z_m = _height(feature.get("geometry"))
        heights += z_m is not None
        own = clean(feature.get("id"))
        if _has_no_geometry(feature.get("geometry")):
            notes.say(place, "has no geometry, and is left out")
        for shape in read_shapes(feature.get("geometry"), place, notes):
            layer.features.append(Feature(place, shape, properties_of(feature), z_m, own))
    if heights:
        notes.say(file, "coordinates have a third number: a height, used for access points and nothing else")
    return layer


def _has_no_geometry(geometry: Any) -> bool:
    """Whether it is a row of the table of attributes for which nothing was drawn."""
    return geometry is None or (isinstance(geometry, dict) and geometry.get("coordinates") == [])


def _height(geometry: Any) -> float | None:
    """The third number of a geometry's first position, where it has one."""
    inner = geometry.get("coordinates") if isinstance(geometry, dict) else None
    for _ in range(5):
        if isinstance(inner, list) and inner and isinstance(inner[0], list):
            inner = inner[0]
    if isinstance(inner, list) and len(inner) > 2:
        found = number_of(inner[2], float("nan"))
        return found if found == found else None  # NaN is not itself
    return None


def _is_planar(read: list[tuple[str, dict[str, Any], Layer]], answers: DrawingAnswers, notes: Notes) -> bool:
    """Whether numbers are a drawing's own metres (or other units) rather than places on Earth."""
    if answers.units or answers.scale_m:
        return answers.units != DEGREES
    corners = _corners([layer for _, _, layer in read])
    side = float(np.ptp(corners, axis=0).max())
    frames = {crs_of(raw) for _, raw, _ in read}
    if not frames <= {"", "CRS84"} or side < MOST_DEGREES:
        return False
    inside = bool((np.abs(corners) <= (180.0, 90.0)).all())
    if frames == {""} and side > LEAST_METRES and (not inside or side < 180):
        notes.say(
            "(whole file)", f"{side:.6g} from end to end: taken for metres", "--units mm, cm, ft or deg otherwise"
        )
        return True
    said = "says longitude and latitude, but is" if "CRS84" in frames else "is"
    reason = f"{said} {side:.6g} from end to end: degrees, or metres?"
    return notes.refuse("(whole file)", reason, "say --units m (or mm, cm, ft), or --units deg")


def _refuse_no_degrees(west: float, south: float, east: float, north: float, notes: Notes) -> None:
    if not (-180 <= west <= east <= 180 and -89 <= south <= north <= 89):
        reason = f"{west:.6g} to {east:.6g}, {south:.6g} to {north:.6g} are no longitudes and latitudes"
        notes.refuse("(whole file)", reason, "say --units m, mm, cm or ft, or export with the right crs")
    if max(east - west, north - south) > MOST_DEGREES:
        reason = f"spans {east - west:.4g} by {north - south:.4g} degrees: that is no shop"
        notes.refuse("(whole file)", reason, "export the shop alone; or say --units m")


def _corners(layers: list[Layer]) -> F64:
    return np.concatenate([shapely.get_coordinates(f.shape) for layer in layers for f in layer.features])


def _scale(layer: Layer, scale: float) -> Layer:
    """In metres, its heights too: on Earth they are so already."""
    flat = _transform(layer, lambda xy: xy * scale)
    return Layer(flat.name, [replace(f, z_m=None if f.z_m is None else f.z_m * scale) for f in flat.features])


def _transform(layer: Layer, turn: Callable[[F64], F64]) -> Layer:
    shapes = shapely.transform(np.array([f.shape for f in layer.features], dtype=object), turn)
    return Layer(
        layer.name,
        [Feature(f.place, s, f.properties, f.z_m, f.id) for f, s in zip(layer.features, shapes, strict=True)],
    )
