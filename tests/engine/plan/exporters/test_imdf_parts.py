"""What each part of a plan is in IMDF, on a floor of 10 by 8 m whose corner lies at 0, 0 on Earth, y to the north."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from shapely import transform
from shapely.geometry import LineString, Point, Polygon, box, shape

from engine.plan.exporters.imdf import Address, imdf_members
from engine.plan.importers.ground import Ground
from engine.plan.model import AccessPoint, Anchor, Fixture, Level, Opening, Plan, Wall, Zone

FLOOR = box(0, 0, 10, 8)
BARE = Plan("corner", "Corner", "UTC", "EUR", Anchor(0.0, 0.0, 0.0), (Level("g", 0, "Ground", 3.0, 0.0, FLOOR),))


def made(kind: str, **parts: Any) -> list[dict[str, Any]]:
    """The features of one type of the bare floor with these parts."""
    members = imdf_members(replace(BARE, **parts), Address("1 High Street", "Leeds", "GB"), "2026-11-28T10:00:00Z")
    found: list[dict[str, Any]] = members.get(f"{kind}.geojson", {"features": []})["features"]
    return found


def in_metres(feature: dict[str, Any], key: str = "") -> Any:
    geometry = feature["properties"][key] if key else feature["geometry"]
    return transform(shape(geometry), lambda xy: np.round(Ground(0.0, 0.0).to_metres(xy), 3) + 0.0)


def door(at: Point | LineString, category: str = "entrance") -> dict[str, Any]:
    [found] = made("opening", openings=(Opening("d", "g", category, at),))
    return found


@pytest.mark.parametrize(
    ("at", "ends"),
    [
        (Point(3, 0), [(2.5, 0), (3.5, 0)]),
        (Point(0, 4), [(0, 3.5), (0, 4.5)]),
        (Point(10, 2), [(10, 1.5), (10, 2.5)]),
        (Point(6, 7.5), [(5.5, 7.5), (6.5, 7.5)]),  # beside the nearest wall, where it stands
        (LineString([(1, 0), (4, 0)]), [(1, 0), (4, 0)]),
    ],
)
def test_a_door_is_a_line_of_a_metre_along_the_outline(at: Point | LineString, ends: list[tuple[float, float]]) -> None:
    assert sorted(in_metres(door(at)).coords) == ends


def test_doors_are_told_as_ways_in_or_out() -> None:
    way_in, way_out = door(Point(3, 0))["properties"], door(Point(3, 0), "exit")["properties"]
    assert (way_in["category"], way_in["alt_name"], way_in["name"]) == ("pedestrian.principal", None, {"en": "d"})
    assert (way_out["category"], way_out["alt_name"], way_out["name"]) == ("pedestrian", {"en": "exit"}, {"en": "d"})


@pytest.mark.parametrize(
    ("category", "word"),
    [("checkout", "cashier"), ("pickup", "guestservices"), ("drive", "guestservices"), ("locker", "guestservices"),
     ("stairs", "stairs"), ("elevator", "elevator")],
)  # fmt: skip
def test_what_else_opens_is_an_amenity_that_says_what_it_is_for_us(category: str, word: str) -> None:
    line, point = LineString([(2, 1), (6, 1)]), Point(3, 5)
    found = made("amenity", openings=(Opening("a", "g", category, line), Opening("b", "g", category, point)))
    assert [(in_metres(f).x, in_metres(f).y) for f in found] == [(4, 1), (3, 5)]
    assert [f["properties"]["category"] for f in found] == [word, word]
    mark = {"feature_type": "opening", "id": "a", "category": category}
    assert found[0]["properties"]["correlation_id"] == "rayon:" + json.dumps(mark)
    assert found[0]["properties"]["unit_ids"] == [made("unit")[0]["id"]]
    assert made("opening", openings=(Opening("a", "g", category, point),)) == []


def test_an_access_point_is_an_amenity_with_its_addresses() -> None:
    ap = AccessPoint("é-1", "g", 2.0, 3.0, 2.7, "Till", None, None, ("02:00:5e:00:53:01",))
    [found] = made("amenity", access_points=(ap,))
    mark = {"feature_type": "access_point", "id": "é-1", "z_m": 2.7, "macs": ["02:00:5e:00:53:01"]}
    assert found["properties"]["correlation_id"] == "rayon:" + json.dumps(mark, ensure_ascii=False)
    assert (found["properties"]["category"], found["properties"]["name"]) == ("wifi", {"en": "Till"})
    [nameless] = made("amenity", access_points=(replace(ap, name=""),))
    assert (nameless["properties"]["name"], in_metres(nameless).coords[0]) == (None, (2, 3))


@pytest.mark.parametrize(
    ("material", "kind", "category"),
    [("brick", "unit", "brick"), ("glass", "unit", "glass"), ("metal", "fixture", "wall"), ("", "fixture", "wall")],
)
def test_walls_are_areas_a_fifth_of_a_metre_wide_of_their_material(material: str, kind: str, category: str) -> None:
    wall = Wall("g", LineString([(1, 2), (5, 2), (5, 2.4)]), material, 7.0)
    walls = [f for f in made(kind, walls=(wall,)) if f["properties"]["category"] == category]
    assert [in_metres(f).bounds for f in walls] == [(1, 1.9, 5, 2.1), (4.95, 2, 5.05, 2.4)], "never a quarter as wide"
    assert len({f["id"] for f in made(kind, walls=(wall, wall)) if f["properties"]["category"] == category}) == 4


def test_zones_are_sections_and_stairs_are_units() -> None:
    zones = (Zone("tea", "g", "Tea", "food", box(0, 0, 2, 2)), Zone("up", "g", "", "stairs", box(2, 2, 3, 3)))
    [tea], [room, stairs] = made("section", zones=zones), made("unit", zones=zones)
    assert (tea["properties"]["category"], tea["properties"]["name"]) == ("retaildepartment", {"en": "Tea"})
    assert tea["properties"]["level_id"] == stairs["properties"]["level_id"] == made("level")[0]["id"]
    assert (room["properties"]["category"], stairs["properties"]["category"]) == ("room", "stairs")
    assert (room["properties"]["name"], stairs["properties"]["name"], in_metres(stairs).area) == (None, None, 1.0)


@pytest.mark.parametrize(
    ("category", "word"),
    [("gondola", "furniture"), ("counter", "desk"), ("checkout", "desk"), ("table", "desk"), ("pillar", "obstruction"),
     ("column", "obstruction"), ("", "furniture")],
)  # fmt: skip
def test_fixtures_are_desks_pillars_or_furniture(category: str, word: str) -> None:
    [found] = made("fixture", fixtures=(Fixture("f", "g", "Till", category, 2.0, False, box(1, 1, 2, 3)),))
    assert (found["properties"]["category"], found["properties"]["name"]) == (word, {"en": "Till"})
    assert in_metres(found).bounds == (1, 1, 2, 3)


def test_the_shop_has_a_metre_of_ground_around_it() -> None:
    bent = Polygon([(0, 0), (10, 0), (10, 8), (5, 8), (5, 4), (0, 4)])
    levels = (replace(BARE.levels[0], polygon=bent), replace(BARE.levels[0], id="1", ordinal=1, name=""))
    [venue], [ground] = made("venue", levels=levels[:1]), made("footprint", levels=levels[:1])
    assert in_metres(venue).bounds == (-1, -1, 11, 9)
    assert in_metres(venue).covers(Point(3, 6)), "without corners that turn in"
    assert not in_metres(venue).covers(Point(0.2, 8.2))
    assert in_metres(ground).area == pytest.approx(60)
    assert in_metres(made("footprint", levels=levels)[0]).area == pytest.approx(80), "of all its storeys"
    assert venue["properties"]["address_id"] == made("address")[0]["id"]
    upper = made("level", levels=levels)[1]["properties"]
    assert (upper["ordinal"], upper["name"], upper["short_name"], upper["outdoor"]) == (1, None, {"en": "1"}, False)


def test_places_are_told_to_a_tenth_of_a_millimetre() -> None:
    [found] = made("amenity", access_points=(AccessPoint("a", "g", 1 / 3, 1 / 7, 2.7, "", None, None),))
    lon, lat = found["geometry"]["coordinates"]
    assert (lon, lat) == (round(lon, 9), round(lat, 9))
    at = Ground(0.0, 0.0).to_metres(np.array([[lon, lat]]))[0]
    assert at == pytest.approx([1 / 3, 1 / 7], abs=1e-4)
    assert (round(lon, 8), round(lat, 8)) != (lon, lat)
