"""What a good plan may still be odd in: islands, zones without a cell, no entrance."""

from __future__ import annotations

from dataclasses import replace

from shapely.geometry import LineString, Point, box

from engine.plan.checks.reachable import check_reachable
from engine.plan.findings import Findings
from engine.plan.materials import fixture_attenuation_db, wall_attenuation_db
from engine.plan.model import AccessPoint, Fixture, Level, Opening, Plan, Wall, Zone

HALL = Plan(
    "s",
    "s",
    "UTC",
    "EUR",
    None,
    (Level("0", 0, "Ground", 3.0, 0.0, box(0, 0, 10, 8)),),
    zones=(Zone("all", "0", "All", "", box(0, 0, 10, 8)),),
    openings=(Opening("door", "0", "entrance", Point(0, 4)),),
    access_points=tuple(AccessPoint(f"ap{i}", "0", 1.0 + i, 1.0, 2.7, "", None, None) for i in range(3)),
)


def warned(plan: Plan) -> list[tuple[str, str]]:
    findings = Findings("plan")
    check_reachable(plan, findings)
    assert findings.errors == []
    return [(p.place, p.reason) for p in findings.warnings]


def test_a_good_hall_is_not_odd() -> None:
    assert warned(HALL) == []


def test_a_room_without_a_door_is_told_with_its_size_and_a_place_in_it() -> None:
    room = replace(HALL, walls=(Wall("0", LineString([(7, 0), (7, 3), (10, 3)]), "brick", 7.0),))
    place, reason = warned(room)[0]
    assert place == "level 0"
    assert reason == "9.0 m² of walkable area around x 7.2, y 0.2 cannot be reached from the rest"
    two = replace(room, walls=(*room.walls, Wall("0", LineString([(7, 8), (7, 6), (10, 6)]), "brick", 7.0)))
    assert [r.split(" m²")[0] for _, r in warned(two)] == ["9.0", "6.0"]  # the largest first


def test_a_zone_in_a_shelf_counts_nobody() -> None:
    shelf = Fixture("f", "0", "", "", 2.0, False, box(4, 4, 6, 6))
    plan = replace(HALL, fixtures=(shelf,), zones=(*HALL.zones, Zone("bread", "0", "", "", box(4.2, 4.2, 5.8, 5.8))))
    assert warned(plan) == [("section bread", "holds no walkable cell: no visit can be counted in it")]


def test_no_entrance() -> None:
    assert warned(replace(HALL, openings=())) == [("features", "there is no entrance")]
    exit_ = replace(HALL, openings=(Opening("out", "0", "exit", Point(0, 4)),))
    assert warned(exit_) == [("features", "there is no entrance")]


def test_losses_by_the_names_people_write() -> None:
    assert wall_attenuation_db(" Brick ") == 7.0
    assert wall_attenuation_db("reinforced concrete") == wall_attenuation_db("Reinforced-Concrete") == 20.0
    assert wall_attenuation_db("cheese") is None
    assert fixture_attenuation_db(" Fridge ") == 5.0
    assert fixture_attenuation_db("gondola") == 2.5
    assert fixture_attenuation_db("whatever") == 2.0
