"""Which zones figures are of, and since when."""

from __future__ import annotations

from dataclasses import replace

from shapely.geometry import box

from engine.storage.database import Database
from engine.storage.presence.plan_versions import note_plans, plan_digest, plan_versions
from tests.api.site import small_plan
from tests.databases import database_url, db, postgres

__all__ = ["database_url", "db", "postgres"]


def test_a_plan_is_noted_when_its_zones_change(db: Database) -> None:
    plan = small_plan()
    assert [note_plans(db, [plan], t) for t in (10.0, 20.0)] == [1, 0]
    moved = replace(plan, zones=(replace(plan.zones[0], polygon=box(0, 0, 5, 8)),))
    assert note_plans(db, [moved], 30.0) == 1
    assert [(v.since, v.zones) for v in plan_versions(db, "corner")] == [(10.0, ("tea",)), (30.0, ("tea",))]
    assert plan_versions(db, "elsewhere") == []


def test_names_and_products_are_no_change() -> None:
    plan = small_plan()
    renamed = replace(plan, name="Other", products=(), zones=(replace(plan.zones[0], name="Tea"),))
    assert plan_digest(renamed) == plan_digest(plan)
    turned = replace(plan, zones=(replace(plan.zones[0], polygon=box(0, 0, 10, 8)),))  # the same shape, begun elsewhere
    assert plan_digest(turned) == plan_digest(plan)
