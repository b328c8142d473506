"""The plan to start from: what `rayon plan new --size 24x12` draws, and that any size passes our own check."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import shape

from engine.plan.findings import Findings
from engine.plan.importers.start import new_plan, plan_text
from engine.plan.load import check_raw


def test_a_shop_of_24_by_12_m_has_a_door_in_the_middle_of_its_front_and_aps_three_metres_from_its_corners() -> None:
    made = new_plan("new", "New", "Europe/Paris", "EUR", 24.0, 12.0)
    by_id = {f["properties"].get("id", "wall"): f["geometry"]["coordinates"] for f in made["features"]}
    assert by_id["0"] == [[[0, 0], [24.0, 0], [24.0, 12.0], [0, 12.0], [0, 0]]]
    assert by_id["door"] == [[11.0, 0], [13.0, 0]]
    assert by_id["wall"] == [[11.0, 0], [0, 0], [0, 12.0], [24.0, 12.0], [24.0, 0], [13.0, 0]]
    assert [by_id[f"ap-{i}"] for i in (1, 2, 3, 4)] == [[3.0, 3.0], [21.0, 3.0], [21.0, 9.0], [3.0, 9.0]]
    assert by_id["back"] == [[[0, 6.0], [24.0, 6.0], [24.0, 12.0], [0, 12.0], [0, 6.0]]]
    assert {f["properties"]["feature_type"] for f in made["features"]} == {
        "level", "wall", "fixture", "section", "opening", "access_point"
    }  # fmt: skip


def test_a_plan_s_file_has_a_feature_a_line_with_the_letters_that_people_write() -> None:
    plan = {"type": "FeatureCollection", "rayon": {"name": "Épicerie"}, "features": [{"id": "Thé"}, {"id": "Œufs"}]}
    assert plan_text(plan) == (
        '{"type": "FeatureCollection", "rayon": {"name": "Épicerie"}, "features": [\n'
        '  {"id": "Thé"},\n'
        '  {"id": "Œufs"}\n'
        "]}\n"
    )


def numbers_in(raw: object) -> list[float]:
    return [n for one in raw for n in numbers_in(one)] if isinstance(raw, list) else [raw]  # type: ignore[list-item]


def test_the_shelf_and_the_till_stand_at_their_shares_of_the_floor_and_nothing_is_finer_than_a_centimetre() -> None:
    """Of 20 by 10 m: from 3 tenths to 7 of the width, from 45 hundredths of the depth a metre deep."""
    by_id = {f["properties"].get("id"): f for f in new_plan("new", "New", "UTC", "EUR", 20.0, 10.0)["features"]}
    assert by_id["shelf-1"]["geometry"]["coordinates"] == [[[6, 4.5], [14, 4.5], [14, 5.5], [6, 5.5], [6, 4.5]]]
    assert by_id["till"]["geometry"]["coordinates"] == [16.0, 1.5]
    assert {by_id[f"ap-{i}"]["properties"]["z_m"] for i in (1, 2, 3, 4)} == {2.7}
    assert (by_id["0"]["properties"]["ordinal"], by_id["0"]["properties"]["height_m"]) == (0, 3.0)
    small = {f["properties"].get("id"): f for f in new_plan("new", "New", "UTC", "EUR", 4.0, 4.8)["features"]}
    assert small["shelf-1"]["geometry"]["coordinates"][0][2] == [2.8, 2.96], "a sixth of the depth deep"
    assert [small[f"ap-{i}"]["geometry"]["coordinates"] for i in (1, 3)] == [[1.0, 1.0], [3.0, 3.8]], "a quarter in"
    odd = new_plan("new", "New", "UTC", "EUR", 7.123456, 61.987654)["features"]
    assert odd[0]["geometry"]["coordinates"][0][2] == [7.12, 61.99]
    told = [n for f in odd for n in numbers_in(f["geometry"]["coordinates"])]
    assert told == [round(n, 2) for n in told]


@pytest.mark.parametrize("sides", [(4.0, 4.0), (400.0, 5.0), (7.33, 61.5)])
def test_all_of_it_stands_on_the_floor_and_passes(sides: tuple[float, float]) -> None:
    passes(*sides)


@given(st.floats(4.0, 400.0), st.floats(4.0, 400.0))
def test_any_size_passes(width_m: float, depth_m: float) -> None:
    passes(width_m, depth_m)


def passes(width_m: float, depth_m: float) -> None:
    made = new_plan("new", "New", "Europe/Paris", "EUR", width_m, depth_m)
    findings = Findings("plan.geojson")
    assert check_raw(json.loads(plan_text(made)), findings) is not None
    assert findings.errors == []
    floor = shape(made["features"][0]["geometry"])
    assert all(floor.covers(shape(f["geometry"])) for f in made["features"])
