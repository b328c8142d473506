"""OpenStreetMap's indoor tags: levels as lists, ranges and fractions, doors on several, what has none."""

from __future__ import annotations

import pytest

from engine.errors import OperatorError
from engine.plan.importers.formats.osm_indoor import levels_of
from tests.engine.plan.importers.drawings import (
    Json,
    Spot,
    box,
    collection,
    feature,
    imported,
    line,
    of_type,
    point,
    polygon,
    said,
)

TURN = -8.0


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("0", [0]), ("0;1", [0, 1]), ("-1;0;1", [-1, 0, 1]), ("0-1", [0, 1]), ("-1-1", [-1, 0, 1]), ("-2--1", [-2, -1]),
        ("0.5", [0.5]), ("0; 1.5", [0, 1.5]), ("1,2", [1, 2]), ("0;0", [0]), ("", []), ("ground", []), ("1-", []),
        ("3-1", []), ("0-999", []), ("9999", []),
    ],
)  # fmt: skip
def test_what_a_level_names(text: str, levels: list[float]) -> None:
    assert levels_of(text) == levels


def room(ring: list[Spot], number: int, **tags: str) -> Json:
    return feature(polygon(ring, turn_deg=TURN), **{"@id": f"way/59000{number}", "indoor": "room", **tags})


BUILDING: list[Json] = [
    feature(
        polygon(box(0, 0, 50, 30), turn_deg=TURN),
        **{"@id": "way/1", "building": "retail", "min_level": "0", "max_level": "1", "name": "Galerie"},
    ),
    room(box(0, 0, 30, 20), 2, level="0", name="Marché", shop="supermarket"),
    room(box(30, 0, 35, 10), 3, level="0;1", room="stairs"),
    room(box(0, 20, 50, 30), 4, level="0", indoor="corridor"),
    room(box(0, 0, 30, 20), 5, level="1", name="Mode"),
    room(box(35, 0, 50, 20), 6, level="0-1", indoor="area", name="Atrium"),
    feature(line((30, 10), (30, 20), (35, 20), turn_deg=TURN), indoor="wall", level="0", material="brick"),
    feature(line((30, 10), (30, 20), turn_deg=TURN), indoor="wall", level="1"),
    room(box(31, 12, 33, 14), 9, level="-1;0;1", highway="elevator"),
    room(box(10, 21, 20, 26), 10, level="0.5", name="Mezzanine"),
    room(box(5, 21, 8, 24), 11, name="sans niveau"),
    room(box(5, 5, 15, 6), 12, level="0", indoor="shelf", shop="supermarket:shelf"),
    feature(point(25, 30, TURN), entrance="main", level="0"),
    feature(point(30, 15, TURN), door="hinged", level="0;1"),
    feature(point(0, 25, TURN), **{"@id": "node/3", "entrance": "yes"}),
    feature(point(20, 10, TURN), internet_access="wlan", level="0"),
]


def test_an_indoor_map_becomes_a_plan() -> None:
    made = imported(collection(*BUILDING), "osm.geojson")
    counted = {key: made.counts[key] for key in ("levels", "zones", "walls", "fixtures", "openings", "aps")}
    assert counted == {"levels": 4, "zones": 4, "walls": 3, "fixtures": 1, "openings": 3, "aps": 0}
    levels = [(f["properties"]["id"], f["properties"]["ordinal"]) for f in of_type(made, "level")]
    assert levels == [("-1", -1), ("0", 0), ("0.5", 1), ("1", 2)]
    assert made.counts["size_m"]["0"] == pytest.approx([50, 30], rel=1e-3)
    assert made.counts["size_m"]["0.5"] == pytest.approx([10, 5], rel=1e-3)
    assert made.plan["rayon"]["anchor"]["bearing_deg"] == pytest.approx(8, abs=0.02)
    assert made.plan["rayon"]["name"] == "Galerie"


def test_what_is_on_several_levels_is_on_each_and_joins_them_where_it_leads_there() -> None:
    made = imported(collection(*BUILDING), "osm.geojson")
    zones = [(f["properties"]["name"], f["properties"]["level"]) for f in of_type(made, "section")]
    assert {f["properties"]["name"]: f["properties"]["category"] for f in of_type(made, "section")} == {
        "Marché": "supermarket", "Mode": "room", "Atrium": "area", "Stairs": "stairs", "Elevator": "elevator",
        "Mezzanine": "room",
    }  # fmt: skip
    assert [z for z in zones if z[0] == "Atrium"] == [("Atrium", "0"), ("Atrium", "1")]
    assert [z[1] for z in zones if z[0] == "Elevator"] == ["-1", "0", "1"]
    assert [z[1] for z in zones if z[0] == "Stairs"] == ["0", "1"]
    assert [f["properties"]["level"] for f in of_type(made, "opening")] == ["0", "0", "1", "0"]
    assert [f["properties"].get("material") for f in of_type(made, "wall")] == ["brick", "brick", None]


def test_what_cannot_be_known_is_said_once() -> None:
    text = said(imported(collection(*BUILDING), "osm.geojson"))
    for words in (
        "way/5900011: has no level that can be read", "node/3: a door without a level is taken to be on level 0",
        "-1 is -1, 0 is 0, 0.5 is 1, 1 is 2", "level -1: holds nothing but stairs or a lift",
        "internet_access: says that there is Wi-Fi", "OpenStreetMap knows no access points",
    ):  # fmt: skip
        assert text.count(words) == 1, words


def test_without_a_building_rooms_are_the_floor() -> None:
    made = imported(collection(*BUILDING[1:]), "osm.geojson")
    assert made.counts["size_m"]["0"] == pytest.approx([50, 30], rel=1e-3)


@pytest.mark.parametrize(
    ("tags", "reached"),
    [
        ({"building:levels": "2"}, ["0", "1"]),
        ({"building:levels": "2", "building:levels:underground": "1"}, ["-1", "0", "1"]),
        ({"building:levels": "1", "min_level": "1"}, ["1"]),
        ({"min_level": "1", "max_level": "2"}, ["1", "2"]),
        ({"max_level": "0"}, ["0"]),
        ({}, ["0", "1", "2"]),
    ],
)
def test_a_building_is_the_floor_of_the_levels_that_it_says(tags: dict[str, str], reached: list[str]) -> None:
    outline = feature(polygon(box(0, 0, 60, 40), turn_deg=TURN), building="retail", **tags)
    rooms = [room(box(0, 0, 30, 20), n, level=str(n - 1), name=f"Room {n}") for n in range(4)]
    sizes = imported(collection(outline, *rooms), "osm.geojson").counts["size_m"]
    assert [level for level, size in sorted(sizes.items()) if size == pytest.approx([60, 40], rel=1e-3)] == reached
    others = [size for level, size in sizes.items() if level not in reached]
    assert others == [pytest.approx([30, 20], rel=1e-3)] * (4 - len(reached))


def test_a_map_without_levels_is_refused() -> None:
    with pytest.raises(OperatorError, match="nothing of it is on a level"):
        imported(collection(room(box(0, 0, 30, 20), 1, name="Shop")), "osm.geojson")
