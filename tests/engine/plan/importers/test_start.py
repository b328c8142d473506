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
