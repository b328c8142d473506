"""What no feature shows alone, on a floor of 12 by 8 m: each limit from both of its sides, read without a file."""

from __future__ import annotations

from typing import Any

import pytest

from engine.plan.checks.crosscheck import check_products
from engine.plan.findings import Findings
from engine.plan.load import check_raw
from engine.plan.model import Plan, Product
from engine.plan.products import PlacedProduct
from tests.engine.plan.sketch import AP, FIXTURE, LEVEL, OPENING, SECTION, WALL, Json, feature, ring, shop

Told = list[tuple[str, str]]


def checked(raw: Json) -> tuple[Plan | None, Told, Told]:
    findings = Findings("plan.geojson")
    plan = check_raw(raw, findings)
    told = [[(p.place, p.reason) for p in some] for some in (findings.errors, findings.warnings)]
    return plan, told[0], told[1]


def with_shape(index: int, coordinates: Any, kind: str = "", **properties: Any) -> Json:
    raw = shop()
    one = raw["features"][index]
    one["geometry"] = {"type": kind or one["geometry"]["type"], "coordinates": coordinates}
    one["properties"] |= properties
    return raw


OUT, STICKS = "lies outside level '0'", "sticks out of level '0' by more than 1 m"


@pytest.mark.parametrize(
    ("index", "coordinates", "kind", "wrong", "odd"),
    [
        (WALL, [[13, 0], [13, 6]], "", "", ""),  # a metre out: the outer face of a thick wall
        (WALL, [[13.01, 0], [13.01, 6]], "", f"the wall {OUT}", ""),
        (WALL, [[6, 4], [13.5, 4]], "", "", f"the wall {STICKS}"),
        (OPENING, [1, -1], "Point", "", ""),
        (OPENING, [1, -1.01], "Point", f"the opening {OUT}", ""),
        (FIXTURE, ring(11.9, 3, 12.9, 4), "", "", ""),
        (FIXTURE, ring(11.9, 3, 13.1, 4), "", "", f"the fixture {STICKS}"),
        (FIXTURE, ring(12, 3, 13, 4), "", f"the fixture {OUT}", ""),  # beside it
        (FIXTURE, ring(12.5, 3, 13, 4), "", f"the fixture {OUT}", ""),
        (SECTION, ring(0, -1, 7, 8), "", "", ""),
        (SECTION, ring(0, -1.01, 7, 8), "", "", f"the section {STICKS}"),
        (SECTION, ring(0, -1, 7, 0), "", f"the section {OUT}", ""),
    ],
)
def test_what_lies_on_a_level(index: int, coordinates: Any, kind: str, wrong: str, odd: str) -> None:
    plan, errors, warnings = checked(with_shape(index, coordinates, kind))
    place = f"features[{index}].geometry"
    assert errors == ([(place, wrong)] if wrong else [])
    assert warnings == ([(place, odd)] if odd else [])
    assert (plan is None) is bool(wrong)


@pytest.mark.parametrize(
    ("at", "z_m", "odd"),
    [
        ([12, 8], 3.0, []),
        ([12.004, 8], 3.0, [("geometry", "access point 'AA-BB-CC-00-00-01' is 0.00 m outside level '0'")]),
        ([15, 12], 3.0, [("geometry", "access point 'AA-BB-CC-00-00-01' is 5.00 m outside level '0'")]),
        ([1, 1], 3.01, [("properties.z_m", "access point 'AA-BB-CC-00-00-01' is at 3.01 m, above the ceiling at 3 m")]),
    ],
)
def test_an_access_point_hangs_within_its_level(at: list[float], z_m: float, odd: Told) -> None:
    _, errors, warnings = checked(with_shape(AP, at, z_m=z_m))
    assert errors == []
    assert warnings == [(f"features[{AP}].{place}", reason) for place, reason in odd]


@pytest.mark.parametrize(
    ("outline", "reason"),
    [
        (ring(0, 0, 1, 1), ""),
        (ring(0, 0, 1, 0.99), "covers 0.99 m²"),
        (ring(-500, 0, 1500, 8), ""),
        (ring(-500, 0, 1500.5, 8), "is 2000.5 by 8 m"),
        (ring(0, -500, 8, 1500.5), "is 8 by 2000.5 m"),
    ],
)
def test_a_level_is_of_the_size_of_a_shop(outline: Any, reason: str) -> None:
    raw = shop()
    raw["features"].append(feature("level", "Polygon", outline, id="1", ordinal=1, name="Up"))
    assert checked(raw)[1] == ([("features[8].geometry.coordinates", reason)] if reason else [])


@pytest.mark.parametrize(
    ("level", "ordinal", "wrong"),
    [("1", 1, False), ("1", 0, True), ("1", -1, False)],
)
def test_levels_overlap_on_different_storeys_alone(level: str, ordinal: int, wrong: bool) -> None:
    raw = shop()
    raw["features"].append(feature("level", "Polygon", ring(0, 0, 9, 8), id=level, ordinal=ordinal, name="Up"))
    told = [("features[8].properties.ordinal", "overlaps level '0', which has the same ordinal 0")]
    assert checked(raw)[1] == (told if wrong else [])


def test_of_two_levels_of_one_id_the_first_is_meant() -> None:
    raw = shop()
    raw["features"].append(feature("level", "Polygon", ring(20, 0, 32, 8), id="0", ordinal=0, name="Twin"))
    assert checked(raw)[1] == [
        ("features[8].properties.id", "'0' is the id of another level already, at features[0]")
    ], "what stands on it stands on the first"


def test_the_same_id_in_another_type_is_no_clash_and_walls_have_none() -> None:
    raw = shop()
    for index in (SECTION, OPENING):
        raw["features"][index]["properties"]["id"] = "g1"
    raw["features"].append(raw["features"][WALL])
    assert checked(raw)[1] == []


@pytest.mark.parametrize(("x", "off"), [(12.75, ""), (12.76, "0.76"), (-0.75, ""), (-0.755, "0.76")])
def test_a_product_is_within_three_quarters_of_a_metre_of_where_one_walks(x: float, off: str) -> None:
    plan, findings = checked(shop())[0], Findings("products.csv")
    assert plan is not None
    product = Product("A", "a", "c", 100, "0", x, 7.0, "food")
    check_products([PlacedProduct(4, product)], plan, {"0"}, findings)
    near = "12.00" if x > 0 else "0.00"
    assert [(p.place, p.reason, p.fix) for p in findings.errors] == (
        [("line 4, columns x_m, y_m", f"'A' stands {off} m off the walkable area of level '0'",
          f"nearest place: {near}, 7.00")] if off else []
    )  # fmt: skip


def test_a_product_on_no_level_or_on_a_broken_one() -> None:
    plan, findings = checked(shop())[0], Findings("products.csv")
    assert plan is not None
    placed = [PlacedProduct(i, Product("A", "a", "c", 1, level, 50, 50, "")) for i, level in ((2, "O"), (3, "broken"))]
    check_products(placed, plan, {"0", "broken"}, findings)
    assert [(p.place, p.reason) for p in findings.errors] == [("line 2, column level", "there is no level 'O'")]
    check_products(placed[:1], plan, set(), findings)
    assert findings.errors[1].fix == ""


def test_a_feature_on_no_level_is_told_what_there_is() -> None:
    raw = with_shape(WALL, [[8, 0], [8, 6]], level="00")
    findings = Findings("plan.geojson")
    assert check_raw(raw, findings) is None
    [found] = findings.errors
    assert (found.place, found.reason, found.fix) == (
        f"features[{WALL}].properties.level", "there is no level '00'", "did you mean '0'?",
    )  # fmt: skip
    assert checked(with_shape(LEVEL, ring(0, 0, 12, 8), ordinal="x"))[1] == [
        ("features[0].properties.ordinal", "'x' is not a whole number")
    ], "a mistake in a level is not told again by all that stands on it"
