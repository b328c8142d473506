"""DXF drawings to their limits: units and sizes, pillars and thin walls, zones' names, doors, and access points."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

from engine.errors import OperatorError
from engine.plan.importers.formats.dxf_strokes import _damage
from engine.plan.importers.notes import Notes
from tests.engine.plan.importers.drawings import bounds, box, imported, of_type, said

ezdxf = pytest.importorskip("ezdxf", reason="the extra `plans` is not installed")

Draw = Callable[[Any], object]


def ring(corners: tuple[float, float, float, float], layer: str) -> Draw:
    def draw(model: Any) -> None:
        model.add_lwpolyline(box(*corners)[:4], close=True, dxfattribs={"layer": layer})

    return draw


def shop(
    *draw: Draw, width: float = 20.0, depth: float = 12.0, insunits: int = 6, walls: str = "A-WALL", **answers: Any
) -> Any:
    """Four walls from 0, 0, and what else is drawn."""
    doc = ezdxf.new()
    doc.header["$INSUNITS"] = insunits
    for one in (ring((0, 0, width, depth), walls), *draw):
        one(doc.modelspace())
    text = io.StringIO()
    doc.write(text)
    return imported(text.getvalue().encode(), "shop.dxf", **answers)


@pytest.mark.parametrize(
    ("insunits", "metres"),
    [(1, 0.0254), (2, 0.3048), (4, 0.001), (5, 0.01), (6, 1.0), (7, 1000.0), (14, 0.1), (21, 1200 / 3937)],
)
def test_each_unit_that_a_floor_may_be_drawn_in(insunits: int, metres: float) -> None:
    made = shop(width=20 / metres, depth=12 / metres, insunits=insunits)
    assert made.counts["size_m"] == {"0": [20, 12]}


@pytest.mark.parametrize(
    ("width", "depth", "fits"),
    [(2000.0, 5.0, True), (2000.1, 5.0, False), (5.0, 2000.1, False), (0.99, 0.5, False)],
)
def test_a_unit_is_of_a_shop_from_a_metre_to_two_kilometres(width: float, depth: float, fits: bool) -> None:
    if fits:
        assert shop(width=width, depth=depth).counts["size_m"] == {"0": [width, depth]}
        return
    with pytest.raises(OperatorError, match=r"in m it would be .* that is no shop"):
        shop(width=width, depth=depth)


@pytest.mark.parametrize(
    ("width", "units"),
    [
        (400.0, ["m", "dm", "cm", "in", "ft"]),
        (401.0, ["dm", "cm", "in", "ft"]),
        (399.0, ["m", "dm", "in", "ft"]),
        (4000.0, ["dm", "cm", "mm", "in"]),
        (0.4, []),
    ],
)
def test_units_are_proposed_that_make_it_from_four_to_four_hundred_metres(width: float, units: list[str]) -> None:
    with pytest.raises(OperatorError) as asked:
        shop(width=width, depth=width / 2, insunits=0)
    [problem] = asked.value.problems
    assert f"it is {width:g} by {width / 2:g} units" in problem.reason
    told = [part.split(":")[0].removeprefix("--units ") for part in (problem.fix or "").split("; ") if ":" in part]
    assert sorted(told) == sorted(units)


@pytest.mark.parametrize(
    ("says", "first"),
    [("20", "cm"), ("20,4", "cm"), ("20.41", "dm"), ("19.61", "cm"), ("19.6", "dm"), ("200 m", "dm"), ("50.8", "in"),
     ("2000", "dm"), ("", "dm")],
)  # fmt: skip
def test_the_unit_that_a_dimension_says_is_proposed_first(says: str, first: str) -> None:
    """Of 2,000 by 1,200 units a dimension over 2,000 says what they are in metres, to two in a hundred."""
    with pytest.raises(OperatorError) as asked:
        shop(
            lambda m: m.add_linear_dim((0, -100), (0, 0), (2000, 0), text=says or "<>").render(),
            width=2000.0, depth=1200.0, insunits=0,
        )  # fmt: skip
    [problem] = asked.value.problems
    sizes = {"dm": "200 by 120 m", "cm": "20 by 12 m", "in": "50.8 by 30.48 m"}
    order = sorted(sizes, key=lambda unit: unit != first)
    told = "; ".join(f"--units {unit}: {sizes[unit]}" for unit in order)
    assert problem.fix == f"{told}; or --known-length UNITS=METRES"
    dimension = f" (a dimension over 2000 units says {says.replace(',', '.').removesuffix(' m')})" if says else ""
    assert problem.reason == f"the drawing does not say its unit: it is 2000 by 1200 units{dimension}"


@pytest.mark.parametrize(
    ("text", "insunits", "doubted"),
    [("20", 6, False), ("20,2", 6, False), ("20.5 m", 6, True), ("19.5", 6, True), ("20000", 6, False),
     ("2000", 6, False), ("200", 6, True), ("", 6, False), ("A", 6, False), ("1961", 6, False), ("1959", 6, True),
     ("2039", 6, False), ("19610", 6, False), ("20390", 6, False), ("20410", 6, True)],
)  # fmt: skip
def test_a_dimension_says_whether_the_unit_is_true(text: str, insunits: int, doubted: bool) -> None:
    """Over 20 m: in metres, millimetres or centimetres, to two in a hundred."""
    made = shop(lambda m: m.add_linear_dim((0, -1), (0, 0), (20, 0), text=text or "<>").render(), insunits=insunits)
    assert ("is the drawing in m?" in said(made)) is doubted


def test_what_is_used_lies_on_a_grid_of_the_world() -> None:
    with pytest.raises(OperatorError, match=r"lies 1\.01e\+08 m from the origin, past any grid"):
        shop(ring((1.01e8, 0, 1.01e8 - 1, 1), "SHELVES"), units="m")
    made = shop(ring((1.01e8, 0, 1.01e8 - 1, 1), "TEXTE"), ring((0.99e8, 0, 0.99e8 + 1, 1), "SHELVES"), units="m")
    assert made.counts["fixtures"] == 0


@pytest.mark.parametrize(
    ("corners", "walls", "fixtures"),
    [
        ((5, 5, 6.5, 6), 4, ["pillar"]),
        ((5, 5, 6.6, 6), 8, []),
        ((5, 5, 9, 5.6), 5, []),  # a wall as an area: its middle line
        ((5, 5, 9, 5.65), 8, []),
    ],
)
def test_squares_on_walls_are_pillars_and_thin_areas_one_wall(
    corners: tuple[float, float, float, float], walls: int, fixtures: list[str]
) -> None:
    made = shop(ring(corners, "A-WALL"))
    assert (made.counts["walls"], [f["properties"]["category"] for f in of_type(made, "fixture")]) == (walls, fixtures)
    assert made.counts.get("columns", 0) == len(fixtures)


def text(said_: str, x: float, y: float, layer: str = "TEXTE") -> Draw:
    return lambda m: m.add_text(said_, dxfattribs={"layer": layer, "insert": (x, y)})


@pytest.mark.parametrize("measure", ["60 m²", "12.5", "1:100", "3,2 m", "250 cm", "12/5 mm", "4 m2", "2 ha"])
def test_a_zone_is_called_by_the_first_text_in_the_smallest_one_around_it_that_is_no_measure(measure: str) -> None:
    made = shop(
        ring((0, 0, 20, 12), "ZONES"), ring((2, 2, 8, 8), "ZONES"), ring((10, 2, 16, 8), "ZONES"),
        text(measure, 3, 3), text("Bio", 4, 4), text("Vrac", 5, 5), text("12 m de vin", 15, 11), text(measure, 12, 4),
    )  # fmt: skip
    assert [s["properties"]["name"] for s in of_type(made, "section")] == ["12 m de vin", "Bio", "Zone 3"]
    assert said(made).count("a zone has no text in it, and gets a number") == 1


@pytest.mark.parametrize(
    ("at", "category"),
    [
        ((6.0, 0.0), "exit"),
        ((9.9, 0.0), "exit"),
        ((10.1, 0.0), "entrance"),
        ((8.0, 1.9), "exit"),
        ((8.0, 2.1), "entrance"),
    ],
)
def test_a_gap_is_the_door_that_is_drawn_within_two_metres(at: tuple[float, float], category: str) -> None:
    """A gap from 6 to 8 m, and a block."""

    doc = ezdxf.new()
    doc.header["$INSUNITS"] = 6
    doc.blocks.new("SORTIE").add_line((0, 0), (0.1, 0))
    spots = [(8, 0), (20, 0), (20, 12), (0, 12), (0, 0), (6, 0)]
    doc.modelspace().add_lwpolyline(spots, dxfattribs={"layer": "MURS"})
    doc.modelspace().add_blockref("SORTIE", at, dxfattribs={"layer": "Portes"})
    out = io.StringIO()
    doc.write(out)
    made = imported(out.getvalue().encode(), "shop.dxf")
    doors = {bounds(f): f["properties"]["category"] for f in of_type(made, "opening")}
    assert doors[6, 0, 8, 0] == category
    assert len(doors) == (2 if at == (10.1, 0) else 1), "one on the wall itself, further on"


def access_point(x: float, y: float, z: float = 0.0, layer: str = "AP-WIFI", **attributes: str) -> Draw:
    def draw(model: Any) -> None:
        if "AP" not in model.doc.blocks:
            model.doc.blocks.new("AP").add_circle((0, 0), 0.1)
        insert = model.add_blockref("AP", (x, y, z), dxfattribs={"layer": layer})
        for tag, value in attributes.items():
            insert.add_attrib(tag, value, (x, y))

    return draw


@pytest.mark.parametrize(
    ("attributes", "z", "told"),
    [
        ({"MAC": "02-00-5E-00-53-01", "NAME": "Front"}, 2.5, ("02:00:5e:00:53:01", "Front", 2.5)),
        ({"MAC": "02005e005301", "HEIGHT": "2,8"}, 2.5, ("02:00:5e:00:53:01", None, 2.8)),
        ({"NAME": "02005e005301", "TAG": "Front"}, 2.5, ("02:00:5e:00:53:01", "Front", 2.5)),
        ({"NOM": "Front AP", "Z": "3"}, 0.0, ("front-ap", "Front AP", 3.0)),
        ({"NOM": "Front AP", "Z": "high"}, 0.0, ("front-ap", "Front AP", 2.7)),
        ({"NOM": "Front AP", "HAUT": "0"}, 2.5, ("front-ap", "Front AP", 2.7)),
        ({"NOM": "Front AP", "HAUT": "0.4"}, 2.5, ("front-ap", "Front AP", 0.4)),  # under a till
        ({"NOM": "Front AP"}, -0.5, ("front-ap", "Front AP", 2.7)),
        ({}, 2.5, ("ap", None, 2.5)),
    ],
)
def test_an_access_points_block_says_who_it_is(
    attributes: dict[str, str], z: float, told: tuple[str, str | None, float]
) -> None:
    made = shop(access_point(4, 5, z, **attributes))
    [found] = of_type(made, "access_point")
    properties = found["properties"]
    assert (properties["id"], properties.get("name"), properties["z_m"]) == told
    assert found["geometry"]["coordinates"] == [4, 5]
    assert ("no attribute holds a MAC" in said(made)) == (":" not in told[0])


def test_a_mac_makes_an_access_point_on_any_layer_but_one_to_be_ignored() -> None:
    made = shop(
        access_point(4, 5, layer="ZONES", MAC="02005e005301"), access_point(5, 5, layer="TEXTE", MAC="02005e005302"),
        access_point(6, 5, layer="ZONES", NAME="none"),
        lambda m: m.add_circle((9, 9), 0.1, dxfattribs={"layer": "WIFI"}),
    )  # fmt: skip
    assert [f["properties"]["id"] for f in of_type(made, "access_point")] == ["02:00:5e:00:53:01"]


@pytest.mark.parametrize(("away_m", "name"), [(1.4, "Caisse"), (1.6, None)])
def test_circles_and_points_are_access_points_called_by_the_text_beside_them(away_m: float, name: str | None) -> None:
    made = shop(
        lambda m: m.add_circle((4, 5), 1.0, dxfattribs={"layer": "WIFI"}),
        lambda m: m.add_point((8, 5, 2.4), dxfattribs={"layer": "WIFI"}),
        lambda m: m.add_point((9, 5, 2.4), dxfattribs={"layer": "TEXTE"}),
        text("Caisse", 4, 5 + away_m), text("Fond", 8, 5.1),
    )  # fmt: skip
    found = [
        (f["properties"].get("name"), f["properties"]["z_m"], bounds(f)[:2]) for f in of_type(made, "access_point")
    ]
    assert found == [(name, 2.7, (4, 5)), ("Fond", 2.4, (8, 5))]


def test_fixtures_come_as_they_were_drawn_lines_before_blocks() -> None:
    def draw(model: Any) -> None:
        block = model.doc.blocks.new("FRIGO")
        block.add_lwpolyline(box(0, 0, 1, 1)[:4], close=True)
        for name, x in (("Lait", 14), ("Beurre", 10), ("Jus", 12)):
            insert = model.add_blockref("FRIGO", (x, 4), dxfattribs={"layer": "MEUBLES"})
            insert.add_attrib("NOM", name, (x, 4))
        ring((2, 2, 5, 3), "MEUBLES")(model)

    found = [f["properties"].get("name") for f in of_type(shop(draw), "fixture")]
    assert found == [None, "Lait", "Beurre", "Jus"]


def test_heights_and_what_is_beside_are_in_the_drawings_unit() -> None:
    """In millimetres: a mast of 2,500, a text 1,400 from one point and 1,600 from another."""
    made = shop(
        access_point(4000, 5000, 2500.0, layer="ZONES", MAC="02005e005301"), width=20_000.0, depth=12_000.0, insunits=4
    )
    [block] = of_type(made, "access_point")
    assert (block["geometry"]["coordinates"], block["properties"]["z_m"]) == ([4, 5], 2.5)
    points = shop(
        lambda m: m.add_point((4000, 5000, 2400), dxfattribs={"layer": "WIFI"}), text("Caisse", 4000, 6400),
        lambda m: m.add_point((9000, 5000, 600), dxfattribs={"layer": "WIFI"}), text("Fond", 9000, 6600),
        width=20_000.0, depth=12_000.0, insunits=4,
    )  # fmt: skip
    found = [(f["properties"].get("name"), f["properties"]["z_m"]) for f in of_type(points, "access_point")]
    assert found == [("Caisse", 2.4), (None, 0.6)]
    with pytest.raises(OperatorError, match=r"lies 1\.01e\+08 m from the origin, past any grid"):
        shop(ring((1.01e11, 0, 1.01e11 - 1000, 1000), "SHELVES"), width=20_000.0, depth=12_000.0, insunits=4)


@pytest.mark.parametrize(("most", "refused"), [(18, False), (17, True)])
def test_lines_are_counted_with_their_blocks(most: int, refused: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The walls are one, an insert of three lines four, two by two of them thirteen."""
    monkeypatch.setattr("engine.plan.importers.formats.dxf_strokes.MOST_STROKES", most)

    def draw(model: Any) -> None:
        block = model.doc.blocks.new("CADDIE")
        for y in (0, 1, 2):
            block.add_line((0, y), (1, y))
        model.add_blockref("CADDIE", (3, 3), dxfattribs={"layer": "0"})
        array = {"row_count": 2, "column_count": 2, "row_spacing": 3, "column_spacing": 3, "layer": "0"}
        model.add_blockref("CADDIE", (8, 3), dxfattribs=array)

    if not refused:
        assert shop(draw).counts["walls"] == 4
        return
    with pytest.raises(OperatorError, match="holds more than 17 lines with its blocks"):
        shop(draw)


def test_loose_lines_of_shelves_are_faces_and_blocks_without_outline_are_boxes() -> None:
    def draw(model: Any) -> None:
        for a, b in (((2, 2), (5, 2)), ((5, 2), (5, 3)), ((5, 3), (2, 3)), ((2, 3), (2, 2)), ((9, 9), (11, 9))):
            model.add_line(a, b, dxfattribs={"layer": "RAYONS MEUBLES"})
        block = model.doc.blocks.new("FRIGO")
        block.add_line((0, 0), (2, 0))
        block.add_line((0, 1), (2, 1))
        insert = model.add_blockref("FRIGO", (12, 4), dxfattribs={"layer": "RAYONS MEUBLES"})
        insert.add_attrib("NOM", "Lait", (12, 4))

    found = {bounds(f): f["properties"] for f in of_type(shop(draw), "fixture")}
    assert {at: (p["category"], p.get("name")) for at, p in found.items()} == {
        (2, 2, 5, 3): ("gondola", None),
        (12, 4, 14, 5): ("fridge", "Lait"),
    }


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("no such\ncode"), "no such code"),
        (AssertionError(), "AssertionError"),
        (KeyError("x" * 200), "'xxx"),
    ],
)
def test_what_a_library_stumbles_over_is_said_in_its_words_or_by_its_name(error: Exception, said: str) -> None:
    with pytest.raises(OperatorError) as refused, _damage(Notes("shop.dxf")):
        raise error
    (problem,) = refused.value.problems
    assert problem.reason.startswith(f"is no DXF, or a damaged one: {said}")
    assert len(problem.reason) <= len("is no DXF, or a damaged one: ") + 120
    assert (problem.place, problem.fix) == ("(whole file)", "save it anew as DXF, 2007 or later")


def test_a_dimension_along_a_slope_is_a_length_and_an_angle_is_none() -> None:
    """Over 1,200 and 1,600 units: 2,000. An angle of 20 says nothing of metres."""

    def asked(draw: Draw) -> str:
        with pytest.raises(OperatorError) as refused:
            shop(draw, width=2000.0, depth=1200.0, insunits=0)
        return str(refused.value.problems[0].reason)

    aligned = {"dimtype": 1, "defpoint2": (0, 0), "defpoint3": (1200, 1600), "text": "20"}
    for slope in (
        asked(lambda m: m.add_aligned_dim((0, 0), (1200, 1600), distance=50, text="20").render()),
        asked(lambda m: m.new_entity("DIMENSION", aligned)),
    ):
        assert slope.endswith("(a dimension over 2000 units says 20)")
    for angle in (
        asked(lambda m: m.add_angular_dim_3p((5, 5), (0, 0), (9, 0), (9, 3), text="20").render()),
        asked(lambda m: m.add_angular_dim_2l((5, 5), ((0, 0), (9, 0)), ((0, 0), (9, 3)), text="20").render()),
    ):
        assert angle.endswith("it is 2000 by 1200 units")
