"""Pictures: valid, complete, in scale, and legible."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import box

from engine.errors import OperatorError
from engine.plan.drawing.draw import draw_svg, svg_to_png
from engine.plan.drawing.labels import LARGEST_PX, SMALLEST_PX, LabelPlacer, fit
from engine.plan.load import load_plan
from engine.plan.model import Plan
from tests.engine.plan.sketch import AP, FIXTURE, LEVEL, SECTION, feature, ring, shop, write

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def two_levels(tmp_path: Path) -> Plan:
    raw = shop()
    raw["features"] += [
        feature("level", "Polygon", ring(0, 0, 12, 8), id="1", ordinal=1, name="Upper"),
        feature("section", "Polygon", ring(0, 0, 12, 8), id="wine", level="1", name="Wine"),
    ]
    return load_plan(write(tmp_path, raw))


def texts(svg: str) -> list[str]:
    """What is written in a picture, line by line, without the white edges."""
    return [
        "".join(span.itertext())
        for text in ET.fromstring(svg).iter(f"{SVG}text")
        if text.get("aria-hidden") is None
        for span in text.iter(f"{SVG}tspan")
    ]


def test_all_levels_side_by_side(two_levels: Plan) -> None:
    svg = draw_svg(two_levels)
    root = ET.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    assert [g.get("data-level") for g in root.iter(f"{SVG}g") if g.get("class") == "level"] == ["0", "1"]
    written = texts(svg)
    for word in ("The shop · Ground", "The shop · Upper", "Bread", "Wine", "entrance", "brick wall", "product"):
        assert word in written
    assert sum(word.endswith(" m") for word in written) == 2  # a scale bar each


def test_one_level(two_levels: Plan) -> None:
    written = texts(draw_svg(two_levels, level="1"))
    assert "Wine" in written
    assert not {"Bread", "entrance", "brick wall"} & set(written)


def test_the_legend_can_be_left_out(two_levels: Plan) -> None:
    assert "entrance" not in texts(draw_svg(two_levels, signs=False))


def test_an_unknown_level_is_refused(two_levels: Plan) -> None:
    with pytest.raises(ValueError, match="there is no level '7': levels are 0, 1"):
        draw_svg(two_levels, level="7")


def test_a_metre_is_a_metre(two_levels: Plan) -> None:
    # A layer of one square metre at (2, 1): its place in pixels follows from its group's matrix, y turned over.
    svg = draw_svg(two_levels, level="0", layers=['<rect id="here" x="2" y="1" width="1" height="1"/>'], width_px=1000)
    root = ET.fromstring(svg)
    (group,) = (g for g in root.iter(f"{SVG}g") if g.get("class") == "layers")
    assert group[0].get("id") == "here"
    a, b, c, d, e, f = (float(v) for v in (group.get("transform") or "")[len("matrix(") : -1].split())
    assert (b, c) == (0, 0)
    assert a == pytest.approx(-d)
    outline = next(p for p in root.iter(f"{SVG}path") if "Z" in (p.get("d") or ""))
    corners = [tuple(map(float, xy.split())) for xy in (outline.get("d") or "")[1:-1].split("L")]
    expected = [(a * x + e, d * y + f) for x, y in ((0, 0), (12, 0), (12, 8), (0, 8))]
    assert corners == [pytest.approx(xy, abs=0.06) for xy in expected]
    assert 12 * a < 1000 - 40


def test_layers_lie_above_the_floor_and_below_labels(two_levels: Plan) -> None:
    svg = draw_svg(two_levels, level="0", layers=['<g id="heat"/>'])
    assert svg.index("stroke-dasharray") < svg.index('id="heat"') < svg.index(">Bread</tspan>")


def test_layers_need_to_know_their_level(two_levels: Plan) -> None:
    with pytest.raises(ValueError, match="layers belong to one level"):
        draw_svg(two_levels, layers=["<g/>"])


@given(
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="\ufffe\uffff"),
        min_size=1,
        max_size=30,
    )
)
def test_any_name_is_escaped(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    name = name.strip() or "&"
    raw = shop()
    raw["rayon"]["name"] = name
    for index, key in (
        (LEVEL, "name"),
        (SECTION, "name"),
        (SECTION, "id"),
        (FIXTURE, "name"),
        (AP, "name"),
        (AP, "id"),
    ):
        raw["features"][index]["properties"][key] = name
    svg = draw_svg(load_plan(write(tmp_path_factory.mktemp("names"), raw)))
    root = ET.fromstring(svg)
    assert root.findtext(f"{SVG}title") == name


def test_markup_in_a_name_stays_text(tmp_path: Path) -> None:
    raw = shop()
    raw["features"][SECTION]["properties"]["name"] = "<script>alert(1)</script>"
    raw["features"][AP]["properties"]["id"] = '" onload="alert(1)'
    svg = draw_svg(load_plan(write(tmp_path, raw)))
    root = ET.fromstring(svg)
    assert not list(root.iter(f"{SVG}script"))
    assert not any("onload" in element.attrib for element in root.iter())


def test_the_same_plan_gives_the_same_picture(two_levels: Plan) -> None:
    assert draw_svg(two_levels) == draw_svg(two_levels)


def test_labels_avoid_each_other_where_there_is_room() -> None:
    labels = LabelPlacer()
    placed = [labels.place("Zone", box(0, 0, 300, 200)) for _ in range(4)]
    boxes = [box(*taken) for taken in labels.taken]
    assert all(not a.intersects(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert (placed[0].x, placed[0].y) == (150, 100)


def test_labels_of_nested_zones_and_icons_stay_apart() -> None:
    labels = LabelPlacer()
    labels.keep_clear(100, 100, 12)
    label = labels.place("Bread", box(0, 0, 200, 200))
    assert abs(label.y - 100) > 12 or abs(label.x - 100) > 12
    assert box(0, 0, 200, 200).contains(box(*labels.taken[-1]))


def test_a_label_is_wrapped_to_its_zone() -> None:
    assert fit("Bread", 400) == (("Bread",), LARGEST_PX)
    assert fit("Fruits et légumes", 90)[0] == ("Fruits et", "légumes")
    lines, size_px = fit("Conserves et pâtes", 30)
    assert (lines, size_px) == (("Conserves", "et pâtes"), SMALLEST_PX)


def pixels(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return int.from_bytes(png[16:20]), int.from_bytes(png[20:24])


def test_png_has_the_size_of_the_picture(two_levels: Plan) -> None:
    svg = draw_svg(two_levels, width_px=640)
    height = int(ET.fromstring(svg).get("height") or 0)
    assert pixels(svg_to_png(svg)) == (640, height)
    assert pixels(svg_to_png(svg, zoom=2)) == (1280, 2 * height)


def test_png_shows_labels_on_a_machine_without_fonts(two_levels: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    import resvg_py

    def bare(**options: object) -> bytes:
        return bytes(render(**options, skip_system_fonts=True))

    render = resvg_py.svg_to_bytes
    monkeypatch.setattr(resvg_py, "svg_to_bytes", bare)
    svg = draw_svg(two_levels)
    unlabelled = svg.replace(">Bread<", "><")
    assert unlabelled != svg
    assert svg_to_png(svg) != svg_to_png(unlabelled)


@pytest.mark.parametrize("module", ["resvg_py", "ttf_opensans"])
def test_png_without_its_extra_says_what_to_install(
    two_levels: Plan, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(OperatorError, match=rf"{module}: is not installed \(pip install 'rayon\[png\]'"):
        svg_to_png(draw_svg(two_levels))
