"""Drawings as other programs write them, made in code: places in metres of a shop, turned and laid on Earth."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Sequence
from typing import Any

from engine.plan.importers.answers import DrawingAnswers
from engine.plan.importers.layout import ImportedPlan
from engine.plan.importers.run import import_drawing

Json = dict[str, Any]
Spot = tuple[float, float]
LON, LAT = 2.3503, 48.8501


def lonlat(x: float, y: float, turn_deg: float = 17.0) -> list[float]:
    """A place of a shop whose corner is at `LON`, `LAT` and whose x axis points `turn_deg` north of east.

    Metres in a degree by the usual series in the latitude, not by the radii of curvature that the importer uses.
    """
    phi, turn = math.radians(LAT), math.radians(turn_deg)
    per_lat = 111_132.954 - 559.822 * math.cos(2 * phi) + 1.175 * math.cos(4 * phi)
    per_lon = 111_412.84 * math.cos(phi) - 93.5 * math.cos(3 * phi) + 0.118 * math.cos(5 * phi)
    east, north = x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)
    return [round(LON + east / per_lon, 9), round(LAT + north / per_lat, 9)]


def box(x0: float, y0: float, x1: float, y1: float) -> list[Spot]:
    """The corners of a rectangle, the first one again at the end."""
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]


def polygon(*rings: Sequence[Spot], turn_deg: float = 17.0) -> Json:
    """A Polygon in longitude and latitude."""
    return {"type": "Polygon", "coordinates": [[lonlat(x, y, turn_deg) for x, y in ring] for ring in rings]}


def line(*spots: Spot, turn_deg: float = 17.0) -> Json:
    """A LineString in longitude and latitude."""
    return {"type": "LineString", "coordinates": [lonlat(x, y, turn_deg) for x, y in spots]}


def point(x: float, y: float, turn_deg: float = 17.0) -> Json:
    """A Point in longitude and latitude."""
    return {"type": "Point", "coordinates": lonlat(x, y, turn_deg)}


def feature(geometry: Json | None, **properties: Any) -> Json:
    """A GeoJSON feature; `id` is a member of it."""
    own = {"id": properties.pop("id")} if "id" in properties else {}
    return {"type": "Feature", **own, "properties": properties, "geometry": geometry}


def collection(*features: Json, **members: Any) -> bytes:
    """A FeatureCollection as a file holds it."""
    raw = {"type": "FeatureCollection", **members, "features": list(features)}
    return json.dumps(raw, ensure_ascii=False).encode()


def zipped(files: dict[str, bytes]) -> bytes:
    """An archive of these members."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def imported(
    files: dict[str, bytes] | bytes, name: str = "drawing", format_: str | None = None, **answers: Any
) -> ImportedPlan:
    """The plan of a drawing, for a store called `shop`."""
    given = files if isinstance(files, dict) else {name: files}
    return import_drawing(
        given, name, DrawingAnswers(store="shop", timezone="Europe/Paris", currency="EUR", **answers), format_
    )


def of_type(made: ImportedPlan, kind: str) -> list[Json]:
    """The features of one type."""
    return [f for f in made.plan["features"] if f["properties"]["feature_type"] == kind]


def bounds(feature_: Json) -> tuple[float, float, float, float]:
    """The box around a feature, rounded to the centimetre."""
    spots: list[Any] = []

    def gather(raw: Any) -> None:
        if isinstance(raw[0], list):
            for part in raw:
                gather(part)
        else:
            spots.append(raw)

    gather(feature_["geometry"]["coordinates"])
    xs, ys = [s[0] for s in spots], [s[1] for s in spots]
    x0, y0, x1, y1 = (round(v, 2) + 0.0 for v in (min(xs), min(ys), max(xs), max(ys)))
    return x0, y0, x1, y1


def said(made: ImportedPlan) -> str:
    """All that was guessed or left out, in one text."""
    return "\n".join(map(str, made.warnings))
