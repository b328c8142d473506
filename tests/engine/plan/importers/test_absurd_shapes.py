"""Drawings that would keep an import busy for ever: each is refused, within seconds, by the name of what is in it."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from engine.errors import OperatorError
from tests.engine.plan.importers.drawings import imported

NAN = float("nan")
GRID_M = (652_000.0, 6_862_000.0)


def dxf_with(draw: Callable[[Any, dict[str, str]], Any]) -> dict[str, bytes]:
    """A shop of 20 by 12 m in metres, with something more on its walls' layer."""
    ezdxf = pytest.importorskip("ezdxf", reason="the extra `plans` is not installed")
    doc = ezdxf.new("R2010")
    doc.header["$INSUNITS"] = 6
    wall = {"layer": "A-WALL"}
    x, y = GRID_M
    doc.modelspace().add_lwpolyline([(x, y), (x + 20, y), (x + 20, y + 12), (x, y + 12), (x, y)], dxfattribs=wall)
    draw(doc.modelspace(), wall)
    text = io.StringIO()
    doc.write(text)
    return {"shop.dxf": text.getvalue().encode()}


def scattered(n: int) -> list[tuple[float, float]]:
    rng = random.Random(7)
    return [(GRID_M[0] + 20 * rng.random(), GRID_M[1] + 12 * rng.random()) for _ in range(n)]


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (lambda m, on: m.add_circle((0, 0), 1e300, dxfattribs=on), "CIRCLE on layer A-WALL: reaches past"),
        (lambda m, on: m.add_line(GRID_M, (GRID_M[0], NAN), dxfattribs=on), "LINE on layer A-WALL: reaches past"),
        (lambda m, on: m.add_circle((0, 0), 1e12, dxfattribs={"layer": "RAYONNAGES"}), "CIRCLE on layer RAYONNAGES"),
        (lambda m, on: m.add_open_spline(scattered(20_000), dxfattribs=on), "SPLINE on layer A-WALL: has 20,000 po"),
        (lambda m, on: m.add_spline(scattered(2_000), dxfattribs=on), "SPLINE on layer A-WALL: has 2,000 points"),
        (lambda m, on: m.add_lwpolyline(scattered(30_000), dxfattribs=on), "LWPOLYLINE on layer A-WALL: has 30,000"),
        (lambda m, on: m.add_lwpolyline(scattered(1_000), dxfattribs=on), "so many walls cross"),
    ],
)
def test_a_curve_without_end_is_refused_by_its_name(draw: Callable[[Any, dict[str, str]], Any], said: str) -> None:
    with pytest.raises(OperatorError) as refused:
        imported(dxf_with(draw))
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("draw", "left_out"),
    [
        (lambda m, on: m.add_text("Bio", dxfattribs=on | {"insert": (GRID_M[0], NAN)}), "TEXT on layer A-WALL"),
        (lambda m, on: m.add_mtext("Bio", dxfattribs=on | {"insert": (NAN, 0)}), "MTEXT on layer A-WALL"),
        (lambda m, on: m.add_point((1e300, 0), dxfattribs=on), "POINT on layer A-WALL"),
        (lambda m, on: blocks_of(m).add_blockref("AP", (NAN, 0), dxfattribs=on), "block AP"),
    ],
)
def test_what_lies_nowhere_is_left_out_and_the_shop_kept(
    draw: Callable[[Any, dict[str, str]], Any], left_out: str
) -> None:
    made = imported(dxf_with(draw))
    assert made.counts["area_m2"] == {"0": 240.0}
    assert [note.place for note in made.warnings if "it is left out" in note.reason] == [left_out]


def blocks_of(space: Any) -> Any:
    space.doc.blocks.new("AP").add_circle((0, 0), 0.1)
    return space


def test_a_curve_of_a_shop_is_taken() -> None:
    made = imported(dxf_with(lambda m, on: m.add_open_spline(scattered(12), dxfattribs=on)))
    assert made.counts["walls"] > 20


def squares(n: int, pitch_m: float) -> bytes:
    def ring(i: int) -> list[list[list[float]]]:
        x, y = pitch_m * (i % 60), pitch_m * (i // 60)
        return [[[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1], [x, y]]]

    geometry = {"type": "MultiPolygon", "coordinates": [ring(i) for i in range(n)]}
    feature = {"type": "Feature", "properties": {}, "geometry": geometry}
    return json.dumps({"type": "FeatureCollection", "name": "level", "features": [feature]}).encode()


def test_a_floor_of_thousands_of_parts_is_none() -> None:
    with pytest.raises(OperatorError, match="is in 3,000 parts, and a level has 100 at most"):
        imported({"level.geojson": squares(3_000, 2.0)}, units="m")


def test_the_same_square_thousands_of_times_is_one() -> None:
    made = imported({"level.geojson": squares(3_000, 0.0)}, units="m")
    assert made.counts["area_m2"] == {"0": 1.0}


def test_thousands_of_squares_on_each_other_are_a_heap() -> None:
    with pytest.raises(OperatorError, match="lies on so many others"):
        imported({"level.geojson": squares(3_000, 1e-5)}, units="m")
