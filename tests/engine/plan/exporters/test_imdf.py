"""A plan as IMDF, and back: every required property, ids that stay, and the same plan again."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from dataclasses import replace
from importlib.resources import as_file, files
from typing import Any

import pytest

from engine.plan.exporters.imdf import Address, imdf_archive, imdf_members
from engine.plan.findings import Findings
from engine.plan.load import check_raw, load_plan
from engine.plan.model import Anchor, Plan
from tests.engine.plan.importers.drawings import imported

PARIS = Address("1 rue Exemple", "Paris", "FR", "fr")
CREATED = "2026-11-28T10:00:00Z"

# OGC 20-094: the properties that each type has to have, null where it says so
REQUIRED = {
    "venue": "category restriction name alt_name hours phone website display_point address_id",
    "building": "category name alt_name restriction display_point address_id",
    "footprint": "category building_ids name",
    "level": "category ordinal outdoor name short_name building_ids display_point address_id restriction",
    "unit": "category level_id restriction accessibility name alt_name display_point",
    "section": """category level_id address_id correlation_id parents restriction accessibility name alt_name
        display_point""",
    "fixture": "category level_id name alt_name anchor_id display_point",
    "opening": "category level_id door access_control accessibility name alt_name display_point",
    "amenity": "category unit_ids name alt_name accessibility hours phone website address_id correlation_id",
    "address": "address locality country unit province postal_code",
}


def shipped(store: str) -> Plan:
    with as_file(files("floorplans") / store) as folder:
        plan = load_plan(folder)
    return replace(plan, anchor=plan.anchor or Anchor(2.35, 48.86, -17.0))


def features(plan: Plan) -> list[tuple[str, dict[str, Any]]]:
    members = imdf_members(plan, PARIS, CREATED)
    return [(f["feature_type"], f) for name, raw in members.items() if name != "manifest.json" for f in raw["features"]]


@pytest.fixture(params=["boutique", "supermarket"])
def plan(request: pytest.FixtureRequest) -> Plan:
    return shipped(request.param)


def test_every_feature_has_what_imdf_requires(plan: Plan) -> None:
    made = features(plan)
    assert {kind for kind, _ in made} == set(REQUIRED)
    for kind, feature in made:
        assert set(REQUIRED[kind].split()) <= set(feature["properties"]), kind
        assert (feature["geometry"] is None) == (kind in ("building", "address"))
    ids = [feature["id"] for _, feature in made]
    assert len(set(ids)) == len(ids)
    assert all(uuid.UUID(one).version == 5 for one in ids)


def test_what_is_referred_to_is_there(plan: Plan) -> None:
    made = features(plan)
    ids = {kind: {f["id"] for k, f in made if k == kind} for kind, _ in made}
    for _, feature in made:
        properties = feature["properties"]
        assert properties.get("level_id") in ids["level"] | {None}
        assert properties.get("address_id") in ids["address"] | {None}
        assert set(properties.get("unit_ids") or []) <= ids["unit"]
        assert set(properties.get("building_ids") or []) <= ids["building"]


def test_the_same_plan_gives_the_same_bytes(plan: Plan) -> None:
    archive = imdf_archive(plan, PARIS, CREATED)
    assert archive == imdf_archive(plan, PARIS, CREATED)
    with zipfile.ZipFile(io.BytesIO(archive)) as members:
        manifest = json.loads(members.read("manifest.json"))
        dated = {entry.date_time for entry in members.infolist()}
    assert dated == {(1980, 1, 1, 0, 0, 0)}, "the first that a zip can say"
    assert manifest == {
        "version": "1.0.0", "created": CREATED, "generated_by": "rayon", "language": "fr", "extensions": None,
    }  # fmt: skip


def test_it_comes_back_as_the_plan_it_was(plan: Plan) -> None:
    made = imported(imdf_archive(plan, PARIS, CREATED), "shop.zip")
    findings = Findings("shop.zip")
    again = check_raw(made.plan, findings)
    assert again is not None, findings.errors
    assert again.name == plan.name
    assert [(lv.id, lv.ordinal, lv.name) for lv in again.levels] == [(lv.id, lv.ordinal, lv.name) for lv in plan.levels]
    assert sorted(z.name for z in again.zones) == sorted(z.name for z in plan.zones)
    assert len(again.fixtures) == len(plan.fixtures)
    for material in ("brick", "glass", "concrete"):
        walls_m = [sum(w.line.length for w in p.walls if w.material == material) for p in (plan, again)]
        assert walls_m[0] == pytest.approx(walls_m[1], rel=0.001)
    assert sorted(o.category for o in again.openings) == sorted(o.category for o in plan.openings)
    assert {ap.id: (ap.level, ap.z_m, ap.macs) for ap in again.access_points} == {
        ap.id: (ap.level, ap.z_m, ap.macs) for ap in plan.access_points
    }
    for mine, was in zip(again.access_points, plan.access_points, strict=True):
        assert (mine.x_m, mine.y_m) == pytest.approx((was.x_m, was.y_m), abs=0.002)  # both begin at the corner
    for level, was_level in zip(again.levels, plan.levels, strict=True):
        assert level.polygon.area == pytest.approx(was_level.polygon.area, rel=1e-3)
    assert again.anchor is not None
    assert plan.anchor is not None
    assert again.anchor.bearing_deg == pytest.approx(plan.anchor.bearing_deg, abs=0.01)


def test_a_plan_without_an_anchor_lies_nowhere() -> None:
    with pytest.raises(ValueError, match="no anchor"):
        imdf_archive(replace(shipped("boutique"), anchor=None), PARIS, CREATED)
