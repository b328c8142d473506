"""What a layer is taken for, by an operator, its name or its shapes; and what its features say of themselves."""

from __future__ import annotations

from typing import Any

import pytest
from shapely.geometry import LineString, Point, Polygon

from engine.errors import OperatorError
from engine.plan.importers.answers import DrawingAnswers
from engine.plan.importers.formats.layer_kinds import (
    IDS,
    KINDS_IN,
    LEVELS,
    NAMES,
    ids_of,
    kinds_of,
    mac_of,
    name_of,
    names_of,
    number_in,
    split_layer,
    value_of,
)
from engine.plan.importers.formats.layers import Feature, Layer
from engine.plan.importers.geometry import Shape
from engine.plan.importers.notes import Notes
from tests.engine.plan.importers.drawings import box

POINT, LINE = Point(1, 1), LineString([(0, 0), (5, 0)])
RING = LineString(box(0, 0, 4, 3))
MAC = "02-00-5E-00-53-01"


def square(m2: float) -> Polygon:
    return Polygon(box(0, 0, m2, 1))


def row(shape: Shape = POINT, place: str = "", /, **properties: Any) -> Feature:
    return Feature(place or f"row {id(shape)}", shape, properties, None)


def layer(name: str, *shapes: Shape, **properties: Any) -> Layer:
    return Layer(name, [row(shape, f"row {i}", **properties) for i, shape in enumerate(shapes)])


def taken(*layers: Layer, **said: str) -> tuple[list[str], list[tuple[str, str, str]]]:
    """What each layer is taken for, and what is said of it."""
    notes = Notes("shop")
    found = kinds_of([*layers], DrawingAnswers("shop", layers=said), notes)
    assert [of for of, _ in found] == [*layers]
    return [kind for _, kind in found], [(p.place, p.reason, p.fix or "") for p in notes.problems]


# ---- one file of several layers


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["wall", "wall", "door"], {"wall": 2, "door": 1}),
        (["wall", "x7"], {"wall": 1, "x7": 1}),  # half of them are known
        (["wall", "x7", "x8"], {"plan": 3}),
        (["wall", None], {"wall": 1, "plan": 1}),  # what says nothing is the file's
        (["access_point", "x7"], {"access_point": 1, "x7": 1}),
        (["", ""], {"plan": 2}),
    ],
)
@pytest.mark.parametrize("key", ["layer", "Calque", "TIP"])
def test_features_that_say_what_they_are_make_as_many_layers(
    words: list[str | None], parts: dict[str, int], key: str
) -> None:
    whole = Layer("plan", [row(POINT, str(i), **{key: word}) for i, word in enumerate(words)])
    assert {part.name: len(part.features) for part in split_layer(whole)} == parts


def test_the_first_property_that_tells_is_meant_and_else_the_shapes_do() -> None:
    told = Layer("plan", [row(POINT, "a", layer="c1", type="wall"), row(POINT, "b", layer="c2", type="door")])
    assert [part.name for part in split_layer(told)] == ["wall", "door"]
    told.features[0].properties["feature_type"] = "zone"
    assert [part.name for part in split_layer(told)] == ["zone", "plan"]
    mixed = layer("plan", POINT, LINE, POINT, square(3))
    assert [(p.name, [f.place for f in p.features]) for p in split_layer(mixed)] == [
        ("plan", ["row 0", "row 2"]), ("plan", ["row 1"]), ("plan", ["row 3"]),
    ]  # fmt: skip
    assert split_layer(Layer("none")) == []


# ---- what a layer holds


@pytest.mark.parametrize(
    ("name", "shapes", "kind"),
    [
        ("wall", [LINE, LINE], "wall"),
        ("wall", [square(3)], "wall"),
        ("wall", [POINT], "ignore"),  # no points are walls
        ("shop", [RING, LINE, RING], "level"),  # most of its lines close
        ("shop", [RING, LINE], "wall"),
        ("rack", [RING], "fixture"),
        ("zone", [RING], "section"),
        ("door", [RING], "opening"),
        ("door", [POINT], "opening"),
        ("door", [square(3), square(3)], "level"),
        ("wifi", [POINT], "access_point"),
        ("wifi", [POINT, POINT, LINE], "access_point"),
        ("wifi", [POINT, LINE], "wall"),
        ("texte", [POINT], "ignore"),
        ("rayon murs", [square(3)], "wall"),  # the most telling word's
        ("zone magasin", [square(3)], "section"),
        ("points_wifi_magasin", [square(3)], "level"),  # the next word's, where shapes cannot be the first one's
    ],
)
def test_a_layer_is_what_its_name_says_where_its_shapes_can_be(name: str, shapes: list[Shape], kind: str) -> None:
    assert taken(layer(name, *shapes)) == (
        [kind], [("(layers)", f"taken: {name!r} as {kind}", "--layer NAME=KIND says otherwise")],
    )  # fmt: skip


@pytest.mark.parametrize(("others", "kind"), [(0, "access_point"), (1, "access_point"), (2, "ignore"), (3, "ignore")])
def test_most_points_with_a_mac_are_access_points(others: int, kind: str) -> None:
    whole = layer("x", *[POINT] * (2 + others))
    for feature in whole.features[:2]:
        feature.properties["station"] = MAC
    assert taken(whole)[0] == [kind]


@pytest.mark.parametrize(
    ("shapes", "kind"),
    [
        ([POINT, POINT], "ignore"),
        ([POINT, LINE], "wall"),
        ([square(20), LINE], "wall"),  # no more than half are areas
        ([square(20), LINE, square(20)], "section"),
        ([square(8), square(8)], "section"),
        ([square(7.9), square(7.9)], "fixture"),
        ([square(1), square(7), square(30)], "fixture"),  # by the middle one
        ([square(1), square(9), square(9)], "section"),
        ([square(6), square(10)], "section"),
        ([square(5), square(10)], "fixture"),
    ],
)
def test_what_a_nameless_layer_looks_like(shapes: list[Shape], kind: str) -> None:
    assert taken(layer("x", *shapes), layer("level", square(100)))[0] == [kind, "level"]


@pytest.mark.parametrize(
    ("own", "other", "kind"),
    [(90, 100, "level"), (89, 100, "section"), (100, 1, "level"), (100, 100, "level"), (7, 7, "level"),
     (7, 8, "fixture")],
)  # fmt: skip
def test_the_largest_area_is_the_floor_where_nothing_else_says_so(own: float, other: float, kind: str) -> None:
    assert taken(layer("x", square(own), square(own)), layer("zone", square(other)))[0] == [kind, "section"]
    assert "level" not in taken(layer("x", square(own), square(own)), layer("shop", square(other)))[0][:1]


def test_the_operators_word_counts_for_the_shapes_it_can_be_of() -> None:
    kinds, told = taken(layer("Dessin", POINT), layer("Dessin", square(200)), layer("zone", square(3)), dessin="level")
    assert kinds == ["ignore", "level", "section"]
    assert told == [("(layers)", "taken: 'zone' as section", "--layer NAME=KIND says otherwise")]
    assert taken(layer("A", POINT), layer("B", square(9)), a="level")[0] == ["level", "section"], "no twin is meant"
    assert taken(layer("A", POINT), a="wall") == (["wall"], [])
    assert taken(layer("A", square(9)), a="ignore") == (["ignore"], [])
    assert taken(layer("A", POINT), layer("A", LINE), a="ignore")[0] == ["ignore", "ignore"]


def test_a_layer_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(OperatorError) as caught:
        taken(layer("A", POINT), layer("A", LINE), layer("Murs", LINE), a="wall", mur="wall")
    (problem,) = caught.value.problems
    assert (problem.file, problem.place, problem.reason, problem.fix) == (
        "shop", "--layer", "there is no layer 'mur'", "layers are 'A', 'Murs'",
    )  # fmt: skip


def test_long_lists_are_cut() -> None:
    layers = [layer(f"wall {i}", LINE) for i in range(14)]
    assert names_of(layers) == ", ".join(f"'wall {i}'" for i in range(8)) + " and 6 more"
    [(_, reason, _)] = taken(*layers)[1]
    assert reason == "taken: " + ", ".join(f"'wall {i}' as wall" for i in range(12)) + " and 2 more"


# ---- what a feature says


def test_a_property_is_known_by_any_of_its_names() -> None:
    assert value_of(row(Étage=None, NIVEAU=2), LEVELS) == 2
    assert value_of(row(niveau=2, Étage="3"), LEVELS) == "3", "the first of the names, not of the properties"
    assert value_of(row(**{"Feature Type": "x", "layer": "y"}), KINDS_IN) == "x"
    assert value_of(row(level=0), LEVELS) == 0
    assert value_of(row(), LEVELS) is None
    assert name_of(row(title=" A\n", Label="B")) == "B"
    assert (name_of(row(nom=7)), name_of(row(name=[1])), name_of(row())) == ("7", "", "")
    assert (NAMES[0], IDS[0], LEVELS[0]) == ("name", "code", "level")


def test_a_mac_is_the_first_that_is_one() -> None:
    assert mac_of(row(a=3, b="x", c=MAC, d="02:00:5e:00:53:02")) == "02:00:5e:00:53:01"
    assert mac_of(row(a="02005e005301")) == "02:00:5e:00:53:01"
    assert (mac_of(row(a="00:00:00:00:00:00")), mac_of(row(a=20_000_000_000)), mac_of(row())) == (None, None, None)


@pytest.mark.parametrize(
    ("said", "number"),
    [
        (3, 3.0), (2.5, 2.5), ("3", 3.0), ("3,2 m", 3.2), (" 3.25m ", 3.25), ("-7.5 dB", -7.5), ("-2", -2.0),
        ("3,2 cm", None), ("3.2.1", None), ("3,", None), ("about 3", None), ("", None), (True, None), (None, None),
        (float("nan"), None), (1e12, None), ([3], None),
    ],
)  # fmt: skip
def test_a_number_may_be_written_with_its_unit(said: Any, number: float | None) -> None:
    assert number_in(row(haut=said), ["z_m", "haut"]) == number


@pytest.mark.parametrize(
    ("rows", "ids", "no_identifier"),
    [
        ([{"code": "A", "id": 1}, {"code": "B", "id": 2}], ["A", "B"], []),
        ([{"code": "A", "id": 1}, {"code": "A", "id": 2}], ["murs-1", "murs-2"], ["code"]),
        ([{"code": "A", "id": 1}, {"code": None, "id": 2}], ["murs-1", "murs-2"], ["code"]),
        ([{"code": "A", "id": 1}, {"code": "A", "id": 1}], ["", ""], ["code", "id"]),
        ([{"nr": 7}, {"nr": "7b"}], ["murs-7", "7b"], []),
        ([{}, {}], ["", ""], []),
        ([{"fid": 0}, {"fid": 1}], ["murs-0", "murs-1"], []),
    ],
)
def test_ids_are_the_first_property_that_tells_features_apart(
    rows: list[dict[str, Any]], ids: list[str], no_identifier: list[str]
) -> None:
    notes = Notes("shop")
    features = [row(POINT, f"row {i}", **properties) for i, properties in enumerate(rows)]
    assert ids_of(Layer("Murs", features), notes) == ids
    assert [(p.place, p.reason) for p in notes.problems] == [
        ("Murs", f"property {key!r} is the same on several features: it is no identifier") for key in no_identifier
    ]


def test_parts_of_one_feature_share_its_id() -> None:
    parts = [row(LINE, "row 0", code="A"), row(RING, "row 0", code="A"), row(LINE, "row 1", code="B" * 120)]
    assert ids_of(Layer("Murs", parts), Notes("shop")) == ["A", "A", "B" * 100]
