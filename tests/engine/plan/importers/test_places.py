"""A vendor's places put into a plan as its file holds it: those known move, new ones are added, all else stays."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from engine.errors import OperatorError
from engine.plan.findings import Findings
from engine.plan.importers.notes import Notes
from engine.plan.importers.places import FoundPlace, read_places, with_places
from engine.plan.load import check_raw
from engine.plan.model import Plan
from tests.engine.plan.importers.drawings import LAT, LON, lonlat
from tests.engine.plan.sketch import AP, AP2, AP3, Json, feature, ring, shop

NAN = math.nan


def plan_on_earth() -> Plan:
    raw = shop()
    raw["rayon"]["anchor"] = {"lon": LON, "lat": LAT, "bearing_deg": -17.0}
    found = check_raw(raw, Findings("plan.geojson"))
    assert found is not None
    return found


def device(mac: str, x: float, y: float, **more: Any) -> Json:
    lon, lat = lonlat(x, y)
    return {"mac": mac, "lat": lat, "lng": lon, **more}


def read(*devices: Json, notes: Notes | None = None) -> list[FoundPlace]:
    content = json.dumps([{"name": "Ground", "devices": list(devices)}]).encode()
    return read_places(content, plan_on_earth(), notes or Notes("floorPlans.json"))


def test_access_points_are_taken_and_what_else_is_on_the_map_is_not() -> None:
    found = read(
        device("02:00:5e:10:00:01", 6, 4), device("02:00:5e:10:00:02", 6, 4, model="mr46"),
        device("02:00:5e:10:00:03", 6, 4, model="CW9166"), device("02:00:5e:10:00:04", 6, 4, model="MS120-8"),
        device("02:00:5e:10:00:05", 6, 4, model="MV12"), device("no mac", 6, 4, model="MR46"),
        {"mac": "02:00:5e:10:00:06", "lat": 91.0, "lng": LON}, {"mac": "02:00:5e:10:00:07", "lat": LAT, "lng": 181.0},
        {"mac": "02:00:5e:10:00:08", "lat": LAT},
    )  # fmt: skip
    assert [place.mac[-1] for place in found] == ["1", "2", "3"]
    assert {(place.level, place.index, math.isnan(place.moved_m)) for place in found} == {("0", -1, True)}
    assert all(math.hypot(place.x_m - 6, place.y_m - 4) < 0.02 for place in found)


def test_a_known_one_is_found_by_its_address_and_says_how_far_it_moved() -> None:
    notes = Notes("floorPlans.json")
    [known] = read(device("aabb.cc00.0002", 8, 5), device("02:00:5e:10:00:01", 300, 5), notes=notes)
    assert (known.index, known.level) == (1, "0")
    assert math.isclose(known.moved_m, 5.0, abs_tol=0.02)  # of 11, 1: three metres and four
    assert [(p.place, p.reason) for p in notes.problems] == [
        ("02:00:5e:10:00:01", "is more than 200 m from the shop, and left out")
    ]


def test_known_ones_move_new_ones_are_as_high_as_most_and_all_else_stays() -> None:
    raw = shop()
    raw["features"][AP3]["properties"]["z_m"] = 5.0
    findings = Findings("plan.geojson")
    plan = check_raw(raw, findings)
    assert plan is not None
    assert not findings.errors
    places = [
        FoundPlace("aa:bb:cc:00:00:02", "", "0", 10.5, 2.25, 1, 1.3),
        FoundPlace("aa:bb:cc:00:00:01", "", "0", 1.5, 1.25, 0, 0.6),
        FoundPlace("02:00:5e:10:00:01", "Middle", "0", 6.0, 4.0, -1, NAN),
        FoundPlace("02:00:5e:10:00:02", "", "0", 7.0, 5.0, -1, NAN),
    ]
    made = with_places(raw, plan, places)
    want = shop()
    want["features"][AP3]["properties"]["z_m"] = 5.0
    assert raw == want, "what is given stays as it is"
    want["features"][AP2]["geometry"]["coordinates"] = [10.5, 2.25]
    want["features"][AP]["geometry"]["coordinates"] = [1.5, 1.25]
    new = {"feature_type": "access_point", "level": "0", "z_m": 2.8}  # the middle one of 2.8, 2.8 and 5 m
    want["features"] += [
        {"type": "Feature", "properties": {**new, "id": "02:00:5e:10:00:01", "name": "Middle"},
         "geometry": {"type": "Point", "coordinates": [6.0, 4.0]}},
        {"type": "Feature", "properties": {**new, "id": "02:00:5e:10:00:02"},
         "geometry": {"type": "Point", "coordinates": [7.0, 5.0]}},
    ]  # fmt: skip
    assert made == want


@pytest.mark.parametrize(
    ("x", "y", "taken"),
    [(6, 207.9, True), (6, 208.1, False), (211.9, 4, True), (212.1, 4, False), (-199.9, 4, True), (-200.1, 4, False),
     (6, -199.9, True), (6, -200.1, False)],
)  # fmt: skip
def test_two_hundred_metres_around_the_shop_are_of_it(x: float, y: float, taken: bool) -> None:
    """The level is 12 by 8 m."""
    found = read(device("02:00:5e:10:00:01", x, y))
    assert [place.level for place in found] == ["0"] * taken
    assert all(place.x_m == round(place.x_m, 2) and place.y_m == round(place.y_m, 2) for place in found)


def two_storeys() -> Plan:
    raw = shop()
    raw["rayon"]["anchor"] = {"lon": LON, "lat": LAT, "bearing_deg": -17.0}
    raw["features"].insert(1, feature("level", "Polygon", ring(0, 0, 12, 8), id="1", ordinal=1, name="Étage"))
    found = check_raw(raw, Findings("plan.geojson"))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("map_", "level", "on"),
    [
        ({"name": "etage"}, "", "1"),
        ({"name": "0"}, "", "0"),
        ({"name": "GROUND"}, "", "0"),
        ({"name": "Cellar"}, "", None),
        ({"name": "!"}, "", None),
        ({}, "", None),
        ({"name": "etage"}, "0", "0"),
        ({"name": "Cellar"}, "1", "1"),
    ],
)
def test_a_new_one_is_on_the_storey_that_its_map_is_called_by(map_: Json, level: str, on: str | None) -> None:
    notes, new = Notes("f.json"), device("02:00:5e:10:00:01", 6, 4, name="New")
    known = device("aa:bb:cc:00:00:02", 6, 4)
    content = json.dumps([{**map_, "devices": [new, known]}]).encode()
    found = {p.mac[-1]: (p.level, p.name) for p in read_places(content, two_storeys(), notes, level)}
    assert found.pop("2") == ("0", ""), "a known one stays where the plan has it"
    assert found == ({} if on is None else {"1": (on, "New")})
    left = [] if on else [f"is new, and map {map_.get('name', '')!r} is no level by its name (0, 1): left out"]
    assert [p.reason for p in notes.problems] == left


@pytest.mark.parametrize(("deep", "read_"), [(6, True), (7, False)])
def test_devices_are_looked_for_six_deep_and_need_not_be_on_a_map(deep: int, read_: bool) -> None:
    raw: Any = device("02:00:5e:10:00:01", 6, 4)
    for i in range(deep):
        raw = [raw] if i % 2 else {"items": raw}
    if read_:
        assert len(read_places(json.dumps(raw).encode(), plan_on_earth(), Notes("f.json"))) == 1
        return
    with pytest.raises(OperatorError, match="holds no access point with mac, lat and lng"):
        read_places(json.dumps(raw).encode(), plan_on_earth(), Notes("f.json"))


def test_places_on_earth_need_an_anchor_and_the_first_height_is_a_usual_one() -> None:
    raw = shop()
    raw["rayon"]["anchor"] = None
    plan = check_raw(raw, Findings("plan.geojson"))
    assert plan is not None
    with pytest.raises(OperatorError, match="places on Earth cannot be put into this plan"):
        read_places(b"[]", plan, Notes("f.json"))
    bare = {**shop(), "features": shop()["features"][:5]}
    alone = check_raw(bare, Findings("plan.geojson"))
    assert alone is not None
    made = with_places(bare, alone, [FoundPlace("02:00:5e:10:00:01", "", "0", 6.0, 4.0, -1, NAN)])
    assert made["features"][5]["properties"]["z_m"] == 2.7
