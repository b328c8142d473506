"""Layers in metres: what numbers are where nobody says it, heights, names of layers, and frames by their many names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely

from engine.errors import OperatorError
from engine.plan.importers.answers import DrawingAnswers
from engine.plan.importers.formats.crs import crs_of, degrees_of
from engine.plan.importers.formats.layers import Layer, read_layers
from engine.plan.importers.ground import Ground
from engine.plan.importers.notes import Notes
from tests.engine.plan.importers.drawings import Json, collection, feature


def named(crs: str) -> Json:
    return {"type": "name", "properties": {"name": crs}}


CRS84 = {"crs": named("urn:ogc:def:crs:OGC:1.3:CRS84")}


def drawn(*spots: list[float], **members: Any) -> bytes:
    return collection(feature({"type": "LineString", "coordinates": list(spots)}, id="f1"), **members)


def read(content: bytes, **answers: Any) -> tuple[list[Layer], Ground | None]:
    return read_layers({"a.geojson": content}, DrawingAnswers("shop", **answers), Notes("a.geojson"))


@pytest.mark.parametrize(
    ("spots", "members", "units"),
    [
        ([[0, 0], [1.1, 0]], {}, ""),  # larger than any shop in degrees, and large enough in metres
        ([[0, 0], [0, 91]], {}, ""),
        ([[0, 0], [179, 0]], {}, ""),
        ([[1, 0], [181, 0]], {}, ""),  # no degrees
        ([[0, 0], [0.01, 0]], {}, "m"),
        ([[0, 0], [30, 0]], CRS84, "m"),
    ],
)
def test_metres_of_a_drawing(spots: list[list[float]], members: Json, units: str) -> None:
    [layer], ground = read(drawn(*spots, **members), units=units)
    assert ground is None
    assert shapely.get_coordinates(layer.features[0].shape).tolist() == spots


@pytest.mark.parametrize(
    ("spots", "members", "units", "middle"),
    [
        ([[2, 48], [2.08, 48.04]], {}, "", (2.04, 48.02)),
        ([[2, 48], [2.08, 48.04]], CRS84, "", (2.04, 48.02)),
        ([[0, 0], [0.1, 0]], {}, "deg", (0.05, 0.0)),
        ([[0, 88.95], [0, 89]], {}, "deg", (0.0, 88.975)),
        ([[180, -89], [179.95, -89]], {}, "deg", (179.975, -89.0)),
        ([[-180, 5], [-179.95, 5]], {}, "deg", (-179.975, 5.0)),
    ],
)
def test_places_on_earth(spots: list[list[float]], members: Json, units: str, middle: tuple[float, float]) -> None:
    [layer], ground = read(drawn(*spots, **members), units=units)
    assert ground is not None
    assert (ground.lon, ground.lat) == pytest.approx(middle)
    metres = shapely.get_coordinates(layer.features[0].shape)
    assert metres == pytest.approx(Ground(*middle).to_metres(np.array(spots)), abs=1e-6)


@pytest.mark.parametrize(
    ("spots", "members", "units", "said"),
    [
        ([[2, 48], [2.1, 48]], {}, "", "is 0.1 from end to end: degrees, or metres?"),
        ([[0, 0], [1.0, 0]], {}, "", "is 1 from end to end: degrees, or metres?"),
        ([[-90, 0], [90, 0]], {}, "", "is 180 from end to end: degrees, or metres?"),
        ([[0, 0], [30, 0]], CRS84, "", "says longitude and latitude, but is 30 from end to end"),
        ([[0, 0], [0.11, 0]], {}, "deg", "spans 0.11 by 0 degrees: that is no shop"),
        ([[0, 0], [0, 0.11]], {}, "deg", "spans 0 by 0.11 degrees: that is no shop"),
        ([[0, 89], [0, 89.01]], {}, "deg", "are no longitudes and latitudes"),
        ([[0, -89], [0, -89.01]], {}, "deg", "are no longitudes and latitudes"),
        ([[180, 0], [180.01, 0]], {}, "deg", "are no longitudes and latitudes"),
        ([[-180, 0], [-180.01, 0]], {}, "deg", "are no longitudes and latitudes"),
    ],
)
def test_what_may_be_either_or_is_neither_is_asked_about(
    spots: list[list[float]], members: Json, units: str, said: str
) -> None:
    with pytest.raises(OperatorError) as refused:
        read(drawn(*spots, **members), units=units)
    assert said in refused.value.problems[0].reason


@pytest.mark.parametrize(
    ("answers", "metres"),
    [({"units": "mm"}, 4.0), ({"units": "cm"}, 40.0), ({"units": "ft"}, 1219.2), ({"scale_m": 0.5}, 2000.0),
     ({"units": "mm", "scale_m": 0.5}, 2000.0)],
)  # fmt: skip
def test_a_unit_or_a_known_length_scales(answers: Json, metres: float) -> None:
    [layer], _ = read(drawn([0, 0], [4000, 0]), **answers)
    assert layer.features[0].shape.bounds[2] == pytest.approx(metres)


def test_a_layer_is_called_by_its_name_or_its_file_and_heights_are_kept() -> None:
    def height(*coordinates: Any, kind: str = "Point") -> Json:
        return feature({"type": kind, "coordinates": list(coordinates)})

    files = {
        "shop/aps.v2.geojson": collection(
            height(1, 1, 2.5), height(1, 1), height(1, 1, "high"), height(*[[0, 0, 0.5], [9, 9, 7]], kind="LineString"),
            height([[[0, 0, 3], [9, 0, 4], [9, 9, 5]]], kind="MultiPolygon"), feature(None),
        ),
        "b.json": drawn([0, 0], [9, 9], name="Murs"),
        "readme.txt": b"none",
    }  # fmt: skip
    notes = Notes("shop")
    layers, _ = read_layers(files, DrawingAnswers("shop", units="m"), notes)
    assert [layer.name for layer in layers] == ["Murs", "aps.v2"]
    assert [f.z_m for f in layers[1].features] == [2.5, None, None, 0.5, 3.0]
    assert (layers[0].features[0].id, layers[0].features[0].place) == ("f1", "b.json: features[0]")
    said = [(p.place, p.reason) for p in notes.problems]
    assert ("shop/aps.v2.geojson: features[5]", "has no geometry, and is left out") in said
    assert [place for place, reason in said if "third number" in reason] == ["shop/aps.v2.geojson"]
    in_feet, _ = read_layers(files, DrawingAnswers("shop", units="ft"), Notes("shop"))
    feet = [2.5, None, None, 0.5, 3.0]
    assert [f.z_m for f in in_feet[1].features] == [ft if ft is None else pytest.approx(0.3048 * ft) for ft in feet]
    on_earth, _ = read_layers({"a.json": collection(height(2.0, 48.0, 2.5))}, DrawingAnswers("shop"), Notes("a.json"))
    assert on_earth[0].features[0].z_m == 2.5, "metres, above degrees"
    alone, _ = read_layers({"plan": drawn([0, 0], [9, 9])}, DrawingAnswers("shop", units="m"), Notes("plan"))
    assert [layer.name for layer in alone] == ["plan"]


@pytest.mark.parametrize(
    ("member", "crs"),
    [
        (None, ""),
        ("EPSG:2154", ""),
        ({"properties": None}, ""),
        (named("urn:ogc:def:crs:OGC:1.3:CRS84"), "CRS84"),
        (named("crs:84"), "CRS84"),
        (named("EPSG:2154"), "2154"),
        (named("urn:ogc:def:crs:EPSG::2154"), "2154"),
        (named("urn:ogc:def:crs:EPSG:9.8.1:2154"), "2154"),
        (named("https://www.opengis.net/def/crs/EPSG/0/2154"), "2154"),
        (named(" 900913 "), "900913"),
        (named("local"), "local"),
        (named("x" * 70), "x" * 60),
        ({"properties": {"code": 3857}}, "3857"),
        ({"properties": {"href": "EPSG:3857", "name": ""}}, "3857"),
    ],
)
def test_a_frame_is_known_by_its_code(member: Any, crs: str) -> None:
    assert crs_of({"crs": member}) == crs


def test_web_mercator_is_turned_back_by_its_own_formula() -> None:
    """At 45 degrees y is the ellipsoid's radius times ln(1 + sqrt 2)."""
    turn = degrees_of("3857", "f", Notes("f"))
    spots = 6_378_137.0 * np.array([[0.0, 0.0], [np.pi / 2, np.log(1 + np.sqrt(2))]])
    assert turn(spots) == pytest.approx(np.array([[0.0, 0.0], [90.0, 45.0]]))
    assert degrees_of("4326", "f", Notes("f"))(spots) is spots
