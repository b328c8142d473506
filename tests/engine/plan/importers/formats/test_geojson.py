"""Layers as QGIS writes them: a folder of files with names of their own, degrees or metres, or all in one file."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from engine.errors import OperatorError
from engine.plan.importers.ground import WGS84_A_M
from tests.engine.plan.importers.drawings import (
    Json,
    bounds,
    box,
    collection,
    feature,
    imported,
    lonlat,
    of_type,
    polygon,
    said,
)

L_SHAPE = [(0, 0), (26, 0), (26, 11), (18, 11), (18, 22), (0, 22), (0, 0)]
CRS84 = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
EPSG4326 = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4326"}}


def several(*rings: list[Any], z: float | None = None) -> Json:
    """A MultiPolygon of one part, as QGIS makes of every polygon, with a height behind each position where given."""
    turned = polygon(*rings, turn_deg=23)["coordinates"]
    if z is not None:
        turned = [[[*spot, z] for spot in ring] for ring in turned]
    return {"type": "MultiPolygon", "coordinates": [turned]}


def spot(x: float, y: float, *z: float) -> Json:
    return {"type": "Point", "coordinates": [*lonlat(x, y, 23), *z]}


def shop() -> dict[str, bytes]:
    """An outline with two zones on it, twelve shelves, three access points."""
    rows = [(x, y) for x in (2, 6, 10, 14) for y in (2, 7, 12)]
    shelves = [
        feature(
            several(box(x, y, x + 1, y + 4), z=0.0), Id=i % 2, cod=f"R{i:02d}", denumire=f"Rayon {i}" if i else None
        )
        for i, (x, y) in enumerate(rows)
    ]
    aps = [
        feature(spot(x, y, 2.8), fid=i, nom=f"borne {i}", mac=f"02005E0053A{i}", haut=2.9 if i else None)
        for i, (x, y) in enumerate([(4, 4), (16, 6), (5, 18)])
    ]
    outline = [L_SHAPE, box(0, 0, 13, 10), box(13, 0, 26, 10)]
    return {
        "limite_magasin.geojson": collection(
            *(feature(several(ring), Id=0) for ring in outline), name="limite_magasin", crs=CRS84
        ),
        "points_wifi.geojson": collection(*aps, name="points_wifi", crs=EPSG4326),
        "rayonnages.geojson": collection(*shelves, name="rayonnages", crs=CRS84),
    }


def test_access_points_without_a_mac_are_named() -> None:
    rows = [feature(spot(4 + i, 4, 2.8), nom=f"borne {i}", **({"mac": "02005E0053A0"} if i else {})) for i in (0, 1)]
    text = said(imported(shop() | {"points_wifi.geojson": collection(*rows, name="points_wifi", crs=EPSG4326)}))
    assert text.count("no property holds a MAC") == 1
    assert "borne" not in text.split("no property holds a MAC")[1].split("\n")[0]
    assert "no property holds a MAC" not in said(imported(shop()))


def test_a_folder_of_layers_becomes_a_plan() -> None:
    made = imported(shop())
    counted = [made.counts[key] for key in ("levels", "zones", "walls", "fixtures", "openings", "aps")]
    assert counted == [1, 2, 6, 12, 0, 3]
    assert made.counts["size_m"]["0"] == pytest.approx([26, 22], rel=1e-3)
    assert made.counts["area_m2"]["0"] == pytest.approx(26 * 11 + 18 * 11, rel=1e-3)
    assert made.plan["rayon"]["anchor"]["bearing_deg"] == pytest.approx(-23, abs=0.02)
    aps = {
        f["properties"]["id"]: (f["properties"]["name"], f["properties"]["z_m"]) for f in of_type(made, "access_point")
    }
    assert aps == {
        "02:00:5e:00:53:a0": ("borne 0", 2.8),  # of the position
        "02:00:5e:00:53:a1": ("borne 1", 2.9),  # of the property
        "02:00:5e:00:53:a2": ("borne 2", 2.9),
    }
    assert bounds(of_type(made, "access_point")[1])[:2] == pytest.approx((16, 6), abs=0.02)
    first = of_type(made, "fixture")[0]
    assert (first["properties"]["id"], bounds(first)) == ("R00", pytest.approx((2, 2, 3, 6), abs=0.02))


def test_what_was_guessed_is_said_once() -> None:
    text = said(imported(shop()))
    for words in (
        "'limite_magasin' as level, 'points_wifi' as access_point, 'rayonnages' as fixture",
        "coordinates are longitude and latitude", "property 'id' is the same on several", "third number",
        "the outermost is the level, 2 in it zones", "the outline is taken for the outer ones", "a zone has no name",
    ):  # fmt: skip
        assert text.count(words) == 1, words


def test_layers_are_what_the_operator_says() -> None:
    made = imported(shop(), layers={"rayonnages": "section", "points_wifi": "ignore"})
    assert [made.counts[key] for key in ("zones", "fixtures", "aps")] == [14, 0, 0]
    with pytest.raises(OperatorError, match=r"there is no layer 'rayonage'.*'limite_magasin'"):
        imported(shop(), layers={"rayonage": "fixture"})


def test_names_that_tell_nothing_are_guessed_by_what_is_in_them() -> None:
    given = {name.replace("limite_magasin", "a").replace("rayonnages", "b").replace("points_wifi", "c"): content
             for name, content in shop().items()}  # fmt: skip
    given = {name: json.dumps(json.loads(content) | {"name": name[:1]}).encode() for name, content in given.items()}
    made = imported(given)
    assert [made.counts[key] for key in ("levels", "zones", "walls", "fixtures", "aps")] == [1, 2, 6, 12, 3]


def plain_box(x0: float, y0: float, x1: float, y1: float, scale: float = 1.0) -> Json:
    ring = [[x * scale, y * scale] for x, y in box(x0, y0, x1, y1)]
    return {"type": "Polygon", "coordinates": [ring]}


def one_file(scale: float = 1.0, **members: Any) -> bytes:
    """Everything in one file, each feature with its layer, as an export of a CAD drawing."""
    return collection(
        feature(plain_box(100, 50, 130, 70, scale), Layer="CONTOUR"),
        feature(plain_box(100, 50, 115, 70, scale), Layer="ZONES", Name="Bio"),
        feature(plain_box(104, 54, 105, 60, scale), Layer="RAYONNAGES"),
        feature(plain_box(106, 54, 106.4, 54.4, scale), Layer="POTEAUX"),
        feature(
            {"type": "LineString", "coordinates": [[115 * scale, 50 * scale], [115 * scale, 60 * scale]]}, Layer="MURS"
        ),
        feature({"type": "Point", "coordinates": [103 * scale, 50 * scale]}, Layer="ENTREE"),
        feature({"type": "Point", "coordinates": [128 * scale, 52 * scale]}, Layer="CAISSES"),
        **members,
    )


def test_one_file_that_says_itself_what_is_what_in_metres_of_its_own() -> None:
    made = imported(one_file(), "plan.geojson")
    counted = [made.counts[key] for key in ("levels", "zones", "walls", "fixtures", "columns", "openings")]
    assert counted == [1, 1, 1, 1, 1, 2]
    assert made.plan["rayon"]["anchor"] is None
    assert bounds(of_type(made, "section")[0]) == (0, 0, 15, 20)
    assert [o["properties"]["category"] for o in of_type(made, "opening")] == ["entrance", "checkout"]
    assert "taken for metres" in said(made)


def test_one_layer_of_all_shapes_is_told_apart_by_them() -> None:
    wall = {"type": "LineString", "coordinates": [[15, 0], [15, 8]]}
    content = collection(
        *(feature(plain_box(*corners)) for corners in ((0, 0, 30, 20), (0, 0, 15, 20), (2, 3, 3, 8))), feature(wall),
        feature({"type": "Point", "coordinates": [3, 3]}, mac="02:00:5e:00:53:01", hoehe="3,2 m"),
        name="dessin",
    )  # fmt: skip
    made = imported(content, "dessin.geojson")
    assert [made.counts[key] for key in ("levels", "zones", "walls", "fixtures", "aps")] == [1, 1, 1, 1, 1]
    assert of_type(made, "access_point")[0]["properties"]["z_m"] == 3.2
    assert imported(content, "dessin.geojson", layers={"dessin": "level"}).counts["aps"] == 1


def test_units_and_a_known_length_scale_a_drawing() -> None:
    for answers in ({"units": "mm"}, {"scale_m": 0.001}):
        made = imported(one_file(1000.0), "plan.geojson", **answers)
        assert made.counts["size_m"] == {"0": [30, 20]}
    with pytest.raises(OperatorError, match=r"would be 30 km by 20 km: that is no shop \(say what it is drawn in"):
        imported(one_file(1000.0), "plan.geojson", units="m")


def test_degrees_that_are_metres_are_asked_for() -> None:
    """QGIS writes CRS84 for a drawing without a frame, too."""
    with pytest.raises(OperatorError, match="says longitude and latitude, but is 30 from end to end"):
        imported(one_file(crs=CRS84), "plan.geojson")
    assert imported(one_file(crs=CRS84), "plan.geojson", units="m").counts["size_m"] == {"0": [30, 20]}


def in_frame(crs: str, turn: Any) -> bytes:
    """The outline, its corner at LON, LAT, in another frame."""
    spots = turn(np.array([lonlat(x, y, 0) for x, y in box(0, 0, 30, 20)]))
    ring = [[float(x), float(y)] for x, y in spots]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    member = {"type": "name", "properties": {"name": crs}}
    return collection(feature(geometry, name="Shop"), name="shop_outline", crs=member)


def mercator(degrees: np.ndarray) -> np.ndarray:
    lon, lat = np.radians(degrees).T
    return np.column_stack([lon * WGS84_A_M, np.log(np.tan(np.pi / 4 + lat / 2)) * WGS84_A_M])


@pytest.mark.parametrize(
    "name", ["urn:ogc:def:crs:EPSG::3857", "EPSG:3857", "http://www.opengis.net/def/crs/EPSG/0/3857"]
)
def test_web_mercator_is_half_as_large_on_the_ground(name: str) -> None:
    made = imported(in_frame(name, mercator), "shop.geojson")
    assert made.counts["size_m"]["0"] == pytest.approx([30, 20], rel=1e-3)
    assert made.plan["rayon"]["anchor"]["lon"] == pytest.approx(2.3503, abs=1e-6)


def test_a_national_grid_is_turned_into_true_metres_and_gets_an_anchor() -> None:
    pyproj = pytest.importorskip("pyproj")
    to_grid = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:2154", always_xy=True)
    made = imported(
        in_frame("urn:ogc:def:crs:EPSG::2154", lambda d: np.column_stack(to_grid.transform(*d.T))), "s.geojson"
    )
    assert made.counts["size_m"]["0"] == pytest.approx([30, 20], rel=1e-3)
    assert made.plan["rayon"]["anchor"]["lat"] == pytest.approx(48.8501, abs=1e-6)
    with pytest.raises(OperatorError, match="'99999' is no frame that is known"):
        imported(in_frame("EPSG:99999", mercator), "s.geojson")


def test_storeys_are_told_apart_by_a_property() -> None:
    content = collection(
        feature(plain_box(0, 0, 30, 20), layer="contour", etage="RDC"),
        feature(plain_box(0, 0, 30, 10), layer="contour", etage="R+1"),
        feature(plain_box(2, 2, 3, 8), layer="etageres", etage="R+1"),
        feature(plain_box(2, 12, 3, 18), layer="etageres"),
    )
    made = imported(content, "shop.geojson")
    assert [(f["properties"]["id"], f["properties"]["ordinal"]) for f in of_type(made, "level")] == [
        ("RDC", 0),
        ("R+1", 1),
    ]
    assert [f["properties"]["level"] for f in of_type(made, "fixture")] == ["R+1", "RDC"]


def test_levels_keep_their_names_and_closed_lines_are_outlines_but_what_is_none_is_said() -> None:
    ring = {"type": "LineString", "coordinates": plain_box(0, 0, 30, 20)["coordinates"][0]}
    zone = {"type": "LineString", "coordinates": plain_box(0, 0, 15, 20)["coordinates"][0]}
    content = collection(
        feature(ring, layer="contour", niveau="0", nom="Rez-de-chaussée"),
        feature(plain_box(0, 0, 30, 20), layer="contour", niveau="1", nom="Étage"),
        feature(zone, layer="zones", niveau="0", nom="Épicerie"),
        feature(ring, layer="zones", niveau="0", nom="Tout"),
        feature({"type": "LineString", "coordinates": [[1, 1], [2, 2]]}, layer="zones", niveau="0", nom="fil"),
        feature(None, layer="zones", nom="jamais dessinée"),
    )
    made = imported(content, "shop.geojson")
    named = [
        (f["properties"]["id"], f["properties"]["name"]) for kind in ("level", "section") for f in of_type(made, kind)
    ]
    assert named == [("0", "Rez-de-chaussée"), ("1", "Étage"), ("epicerie", "Épicerie"), ("tout", "Tout")]
    for words in ("a zone is an outline: open lines and points", "features[5]: has no geometry, and is left out"):
        assert said(made).count(words) == 1


def test_a_plan_without_an_outline_asks_for_one() -> None:
    shelf = collection(feature(plain_box(0, 0, 30, 1), name="a"), name="rayonnages")
    with pytest.raises(OperatorError, match=r"none of 'rayonnages' is an outline of the shop \(--layer NAME=level"):
        imported(shelf, "rayonnages.geojson")


def test_walls_alone_are_outline_enough() -> None:
    ring = [[x, y] for x, y in box(0, 0, 30, 20)]
    walls = collection(feature({"type": "LineString", "coordinates": ring}), name="murs")
    made = imported(walls, "murs.geojson")
    assert (made.counts["size_m"]["0"], made.counts["walls"]) == ([30, 20], 4)
    assert "it is drawn around the walls" in said(made)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not JSON"),
        (b"[]", "is no JSON object"),
        (b"{}", "is no FeatureCollection"),
        (b"\xff\xfe", "is not UTF-8"),
        (b'{"a":' * 50_000, "is nested too deeply"),
        (collection(), "holds no geometry at all"),
        (
            collection(feature(None, name="x"), feature({"type": "Point", "coordinates": ["a"]})),
            "holds no geometry at all",
        ),
        (collection(rayon={"version": 1}), "is a plan of ours already"),
    ],
)
def test_what_is_no_layer_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(OperatorError, match=reason) as caught:
        imported(content, "x.geojson")
    assert len(caught.value.problems) == 1
