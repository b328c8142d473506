"""DXF drawings made with ezdxf: units or none, a national grid, blocks turned and mirrored, frozen layers."""

from __future__ import annotations

import io
from typing import Any

import pytest

from engine.errors import OperatorError
from tests.engine.plan.importers.drawings import bounds, box, imported, of_type, said

ezdxf = pytest.importorskip("ezdxf", reason="the extra `plans` is not installed")

GRID = (652_000.0, 6_862_000.0)  # metres of Lambert 93


def drawing(
    per_m: float = 1000.0, insunits: int = 4, origin: tuple[float, float] = GRID, version: str = "R2010"
) -> Any:
    """A shop of 20 by 12 m: walls with a gap of 3 m and a door, six gondolas, three zones, three access points."""
    doc = ezdxf.new(version, setup=True)
    if version != "R12":
        doc.header["$INSUNITS"] = insunits
    msp = doc.modelspace()

    def at(x: float, y: float) -> tuple[float, float]:
        return ((origin[0] + x) * per_m, (origin[1] + y) * per_m)

    for name in ("A-WALL", "A-WALL-PART", "A-DOOR", "GONDOLES", "ZONES", "TEXTE", "AP-WIFI", "VIEUX"):
        doc.layers.add(name)
    for a, b in (
        ((0, 0), (20, 0)),
        ((20, 0), (20, 12)),
        ((20, 12), (11.5, 12)),
        ((8.5, 12), (0, 12)),
        ((0, 12), (0, 0)),
    ):
        msp.add_line(at(*a), at(*b), dxfattribs={"layer": "A-WALL"})
    msp.add_circle(at(10, 6), 0.3 * per_m, dxfattribs={"layer": "A-WALL"})
    _polyline(msp, [at(15, 0), at(15, 4), at(20, 4)], "A-WALL-PART", closed=False)
    msp.add_arc(at(8.5, 12), 1.5 * per_m, 0, 90, dxfattribs={"layer": "A-DOOR"})
    msp.add_line(at(-3, -3), at(25, 15), dxfattribs={"layer": "VIEUX"})
    doc.layers.get("VIEUX").freeze()
    _gondolas(doc, msp, at, per_m)
    for name, ring in {"Bio": box(0, 0, 10, 6), "Boissons": box(0, 6, 10, 12), "Caisses": box(10, 0, 20, 12)}.items():
        _polyline(msp, [at(x, y) for x, y in ring[:4]], "ZONES", closed=True)
        x, y = (ring[0][0] + ring[2][0]) / 2, (ring[0][1] + ring[2][1]) / 2
        if version == "R12":
            msp.add_text(name, dxfattribs={"layer": "TEXTE", "insert": at(x, y)})
        else:
            msp.add_mtext(f"{{\\fArial|b1;{name}}}\\P60 m²", dxfattribs={"layer": "TEXTE", "insert": at(x, y)})
    _access_points(doc, msp, at, per_m)
    return doc


def _polyline(msp: Any, spots: list[tuple[float, float]], layer: str, *, closed: bool) -> None:
    if msp.doc.dxfversion == "AC1009":
        msp.add_polyline2d(spots, close=closed, dxfattribs={"layer": layer})
    else:
        msp.add_lwpolyline(spots, close=closed, dxfattribs={"layer": layer})


def _gondolas(doc: Any, msp: Any, at: Any, per_m: float) -> None:
    """A block 4 by 1 m on layer 0 with a line in its middle: as it is, turned, and mirrored."""
    block = doc.blocks.new("GONDOLE")
    corners = [(0, 0), (4 * per_m, 0), (4 * per_m, per_m), (0, per_m)]
    if doc.dxfversion == "AC1009":
        block.add_polyline2d(corners, close=True)
    else:
        block.add_lwpolyline(corners, close=True)
    block.add_line((0, per_m / 2), (4 * per_m, per_m / 2))
    for x, y in ((2, 2), (2, 5), (2, 8), (9, 9)):
        msp.add_blockref("GONDOLE", at(x, y), dxfattribs={"layer": "GONDOLES"})
    msp.add_blockref("GONDOLE", at(12, 2), dxfattribs={"layer": "GONDOLES", "rotation": 90})
    msp.add_blockref("GONDOLE", at(13, 6), dxfattribs={"layer": "GONDOLES", "xscale": -1})


def _access_points(doc: Any, msp: Any, at: Any, per_m: float) -> None:
    block = doc.blocks.new("AP")
    block.add_circle((0, 0), 0.1 * per_m)
    block.add_attdef("NAME", (0, 0))
    block.add_attdef("MAC", (0, 0))
    for i, (x, y) in enumerate([(4, 4), (16, 6), (10, 10)]):
        insert = msp.add_blockref("AP", at(x, y), dxfattribs={"layer": "AP-WIFI"})
        insert.add_auto_attribs({"NAME": f"ap-{i + 1}", "MAC": f"02-00-5E-00-53-A{i}"})


def written(doc: Any) -> bytes:
    """The drawing as a file's bytes."""
    text = io.StringIO()
    doc.write(text)
    return text.getvalue().encode(doc.output_encoding, "surrogateescape")


COUNTED = {"levels": 1, "zones": 3, "walls": 7, "fixtures": 6, "columns": 1, "openings": 1, "aps": 3}
SHELVES = [(2, 2, 6, 3), (2, 5, 6, 6), (2, 8, 6, 9), (9, 9, 13, 10), (11, 2, 12, 6), (9, 6, 13, 7)]


def check(made: Any) -> None:
    """What the shop is, whatever it was drawn in."""
    assert {key: made.counts[key] for key in COUNTED} == COUNTED
    assert made.counts["size_m"] == {"0": [20, 12]}
    shelves = [f for f in of_type(made, "fixture") if f["properties"]["category"] == "gondola"]
    assert sorted(map(bounds, shelves)) == sorted(SHELVES)
    assert [s["properties"]["name"] for s in of_type(made, "section")] == ["Bio", "Boissons", "Caisses"]
    aps = {f["properties"]["id"]: f["geometry"]["coordinates"] for f in of_type(made, "access_point")}
    assert aps == {"02:00:5e:00:53:a0": [4, 4], "02:00:5e:00:53:a1": [16, 6], "02:00:5e:00:53:a2": [10, 10]}
    (door,) = of_type(made, "opening")
    assert sorted(door["geometry"]["coordinates"]) == [[8.5, 12], [11.5, 12]]


@pytest.mark.parametrize(
    ("per_m", "insunits", "origin"),
    [(1000.0, 4, GRID), (100.0, 5, (0.0, 0.0)), (1.0, 6, (5.0, -7.0)), (1 / 0.3048, 2, (0, 0))],
)
def test_a_drawing_in_its_unit_wherever_it_lies(per_m: float, insunits: int, origin: tuple[float, float]) -> None:
    made = imported(written(drawing(per_m, insunits, origin)), "shop.dxf")
    check(made)
    kinds = [f["properties"]["feature_type"] for f in made.plan["features"]]
    assert list(dict.fromkeys(kinds)) == ["level", "wall", "fixture", "section", "opening", "access_point"]
    assert kinds == sorted(kinds, key=list(dict.fromkeys(kinds)).index), "each type by itself"
    text = said(made)
    assert text.count("frozen or off, and left out: vieux") == 1
    assert text.count("A-WALL as wall") == 1


def test_a_drawing_without_a_unit_is_asked_about_with_what_it_would_be() -> None:
    doc = drawing(100.0, 0, (0.0, 0.0))
    doc.modelspace().add_linear_dim((0, -100), (0, 0), (2000, 0), text="20.00").render()
    content = written(doc)
    with pytest.raises(OperatorError) as caught:
        imported(content, "shop.dxf")
    (problem,) = caught.value.problems
    assert (problem.place, "2000 by 1200 units (a dimension over 2000 units says 20)" in problem.reason) == (
        "$INSUNITS",
        True,
    )
    assert "--units cm: 20 by 12 m" in problem.fix
    check(imported(content, "shop.dxf", units="cm"))
    check(imported(content, "shop.dxf", scale_m=20 / 2000))


def test_release_12_has_no_units_and_other_polylines() -> None:
    content = written(drawing(100.0, 0, (0.0, 0.0), "R12"))
    with pytest.raises(OperatorError, match=r"\$INSUNITS: the drawing does not say its unit"):
        imported(content, "shop.dxf")
    check(imported(content, "shop.dxf", units="cm"))


@pytest.mark.parametrize(
    ("per_m", "insunits", "size"),
    [(1000.0, 6, "in m it would be 2e+04 by 1.2e+04 m"), (1.0, 4, "in mm it would be 0.02 by")],
)
def test_a_unit_that_cannot_be_true_is_refused(per_m: float, insunits: int, size: str) -> None:
    with pytest.raises(OperatorError) as caught:
        imported(written(drawing(per_m, insunits, (0.0, 0.0))), "shop.dxf")
    assert size in str(caught.value.problems[0])


def test_a_unit_that_dimensions_deny_is_doubted() -> None:
    doc = drawing(1000.0, 1, (0.0, 0.0))  # inches, as templates have it: 508 m
    doc.modelspace().add_linear_dim((0, -100), (0, 0), (20_000, 0), text="20.00").render()
    assert "a dimension over 20000 in says 20: is the drawing in in?" in said(imported(written(doc), "shop.dxf"))


def test_layers_are_what_the_operator_says() -> None:
    doc = drawing()
    for old, new in {"A-WALL": "CALQUE 1", "A-WALL-PART": "CALQUE 2", "GONDOLES": "CALQUE 3"}.items():
        doc.layers.get(old).rename(new)
    content = written(doc)
    with pytest.raises(OperatorError, match=r"no layer is known to hold walls; layers are .*CALQUE 1 \(6\)"):
        imported(content, "shop.dxf")
    said_ = {"calque 1": "wall", "calque 2": "wall", "calque 3": "fixture"}
    check(imported(content, "shop.dxf", layers=said_))
    with pytest.raises(OperatorError, match="there is no layer 'calque 4'"):
        imported(content, "shop.dxf", layers={"calque 4": "wall"})


def test_a_closed_line_of_a_levels_layer_is_the_floor() -> None:
    doc = drawing(1.0, 6, (0.0, 0.0))
    _polyline(doc.modelspace(), box(-1, -1, 21, 13)[:4], "NIVEAU 0", closed=True)
    made = imported(written(doc), "shop.dxf")
    assert made.counts["size_m"] == {"0": [22, 14]}


def test_tills_are_counters() -> None:
    doc = drawing(1.0, 6, (0.0, 0.0))
    _polyline(doc.modelspace(), box(13, 9, 15, 10)[:4], "CAISSES", closed=True)
    made = imported(written(doc), "shop.dxf")
    assert [bounds(f) for f in of_type(made, "fixture") if f["properties"]["category"] == "checkout"] == [
        (13, 9, 15, 10)
    ]


def test_windows_are_walls_of_glass_and_no_doors() -> None:
    doc = ezdxf.new()
    doc.header["$INSUNITS"] = 6
    model = doc.modelspace()
    for a, b in (((0, 0), (4, 0)), ((6, 0), (20, 0)), ((20, 0), (20, 12)), ((20, 12), (0, 12)), ((0, 12), (0, 0))):
        model.add_line(a, b, dxfattribs={"layer": "MURS BETON"})
    model.add_line((4, 0), (6, 0), dxfattribs={"layer": "FENÊTRES"})
    made = imported(written(doc), "shop.dxf")
    assert (made.counts["walls"], made.counts["openings"]) == (6, 0)
    assert [w["properties"]["material"] for w in of_type(made, "wall")] == ["concrete"] * 5 + ["glass"]


def test_walls_with_two_faces_and_a_door_between() -> None:
    doc = ezdxf.new()
    doc.header["$INSUNITS"] = 6
    outer, inner = box(0, 0, 20, 12), box(0.2, 0.2, 19.8, 11.8)
    for ring in (outer, inner):
        spots = [(8.0, ring[0][1]), *ring[:1], *ring[3:0:-1], (11.0, ring[0][1])]
        _polyline(doc.modelspace(), spots, "MURS", closed=False)
    for x in (8.0, 11.0):
        doc.modelspace().add_line((x, 0), (x, 0.2), dxfattribs={"layer": "MURS"})
    made = imported(written(doc), "shop.dxf")
    assert made.counts["size_m"] == {"0": pytest.approx([20, 12], abs=0.01)}
    assert (made.counts["openings"], made.counts["area_m2"]["0"]) == (1, pytest.approx(240, abs=1))
    losses = [w["properties"].get("attenuation_db") for w in of_type(made, "wall")]
    assert losses.count(2.5) == len(losses) - 2  # all but the two sides of the door
    assert "are faces of walls with a thickness: each loses half of one" in said(made)


def test_zones_named_by_a_blocks_attribute() -> None:
    doc = drawing(1.0, 6, (0.0, 0.0))
    model = doc.modelspace()
    for text in list(model.query("MTEXT")):
        model.delete_entity(text)
    block = doc.blocks.new("ETIQUETTE")
    block.add_attdef("NOM", (0, 0))
    for name, spot in {"Bio": (5, 3), "Boissons": (5, 9), "Caisses": (15, 6)}.items():
        model.add_blockref("ETIQUETTE", spot, dxfattribs={"layer": "TEXTE"}).add_auto_attribs({"NOM": name})
    check(imported(written(doc), "shop.dxf"))


def test_a_row_of_shelves_in_one_block_and_an_array_of_inserts_are_several() -> None:
    doc = drawing(1.0, 6, (0.0, 0.0))
    row = doc.blocks.new("RANGEE")
    for i in range(3):
        row.add_blockref("GONDOLE", (0, 1.5 * i))
    model = doc.modelspace()
    model.add_blockref("RANGEE", (14, 6.5), dxfattribs={"layer": "GONDOLES", "xscale": 0.5})
    array = {"layer": "GONDOLES", "row_count": 2, "row_spacing": 1.5, "xscale": 0.25}
    model.add_blockref("GONDOLE", (13, 1), dxfattribs=array)
    made = imported(written(doc), "shop.dxf")
    more = [b for f in of_type(made, "fixture")[1:] if (b := bounds(f)) not in SHELVES]
    assert sorted(more) == [(13, 1, 14, 2), (13, 2.5, 14, 3.5), (14, 6.5, 16, 7.5), (14, 8, 16, 9), (14, 9.5, 16, 10.5)]


def test_doors_are_gaps_and_blocks_on_outer_walls() -> None:
    doc = ezdxf.new()
    doc.header["$INSUNITS"] = 6
    model = doc.modelspace()
    for a, b in (
        ((0, 0), (4, 0)), ((6, 0), (20, 0)), ((20, 0), (20, 5)), ((20, 6.2), (20, 12)), ((20, 12), (0, 12)),
        ((0, 12), (0, 0)), ((12, 0), (12, 3)), ((12, 5), (12, 12)),
    ):  # fmt: skip
        model.add_line(a, b, dxfattribs={"layer": "Murs"})
    doc.blocks.new("PORTE SECOURS").add_arc((0, 0), 1.2, 0, 90)
    for spot in ((20, 5), (0, 3), (12, 3)):  # beside a gap, on a wall without one, and on a wall inside
        model.add_blockref("PORTE SECOURS", spot, dxfattribs={"layer": "Portes"})
    made = imported(written(doc), "shop.dxf")
    doors = {bounds(f): f["properties"]["category"] for f in of_type(made, "opening")}
    assert doors == {(4, 0, 6, 0): "entrance", (20, 5, 20, 6.2): "exit", (0, 3, 0, 3): "exit"}


@pytest.mark.parametrize(("nested", "read"), [(8, 1), (9, 0)])
def test_blocks_are_taken_apart_to_the_eighth(nested: int, read: int) -> None:
    doc = drawing(1.0, 6, (0.0, 0.0))
    inner = "GONDOLE"
    for depth in range(1, nested):
        doc.blocks.new(f"B{depth}").add_blockref(inner, (0, 0))
        inner = f"B{depth}"
    doc.modelspace().add_blockref(inner, (13, 9), dxfattribs={"layer": "GONDOLES"})
    made = imported(written(doc), "shop.dxf")
    assert sum(bounds(f) == (13, 9, 17, 10) for f in of_type(made, "fixture")) == read
    assert said(made).count("block GONDOLE: is nested too deeply, and left out") == 1 - read


def test_blocks_that_hold_blocks_without_end_are_refused() -> None:
    doc = drawing()
    for depth in range(6):
        block = doc.blocks.new(f"B{depth}")
        for i in range(12):
            if depth:
                block.add_blockref(f"B{depth - 1}", (i, 0))
            else:
                block.add_line((i, 0), (i, 1))
    doc.modelspace().add_blockref("B5", (0, 0), dxfattribs={"layer": "GONDOLES"})
    with pytest.raises(OperatorError, match="more than 200,000 lines with its blocks"):
        imported(written(doc), "shop.dxf")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is no DXF, or a damaged one"),
        (b"AC1032" + bytes(100), "is DWG, not DXF"),
        (b"0\nSECTION\n2\nENTITIES\n", "no layer is known to hold walls; layers are none|is no DXF"),
        (written(drawing())[:2000], "no layer is known to hold walls; layers are none|is no DXF"),
    ],
)
def test_what_is_no_drawing_is_refused_as_one_thing(content: bytes, reason: str) -> None:
    with pytest.raises(OperatorError, match=reason) as caught:
        imported(content, "shop.dxf", format_="dxf")
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_names_are_read_whatever_ends_a_line_and_whatever_the_code_page_lacks(end: bytes) -> None:
    doc = drawing()
    for text in doc.modelspace().query("MTEXT"):
        text.text = text.text.replace("Bio", r"Cr\U+00E9merie \U+D83E\U+DDC0").replace("Boissons", "Épicerie")
    made = imported(b"\xef\xbb\xbf" + written(doc).replace(b"\n", end), "shop.dxf")
    assert sorted(f["properties"]["name"] for f in of_type(made, "section")) == ["Caisses", "Crémerie 🧀", "Épicerie"]
