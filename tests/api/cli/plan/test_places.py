"""`rayon plan places`: access points where Meraki's floor plans have them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from api.cli.commands import build
from engine.errors import OperatorError
from engine.plan.load import load_plan
from tests.engine.plan.importers.drawings import LAT, LON, lonlat
from tests.engine.plan.sketch import feature, ring, shop, write


def run(*arguments: object) -> Result:
    return CliRunner().invoke(build(), ["plan", "places", *map(str, arguments)])


def refused(result: Result) -> str:
    assert isinstance(result.exception, OperatorError)
    (problem,) = result.exception.problems
    return str(problem)


def device(mac: str, x: float, y: float, **more: Any) -> dict[str, Any]:
    lon, lat = lonlat(x, y)
    return {"mac": mac, "serial": "Q2XX-0000-0000", "model": "MR46", "lat": lat, "lng": lon, **more}


def floor_plans(*devices: dict[str, Any], name: str = "Ground") -> str:
    return json.dumps(
        [{"floorPlanId": "g_1", "name": name, "center": {"lat": LAT, "lng": LON}, "devices": list(devices)}]
    )


@pytest.fixture(name="folder")
def a_shop_on_earth(tmp_path: Path) -> Path:
    raw = shop()
    raw["rayon"]["anchor"] = {"lon": LON, "lat": LAT, "bearing_deg": -17.0}
    return write(tmp_path / "shop", raw)


def test_known_ones_move_and_new_ones_are_added(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "floorPlans.json"
    file.write_text(
        floor_plans(
            device("aa:bb:cc:00:00:01", 2, 1.5), device("02:00:5e:10:00:01", 6, 4, name="Middle"),
            device("02:00:5e:10:00:02", 6, 4, model="MS120"),
        )
    )  # fmt: skip
    before = (folder / "plan.geojson").read_bytes()
    result = run(folder, file, "--dry-run")
    assert "aa:bb:cc:00:00:01 : moved by 1.1 m, level 0, x 2, y 1.5" in result.stdout
    assert (folder / "plan.geojson").read_bytes() == before
    assert run(folder, file).exit_code == 0
    aps = {ap.id: (ap.x_m, ap.y_m, ap.z_m, ap.name) for ap in load_plan(folder).access_points}
    assert aps["AA-BB-CC-00-00-01"] == (
        pytest.approx(2, abs=0.02),
        pytest.approx(1.5, abs=0.02),
        2.8,
        "AA-BB-CC-00-00-01",
    )
    assert aps["02:00:5e:10:00:01"] == (pytest.approx(6, abs=0.02), pytest.approx(4, abs=0.02), 2.8, "Middle")
    assert len(aps) == 4


def test_new_ones_are_on_the_level_of_the_maps_name_or_as_said(folder: Path, tmp_path: Path) -> None:
    raw = json.loads((folder / "plan.geojson").read_text())
    raw["features"].append(feature("level", "Polygon", ring(0, 0, 12, 8), id="1", ordinal=1, name="Étage"))
    write(folder, raw)
    file = tmp_path / "floorPlans.json"
    file.write_text(floor_plans(device("02:00:5e:10:00:01", 6, 4), name="etage"))
    assert "new, level 1" in run(folder, file, "--dry-run").stdout
    file.write_text(floor_plans(device("02:00:5e:10:00:01", 6, 4), name="HQ"))
    result = run(folder, file, "--dry-run")
    assert "map 'HQ' is no level by its name" in result.stderr
    assert "new, level 0" in run(folder, file, "--dry-run", "--level", "0").stdout


def test_what_cannot_be_is_refused(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "floorPlans.json"
    for content, reason in {
        "": "is not JSON",
        "[]": "holds no access point with mac, lat and lng",
        '{"devices": [{"mac": "x", "lat": 1, "lng": 2}]}': "holds no access point",
        "[" * 100_000: "is nested too deeply",
    }.items():
        file.write_text(content)
        assert reason in refused(run(folder, file))
    file.write_text(floor_plans(device("02:00:5e:10:00:01", 9_000, 4)))
    assert "is more than 200 m from the shop" in run(folder, file).stderr
    assert "no such level" in refused(run(folder, file, "--level", "9"))
    assert "is no file" in refused(run(folder, tmp_path))
    assert "No such file" in refused(run(folder, tmp_path / "none.json"))
    raw = shop()
    raw["rayon"]["anchor"] = None
    assert "rayon.anchor: is null" in refused(run(write(tmp_path / "b", raw), file))
