"""Projects table by table: what is none is left out, what is missing has its default, and what is said of it."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from engine.errors import OperatorError
from engine.plan.importers.answers import DrawingAnswers
from engine.plan.importers.draft import Draft
from engine.plan.importers.formats.ekahau import import_ekahau
from engine.plan.importers.notes import Notes
from tests.engine.plan.importers.drawings import Json

Told = tuple[str, str, str]
FLOOR: Json = {"id": "f0", "name": "Ground", "width": 600, "height": 400, "metersPerUnit": 0.05}


def at(x: float, y: float, floor: str = "f0") -> Json:
    return {"floorPlanId": floor, "coord": {"x": x, "y": y}}


def walls(*lines: tuple[str, Json, Json]) -> dict[str, list[Json]]:
    """Tables of walls, each (its type, where it begins, where it ends)."""
    spots = [spot for _, *both in lines for spot in both]
    points = [{"id": f"p{n}", "location": spot} for n, spot in enumerate(spots)]
    segments = [{"wallPoints": [f"p{2 * i}", f"p{2 * i + 1}"], "wallTypeId": of} for i, (of, *_) in enumerate(lines)]
    return {"wallPoints": points, "wallSegments": segments}


def kind(own: str, name: str = "", key: str = "", **more: Any) -> Json:
    return {"id": own, "name": name, "key": key, **more}


def loss(**bands: Any) -> Json:
    return {"propagationProperties": [{"band": b, "attenuationFactor": db} for b, db in bands.items()]}


def drawn(under: str = "", **tables: list[Json]) -> tuple[Draft, list[Told]]:
    notes = Notes("shop.esx")
    given = {"floorPlans": [FLOOR]} | tables
    files = {f"{under}{name}.json": json.dumps({name: rows}).encode() for name, rows in given.items()}
    draft = import_ekahau(files, DrawingAnswers("shop"), notes)
    return draft, [(p.place, p.reason, p.fix or "") for p in notes.problems]


@pytest.mark.parametrize("under", ["", "project/", "a/b/"])
def test_tables_may_lie_in_a_folder(under: str) -> None:
    draft, _ = drawn(under, buildings=[{"name": "Mall"}])
    assert ([s.name for s in draft.storeys], draft.name, draft.keep_frame) == (["Ground"], "Mall", True)


@pytest.mark.parametrize(("names", "name"), [([], ""), (["A"], "A"), (["A", "B"], ""), (["A\n"], "A")])
def test_one_building_names_the_shop(names: list[str], name: str) -> None:
    assert drawn(buildings=[{"name": one} for one in names])[0].name == name


@pytest.mark.parametrize(
    ("building", "storey"),
    [
        (None, ("1", 1, 3.0)),  # the second of its list
        ({"floorNumber": 4}, ("4", 4, 3.0)),
        ({"floorNumber": -1, "height": 2.5}, ("-1", -1, 2.5)),
        ({"floorNumber": 0}, ("0-2", 0, 3.0)),  # the first has that, too
        ({"floorNumber": 201}, ("201", 200, 3.0)),
        ({"floorNumber": -21}, ("-21", -20, 3.0)),
        ({"floorNumber": "2"}, ("1", 1, 3.0)),
        ({"floorNumber": 1.6}, ("2", 2, 3.0)),
    ],
)
def test_a_storey_has_its_number_and_its_height(building: Json | None, storey: tuple[str, int, float]) -> None:
    rows = [] if building is None else [{"floorPlanId": "f1", **building}]
    draft, _ = drawn(floorPlans=[FLOOR, FLOOR | {"id": "f1", "name": ""}], buildingFloors=rows)
    first, second = draft.storeys
    assert (first.id, first.ordinal, first.name, first.height_m) == ("0", 0, "Ground", 3.0)
    assert (second.id, second.ordinal, second.height_m) == storey
    assert second.name == second.id, "nameless"


@pytest.mark.parametrize(
    ("change", "has"),
    [
        ({}, True), ({"metersPerUnit": 99.9}, True), ({"metersPerUnit": 100}, False), ({"metersPerUnit": 2e-6}, True),
        ({"metersPerUnit": 1e-6}, False), ({"metersPerUnit": "0.05"}, False), ({"height": 0}, False),
        ({"height": 1}, True), ({"height": -1}, False), ({"metersPerUnit": None}, False),
    ],
)  # fmt: skip
def test_a_floor_needs_a_scale(change: Json, has: bool) -> None:
    if has:
        assert len(drawn(floorPlans=[FLOOR | change])[0].storeys) == 1
        return
    with pytest.raises(OperatorError) as caught:
        drawn(floorPlans=[FLOOR | change])
    (problem,) = caught.value.problems
    assert (problem.place, problem.reason, problem.fix) == (
        "floor Ground", "has no scale", "set it in Ekahau, with a known length",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("answers", "refused"), [({"units": "m"}, True), ({"scale_m": 0.5}, True), ({"scale_m": None, "units": ""}, False)]
)
def test_a_project_has_its_own_scale(answers: Json, refused: bool) -> None:
    files = {"floorPlans.json": json.dumps({"floorPlans": [FLOOR]}).encode()}
    if not refused:
        assert len(import_ekahau(files, DrawingAnswers("s", **answers), Notes("s")).storeys) == 1
        return
    with pytest.raises(OperatorError) as caught:
        import_ekahau(files, DrawingAnswers("s", **answers), Notes("s"))
    (problem,) = caught.value.problems
    assert (problem.place, problem.fix) == ("--units", "correct it in Ekahau, with a known length")


def test_a_wall_joins_two_points_of_its_floor() -> None:
    """600 by 400 pixels of 5 cm: y counts from below."""
    tables = walls(
        ("w", at(0, 0), at(100, 0)),
        ("w", at(0, 400), at(0, 400)),  # of no length
        ("w", at(0, 0), at(100, 0, "f1")),  # from one floor to another
        ("w", at(0, 0), {"floorPlanId": "f0"}),
        ("w", at(0, 0), {"floorPlanId": "f0", "coord": {"x": 5, "y": "6"}}),
        ("gone", at(20, 100), at(20, 300)),
    )
    tables["wallSegments"] += [{"wallPoints": "p0"}, {"wallPoints": ["p0", "p1", "p2"]}, {"wallPoints": ["p0", "none"]}]
    floors = [FLOOR, FLOOR | {"id": "f1", "metersPerUnit": 0.1}]
    draft, _ = drawn(floorPlans=floors, wallTypes=[kind("w", key="Dry Wall", **loss(FIVE=4))], **tables)
    assert [([*p.shape.coords], p.level, p.properties) for p in draft.of_kind("wall")] == [
        ([(0, 20), (5, 20)], "0", {"material": "dry-wall", "attenuation_db": 4.0}), ([(1, 15), (1, 5)], "0", {}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("bands", "db"),
    [
        ({"TWO": 3, "FIVE": 4, "SIX": 5}, 4.0), ({"TWO": 3, "SIX": 5}, 3.0), ({"SIX": 5}, 5.0), ({"NINE": 9}, None),
        ({"FIVE": 0}, 0.0), ({"FIVE": "many"}, 5.0), ({"FIVE": None, "TWO": 3}, None), ({}, None),
    ],
)  # fmt: skip
def test_a_loss_is_that_of_5_ghz_or_else_of_the_next_band(bands: Json, db: float | None) -> None:
    one = kind("w", **loss(**bands))
    one["propagationProperties"] += ["x", None]
    draft, _ = drawn(wallTypes=[one], **walls(("w", at(0, 0), at(100, 0))))
    [wall] = draft.of_kind("wall")
    assert wall.properties.get("attenuation_db") == db


@pytest.mark.parametrize(
    ("type_", "depth_m", "category"),
    [
        (kind("w", "Shelf, Retail", thickness=0.5), 0.5, "gondola"),
        (kind("w", "Tall rack"), 0.8, "gondola"),
        (kind("w", "Stand", "Shelf", thickness=0), 0.8, "gondola"),
        (kind("w", "Fridge shelves", thickness=1), 1.0, "fridge"),
        (kind("w", "Shelfish"), None, ""),
    ],
)
def test_a_shelf_is_drawn_as_a_wall_and_as_deep_as_its_type(type_: Json, depth_m: float | None, category: str) -> None:
    draft, _ = drawn(wallTypes=[type_], **walls(("w", at(100, 200), at(200, 200))))
    assert len(draft.of_kind("wall")) == (depth_m is None)
    assert [(p.shape.bounds, p.properties) for p in draft.of_kind("fixture")] == (
        [] if depth_m is None else [((5, 10 - depth_m / 2, 10, 10 + depth_m / 2), {"category": category})]
    )


def ring(*corners: tuple[float, float], floor: str = "f0") -> list[tuple[str, Json, Json]]:
    return [("w", at(*a, floor), at(*b, floor)) for a, b in zip(corners, [*corners[1:], corners[0]], strict=True)]


def test_a_gap_in_the_outer_walls_is_a_door_and_without_walls_the_picture_is_the_floor() -> None:
    open_ring = [*ring((100, 40), (500, 40), (500, 360), (100, 360))[:-1],
                 ("w", at(100, 360), at(100, 220)), ("w", at(100, 180), at(100, 40))]  # fmt: skip
    draft, told = drawn(floorPlans=[FLOOR, FLOOR | {"id": "f1", "name": "Upper"}], **walls(*open_ring))
    assert [p.bounds for s in draft.storeys for p in s.parts] == [(5, 2, 25, 18), (0, 0, 30, 20)]
    [door] = draft.of_kind("opening")
    assert (sorted(door.shape.coords), door.level) == ([(5, 9), (5, 11)], "0")
    assert door.properties == {"id": "door", "category": "entrance"}
    said = ("level Upper", "walls stand around no floor: the whole picture is taken for it", "draw outer walls")
    assert said in told


@pytest.mark.parametrize(
    ("scales", "rows", "said"),
    [((0.05, 0.05), [], False), ((0.05, 0.08), [], True), ((0.05, 0.08), [{"id": "r"}], False),
     ((0.05, 0.0500004), [], False), ((0.05, 0.050001), [], True)],
)  # fmt: skip
def test_floors_of_different_scales_need_points_to_lay_them_above_each_other(
    scales: tuple[float, float], rows: list[Json], said: bool
) -> None:
    floors = [FLOOR | {"id": f"f{i}", "metersPerUnit": m} for i, m in enumerate(scales)]
    told = drawn(floorPlans=floors, referencePoints=rows)[1]
    reason = "floors have different scales and no reference points: where they lie above each other is not known"
    fix = "move one onto the other, or set alignment points in Ekahau"
    assert (("floorPlans.json", reason, fix) in told) is said


def test_areas_of_three_corners_on_a_floor_are_zones() -> None:
    def corners(*spots: tuple[Any, Any]) -> list[Json]:
        return [{"x": x, "y": y} for x, y in spots]

    triangle = corners((0, 400), (100, 400), (0, 300))
    areas: list[Json] = [
        {"floorPlanId": "f0", "name": "Tea ", "area": triangle},
        {"floorPlanId": "f0", "area": [*triangle, {"x": "?", "y": 0}]},
        {"floorPlanId": "f0", "area": triangle[:2]},
        {"floorPlanId": "gone", "area": triangle},
        {"floorPlanId": "f0", "area": None},
        {"floorPlanId": "f0", "area": corners((0, 0), (10, 10), (10, 0), (0, 10))},  # crosses itself
    ]
    draft, _ = drawn(areas=areas)
    assert [([*p.shape.exterior.coords][:3], p.place, p.level, p.properties) for p in draft.of_kind("section")] == [
        ([(0, 0), (5, 0), (0, 5)], "areas[0]", "0", {"name": "Tea"}), ([(0, 0), (5, 0), (0, 5)], "areas[1]", "0", {}),
    ]  # fmt: skip


def test_access_points_have_what_was_heard_of_them_each_address_once() -> None:
    aps: list[Json] = [
        {"id": "a1", "name": "02:00:5e:00:53:01 hall", "location": at(100, 300)},
        {"id": "a2", "name": "Till", "location": at(200, 300)},
        {"id": "a3", "location": at(300, 300)},
        {"id": "a6", "name": "00:00:00:00:00:00", "location": at(300, 300)},
        {"id": "a4", "name": "Lost", "location": at(1, 1, "gone")},
        {"id": "a5", "name": "Lost too"},
    ]
    heard = [("m1", "02:00:5E:00:53:01"), ("m2", "02-00-5e-00-53-0A"), ("m3", "02005e00530a"), ("m4", "none")]
    draft, told = drawn(
        accessPoints=aps,
        accessPointMeasurements=[{"id": own, "mac": mac} for own, mac in heard],
        measuredRadios=[
            {"accessPointId": "a1", "accessPointMeasurementIds": ["m1"]},
            {"accessPointId": "a2", "accessPointMeasurementIds": ["m2", "m3", "m4", "gone"]},
            {"accessPointId": "a2", "accessPointMeasurementIds": ["m1"]},
            {"accessPointId": "a2", "accessPointMeasurementIds": None},
        ],
        simulatedRadios=[{"accessPointId": "a1", "antennaHeight": 2.4}, {"accessPointId": "a2", "antennaHeight": "?"}],
    )
    found = draft.of_kind("access_point")
    assert [(p.shape.x, p.shape.y, p.level) for p in found] == [(5, 5, "0"), (10, 5, "0"), (15, 5, "0"), (15, 5, "0")]
    one, two, three, nobody = (dict(p.properties) for p in found)
    assert one == {"id": "02:00:5e:00:53:01 hall", "name": "02:00:5e:00:53:01 hall", "z_m": 2.4,
                   "macs": ["02:00:5e:00:53:01"]}  # fmt: skip
    assert math.isnan(two.pop("z_m")), "what is no height is asked for where the plan is laid out"
    assert two == {"id": "Till", "name": "Till", "macs": ["02-00-5e-00-53-0A", "02:00:5E:00:53:01"]}
    assert three == {"id": "a3"}
    assert nobody == {"id": "00:00:00:00:00:00", "name": "00:00:00:00:00:00"}
    assert draft.counts == {"aps_without_place": 2}
    lost = "has no place, and is left out", "place it in Ekahau, or add it to the plan"
    bare = "is simulated and has no MAC: its id has to be what sources call it by", "write the MAC as id, or in macs"
    assert ("access point Lost, access point Lost too", *lost) in told
    assert ("access point , access point 00:00:00:00:00:00", *bare) in told
