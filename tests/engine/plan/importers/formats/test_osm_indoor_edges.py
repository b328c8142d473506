"""Indoor tags one by one: which storeys there are, what each tag becomes on them, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest
from shapely.geometry import LineString, Point, Polygon

from engine.errors import OperatorError
from engine.plan.importers.draft import Draft
from engine.plan.importers.formats.layers import Feature, Layer
from engine.plan.importers.formats.osm_indoor import draw_osm_indoor, is_osm_indoor, levels_of
from engine.plan.importers.geometry import Shape
from engine.plan.importers.notes import Notes
from tests.engine.plan.importers.drawings import box

Told = tuple[str, str, str]
ROOM, SPOT, LINE = Polygon(box(0, 0, 9, 9)), Point(3, 3), LineString([(0, 0), (5, 0)])


def row(shape: Shape, own: str = "way/1", /, **tags: Any) -> Feature:
    """Of key `a__b` becomes the tag `a:b`."""
    return Feature("row", shape, {key.replace("__", ":"): value for key, value in tags.items()}, None, own)


def drawn(*features: Feature) -> tuple[Draft, list[Told]]:
    notes = Notes("osm")
    draft = Draft(notes)
    draw_osm_indoor([Layer("osm", [*features])], draft)
    return draft, [(p.place, p.reason, p.fix or "") for p in notes.problems]


def storeys(draft: Draft) -> list[tuple[str, int, list[float]]]:
    return [(s.id, s.ordinal, [part.area for part in s.parts]) for s in draft.storeys]


@pytest.mark.parametrize(
    ("tags", "is_one"),
    [({"indoor": "room"}, True), ({"building__levels": "2"}, True), ({"building": "retail"}, False), ({}, False)],
)
def test_indoor_maps_are_known_by_any_feature_of_theirs(tags: dict[str, str], is_one: bool) -> None:
    assert is_osm_indoor([Layer("a", [row(ROOM)]), Layer("b", [row(ROOM), row(ROOM, **tags)])]) is is_one


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("0-60", [*range(61)]), ("0-61", []), ("1-1", []), ("-1 - 1", [-1, 0, 1]), ("0.5-2.5", [0.5, 1.5, 2.5]),
        ("0-1.5", [0, 1]), (" 2 ;; 3 ", [2, 3]), ("1;1-2;0", [1, 2, 0]), ("0;x", []), ("0.123", []), ("0.25", [0.25]),
    ],
)  # fmt: skip
def test_lists_ranges_and_fractions(text: str, levels: list[float]) -> None:
    assert levels_of(text) == levels


def test_levels_are_those_of_both_tags_and_tags_may_be_nested() -> None:
    nested = row(ROOM, tags={"indoor": "room", "level": " 1 ", "repeat_on": "3;1", "name": "Tea"}, indoor="x")
    draft, _ = drawn(nested)
    assert [(p.level, p.properties["name"]) for p in draft.of_kind("section")] == [("1", "Tea"), ("3", "Tea")]


@pytest.mark.parametrize(
    ("levels", "found", "numbered"),
    [
        ("0;1;2", [("0", 0), ("1", 1), ("2", 2)], False),
        ("-1;0", [("-1", -1), ("0", 0)], False),
        ("1;2", [("1", 0), ("2", 1)], False),  # nothing at the ground: the lowest above it is
        ("-2;-1", [("-2", 0), ("-1", 1)], False),  # all below: the lowest
        ("0;0.5", [("0", 0), ("0.5", 1)], True),
        ("-1;1", [("-1", -1), ("1", 0)], False),
        ("0;3", [("0", 0), ("3", 1)], True),  # some are missing between
    ],
)
def test_storeys_are_numbered_in_their_order_from_the_ground(
    levels: str, found: list[tuple[str, int]], numbered: bool
) -> None:
    draft, told = drawn(row(ROOM, indoor="room", level=levels, name="Tea"))
    assert [(s.id, s.ordinal) for s in draft.storeys] == found
    assert [s.name for s in draft.storeys] == [own for own, _ in found]
    listed = ", ".join(f"{own} is {ordinal}" for own, ordinal in found)
    said = f"are numbered in their order, from 0 at the ground: {listed}"
    assert (("levels", said, "change ordinal where wrong") in told) is numbered


OUTLINE = Polygon(box(0, 0, 50, 30))
BUILDING = row(OUTLINE, building="retail", name="Mall", building__levels="1")


def test_a_storeys_outline_is_the_level_drawn_or_the_buildings_or_its_rooms() -> None:
    level = row(Polygon(box(0, 0, 20, 20)), indoor="level", level="0")
    rooms = [row(ROOM, indoor=word, level="0;1") for word in ("room", "area", "corridor", "yes")]
    stairs = row(Polygon(box(0, 0, 2, 2)), stairs="yes", level="0;1")
    draft, told = drawn(BUILDING, level, *rooms, stairs)
    assert storeys(draft) == [("0", 0, [400.0]), ("1", 1, [81.0] * 4 + [4.0])]
    said = ("level 1", "the building does not reach it: its rooms are its outline", "draw indoor=level")
    assert [t for t in told if "does not reach it" in t[1]] == [said]
    assert storeys(drawn(BUILDING, *rooms)[0])[0] == ("0", 0, [1500.0])
    other = row(OUTLINE, building="retail", building__levels="1", indoor="room", level="0")
    assert storeys(drawn(other)[0]) == [("0", 0, [1500.0])], "a room, whatever else it is"
    assert drawn(row(SPOT, building="yes", name="Point"), BUILDING, *rooms)[0].name == "Mall"


def test_a_level_without_outline_is_left_out() -> None:
    draft, told = drawn(BUILDING, row(ROOM, indoor="room", level="0"), row(LINE, indoor="wall", level="2"),
                        row(SPOT, indoor="room", level="3", name="Point"))  # fmt: skip
    assert [s.id for s in draft.storeys] == ["0"]
    said = "level 2, level 3", "holds no room and no outline, and is left out", "draw indoor=level"
    assert said in told


@pytest.mark.parametrize(
    ("tags", "reached"),
    [
        ({"building__levels": "2"}, "0 1"),
        ({"building__levels": "2", "min_level": "1"}, "1 2"),
        ({"building__levels": "3", "building__min_level": "1"}, "1 2"),  # the level that is not there is counted
        ({"building__levels": "2", "building__min_level": "1"}, "1"),
        ({"building__levels": "1", "building__min_level": "1"}, ""),
        ({"building__levels": "2", "min_level": "-1"}, "-1 0 1"),  # those under the ground are not
        ({"building__levels": "2", "min_level": "-1", "building__min_level": "1"}, "-1 0"),
        ({"building__levels": "2", "min_level": "-1", "building__levels__underground": "1"}, "-1 0 1"),
        ({"building__levels": "2", "building__levels__underground": "2"}, "-2 -1 0 1"),
        ({"building__levels": "0", "building__levels__underground": "1"}, "-1"),
        ({"max_level": "1"}, "0 1"),
        ({"max_level": "1", "building__levels": "9"}, "0 1"),
        ({"min_level": "2"}, "2 3"),
        ({"min_level": "x", "max_level": "1.5"}, "0 1 2 3"),
        ({"building__levels__underground": "1", "max_level": "0"}, "-1 0"),
        ({"building__levels": "0"}, "0 1 2 3"),
        ({"max_level": "-1", "min_level": "-2"}, "-2 -1"),
    ],
)
def test_which_levels_a_building_has(tags: dict[str, str], reached: str) -> None:
    levels = "-2;-1;0;1;2;3"
    draft, _ = drawn(row(OUTLINE, building="retail", **tags), row(ROOM, indoor="room", level=levels))
    assert " ".join(own for own, _, areas in storeys(draft) if areas == [1500.0]) == reached
    half, _ = drawn(row(OUTLINE, building="retail"), row(ROOM, indoor="room", level="0.5"))
    assert storeys(half) == [("0.5", 0, [81.0])], "buildings have whole levels"


@pytest.mark.parametrize(
    ("rooms", "said"),
    [
        ([{"indoor": "room", "room": "stairs"}], True),
        ([{"indoor": "room", "room": "stairs"}, {"indoor": "area"}], False),
        ([{"indoor": "area"}], False),
        ([{"highway": "elevator"}], True),
        ([{"indoor": "level"}], False),
    ],
)
def test_a_level_of_nothing_but_stairs_is_told_of(rooms: list[dict[str, str]], said: bool) -> None:
    _, told = drawn(*(row(ROOM, level="0", **tags) for tags in rooms))
    told_so = ("level 0", "holds nothing but stairs or a lift", "leave it out if nobody shops there")
    assert (told_so in told) is said


@pytest.mark.parametrize(
    ("tags", "category"),
    [
        ({"room": "stairs"}, "stairs"), ({"stairs": "yes"}, "stairs"), ({"highway": "steps"}, "stairs"),
        ({"highway": "elevator"}, "elevator"), ({"room": "elevator"}, "elevator"), ({"elevator": "yes"}, "elevator"),
        ({"conveying": "yes"}, "escalator"), ({"room": "escalator"}, "escalator"), ({"highway": "footway"}, None),
        ({"stairs": "no"}, None),
    ],
)  # fmt: skip
def test_what_joins_levels(tags: dict[str, str], category: str | None) -> None:
    draft, _ = drawn(BUILDING, row(ROOM, indoor="room", level="0"), row(SPOT, "node/7", level="0", **tags),
                     row(LINE, level="0", **tags))  # fmt: skip
    if category is None:
        assert draft.risers == []
        return
    [riser] = draft.risers
    assert riser.properties == {"name": category.capitalize(), "category": category}
    assert (riser.kind, riser.level, riser.place) == ("section", "0", "node/7")
    assert riser.shape.bounds == pytest.approx((2, 2, 4, 4)), "a metre around a point"
    area = drawn(row(ROOM, level="0", name="North", **tags))[0].risers
    assert [(p.shape, p.properties["name"]) for p in area] == [(ROOM, "North")]


@pytest.mark.parametrize(
    ("tags", "category"),
    [
        ({"indoor": "shelf"}, "gondola"), ({"indoor": "shelves"}, "gondola"), ({"indoor": "column"}, "pillar"),
        ({"indoor": "pillar"}, "pillar"), ({"indoor": "counter"}, "counter"), ({"indoor": "furniture"}, "furniture"),
        ({"shop": "supermarket:shelf"}, "gondola"),
    ],
)  # fmt: skip
def test_shelves_and_pillars_are_areas(tags: dict[str, str], category: str) -> None:
    floor = row(OUTLINE, indoor="level", level="0")
    draft, _ = drawn(floor, row(ROOM, "way/5", level="0", name="A", **tags), row(LINE, level="0", **tags),
                     row(SPOT, level="0", **tags))  # fmt: skip
    [shelf] = draft.of_kind("fixture")
    assert (shelf.shape, shelf.place, shelf.properties) == (ROOM, "way/5", {"name": "A", "category": category})
    assert draft.counts == ({"columns": 1} if category == "pillar" else {"columns": 0})


def test_rooms_with_a_name_are_zones_by_what_they_sell_or_are() -> None:
    draft, _ = drawn(
        row(ROOM, indoor="area", level="0", name="Tea", shop="tea"),
        row(ROOM, indoor="corridor", level="0", name="Way"),
        row(ROOM, indoor="room", level="0"), row(LINE, indoor="room", level="0", name="Line"),
        row(ROOM, indoor="level", level="0", name="Floor"),
    )  # fmt: skip
    assert [p.properties for p in draft.of_kind("section")] == [
        {"name": "Tea", "category": "tea"}, {"name": "Way", "category": "corridor"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("tags", "category"),
    [
        ({"door": "hinged"}, "entrance"), ({"entrance": "main"}, "entrance"), ({"entrance": "exit"}, "exit"),
        ({"entrance": "emergency"}, "exit"), ({"door": "emergency"}, "exit"), ({"door": "no"}, None),
        ({"door": "no", "entrance": "yes"}, "entrance"), ({"shop": "tea"}, None),
    ],
)  # fmt: skip
def test_doors_are_points_or_lines(tags: dict[str, str], category: str | None) -> None:
    floor = row(OUTLINE, indoor="level", level="0")
    draft, _ = drawn(floor, *(row(shape, level="0", **tags) for shape in (SPOT, LINE, ROOM)))
    found = [(p.shape, p.properties["category"]) for p in draft.of_kind("opening")]
    assert found == ([] if category is None else [(SPOT, category), (LINE, category)])


@pytest.mark.parametrize(("levels", "on"), [("-1;0;1", "0"), ("1;2", "1"), ("-2;-1", "-2")])
def test_a_door_without_a_level_is_at_the_ground_and_a_room_is_left_out(levels: str, on: str) -> None:
    draft, told = drawn(
        row(ROOM, indoor="room", level=levels), row(SPOT, "node/1", entrance="yes"), row(LINE, "way/2", door="yes"),
        row(ROOM, "way/3", indoor="room", level="upstairs"), row(SPOT, "", elevator="yes"),
    )  # fmt: skip
    assert [(p.place, p.level) for p in draft.of_kind("opening")] == [("node/1", on)]
    assert ("node/1", f"a door without a level is taken to be on level {on}", "tag it level=*") in told
    left = "has no level that can be read, and is left out", "tag it level=0, or level=0;1"
    assert ("way/3, row", *left) in told, "lines of doors are no rooms"


def test_walls_are_lines_thin_areas_or_the_edge_of_areas() -> None:
    thick = Polygon(box(0, 0, 9, 1.1))
    draft, _ = drawn(
        row(OUTLINE, indoor="level", level="0"), row(LINE, "way/1", indoor="wall", level="0", material="brick"),
        row(Polygon(box(0, 0, 9, 1)), "way/2", indoor="wall", level="0"), row(thick, "way/3", indoor="wall", level="0"),
        row(SPOT, "way/4", indoor="wall", level="0"),
    )  # fmt: skip
    found = [(p.place, [*p.shape.coords], p.properties) for p in draft.of_kind("wall")]
    assert found[0] == ("way/1", [(0, 0), (5, 0)], {"material": "brick"})
    assert (found[1][0], sorted(found[1][1]), found[1][2]) == ("way/2", [(0, 0.5), (9, 0.5)], {})
    assert [place for place, _, _ in found[2:]] == ["way/3"] * 4


def test_what_is_not_on_the_map_is_said_where_it_is_so() -> None:
    wifi = ("internet_access", "says that there is Wi-Fi, not where an access point hangs: left out", "")
    none = ("(whole file)", "OpenStreetMap knows no access points: the plan has none", "")
    bare = drawn(row(ROOM, indoor="room", level="0"))[1]
    assert none in bare
    assert wifi not in bare
    assert wifi in drawn(row(ROOM, indoor="room", level="0"), row(SPOT, internet_access="wlan"))[1]
    with pytest.raises(OperatorError) as caught:
        drawn(row(ROOM, indoor="room"), row(SPOT, entrance="yes", level="0"))
    (problem,) = caught.value.problems
    assert (problem.place, problem.reason, problem.fix) == (
        "(whole file)", "nothing of it is on a level", "tag indoor features with level=*",
    )  # fmt: skip
