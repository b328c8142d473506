"""Layers of other programs, feature by feature: what lies on what, which storey it is of, and what each kind takes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from engine.errors import OperatorError
from engine.plan.importers.answers import DrawingAnswers
from engine.plan.importers.draft import Draft
from engine.plan.importers.formats import geojson
from engine.plan.importers.formats.geojson import import_geojson
from engine.plan.importers.notes import Notes
from tests.engine.plan.importers.drawings import Json, Spot, box, collection, feature

Told = tuple[str, str, str]


def area(*corners: float, holes: tuple[tuple[float, float, float, float], ...] = ()) -> Json:
    rings = [[list(xy) for xy in box(*at)] for at in (corners, *holes)]  # type: ignore[misc]
    return {"type": "Polygon", "coordinates": rings}


def line(*spots: Spot) -> Json:
    return {"type": "LineString", "coordinates": [list(xy) for xy in spots]}


def spot(x: float, y: float) -> Json:
    return {"type": "Point", "coordinates": [x, y]}


FLOOR = area(0, 0, 30, 20)


def drawn(*features: Json, files: int = 1, **answers: Any) -> tuple[Draft, list[Told]]:
    """The draft of one file in metres, and what is said of it as (place, reason, fix)."""
    notes = Notes("shop")
    given = {"at/shop.v2.geojson": collection(*features)} | {f"{i}.geojson": collection() for i in range(1, files)}
    draft = import_geojson(given, DrawingAnswers("shop", units="m", **answers), notes)
    return draft, [(p.place, p.reason, p.fix or "") for p in notes.problems]


def reasons(told: list[Told]) -> str:
    return "\n".join(reason for _, reason, _ in told)


def test_one_file_names_the_shop_and_several_do_not() -> None:
    floor = feature(FLOOR, layer="level")
    assert drawn(floor)[0].name == "shop.v2"
    assert drawn(floor, files=2)[0].name == ""


@pytest.mark.parametrize(
    ("second", "parts", "zones", "shelves"),
    [
        (area(2, 2, 6, 4), 1, 1, 0),  # 8 m2 are a zone
        (area(2, 2, 5.9, 4), 1, 0, 1),  # less is a shelf
        (area(-1, 0, 9, 1), 2, 0, 0),  # nine tenths of it in the other: it lies beside it
        (area(-0.9, 0, 9, 1), 1, 1, 0),
        (area(0, 0, 30, 18), 1, 1, 0),  # nine tenths of the other: a part of it
        (area(0, 0, 30, 18.1), 1, 0, 0),  # more: the same, drawn twice
        (area(0, 0, 30, 20), 1, 0, 0),
        (area(40, 0, 50, 20), 2, 0, 0),
    ],
)
def test_what_lies_in_an_outline_is_a_zone_a_shelf_or_the_same(
    second: Json, parts: int, zones: int, shelves: int
) -> None:
    draft, told = drawn(feature(FLOOR, layer="level"), feature(second, layer="level"))
    assert [len(s.parts) for s in draft.storeys] == [parts]
    assert (len(draft.of_kind("section")), len(draft.of_kind("fixture"))) == (zones, shelves)
    said = f"polygons lie on each other: the outermost is the level, {zones} in it zones, {shelves} shelves"
    assert [t for t in told if "outermost" in t[1]] == ([("(layers)", said, "")] if zones + shelves else [])


def test_of_an_outline_drawn_twice_the_first_is_meant() -> None:
    twice = [feature(area(0, 0, 30, 20), layer="level", name=name) for name in ("Ground", "Copy")]
    draft, _ = drawn(*twice)
    assert [(s.name, s.id, len(s.parts)) for s in draft.storeys] == [("Ground", "0", 1)]
    other, _ = drawn(twice[0], feature(area(0, 0, 30, 19.9), layer="level", name="Copy"))
    assert [(s.name, [p.area for p in s.parts]) for s in other.storeys] == [("Ground", [600.0])]
    larger, _ = drawn(feature(area(0, 0, 30, 19.9), layer="level"), feature(FLOOR, layer="level"))
    assert [sorted(p.area for p in s.parts) for s in larger.storeys] == [[597.0, 600.0]], "their union is the floor"


@pytest.mark.parametrize(("most", "refused"), [(3, False), (2, True)])
def test_pairs_of_polygons_that_meet_are_counted(most: int, refused: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three within each other: the middle one meets the outer one, the inner one both."""
    monkeypatch.setattr(geojson, "MOST_MEETINGS", most)
    nest = [feature(area(0, 0, side, side), layer="level") for side in (20, 10, 5)]
    if not refused:
        assert len(drawn(*nest)[0].of_kind("section")) == 2
        return
    with pytest.raises(OperatorError) as caught:
        drawn(*nest)
    (problem,) = caught.value.problems
    said = "lies on so many others that this is no floor: 2 pairs of polygons meet"
    assert (problem.place, problem.reason) == ("at/shop.v2.geojson: features[2]", said)
    assert problem.fix == "draw each zone and shelf once, or leave the layer out"


@pytest.mark.parametrize(
    ("called", "ordinals", "guessed"),
    [
        (["Niveau 2", "Niveau 1"], [2, 1], False),
        (["A", "B"], [0, 1], False),
        (["-1", "RDC"], [-1, 0], False),
        (["Étage 3", "Erdgeschoss"], [3, 0], False),
        (["2", "Rez-de-chaussée 1"], [2, 1], False),  # not its whole name
        (["200", "-20"], [200, -20], False),
        (["201", "x 1"], [0, 1], False),  # no shop has it: its place in the order
        (["5", "-21"], [5, 1], False),
        (["B", "RDC"], [0, 1], True),  # both would be the ground floor
        (["1 a", "1 b", "1 c"], [0, 1, 2], True),
    ],
)
def test_storeys_are_numbered_by_what_they_are_called(called: list[str], ordinals: list[int], guessed: bool) -> None:
    draft, told = drawn(*(feature(FLOOR, layer="level", etage=name) for name in called))
    assert [(s.id, s.ordinal, s.name) for s in draft.storeys] == list(zip(called, ordinals, called, strict=True))
    said = ("(levels)", f"which lies above which is not told: taken as {', '.join(called)}", "")
    assert (said in told) is guessed
    assert ("which lies above which" in reasons(told)) is guessed


@pytest.mark.parametrize(
    ("said", "at", "level", "doubt"),
    [
        ("B", (5, 5), "B", False),
        ("C", (5, 5), "A", False),  # there is none: by its place
        (None, (5, 5), "A", False),
        (None, (45, 5), "B", False),
        (None, (25, 5), "A", True),  # on both
        (None, (80, 5), "A", True),  # on none
    ],
)
def test_what_says_no_storey_is_on_the_one_it_lies_on(said: str | None, at: Spot, level: str, doubt: bool) -> None:
    floors = [feature(area(x, 0, x + 30, 20), layer="level", etage=name) for x, name in ((0, "A"), (20, "B"))]
    draft, told = drawn(*floors, feature(spot(*at), layer="door", etage=said))
    assert [p.level for p in draft.of_kind("opening")] == [level]
    place = "at/shop.v2.geojson: features[2]"
    told_so = (place, "does not say which level it is on: taken for the first that is there", "")
    assert (told_so in told) is doubt


def test_a_storey_of_two_parts_has_what_lies_on_either() -> None:
    floors = [
        feature(area(x, 0, x + 20, 20), layer="level", etage=name) for x, name in ((0, "A"), (30, "B"), (60, "B"))
    ]
    doors = [feature(spot(x, 5), layer="door") for x in (5, 35, 65)]
    draft, told = drawn(*floors, *doors)
    assert [p.level for p in draft.of_kind("opening")] == ["A", "B", "B"]
    assert "does not say which level" not in reasons(told)


def test_one_storey_is_that_of_everything() -> None:
    draft, told = drawn(feature(FLOOR, layer="level", etage="RDC"), feature(spot(80, 5), layer="door", etage="9"),
                        feature(spot(1, 5), layer="door", etage="RDC"))  # fmt: skip
    assert [p.level for p in draft.of_kind("opening")] == ["RDC", "RDC"]
    assert "does not say which level" not in reasons(told)


def ends(draft: Draft, kind: str = "wall") -> list[list[Spot]]:
    return [[(x, y) for x, y in piece.shape.coords] for piece in draft.of_kind(kind)]


def test_walls_are_lines_thin_areas_or_the_edges_of_areas() -> None:
    floor = feature(FLOOR, layer="level")
    draft, _ = drawn(
        floor,
        feature(line((1, 1), (4, 1), (4, 3)), layer="wall", material=" brick ", db="7,5"),
        feature(area(10, 5, 16, 6), layer="wall", matiere="verre"),  # a metre thick
        feature(area(10, 10, 16, 11.01), layer="wall"),  # no wall is as thick: its two faces and ends
        feature(area(20, 10, 28, 18, holes=((22, 12, 26, 16),)), layer="wall"),
    )
    assert ends(draft)[:3] == [[(1, 1), (4, 1)], [(4, 1), (4, 3)], [(10, 5.5), (16, 5.5)]]
    pieces = Counter(int(p.place.split("[")[1].rstrip("]")) for p in draft.of_kind("wall"))
    assert pieces == {1: 2, 2: 1, 3: 4, 4: 8}
    assert [p.properties for p in draft.of_kind("wall")[:4]] == [
        {"attenuation_db": 7.5, "material": "brick"}, {"attenuation_db": 7.5, "material": "brick"},
        {"material": "verre"}, {},
    ]  # fmt: skip


def test_shelves_are_areas_with_ids_names_losses_and_what_their_layer_or_their_kind_says() -> None:
    draft, told = drawn(
        feature(FLOOR, layer="level"),
        feature(area(1, 1, 2, 5), layer="rack", code="12", nom="Tea", attenuation_db=3),
        feature(line(*box(4, 1, 5, 5)), layer="rack", code="A7"),
        feature(area(7, 1, 7.4, 1.4), layer="columns", code="P"),
        feature(spot(9, 1), layer="rack", code="B"),
        feature(line((9, 1), (9, 4)), layer="rack", code="C"),
        layers={"rack": "fixture"},
    )
    assert [(p.shape.bounds, p.properties) for p in draft.of_kind("fixture")] == [
        ((1, 1, 2, 5), {"id": "rack-12", "name": "Tea", "category": "gondola", "attenuation_db": 3.0}),
        ((4, 1, 5, 5), {"id": "A7", "category": "gondola"}),
        ((7, 1, 7.4, 1.4), {"id": "P", "category": "pillar"}),
    ]
    assert draft.counts == {"columns": 1}
    left = ("rack", "a shelf is an outline: open lines and points of this layer are left out", "")
    assert left in told


def test_zones_have_their_names_their_ids_or_numbers() -> None:
    floor = feature(FLOOR, layer="level")
    named, told = drawn(floor, *(feature(area(x, 1, x + 4, 5), layer="zones", code=f"Z{x}", nom=name)
                                 for x, name in ((1, "Fruits & légumes"), (6, None))))  # fmt: skip
    assert [p.properties for p in named.of_kind("section")] == [
        {"id": "fruits-legumes", "name": "Fruits & légumes"}, {"id": "z6", "name": "Z6"},
    ]  # fmt: skip
    told_so = ("zones", "a zone has no name, and gets a number", "write section names that people read")
    assert told_so in told
    bare, _ = drawn(floor, *(feature(area(x, 1, x + 4, 5), layer="zones") for x in (1, 6, 11)))
    assert [p.properties for p in bare.of_kind("section")] == [
        {"id": f"zone-{i}", "name": f"Zone {i}"} for i in (1, 2, 3)
    ]
    all_named, told = drawn(floor, *(feature(area(x, 1, x + 4, 5), layer="zones", code="same", nom=f"N {x}")
                                     for x in (1, 6)))  # fmt: skip
    assert [p.properties["id"] for p in all_named.of_kind("section")] == ["n-1", "n-6"]
    assert "no identifier" not in reasons(told), "ids are not looked at where all have names"


def test_openings_are_points_or_lines_of_what_any_of_their_words_says() -> None:
    draft, _ = drawn(
        feature(FLOOR, layer="level"),
        feature(spot(3, 0), layer="doors"),
        feature(line((6, 0), (8, 0)), layer="doors", nom="Nord", remarque="sortie"),
        feature(area(10, 1, 12, 3), layer="doors", nom="Caisse 4"),
        feature(spot(20, 0), layer="doors", nom="Drive"),
        layers={"doors": "opening"},
    )
    assert [(p.shape.geom_type, p.properties) for p in draft.of_kind("opening")] == [
        ("Point", {"category": "entrance"}), ("LineString", {"id": "nord", "category": "exit"}),
        ("Point", {"id": "caisse-4", "category": "checkout"}), ("Point", {"id": "drive", "category": "drive"}),
    ]  # fmt: skip
    assert (draft.of_kind("opening")[2].shape.x, draft.of_kind("opening")[2].shape.y) == (11, 2)


def test_access_points_are_points_called_by_their_mac_their_id_or_their_name() -> None:
    draft, told = drawn(
        feature(FLOOR, layer="level"),
        feature(spot(3, 3), layer="wifi", code="7", nom="Till", mac="02-00-5E-00-53-0A", hauteur="2,5 m"),
        feature({"type": "Point", "coordinates": [6, 3, 3.5]}, layer="wifi", code="8", nom="Back"),
        feature({"type": "Point", "coordinates": [9, 3, 3.5]}, layer="wifi", code="x9", z_m=0),
        feature(line((1, 1), (2, 2)), layer="wifi", code="10"),
        layers={"wifi": "access_point"},
    )
    assert [p.properties for p in draft.of_kind("access_point")] == [
        {"id": "02:00:5e:00:53:0a", "name": "Till", "z_m": 2.5}, {"id": "wifi-8", "name": "Back", "z_m": 3.5},
        {"id": "x9", "z_m": 0.0},
    ]  # fmt: skip
    lacks = [t for t in told if "no property holds a MAC" in t[1]]
    assert lacks == [
        ("at/shop.v2.geojson: features[2], at/shop.v2.geojson: features[3]",
         "no property holds a MAC: the id is what sources have to call it by", "give each its MAC as id, or in macs")
    ]  # fmt: skip
    assert ("at/shop.v2.geojson: features[4]", "an access point is a point: left out", "") in told
    nameless, _ = drawn(feature(FLOOR, layer="level"), feature(spot(3, 3), layer="wifi", nom="By the Till"))
    assert [p.properties["id"] for p in nameless.of_kind("access_point")] == ["by-the-till"]


def test_without_walls_the_outlines_of_all_storeys_are_the_outer_ones() -> None:
    draft, told = drawn(
        feature(area(0, 0, 30, 20, holes=((10, 5, 14, 9),)), layer="level", etage="0"),
        feature(area(0, 0, 9, 9), layer="level", etage="1"), feature(area(9, 0, 12, 9), layer="level", etage="1"),
    )  # fmt: skip
    assert Counter((p.level, p.properties["material"]) for p in draft.of_kind("wall")) == {
        ("0", "exterior"): 8, ("1", "exterior"): 6,
    }  # fmt: skip
    said = ("(layers)", "no layer holds walls: the outline is taken for the outer ones", "--layer NAME=wall")
    assert said in told


def test_walls_are_an_outline_where_no_layer_is_one_and_what_is_none_is_refused() -> None:
    draft, told = drawn(feature(line(*box(0, 0, 30, 20)), layer="wall"), feature(area(1, 1, 2, 2), layer="rack"))
    assert [(s.id, s.ordinal, s.name, s.parts[0].area) for s in draft.storeys] == [("0", 0, "0", 600.0)]
    assert ("(layers)", "no layer is an outline: it is drawn around the walls", "--layer NAME=level") in told
    assert "the outline is taken for the outer ones" not in reasons(told)
    with pytest.raises(OperatorError) as caught:
        drawn(feature(area(1, 1, 2, 2), layer="rack"), feature(spot(1, 1), layer="wifi"))
    (problem,) = caught.value.problems
    assert (problem.file, problem.place, problem.reason, problem.fix) == (
        "shop", "(layers)", "none of 'rack', 'wifi' is an outline of the shop", "--layer NAME=level says which",
    )  # fmt: skip
