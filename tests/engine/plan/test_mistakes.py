"""Each mistake alone yields exactly its problem, with its place; several yield all of theirs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import OperatorError
from engine.plan.load import check_plan, load_plan
from engine.plan.model import Plan
from tests.engine.plan.sketch import (
    AP,
    AP2,
    FIXTURE,
    LEVEL,
    OPENING,
    PRODUCTS,
    SECTION,
    WALL,
    Json,
    feature,
    ring,
    shop,
    write,
)
from tests.examples import examples

Change = Callable[[Json], object]


def put(*path: Any) -> Change:
    """Sets the value (last) at a path of keys and indices."""

    def change(raw: Json) -> None:
        *where, last, value = path
        node: Any = raw
        for key in where:
            node = node[key]
        node[last] = value

    return change


def drop(*path: Any) -> Change:
    """Removes what is at a path."""

    def change(raw: Json) -> None:
        *where, last = path
        node: Any = raw
        for key in where:
            node = node[key]
        del node[last]

    return change


def prop(index: int, key: str, value: Any) -> Change:
    """Sets a property of a feature."""
    return put("features", index, "properties", key, value)


def shape(index: int, value: Any) -> Change:
    """Sets the coordinates of a feature."""
    return put("features", index, "geometry", "coordinates", value)


def add(made: Json) -> Change:
    """Appends a feature."""
    return lambda raw: raw["features"].append(made)


BOW_TIE = [[[3, 3], [6, 4], [6, 3], [3, 4], [3, 3]]]

# (change, place, words of the reason, words of what would be right)
MISTAKES: list[tuple[Change, str, str, str]] = [
    (put("type", "Feature"), "type", "'Feature' is not FeatureCollection", "FeatureCollection"),
    (put("name", "x"), "(top).name", "not known", "remove it"),
    (drop("rayon"), "rayon", "is missing", "version"),
    (put("rayon", 3), "rayon", "3 is not an object", "store"),
    (put("rayon", "version", 2), "rayon.version", "2 is not a version", "1"),
    (put("rayon", "version", True), "rayon.version", "True is not a version", "1"),
    (drop("rayon", "store"), "rayon.store", "is missing", "required"),
    (put("rayon", "store", "a/b"), "rayon.store", "'a/b' is not of the form", "supermarket"),
    (put("rayon", "name", "  "), "rayon.name", "is empty", "characters"),
    (put("rayon", "name", "a\nb"), "rayon.name", "control character", "plain text"),
    (put("rayon", "name", "a\ufffe"), "rayon.name", "control character", "plain text"),
    (put("rayon", "timezone", "Europe/Pariss"), "rayon.timezone", "'Europe/Pariss' is not a time zone", "Europe/Paris"),
    (put("rayon", "timezone", "../etc/passwd"), "rayon.timezone", "is not a time zone", "Europe/Paris"),
    (put("rayon", "timezone", 1), "rayon.timezone", "1 is not a time zone", "Europe/Paris"),
    (put("rayon", "currency", "euro"), "rayon.currency", "'euro' is not a currency", "EUR"),
    (put("rayon", "currency", "EUX"), "rayon.currency", "'EUX' is not a currency", "EUR"),
    (put("rayon", "curency", "EUR"), "rayon.curency", "not known", "did you mean 'currency'?"),
    (put("rayon", "anchor", "lat", 95), "rayon.anchor.lat", "95 is out of range", "-90 to 90"),
    (drop("rayon", "anchor", "lon"), "rayon.anchor.lon", "is missing", "required"),
    (put("rayon", "anchor", []), "rayon.anchor", "[] is not an object", "lon"),
    (put("features", {}), "features", "{} is not a list", "list of features"),
    (put("features", AP, 7), "features[5]", "7 is not a Feature", "geometry"),
    (put("features", AP, "type", "Point"), "features[5].type", "'Point' is not Feature", "Feature"),
    (put("features", AP, "colour", "red"), "features[5].colour", "not known", "remove it"),
    (put("features", AP, "properties", None), "features[5].properties", "None is not an object", "feature_type"),
    (
        prop(AP, "feature_type", "acces_point"),
        "features[5].properties.feature_type",
        "'acces_point' is not a feature type",
        "did you mean 'access_point'?",
    ),
    (
        drop("features", WALL, "properties", "feature_type"),
        "features[1].properties.feature_type",
        "is missing",
        "one of: access_point",
    ),
    (prop(AP, "z", 2), "features[5].properties.z", "not known", "z_m"),
    (drop("features", AP, "properties", "z_m"), "features[5].properties.z_m", "is missing", "required"),
    (prop(AP, "z_m", "2.8"), "features[5].properties.z_m", "'2.8' is not a number", "0 to 60"),
    (prop(AP, "z_m", True), "features[5].properties.z_m", "True is not a number", "0 to 60"),
    (prop(AP, "z_m", -1), "features[5].properties.z_m", "-1 is out of range", "0 to 60"),
    (prop(AP, "z_m", float("nan")), "features[5].properties.z_m", "nan is not a finite number", "0 to 60"),
    (prop(AP, "exponent", 0), "features[5].properties.exponent", "0 is out of range", "0.5 to 10"),
    (prop(AP, "p0_dbm", float("-inf")), "features[5].properties.p0_dbm", "-inf is not a finite number", "-120 to 30"),
    (prop(AP, "id", 17), "features[5].properties.id", "17 is not text", "quotes"),
    (prop(AP, "id", ""), "features[5].properties.id", "is empty", "characters"),
    (prop(AP, "level", "2"), "features[5].properties.level", "there is no level '2'", "one of: 0"),
    (
        prop(AP2, "id", "aabb.cc00.0001"),
        "features[6].properties.id",
        "'aabb.cc00.0001' is the id of another access point already, at features[5]",
        "own id",
    ),
    (prop(LEVEL, "ordinal", 0.5), "features[0].properties.ordinal", "0.5 is not a whole number", "whole"),
    (prop(LEVEL, "height_m", 0), "features[0].properties.height_m", "0 is out of range", "1.5 to 50"),
    (
        prop(FIXTURE, "walkable", "no"),
        "features[2].properties.walkable",
        "'no' is neither true nor false",
        "without quotes",
    ),
    (prop(FIXTURE, "attenuation_db", -3), "features[2].properties.attenuation_db", "-3 is out of range", "0 to 100"),
    (
        prop(OPENING, "category", "entrence"),
        "features[4].properties.category",
        "'entrence' is not known",
        "did you mean 'entrance'?",
    ),
    (prop(WALL, "material", 5), "features[1].properties.material", "5 is not text", "quotes"),
    (drop("features", SECTION, "properties", "name"), "features[3].properties.name", "is missing", "required"),
    (put("features", AP, "geometry", None), "features[5].geometry", "None is not a geometry", "a Point"),
    (
        put("features", AP, "geometry", "type", "MultiPoint"),
        "features[5].geometry.type",
        "'MultiPoint' cannot be used",
        "did you mean 'Point'?",
    ),
    (
        put("features", OPENING, "geometry", "type", "Polygon"),
        "features[4].geometry.type",
        "'Polygon' cannot be used here",
        "Point or LineString",
    ),
    (drop("features", AP, "geometry", "type"), "features[5].geometry.type", "is missing", "a Point"),
    (drop("features", AP, "geometry", "coordinates"), "features[5].geometry.coordinates", "is missing", "[x, y]"),
    (put("features", AP, "geometry", "crs", 1), "features[5].geometry.crs", "not known", "remove it"),
    (shape(AP, [1, 2, 3]), "features[5].geometry.coordinates", "[1, 2, 3] is not a position", "[x, y] in metres"),
    (shape(AP, [1, "2"]), "features[5].geometry.coordinates", "'2' is not a number", "metres"),
    (shape(AP, [1, float("inf")]), "features[5].geometry.coordinates", "inf is not a finite number", "metres"),
    (shape(WALL, [[8, 0]]), "features[1].geometry.coordinates", "has 1 positions", "at least 2"),
    (shape(WALL, [[8, 0], [8, 0]]), "features[1].geometry.coordinates", "has no length", "two different"),
    (shape(WALL, [[8, 0], [8]]), "features[1].geometry.coordinates[1]", "[8] is not a position", "metres"),
    (shape(SECTION, []), "features[3].geometry.coordinates", "[] is not a list of rings", "[["),
    (
        shape(SECTION, [[[0, 0], [7, 0], [7, 8], [0, 8]]]),
        "features[3].geometry.coordinates[0]",
        "is not closed",
        "repeat the first",
    ),
    (
        shape(SECTION, [[[0, 0], [7, 0], [0, 0]]]),
        "features[3].geometry.coordinates[0]",
        "has 3 positions",
        "at least 4",
    ),
    (
        shape(FIXTURE, BOW_TIE),
        "features[2].geometry.coordinates",
        "is not a simple outline: Self-intersection",
        "cross",
    ),
    (
        shape(SECTION, [[[1, 1], [2, 2], [3, 3], [1, 1]]]),
        "features[3].geometry.coordinates",
        "is not a simple outline",
        "cross",
    ),
    (shape(LEVEL, BOW_TIE), "features[0].geometry.coordinates", "is not a simple outline", "cross"),
    (shape(FIXTURE, ring(30, 30, 31, 31)), "features[2].geometry", "the fixture lies outside level '0'", "metres"),
    (shape(SECTION, ring(12, 0, 15, 8)), "features[3].geometry", "the section lies outside level '0'", "metres"),
    (shape(WALL, [[20, 0], [20, 5]]), "features[1].geometry", "the wall lies outside level '0'", "metres"),
    (shape(OPENING, [[1, -2], [2, -2]]), "features[4].geometry", "the opening lies outside level '0'", "metres"),
    (shape(FIXTURE, ring(-1, -1, 13, 9)), "features[0].geometry", "is covered by fixtures", "leave room"),
    (
        add(feature("level", "Polygon", ring(1, 1, 5, 5), id="1", ordinal=0, name="Up")),
        "features[8].properties.ordinal",
        "overlaps level '0'",
        "one ordinal per storey",
    ),
    (
        add(feature("level", "Polygon", ring(1, 1, 5, 5), id="0", ordinal=1, name="Up")),
        "features[8].properties.id",
        "'0' is the id of another level already",
        "own id",
    ),
    (
        add(feature("section", "Polygon", ring(1, 1, 5, 5), id="bread", level="0", name="B")),
        "features[8].properties.id",
        "'bread' is the id of another section already, at features[3]",
        "own id",
    ),
    (
        add(feature("level", "Polygon", ring(0, 0, 60_000, 40_000), id="1", ordinal=1, name="Up")),
        "features[8].geometry.coordinates",
        "is 60000 by 40000 m",
        "millimetres",
    ),
    (
        add(feature("level", "Polygon", ring(0, 0, 0.01, 0.01), id="1", ordinal=1, name="Up")),
        "features[8].geometry.coordinates",
        "covers 0.0001 m²",
        "degrees",
    ),
]


@pytest.mark.parametrize(("change", "place", "reason", "fix"), MISTAKES, ids=[f"{m[1]}: {m[2]}"[:70] for m in MISTAKES])
def test_each_mistake_alone_yields_exactly_its_problem(
    tmp_path: Path, change: Change, place: str, reason: str, fix: str
) -> None:
    raw = shop()
    change(raw)
    with pytest.raises(OperatorError) as caught:
        load_plan(write(tmp_path, raw))
    (problem,) = caught.value.problems
    assert problem.file == str(tmp_path / "plan.geojson")
    assert problem.place == place
    assert reason in problem.reason
    assert fix in problem.fix


def test_three_mistakes_yield_three_problems(tmp_path: Path) -> None:
    raw = shop()
    for change in (prop(AP, "z_m", "high"), put("rayon", "currency", "€"), shape(SECTION, [])):
        change(raw)
    with pytest.raises(OperatorError) as caught:
        load_plan(write(tmp_path, raw))
    places = {p.place for p in caught.value.problems}
    assert places == {"rayon.currency", "features[3].geometry.coordinates", "features[5].properties.z_m"}
    assert len(caught.value.problems) == 3


def test_mistakes_of_both_files_come_together(tmp_path: Path) -> None:
    raw = shop()
    prop(AP, "z_m", "high")(raw)
    with pytest.raises(OperatorError) as caught:
        load_plan(write(tmp_path, raw, PRODUCTS.replace("110", "1.10")))
    assert [(Path(p.file).name, p.place) for p in caught.value.problems] == [
        ("plan.geojson", "features[5].properties.z_m"),
        ("products.csv", "line 2, column price_minor"),
    ]


def test_a_key_written_twice(tmp_path: Path) -> None:
    text = json.dumps(shop()).replace('"z_m": 2.8', '"z_m": 2.8, "z_m": 3.1', 1)
    with pytest.raises(OperatorError, match=r"features\[5\]\.properties\.z_m: this key is given twice"):
        load_plan(write(tmp_path, text))


def test_no_level_at_all(tmp_path: Path) -> None:
    raw = shop()
    raw["features"] = []
    with pytest.raises(OperatorError, match="features: hold no level"):
        load_plan(write(tmp_path, raw))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"plan\.geojson: \(whole file\): No such file"):
        load_plan(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ('{\n "type": FeatureCollection}', "line 2, column 10", "is not JSON"),
        ("", "line 1, column 1", "is not JSON"),
        ("[]", "(whole file)", "[] is not an object"),
        ("[" * 100_000, "(whole file)", "is nested too deeply"),
    ],
)
def test_what_is_no_geojson(tmp_path: Path, text: str, place: str, reason: str) -> None:
    with pytest.raises(OperatorError) as caught:
        load_plan(write(tmp_path, text))
    (problem,) = caught.value.problems
    assert problem.place == place
    assert reason in problem.reason


def test_what_is_no_utf8(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "plan.geojson").write_bytes('{"name": "Épicerie"}'.encode("latin-1"))
    with pytest.raises(OperatorError, match="byte 10: is not UTF-8"):
        load_plan(tmp_path)


# (change, place, words of the reason): used as it is, with a warning
ODDITIES: list[tuple[Change, str, str]] = [
    (drop("features", OPENING), "features", "there is no entrance"),
    (drop("features", AP), "features", "there are 2 access points"),
    (shape(AP, [-0.5, 4]), "features[5].geometry", "is 0.50 m outside level '0'"),
    (prop(AP, "z_m", 3.5), "features[5].properties.z_m", "above the ceiling at 3 m"),
    (
        prop(WALL, "material", "adobe"),
        "features[1].properties.material",
        "'adobe' has no default loss, 5 dB is assumed",
    ),
    (shape(WALL, [[8, 0], [8, 8]]), "level 0", "32.0 m² of walkable area around x 8.2, y 0.2 cannot be reached"),
    (shape(SECTION, ring(3, 3, 6, 4)), "section bread", "holds no walkable cell"),
    (shape(SECTION, ring(-3, 0, 7, 8)), "features[3].geometry", "sticks out of level '0'"),
]


@pytest.mark.parametrize(("change", "place", "reason"), ODDITIES, ids=[o[2][:50] for o in ODDITIES])
def test_each_oddity_alone_yields_exactly_its_warning(tmp_path: Path, change: Change, place: str, reason: str) -> None:
    raw = shop()
    change(raw)
    plan, errors, warnings = check_plan(write(tmp_path, raw))
    assert isinstance(plan, Plan)
    assert errors == []
    (warning,) = warnings
    assert warning.place == place
    assert reason in warning.reason


def _paths(node: Any, so_far: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [so_far, *(path for key, value in inner for path in _paths(value, (*so_far, key)))]


ANYWHERE = st.sampled_from(_paths(shop())[1:])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@examples(200)
@given(path=ANYWHERE, value=ANYTHING)
def test_whatever_stands_anywhere_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, path: tuple[Any, ...], value: Any
) -> None:
    raw = shop()
    put(*path, value)(raw)
    folder = write(tmp_path_factory.mktemp("any"), raw)
    plan, errors, _ = check_plan(folder)
    assert (plan is None) == bool(errors)
    assert all(e.place and e.reason for e in errors)
    assert "\n" not in "".join(map(str, errors))
    "".join(map(str, errors)).encode()  # can be printed


@pytest.mark.parametrize("name", ["00:00:00:00:00:00", "FF-FF-FF-FF-FF-FF", "ffff.ffff.ffff", "000000000000"])
def test_an_access_point_has_the_mac_of_a_receiver(tmp_path: Path, name: str) -> None:
    raw = shop()
    raw["features"][AP]["properties"]["id"] = name
    errors = check_plan(write(tmp_path, raw))[1]
    assert [(p.place, p.reason) for p in errors] == [
        (f"features[{AP}].properties.id", f"{name!r} is the MAC of no receiver")
    ]


@pytest.mark.parametrize("name", ["Factory", "localtime"])
def test_a_time_zone_is_that_of_a_place(tmp_path: Path, name: str) -> None:
    raw = shop()
    raw["rayon"]["timezone"] = name
    errors = check_plan(write(tmp_path, raw))[1]
    assert [p.place for p in errors] == ["rayon.timezone"]
