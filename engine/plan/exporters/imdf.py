"""A plan as an IMDF archive (OGC 20-094): WGS84, every required property, the same ids for the same plan.

IMDF knows no access points, no losses and four kinds of opening: what it has no place for goes into `correlation_id` of
an amenity, as JSON behind `MARK`, where `rayon plan import` finds it again.
"""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from engine.plan.features import RISERS
from engine.plan.importers.formats.imdf import MARK, MATERIALS
from engine.plan.importers.geometry import segments
from engine.plan.importers.ground import of_anchor
from engine.plan.model import Fixture, Level, Opening, Plan, Wall

_IDS = uuid.UUID("7f2b7a0e-4c1c-5a55-9c58-5d1b1f0c9a11")
"""Under which ids are derived from store, type and id (RFC 9562, version 5): the same plan gives the same archive."""
WALL_WIDTH_M = 0.2  # IMDF draws walls as areas
DOOR_WIDTH_M = 1.0  # and doors as lines
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # of a zip archive
_FIXTURES = {"counter": "desk", "checkout": "desk", "table": "desk", "pillar": "obstruction", "column": "obstruction"}
_OPENINGS = {"checkout": "cashier"} | dict.fromkeys(("pickup", "drive", "locker"), "guestservices")
Json = dict[str, Any]


@dataclass(frozen=True)
class Address:
    """Where the shop is, for what IMDF requires and a plan does not know. `country` is a code of ISO 3166."""

    address: str
    locality: str
    country: str
    language: str = "en"


def imdf_archive(plan: Plan, address: Address, created: str) -> bytes:
    """The archive's bytes. `created` is RFC 3339. Raises ValueError for a plan without an anchor."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in imdf_members(plan, address, created).items():
            entry = zipfile.ZipInfo(name, _FIRST_DAY)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, json.dumps(raw, ensure_ascii=False))
    return packed.getvalue()


def imdf_members(plan: Plan, address: Address, created: str) -> dict[str, Json]:
    """The members of the archive by name. Raises ValueError for a plan without an anchor."""
    manifest = {
        "version": "1.0.0",
        "created": created,
        "generated_by": "rayon",
        "language": address.language,
        "extensions": None,
    }
    writer = _Writer(plan, address)
    made: dict[str, list[Json]] = {}
    for kind, feature in writer.features():
        made.setdefault(kind, []).append(feature)
    collections = {f"{k}.geojson": {"type": "FeatureCollection", "name": k, "features": f} for k, f in made.items()}
    return {"manifest.json": manifest, **collections}


class _Writer:
    """One plan on its way to IMDF."""

    def __init__(self, plan: Plan, address: Address) -> None:
        if plan.anchor is None:
            raise ValueError("the plan has no anchor")
        self._plan, self._address = plan, address
        self._ground, self._turn = of_anchor(plan.anchor)

    def features(self) -> Iterator[tuple[str, Json]]:
        """(type, feature) of all of it."""
        yield from self._site()
        for level in self._plan.levels:
            yield from self._level(level)
        yield from self._zones()
        for i, wall in enumerate(self._plan.walls):
            for k, piece in enumerate(segments(wall.line)):
                yield self._wall(f"wall {i}.{k}", wall, piece)
        for fixture in self._plan.fixtures:
            yield self._fixture(fixture.id, fixture.level, _fixture_word(fixture), fixture.name, fixture.polygon)
        yield from self._openings()
        yield from self._access_points()

    def _id(self, kind: str, own: str = "") -> str:
        return str(uuid.uuid5(_IDS, f"{self._plan.store}/{kind}/{own}"))

    def _label(self, text: str) -> Json | None:
        return {self._address.language: text} if text else None

    def _geometry(self, shape: BaseGeometry) -> Json:
        """In longitude and latitude, to a tenth of a millimetre."""
        turned = shapely.transform(shape, lambda xy: np.round(self._ground.to_degrees(self._turn.undo(xy)), 9))
        found: Json = shapely.geometry.mapping(turned)
        return found

    def _feature(self, kind: str, own: str, shape: BaseGeometry | None, **properties: Any) -> tuple[str, Json]:
        geometry = None if shape is None else self._geometry(shape)
        head = {"id": self._id(kind, own), "type": "Feature", "feature_type": kind}
        return kind, {**head, "geometry": geometry, "properties": properties}

    def _display(self, shape: BaseGeometry) -> Json:
        return self._geometry(shape.representative_point())

    def _site(self) -> Iterator[tuple[str, Json]]:
        """Address, venue, building and footprint: what every archive has to have around its levels."""
        floor = shapely.union_all([level.polygon for level in self._plan.levels])
        hull = floor.convex_hull.buffer(1.0, join_style="mitre")
        name = self._label(self._plan.name)
        yield self._feature(
            "address", "", None, address=self._address.address, unit=None, locality=self._address.locality,
            province=None, country=self._address.country, postal_code=None, postal_code_ext=None,
        )  # fmt: skip
        yield self._feature(
            "venue", "", hull, category="retailstore", restriction=None, name=name, alt_name=None, hours=None,
            phone=None, website=None, display_point=self._display(floor), address_id=self._id("address"),
        )  # fmt: skip
        yield self._feature(
            "building", "", None, category="unspecified", name=name, alt_name=None, restriction=None,
            display_point=self._display(floor), address_id=self._id("address"),
        )  # fmt: skip
        yield self._feature("footprint", "", floor, category="ground", name=None, building_ids=[self._id("building")])

    def _level(self, level: Level) -> Iterator[tuple[str, Json]]:
        """A level, and the one room it is: amenities are in rooms."""
        yield self._feature(
            "level", level.id, level.polygon, category="unspecified", restriction=None, outdoor=False,
            ordinal=level.ordinal, name=self._label(level.name), short_name=self._label(level.id),
            display_point=self._display(level.polygon), address_id=None, building_ids=[self._id("building")],
        )  # fmt: skip
        yield self._unit(level.id, level.id, level.polygon, "room", "")

    def _unit(self, own: str, level: str, shape: Polygon, category: str, name: str) -> tuple[str, Json]:
        return self._feature(
            "unit", own, shape, category=category, restriction=None, accessibility=None, name=self._label(name),
            alt_name=None, level_id=self._id("level", level), display_point=None,
        )  # fmt: skip

    def _zones(self) -> Iterator[tuple[str, Json]]:
        for zone in self._plan.zones:
            if zone.category in RISERS:
                yield self._unit(f"zone {zone.id}", zone.level, zone.polygon, zone.category, zone.name)
                continue
            yield self._feature(
                "section", zone.id, zone.polygon, category="retaildepartment", restriction=None, accessibility=None,
                name=self._label(zone.name), alt_name=None, display_point=self._display(zone.polygon),
                level_id=self._id("level", zone.level), address_id=None, correlation_id=None, parents=None,
            )  # fmt: skip

    def _fixture(self, own: str, level: str, category: str, name: str, shape: BaseGeometry) -> tuple[str, Json]:
        return self._feature(
            "fixture", own, shape, category=category, name=self._label(name), alt_name=None, anchor_id=None,
            level_id=self._id("level", level), display_point=None,
        )  # fmt: skip

    def _wall(self, own: str, wall: Wall, piece: LineString) -> tuple[str, Json]:
        """A straight piece of wall as an area: a unit of its material where IMDF has it, a fixture `wall` otherwise."""
        width_m = min(WALL_WIDTH_M, piece.length / 4)
        area = piece.buffer(width_m / 2, cap_style="flat")
        if wall.material in MATERIALS and isinstance(area, Polygon):
            return self._unit(own, wall.level, area, wall.material, "")
        return self._fixture(own, wall.level, "wall", "", area)

    def _openings(self) -> Iterator[tuple[str, Json]]:
        for opening in self._plan.openings:
            if opening.category not in ("entrance", "exit"):
                yield self._mark(opening)
                continue
            way_in = opening.category == "entrance"
            yield self._feature(
                "opening", opening.id, self._door(opening), category="pedestrian.principal" if way_in else "pedestrian",
                accessibility=None, access_control=None, door=None, name=self._label(opening.id),
                alt_name=None if way_in else self._label("exit"), display_point=None,
                level_id=self._id("level", opening.level),
            )  # fmt: skip

    def _door(self, opening: Opening) -> LineString:
        """The opening as a line; a point becomes a metre of the level's outline beside it, or of the x axis."""
        if isinstance(opening.geometry, LineString):
            return opening.geometry
        at = opening.geometry
        edge = self._plan.levels[self._plan.level_index[opening.level]].polygon.exterior
        beside = edge.interpolate(edge.project(at) + 0.1)
        near = edge.interpolate(edge.project(at))
        along = np.array([beside.x - near.x, beside.y - near.y])
        half = along / max(1e-9, float(np.hypot(*along))) * DOOR_WIDTH_M / 2
        return LineString([(at.x - half[0], at.y - half[1]), (at.x + half[0], at.y + half[1])])

    def _mark(self, opening: Opening) -> tuple[str, Json]:
        """A till, a pick-up point or stairs as an amenity, with what it is for us."""
        word = {
            "checkout": "cashier",
            "pickup": "guestservices",
            "drive": "guestservices",
            "locker": "guestservices",
        }.get(opening.category, opening.category)
        mark = {"feature_type": "opening", "id": opening.id, "category": opening.category}
        at = opening.geometry.interpolate(0.5, normalized=True) if isinstance(opening.geometry, LineString) else None
        return self._amenity(opening.id, opening.level, at or Point(opening.geometry.coords[0]), word, "", mark)

    def _access_points(self) -> Iterator[tuple[str, Json]]:
        for ap in self._plan.access_points:
            mark = {"feature_type": "access_point", "id": ap.id, "z_m": ap.z_m, "macs": list(ap.macs)}
            yield self._amenity(ap.id, ap.level, Point(ap.x_m, ap.y_m), "wifi", ap.name, mark)

    def _amenity(
        self, own: str, level: str, at: BaseGeometry, category: str, name: str, mark: Json
    ) -> tuple[str, Json]:
        return self._feature(
            "amenity", f"{mark['feature_type']} {own}", at, category=category, accessibility=None,
            name=self._label(name), alt_name=None, hours=None, phone=None, website=None,
            unit_ids=[self._id("unit", level)], address_id=None,
            correlation_id=MARK + json.dumps(mark, ensure_ascii=False),
        )  # fmt: skip


def _fixture_word(fixture: Fixture) -> str:
    return _FIXTURES.get(fixture.category, "furniture")
