"""A shop drawn in QGIS: `plan.geojson` was refused with one message for each vertex.

QGIS writes members `name` and `crs`, MultiPolygons of one part, a third number behind every position, and longitudes.
Put into a store's folder as it is, such a file is one mistake, with the way out; `rayon plan import` takes it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli.commands import build
from engine.plan.load import check_plan
from tests.engine.plan.importers.formats.test_geojson import shop
from tests.engine.plan.sketch import feature, ring, write
from tests.engine.plan.sketch import shop as our_shop


@pytest.mark.parametrize("name", sorted(shop()))
def test_a_file_of_qgis_is_one_mistake_with_the_way_out(tmp_path: Path, name: str) -> None:
    plan, errors, warnings = check_plan(write(tmp_path / "shop", shop()[name].decode(), products=None))
    assert (plan, warnings) == (None, [])
    (problem,) = errors
    assert problem.place == "(whole file)"
    assert "is GeoJSON of another program" in problem.reason
    assert "rayon plan import" in problem.fix


def test_import_takes_it_as_it_is(tmp_path: Path) -> None:
    for name, content in shop().items():
        (tmp_path / name).write_bytes(content)
    arguments = ["plan", "import", str(tmp_path), "--format", "geojson", str(tmp_path / "shop"), "--json"]
    report = json.loads(CliRunner().invoke(build(), arguments, catch_exceptions=False).stdout)
    assert [report[key] for key in ("levels", "zones", "walls", "fixtures", "aps")] == [1, 2, 6, 12, 3]
    assert report["size_m"]["0"] == pytest.approx([26, 22], rel=1e-3)
    plan, errors, _ = check_plan(tmp_path / "shop")
    assert (errors, plan is not None and len(plan.fixtures)) == ([], 12)


def with_heights(raw: dict[str, Any]) -> dict[str, Any]:
    """A third number behind every position of its shelves."""
    for made in raw["features"]:
        if made["properties"]["feature_type"] == "fixture":
            made["geometry"]["coordinates"] = [[[*spot, 0.0] for spot in r] for r in made["geometry"]["coordinates"]]
    return raw


def test_heights_are_one_message_a_shelf_and_one_for_many_shelves(tmp_path: Path) -> None:
    raw = with_heights(our_shop())
    _, errors, _ = check_plan(write(tmp_path / "one", raw))
    (problem,) = errors
    assert problem.place == "features[2].geometry.coordinates[0][0]"
    assert problem.reason == "[3, 3, 0.0] is not a position, nor are 4 more here"
    more = our_shop()
    more["features"] += [
        feature("fixture", "Polygon", ring(7 + i / 10, 1, 7.05 + i / 10, 2), id=f"s{i}", level="0") for i in range(11)
    ]
    _, errors, _ = check_plan(write(tmp_path / "many", with_heights(more)))
    (problem,) = errors
    assert problem.reason.endswith("the same at features[8].geometry.coordinates[0][0], "
                                   "features[9].geometry.coordinates[0][0], "
                                   "features[10].geometry.coordinates[0][0] and 8 more places")  # fmt: skip


def test_a_few_mistakes_of_one_kind_keep_their_places(tmp_path: Path) -> None:
    raw = our_shop()
    for made in raw["features"]:
        if made["properties"]["feature_type"] == "access_point":
            del made["properties"]["z_m"]
    _, errors, _ = check_plan(write(tmp_path / "shop", raw))
    assert [e.place for e in errors] == [f"features[{i}].properties.z_m" for i in (5, 6, 7)]
