"""Both sides of every limit that a plan has, and default losses within what was published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.errors import OperatorError
from engine.plan.load import load_plan
from engine.plan.materials import FIXTURE_DB, fixture_attenuation_db, wall_attenuation_db
from tests.engine.plan.sketch import LEVEL, PRODUCTS, SECTION, Json, feature, ring, shop, write

ANCHOR = {"lon": 2.35, "lat": 48.86, "bearing_deg": 10.0}


def places(folder: Path, plan: Json) -> list[str]:
    """Where the plan is wrong; empty where it is read."""
    try:
        load_plan(write(folder, plan, PRODUCTS))
    except OperatorError as refused:
        return [problem.place for problem in refused.problems]
    return []


def headed(**changes: Any) -> Json:
    plan = shop()
    plan["rayon"] |= changes
    return plan


@pytest.mark.parametrize(("name", "most"), [("lon", 180), ("lat", 90), ("bearing_deg", 360)])
@pytest.mark.parametrize("sign", [-1, 1])
def test_the_anchor(tmp_path: Path, name: str, most: int, sign: int) -> None:
    assert places(tmp_path / "a", headed(anchor=ANCHOR | {name: sign * most})) == []
    assert places(tmp_path / "b", headed(anchor=ANCHOR | {name: sign * (most + 0.001)})) == [f"rayon.anchor.{name}"]


@pytest.mark.parametrize(("name", "most"), [("store", 64), ("name", 200)])
def test_texts(tmp_path: Path, name: str, most: int) -> None:
    assert places(tmp_path / "a", headed(**{name: "a" * most})) == []
    assert places(tmp_path / "b", headed(**{name: "a" * (most + 1)})) == [f"rayon.{name}"]
    assert places(tmp_path / "c", headed(**{name: ""})) == [f"rayon.{name}"]


def levels(*rings: Any, ordinals: tuple[int, ...] = (0, 0)) -> Json:
    """The store with these outlines for levels, and nothing else but what it must have."""
    plan = shop()
    plan["features"][LEVEL]["geometry"]["coordinates"] = rings[0]
    for k, other in enumerate(rings[1:], 1):
        plan["features"].append(feature("level", "Polygon", other, id=f"l{k}", ordinal=ordinals[k], name=f"L{k}"))
    return plan


def test_a_level_is_two_kilometres_long_at_most_wherever_it_lies(tmp_path: Path) -> None:
    assert places(tmp_path / "a", levels(ring(0, 0, 2000, 8))) == []
    assert places(tmp_path / "b", levels(ring(0, 0, 12, 8), ring(5000, 0, 6000, 8), ordinals=(0, 1))) == []
    assert places(tmp_path / "c", levels(ring(0, 0, 2001, 8))) == ["features[0].geometry.coordinates"]
    assert places(tmp_path / "d", levels(ring(0, 0, 12, 2001))) == ["features[0].geometry.coordinates"]


@pytest.mark.parametrize(("overlap_m2", "wrong"), [(1.0, False), (1.5, True), (4.0, True)])
def test_levels_of_one_storey_may_touch_and_overlap_by_a_square_metre(
    tmp_path: Path, overlap_m2: float, wrong: bool
) -> None:
    found = places(tmp_path, levels(ring(0, 0, 12, 8), ring(12 - overlap_m2, 0, 20, 1)))
    assert found == (["features[8].properties.ordinal"] if wrong else [])


def test_a_section_that_is_a_sliver_has_no_area(tmp_path: Path) -> None:
    for side_m, wrong in ((1.2e-3, []), (0.9e-3, [f"features[{SECTION}].geometry.coordinates"])):
        plan = shop()
        plan["features"][SECTION]["geometry"]["coordinates"] = ring(1, 1, 1 + side_m, 1 + side_m)
        assert [p for p in places(tmp_path / str(side_m), plan) if "coordinates" in p] == wrong


@pytest.mark.parametrize(
    ("material", "low_db", "high_db"),
    [  # COST 231 final report, chapter 4; NISTIR 6055
        ("glass", 1, 3), ("drywall", 2, 4), ("plasterboard", 2, 4), ("plaster", 2, 5), ("partition", 3.4, 3.4),
        ("wood", 3, 6), ("door", 2, 6), ("brick", 5, 9), ("block", 7, 12), ("stone", 7, 18), ("concrete", 10, 18),
        ("reinforced concrete", 18, 30), ("metal", 15, 30), ("exterior", 10, 18), ("unspecified", 3.4, 6.9),
    ],
)  # fmt: skip
def test_walls_cost_what_was_measured(material: str, low_db: float, high_db: float) -> None:
    loss_db = wall_attenuation_db(material)
    assert loss_db is not None
    assert low_db <= loss_db <= high_db


def test_shelves_cost_less_than_metal_and_more_than_tables() -> None:
    order = ("table", "checkout", "counter", "rack", "gondola", "freezer", "fridge", "pillar")
    losses = [fixture_attenuation_db(category) for category in order]
    assert losses == sorted(set(losses))
    assert 1 <= fixture_attenuation_db("Gondola ") <= 4
    assert fixture_attenuation_db("unheard of") == FIXTURE_DB == fixture_attenuation_db("rack")
    assert fixture_attenuation_db("column") == fixture_attenuation_db("pillar") < 10
