"""The features of a plan, one by one: which properties and geometries each type takes, and the record it becomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shapely.geometry import LineString, Point, Polygon

from engine.plan.fields import (
    Field,
    addresses,
    choice,
    closest,
    flag,
    number,
    optional,
    read_object,
    refuse_unknown,
    show,
    text,
    whole,
)
from engine.plan.findings import Findings
from engine.plan.materials import fixture_attenuation_db, wall_attenuation_db
from engine.plan.model import AccessPoint, Fixture, Level, Opening, Wall, Zone
from engine.plan.shapes import Shape, read_shape

Record = Level | Wall | Fixture | Zone | Opening | AccessPoint

RISERS = ("stairs", "elevator", "escalator")
"""Categories of sections and openings that join levels where they lie above each other."""

OPENINGS = ("entrance", "exit", "checkout", "pickup", "drive", "locker", *RISERS)
DEFAULT_HEIGHT_M = 3.0

_ID = Field(text(at_most=128, like="0"))
_WORD = optional(text(), "")
_LOSS = optional(number(0, 100))


@dataclass(frozen=True, slots=True)
class FeatureType:
    """What one `feature_type` takes. `build` gets the checked properties and the shape."""

    shapes: tuple[str, ...]
    fields: dict[str, Field]
    build: Callable[[dict[str, Any], Any], Record]


@dataclass(frozen=True, slots=True)
class PlacedRecord:
    """A record and the place in the file it came from."""

    place: str
    record: Record


def _level(p: dict[str, Any], shape: Polygon) -> Level:
    return Level(p["id"], p["ordinal"], p["name"], p["height_m"], 0.0, shape)  # floor_z_m follows from all levels


def _wall(p: dict[str, Any], shape: LineString) -> Wall:
    loss_db = p["attenuation_db"]
    if loss_db is None:
        loss_db = wall_attenuation_db(p["material"]) or wall_attenuation_db("unspecified")
    return Wall(p["level"], shape, p["material"], float(loss_db or 0.0))


def _fixture(p: dict[str, Any], shape: Polygon) -> Fixture:
    loss_db = p["attenuation_db"] if p["attenuation_db"] is not None else fixture_attenuation_db(p["category"])
    return Fixture(p["id"], p["level"], p["name"] or p["id"], p["category"], loss_db, p["walkable"], shape)


def _section(p: dict[str, Any], shape: Polygon) -> Zone:
    return Zone(p["id"], p["level"], p["name"], p["category"], shape)


def _opening(p: dict[str, Any], shape: Point | LineString) -> Opening:
    return Opening(p["id"], p["level"], p["category"], shape)


def _access_point(p: dict[str, Any], shape: Point) -> AccessPoint:
    return AccessPoint(
        p["id"], p["level"], shape.x, shape.y, p["z_m"], p["name"] or p["id"], p["p0_dbm"], p["exponent"], p["macs"]
    )


FEATURE_TYPES: dict[str, FeatureType] = {
    "level": FeatureType(
        ("Polygon",),
        {
            "id": _ID,
            "ordinal": Field(whole(-20, 200)),
            "name": Field(text()),
            "height_m": optional(number(1.5, 50), DEFAULT_HEIGHT_M),
        },
        _level,
    ),
    "wall": FeatureType(
        ("LineString",),
        {"level": _ID, "material": optional(text(), "unspecified"), "attenuation_db": _LOSS},
        _wall,
    ),
    "fixture": FeatureType(
        ("Polygon",),
        {
            "id": _ID,
            "level": _ID,
            "name": _WORD,
            "category": _WORD,
            "attenuation_db": _LOSS,
            "walkable": optional(flag, False),
        },
        _fixture,
    ),
    "section": FeatureType(("Polygon",), {"id": _ID, "level": _ID, "name": Field(text()), "category": _WORD}, _section),
    "opening": FeatureType(
        ("Point", "LineString"), {"id": _ID, "level": _ID, "category": Field(choice(*OPENINGS))}, _opening
    ),
    "access_point": FeatureType(
        ("Point",),
        {
            "id": _ID,
            "level": _ID,
            "z_m": Field(number(0, 60)),
            "name": _WORD,
            "p0_dbm": optional(number(-120, 30)),
            "exponent": optional(number(0.5, 10)),
            "macs": optional(addresses, ()),
        },
        _access_point,
    ),
}


def read_feature(raw: Any, index: int, findings: Findings) -> PlacedRecord | None:
    """One feature as a record, or None when anything in it was wrong."""
    place = f"features[{index}]"
    before = len(findings.errors)
    if not isinstance(raw, dict):
        findings.wrong(place, f"{show(raw)} is not a Feature", '{"type": "Feature", "geometry": …, "properties": …}')
        return None
    refuse_unknown(raw, ("type", "geometry", "properties", "id", "bbox"), place, findings)
    if raw.get("type") != "Feature":
        findings.wrong(f"{place}.type", f"{show(raw.get('type'))} is not Feature", '"Feature"')
    kind, properties = _kind_and_properties(raw, place, findings)
    if kind is None:
        return None
    shape: Shape | None = read_shape(raw.get("geometry"), kind.shapes, f"{place}.geometry", findings)
    values = read_object(properties, kind.fields, f"{place}.properties", findings)
    if values is None or shape is None or len(findings.errors) > before:
        return None
    record = kind.build(values, shape)
    if isinstance(record, Wall) and values["attenuation_db"] is None and wall_attenuation_db(record.material) is None:
        findings.odd(
            f"{place}.properties.material",
            f"{show(record.material)} has no default loss, {record.attenuation_db:g} dB is assumed",
            "give attenuation_db",
        )
    return PlacedRecord(place, record)


def _kind_and_properties(raw: dict[str, Any], place: str, findings: Findings) -> tuple[FeatureType | None, Any]:
    properties = raw.get("properties")
    if not isinstance(properties, dict):
        findings.wrong(f"{place}.properties", f"{show(properties)} is not an object", '{"feature_type": …}')
        return None, None
    name = properties.get("feature_type")
    kind = FEATURE_TYPES.get(name) if isinstance(name, str) else None
    if kind is None:
        reason = "is missing" if name is None else f"{show(name)} is not a feature type"
        findings.wrong(f"{place}.properties.feature_type", reason, closest(name, FEATURE_TYPES))
        return None, None
    rest = type(properties)((key, value) for key, value in properties.items() if key != "feature_type")
    if hasattr(properties, "twice"):
        rest.twice = properties.twice  # type: ignore[attr-defined]
    return kind, rest
