"""Ekahau projects: pixels from the top left corner, walls with losses, shelves among them, APs without MAC."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.errors import OperatorError
from tests.engine.plan.importers.drawings import Json, bounds, imported, of_type, said, zipped

SCALES = {"f0": 0.05, "f1": 0.08}
CORNERS = [(50, 40), (550, 40), (550, 360), (50, 360)]


def kind(key: str, name: str, loss_db: float, thickness: float) -> Json:
    bands = [{"band": band, "attenuationFactor": loss_db + i} for i, band in enumerate(("TWO", "FIVE", "SIX"))]
    return {"id": key, "key": key, "name": name, "thickness": thickness, "propagationProperties": bands}


def project() -> dict[str, list[Json]]:
    """Two floors of 600 by 400 pixels: outer walls on both, an inner one and two shelves below."""
    points, segments = [], []

    def wall(floor: str, a: tuple[float, float], b: tuple[float, float], type_: str) -> None:
        ids = [f"p{len(points)}", f"p{len(points) + 1}"]
        for name, (x, y) in zip(ids, (a, b), strict=True):
            points.append({"id": name, "location": {"floorPlanId": floor, "coord": {"x": x, "y": y}}})
        segments.append({"wallPoints": ids, "wallTypeId": type_})

    for floor in SCALES:
        for a, b in zip(CORNERS, [*CORNERS[1:], CORNERS[0]], strict=True):
            wall(floor, a, b, "Concrete")
    wall("f0", (300, 40), (300, 160), "Dry")
    wall("f0", (120, 100), (120, 300), "Retail")
    wall("f0", (200, 100), (200, 300), "Retail")
    aps: list[Json] = [
        {"id": "a1", "name": "Simulated AP-001", "location": {"floorPlanId": "f0", "coord": {"x": 100, "y": 80.25}}},
        {"id": "a2", "name": "Entrance", "location": {"floorPlanId": "f1", "coord": {"x": 400, "y": 200}}},
        {"id": "a3", "name": "Measured AP 02:00:5e:00:53:a4"},
    ]
    return {
        "floorPlans": [
            {"id": f, "name": n, "width": 600.0, "height": 400.0, "metersPerUnit": SCALES[f], "cropMinX": 40.0}
            for f, n in (("f0", "Rez-de-chaussée.png"), ("f1", "Étage.png"))
        ],
        "buildings": [{"name": "Building 1"}],
        "buildingFloors": [
            {"floorPlanId": "f0", "floorNumber": 0, "height": 3.2},
            {"floorPlanId": "f1", "floorNumber": 1, "height": 2.5},
        ],
        "wallPoints": points,
        "wallSegments": segments,
        "wallTypes": [
            kind("Concrete", "Wall, Concrete", 23, 0.3), kind("Dry", "Wall, Dry", 5, 0.1),
            kind("Retail", "Shelf, Retail", 11, 1.0),
        ],
        "areas": [{"floorPlanId": "f0", "name": "Area-1", "area": [{"x": x, "y": y} for x, y in CORNERS]}],
        "accessPoints": aps,
        "simulatedRadios": [{"accessPointId": "a1", "antennaHeight": 2.4}],
        "measuredRadios": [{"accessPointId": "a2", "accessPointMeasurementIds": ["m1", "m2", "m3"]}],
        "accessPointMeasurements": [
            {"id": "m1", "mac": "02:00:5e:10:00:00"}, {"id": "m2", "mac": "02005e100010"}, {"id": "m3", "mac": "?"},
        ],
    }  # fmt: skip


def esx(tables: dict[str, list[Json]] | None = None, **change: Any) -> bytes:
    rows = (tables or project()) | change
    return zipped({f"{name}.json": json.dumps({name: found}).encode() for name, found in rows.items()})


def test_a_project_becomes_a_plan() -> None:
    made = imported(esx(), "shop.esx")
    counted = [made.counts[key] for key in ("levels", "zones", "walls", "fixtures", "aps", "aps_without_place")]
    assert counted == [2, 1, 9, 2, 2, 1]
    levels = [f["properties"] for f in of_type(made, "level")]
    assert [(p["name"], p["ordinal"], p.get("height_m", 3.0)) for p in levels] == [
        ("Rez-de-chaussée.png", 0, 3.2), ("Étage.png", 1, 2.5),
    ]  # fmt: skip
    assert made.counts["size_m"] == {"0": [25, 16], "1": [40, 25.6]}


def test_pixels_are_from_the_top_left_corner_and_losses_are_those_of_5_ghz() -> None:
    made = imported(esx(), "shop.esx")
    one, other = of_type(made, "access_point")
    assert one["geometry"]["coordinates"] == [100 * 0.05, pytest.approx((400 - 80.25) * 0.05)]
    assert (one["properties"]["z_m"], other["properties"]["z_m"]) == (2.4, 2.7)
    assert other["properties"]["macs"] == ["02:00:5e:10:00:00", "02005e100010"]
    losses = {(w["properties"]["material"], w["properties"]["attenuation_db"]) for w in of_type(made, "wall")}
    assert losses == {("concrete", 24.0), ("dry", 6.0)}
    shelf = of_type(made, "fixture")[0]
    assert (bounds(shelf), shelf["properties"]["attenuation_db"]) == ((5.5, 5, 6.5, 15), 12.0)


def test_where_walls_enclose_nothing_the_whole_picture_is_the_floor() -> None:
    made = imported(esx(wallSegments=[]), "shop.esx")
    assert [bounds(level) for level in of_type(made, "level")] == [(0, 0, 30, 20), (0, 0, 48, 32)]  # 600 x 400 pixels
    assert made.counts["area_m2"] == {"0": 600, "1": 1536}
    both = "level Rez-de-chaussée.png, level Étage.png: walls stand around no floor: the whole picture is taken for it"
    assert both in said(made)


def test_what_the_project_does_not_tell_is_said_once() -> None:
    text = said(imported(esx(), "shop.esx"))
    for words in (
        "Simulated AP-001: is simulated and has no MAC",
        "02:00:5e:00:53:a4: has no place",
        "different scales",
    ):
        assert text.count(words) == 1, words


def test_a_measured_name_with_a_mac_names_its_access_point() -> None:
    tables = project()
    tables["accessPoints"][2]["location"] = {"floorPlanId": "f0", "coord": {"x": 200, "y": 200}}
    assert of_type(imported(esx(tables), "shop.esx"), "access_point")[2]["properties"]["macs"] == ["02:00:5e:00:53:a4"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"floorPlans": []}, "the project holds no floor plan"),
        ({"floorPlans": [{"id": "f0", "height": 400.0, "metersPerUnit": 0}]}, "floor 0: has no scale"),
    ],
)
def test_what_is_no_project_is_refused(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(OperatorError, match=reason):
        imported(esx(**change), "shop.esx", format_="ekahau")
    with pytest.raises(OperatorError, match="an Ekahau project has its own scale"):
        imported(esx(), "shop.esx", units="m")
