"""Which format a drawing is in, by its names and its first bytes; how much it may hold; what is left to defaults."""

from __future__ import annotations

import struct

import pytest
from shapely.geometry import Point

from engine.errors import OperatorError
from engine.plan.importers.draft import Draft, Piece
from engine.plan.importers.notes import Notes
from engine.plan.importers.read_json import features_of, properties_of, read_json, rows_of
from engine.plan.importers.run import guess_format
from tests.engine.plan.importers.drawings import box, collection, feature, imported, zipped


@pytest.mark.parametrize(
    ("members", "format_"),
    [
        ({"level.geojson": b"{}", "manifest.json": b"{}"}, "imdf"),
        ({"mall/level.geojson": b"{}", "mall/Venue.geojson": b"{}"}, "imdf"),
        ({"manifest.json": b"{}", "unit.geojson": b"{}"}, "imdf"),
        ({"manifest.json": b"{}", "walls.geojson": b"{}"}, "geojson"),  # many programs write a manifest
        ({"level.geojson": b"{}", "walls.geojson": b"{}"}, "geojson"),
        ({"floorPlans.json": b"{}", "manifest.json": b"{}"}, "ekahau"),
        ({"plan.DXF": b""}, "dxf"),
        ({"export": b"  0\nSECTION\n", "read me": b"walls of the shop"}, "dxf"),
        ({"export.bak": b"AutoCAD Binary DXF\r\n\x1a\x00"}, "dxf"),
        ({"shop.json": b"{}", "picture.png": b""}, "geojson"),
    ],
)
def test_a_format_is_known_by_names_and_first_bytes(members: dict[str, bytes], format_: str) -> None:
    assert guess_format(members, "drawing", Notes("drawing")) == format_


def claiming(size: int) -> bytes:
    """An archive of one small drawing that says in its directory that it unpacks to `size` bytes."""
    packed = bytearray(zipped({"shop.geojson": b"{}"}))
    directory = packed.index(b"PK\x01\x02")
    packed[directory + 24 : directory + 28] = struct.pack("<I", size)  # APPNOTE 4.3.12, uncompressed size
    return bytes(packed)


@pytest.mark.parametrize(
    ("size", "reason"),
    [(300_000_000, "is no FeatureCollection"), (300_000_001, "unpacks to more than any drawing needs")],
)
def test_an_archive_unpacks_to_300_million_bytes_at_most(size: int, reason: str) -> None:
    with pytest.raises(OperatorError) as caught:
        imported(claiming(size), "shop.zip")
    (problem,) = caught.value.problems
    assert (reason in problem.reason, "300,000,000 bytes" in (problem.fix or "")) == (True, size > 300_000_000), problem


def test_twenty_thousand_features_are_taken_and_one_more_is_no_shop() -> None:
    draft, here = Draft(Notes("mall.dxf")), Point(1.0, 2.0)
    for _ in range(20_000):
        draft.add("opening", "0", here)
    with pytest.raises(OperatorError, match="holds more than 20,000 walls, fixtures and zones"):
        draft.add("opening", "0", here)


def test_what_is_empty_is_left_to_its_default() -> None:
    draft = Draft(Notes("a"))
    draft.add("section", "0", Point(1.0, 2.0), "row 1", name="", macs=(), z_m=None, walkable=False, id="b")
    draft.add("wall", "0", Point(1.0, 2.0))
    kept = {"walkable": False, "id": "b"}
    assert draft.of_kind("section") == [Piece("section", "0", Point(1.0, 2.0), kept, "row 1")]


@pytest.mark.parametrize(
    ("name", "reason", "fix"),
    [
        ("plan.dwg", "is no drawing that Rayon reads", "save it as DXF in the program that drew it"),
        ("a/PLAN.PDF", "is no drawing that Rayon reads", "trace it in QGIS over the picture, and export GeoJSON"),
        ("plan", "does not tell which format it is", "--format dxf, ekahau, geojson, imdf"),
        ("plan.doc", "does not tell which format it is", "--format dxf, ekahau, geojson, imdf"),
    ],
)
def test_other_files_are_told_what_to_do_with_them(name: str, reason: str, fix: str) -> None:
    with pytest.raises(OperatorError) as caught:
        guess_format({name: b"  9\nnothing"}, "drawing", Notes("drawing"))
    (problem,) = caught.value.problems
    assert (problem.file, problem.place, problem.reason, problem.fix) == ("drawing", "(whole file)", reason, fix)


@pytest.mark.parametrize(
    ("content", "is_dxf"),
    [(b"0\nSECTION", True), (b"\r\n  0\r\nSECTION", True), (b"0" + b" " * 193 + b"SECTION", False),
     (b"0" + b" " * 192 + b"SECTION", True), (b"0\nEOF", False), (b"999\nSECTION", False),
     (b" AutoCAD Binary DXF", False)],
)  # fmt: skip
def test_a_dxf_begins_with_a_section(content: bytes, is_dxf: bool) -> None:
    assert guess_format({"plan.json": content}, "plan", Notes("plan")) == ("dxf" if is_dxf else "geojson")


FLOOR = collection(feature({"type": "Polygon", "coordinates": [box(0, 0, 30, 20)]}), name="level")


@pytest.mark.parametrize("format_", [None, "geojson", "qgis", "osm"])
def test_what_a_mac_packs_beside_a_drawing_is_none_of_it(format_: str | None) -> None:
    packed = zipped({"shop/": b"", "shop/level.geojson": FLOOR, "__MACOSX/._level.geojson": b"\x00\x05"})
    assert imported(packed, "shop.zip", format_, units="m").counts["area_m2"] == {"0": 600.0}
    assert imported({"level.geojson": FLOOR, "x.dwg": b""}, units="m").counts["levels"] == 1


@pytest.mark.parametrize(("most", "refused"), [(2, False), (1, True)])
def test_an_archive_holds_so_many_members(most: int, refused: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.plan.importers.run.MOST_MEMBERS", most)
    packed = zipped({"shop/": b"", "level.geojson": FLOOR, "readme": b"x"})
    if not refused:
        assert imported(packed, "shop.zip", units="m").counts["levels"] == 1
        return
    with pytest.raises(OperatorError, match="unpacks to more than any drawing needs"):
        imported(packed, "shop.zip", units="m")


@pytest.mark.parametrize(
    ("content", "place", "reason"),
    [
        (b"[1, 2]", "a.json", "is no JSON object"),
        (
            b'{"a": 1,\n  x}',
            "a.json, line 2, column 3",
            "is not JSON: Expecting property name enclosed in double quotes",
        ),
        (b'{"\xe9": 1}', "a.json", "is not UTF-8, at byte 2"),
        (b"[" * 100_000, "a.json", "is nested too deeply, or holds numbers of thousands of digits"),
        (b"9" * 5_000, "a.json", "is nested too deeply, or holds numbers of thousands of digits"),
    ],
)
def test_what_is_no_json_is_refused_at_its_place(content: bytes, place: str, reason: str) -> None:
    with pytest.raises(OperatorError) as caught:
        read_json(content, "a.json", Notes("shop.zip"))
    (problem,) = caught.value.problems
    assert (problem.file, problem.place, problem.reason) == ("shop.zip", place, reason)
    assert read_json(b'\xef\xbb\xbf{"a": 1}', "a.json", Notes("f")) == {"a": 1}


def test_members_that_are_none_are_left_out_and_told_of_once() -> None:
    notes = Notes("f")
    assert features_of({"features": [{"a": 1}, 2, None, {}]}, "a.json", notes) == [{"a": 1}, {}]
    assert [(p.place, p.reason) for p in notes.problems] == [("a.json", "2 of its features are none, and are left out")]
    alone = {"type": "Feature", "properties": None}
    assert features_of(alone, "a.json", Notes("f")) == [alone]
    assert [properties_of(f) for f in (alone, {"properties": [1]}, {"properties": {"a": 1}}, {})] == [
        {},
        {},
        {"a": 1},
        {},
    ]
    with pytest.raises(OperatorError, match="is no FeatureCollection"):
        features_of({"features": {}}, "a.json", notes)
    files = {"a.json": b'{"rows": [{"x": 1}, 3, null], "no": 7}'}
    found = [
        rows_of(files, name, key, notes) for name, key in (("a.json", "rows"), ("a.json", "no"), ("b.json", "rows"))
    ]
    assert found == [[{"x": 1}], [], []]
