"""A draft laid out: what is too small or elsewhere is left out, ids are their own, counts and defaults are said."""

from __future__ import annotations

import math
from typing import Any

import pytest
from shapely.geometry import LineString, Point, Polygon

from engine.errors import OperatorError
from engine.plan.importers.answers import DrawingAnswers
from engine.plan.importers.draft import Draft, Piece, Storey
from engine.plan.importers.ground import Ground
from engine.plan.importers.layout import ImportedPlan, lay_out
from engine.plan.importers.notes import Notes
from tests.engine.plan.importers.drawings import Json, box, of_type, said

ANSWERS = DrawingAnswers("shop", timezone="Europe/Paris", currency="EUR")


def area(*corners: float) -> Polygon:
    return Polygon(box(*corners))


def draft(*storeys: Storey) -> Draft:
    """A floor of 20 by 12 m at 100, 50, unless others are given."""
    return Draft(Notes("a.dxf"), storeys=list(storeys) or [Storey("0", 0, "Ground", [area(100, 50, 120, 62)])])


def laid(of: Draft, answers: DrawingAnswers = ANSWERS) -> ImportedPlan:
    return lay_out(of, answers)


def properties(made: ImportedPlan, kind: str) -> list[Json]:
    return [f["properties"] for f in of_type(made, kind)]


@pytest.mark.parametrize(
    ("width", "depth", "reason"),
    [
        (2000.0, 12.0, ""), (2000.1, 12.0, "would be 2 km by 12 m"), (12.0, 2500.0, "would be 12 m by 2.5 km"),
        (1.0, 1.0, ""), (0.99, 1.0, "would be 0.99 m by 1 m"), (0.0123, 0.1, "would be 0.012 m by 0.1 m"),
    ],
)  # fmt: skip
def test_a_level_is_of_the_size_of_a_shop(width: float, depth: float, reason: str) -> None:
    of = draft(Storey("0", 0, "Ground", [area(0, 0, width, depth)]))
    if not reason:
        assert laid(of).counts["size_m"] == {"0": [width, depth]}
        return
    with pytest.raises(OperatorError) as refused:
        laid(of)
    assert refused.value.problems[0].reason == f"{reason}: that is no shop"


def test_a_drawing_without_a_floor_is_refused() -> None:
    with pytest.raises(OperatorError, match="holds no outline of a floor"):
        laid(draft(Storey("0", 0, "Ground", [Polygon([(0, 0), (1, 0), (2, 0)])])))


@pytest.mark.parametrize(
    ("kind", "shape", "left_out"),
    [
        ("wall", LineString([(121, 50), (121, 62)]), ""),  # a metre out: the other face of the outer wall
        ("wall", LineString([(121.01, 50), (121.01, 62)]), "outside the outline of level 0"),
        ("opening", Point(121, 55), ""),
        ("opening", Point(121.01, 55), "outside the outline of level 0"),
        ("fixture", area(119.9, 50, 121, 51), ""),
        ("fixture", area(120, 50, 121, 51), "outside the outline of level 0"),  # beside it
        ("section", area(119.99, 61.99, 130, 70), ""),
        ("access_point", Point(500, 500), ""),  # where it hangs is told by nothing else
        ("fixture", area(101, 51, 101.01, 51.01), ""),
        ("fixture", area(101, 51, 101.01, 51.009), "a fixture without size"),
        ("wall", LineString([(101, 51), (101.0011, 51)]), ""),
        ("wall", LineString([(101, 51), (101.0009, 51)]), "a wall without size"),
    ],
)
def test_what_lies_elsewhere_or_has_no_size_is_left_out(kind: str, shape: Any, left_out: str) -> None:
    of = draft()
    of.add(kind, "0", shape, "row 1", z_m=2.5 if kind == "access_point" else None)
    of.add(kind, "gone", shape, "row 2")
    made = laid(of)
    assert (len(of_type(made, kind)), made.counts.get("left_out", 0)) == ((0, 1) if left_out else (1, 0))
    assert (left_out in said(made)) if left_out else not made.warnings


def test_the_corner_of_all_outlines_is_the_origin_and_holes_stay() -> None:
    lower = Storey("0", 0, "Ground", [Polygon(box(100, 50, 120, 62), [box(104, 54, 105.00004, 55)])])
    made = laid(draft(lower, Storey("1", 1, "Upper", [area(98, 51, 110, 60)])))
    rings = of_type(made, "level")[0]["geometry"]["coordinates"]
    assert sorted(map(tuple, rings[0][:-1])) == [(2, 0), (2, 12), (22, 0), (22, 12)]
    assert sorted(map(tuple, rings[1][:-1])) == [(6, 4), (6, 5), (7, 4), (7, 5)]
    assert made.counts["area_m2"] == {"0": 239.0, "1": 108.0}
    assert made.counts["ordinals"] == [0, 1]
    kept = draft()
    kept.keep_frame = True
    assert of_type(laid(kept), "level")[0]["geometry"]["coordinates"][0][0] == [100, 50]


def test_ids_are_wishes_names_or_nouns_each_once_within_its_type() -> None:
    of, here = draft(), area(101, 51, 103, 53)
    of.add("access_point", "0", Point(102, 52), id="a1", z_m=1.0)
    of.add("access_point", "0", Point(103, 52), z_m=1.0)
    of.add("opening", "0", Point(101, 50), category="exit")
    of.add("opening", "0", Point(102, 50))
    of.add("section", "0", here, name="Fruits & légumes")
    of.add("section", "0", here, name="Fruits, légumes")
    of.add("section", "0", here)
    of.add("section", "0", here, id="x" * 130, name="Long")
    of.add("fixture", "0", here, category="gondola", attenuation_db=130)
    of.add("fixture", "0", here, id="fruits-legumes", attenuation_db=-1)
    of.add("wall", "0", LineString([(101, 51), (102, 51)]), attenuation_db=100)
    made = laid(of)
    kinds = [f["properties"]["feature_type"] for f in made.plan["features"]]
    assert list(dict.fromkeys(kinds)) == ["level", "wall", "fixture", "section", "opening", "access_point"]
    ids = {kind: [p.get("id") for p in properties(made, kind)] for kind in dict.fromkeys(kinds)}
    assert ids == {
        "level": ["0"], "wall": [None], "fixture": ["gondola", "fruits-legumes"], "opening": ["exit", "opening"],
        "section": ["fruits-legumes", "fruits-legumes-2", "zone", "x" * 100], "access_point": ["a1", "ap"],
    }  # fmt: skip
    assert [p["name"] for p in properties(made, "section")] == ["Fruits & légumes", "Fruits, légumes", "Zone 3", "Long"]
    assert [p["attenuation_db"] for kind in ("wall", "fixture") for p in properties(made, kind)] == [100, 100, 0]


@pytest.mark.parametrize(
    ("z_m", "high"), [(0.0, 0.0), (60.0, 60.0), (60.1, 2.7), (-0.1, 2.7), (None, 2.7), (math.nan, 2.7), (math.inf, 2.7)]
)
def test_an_access_point_hangs_at_its_height_or_at_a_usual_one(z_m: float | None, high: float) -> None:
    of = draft()
    of.add("access_point", "0", Point(102, 52), id="a1", z_m=z_m)
    made = laid(of)
    assert [p["z_m"] for p in properties(made, "access_point")] == [high]
    assert ("no height is given: 2.7 m above the floor assumed" in said(made)) is (high == 2.7)


def test_an_address_is_of_one_access_point() -> None:
    of = draft()
    for own, macs in (("02:00:5e:10:00:01", ["02:00:5e:10:00:02"]), ("0200.5e10.0002", []), ("free", []),
                      ("other", ["02-00-5E-10-00-01"])):  # fmt: skip
        of.add("access_point", "0", Point(102, 52), id=own, macs=macs, z_m=2.0)
    made = laid(of)
    assert [p["id"] for p in properties(made, "access_point")] == ["02:00:5e:10:00:01", "free"]
    assert said(made).count("another access point has this address already: left out") == 1


@pytest.mark.parametrize(
    ("height_m", "said_"),
    [(3.0, None), (1.5, 1.5), (1.49, None), (50.0, 50.0), (50.1, None), (2.71828, 2.718), (math.nan, None)],
)
def test_a_storey_is_as_high_as_storeys_are(height_m: float, said_: float | None) -> None:
    made = laid(draft(Storey("0", -1, "Cellar", [area(0, 0, 9, 9)], height_m)))
    assert properties(made, "level")[0].get("height_m") == said_
    assert (properties(made, "level")[0]["ordinal"], properties(made, "level")[0]["name"]) == (-1, "Cellar")


@pytest.mark.parametrize(
    ("upper", "word", "x", "joined"),
    [(1, "stairs", 2, True), (0, "stairs", 2, False), (1, "elevator", 2, False), (1, "stairs", 4.1, False),
     (1, "stairs", 4.0, True)],
)  # fmt: skip
def test_stairs_join_storeys_where_they_stand_above_each_other(upper: int, word: str, x: float, joined: bool) -> None:
    of = draft(*(Storey(str(i), o, str(i), [area(0, 0, 20, 12)]) for i, o in enumerate((0, upper))))
    of.risers = [
        Piece("section", "0", area(1, 1, 4, 4), {"category": "stairs", "name": "S"}, "a"),
        Piece("section", "1", area(x, 2, x + 3, 4), {"category": word, "name": "T"}, "b"),
        Piece("section", "gone", area(1, 1, 4, 4), {"category": "stairs", "name": "U"}, "c"),
    ]
    made = laid(of)
    assert [p["level"] for p in properties(made, "section")] == (["0", "1"] if joined else [])
    assert made.counts["zones"] == 0
    assert ("drawn on one level alone lead nowhere, and are left out" in said(made)) is not joined


def test_a_thing_drawn_once_counts_once_and_pillars_by_themselves() -> None:
    of, here = draft(), area(101, 51, 103, 53)
    for place in ("row 1", "row 1", "row 2", "", ""):
        of.add("section", "0", here, place, name="Zone")
        of.add("opening", "0", Point(102, 50), place)
        of.add("fixture", "0", here, place)
    of.counts.update(columns=2, kiosks=1, units=0)
    counts = laid(of).counts
    assert [counts[key] for key in ("zones", "openings", "fixtures", "columns", "kiosks")] == [4, 4, 2, 2, 1]
    assert "units" not in counts


@pytest.mark.parametrize(
    ("answers", "assumed", "head"),
    [
        (DrawingAnswers("s"), "Europe/Paris and EUR assumed", ("drawing", "Europe/Paris", "EUR")),
        (DrawingAnswers("s", currency="CHF"), "money: Europe/Paris assumed", ("drawing", "Europe/Paris", "CHF")),
        (DrawingAnswers("s", timezone="Europe/Zurich"), "money: EUR assumed", ("drawing", "Europe/Zurich", "EUR")),
        (DrawingAnswers("s", "Ours", "Europe/Rome", "EUR"), "", ("Ours", "Europe/Rome", "EUR")),
    ],
)
def test_what_a_drawing_does_not_tell_is_assumed_and_said(
    answers: DrawingAnswers, assumed: str, head: tuple[str, str, str]
) -> None:
    of = draft()
    of.name = " drawing\n"
    made = laid(of, answers)
    rayon = made.plan["rayon"]
    assert (rayon["name"], rayon["timezone"], rayon["currency"]) == head
    assert (rayon["store"], rayon["anchor"], rayon["version"]) == ("s", None, 1)
    assert ("assumed" in said(made), assumed in said(made)) == (bool(assumed), True)
    of.name, of.ground = "", Ground(2.0, 48.0)
    assert laid(of, DrawingAnswers("s")).plan["rayon"]["name"] == "s"
    assert laid(of, DrawingAnswers("s")).plan["rayon"]["anchor"]["bearing_deg"] == 0.0


def test_sizes_are_counted_to_the_millimetre_and_areas_to_a_hundredth() -> None:
    """Of sides that the plan has to a tenth of a millimetre."""
    made = laid(draft(Storey("0", 0, "Ground", [area(0, 0, 10 / 3, 2.00021)])))
    ring = of_type(made, "level")[0]["geometry"]["coordinates"][0]
    assert sorted(map(tuple, ring[:-1])) == [(0, 0), (0, 2.0002), (3.3333, 0), (3.3333, 2.0002)]
    assert (made.counts["size_m"], made.counts["area_m2"]) == ({"0": [3.333, 2.0]}, {"0": 6.67})
