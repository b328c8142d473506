"""Which format a drawing is in, by its names and its first bytes; how much it may hold; what is left to defaults."""

from __future__ import annotations

import struct

import pytest
from shapely.geometry import Point

from engine.errors import OperatorError
from engine.plan.importers.draft import Draft, Piece
from engine.plan.importers.notes import Notes
from engine.plan.importers.run import guess_format
from tests.engine.plan.importers.drawings import imported, zipped


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
