"""`rayon plan import` as an operator types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.cli.commands import build
from engine.errors import OperatorError
from engine.plan.load import check_plan
from tests.engine.plan.importers.formats.test_geojson import one_file, shop
from tests.engine.plan.importers.formats.test_imdf import archive


def run(*arguments: object) -> Result:
    return CliRunner().invoke(build(), ["plan", "import", *map(str, arguments)])


def refused(result: Result) -> str:
    assert isinstance(result.exception, OperatorError)
    (problem,) = result.exception.problems
    return str(problem)


@pytest.fixture(name="layers")
def layers_of_a_shop(tmp_path: Path) -> Path:
    folder = tmp_path / "from-qgis"
    folder.mkdir()
    for name, content in shop().items():
        (folder / name).write_bytes(content)
    return folder


def test_a_folder_of_layers_is_written_as_a_plan_that_passes(layers: Path, tmp_path: Path) -> None:
    result = run(
        layers,
        "--format",
        "qgis",
        tmp_path / "corner",
        "--name",
        "Corner shop",
        "--timezone",
        "Europe/Bucharest",
        "--currency",
        "RON",
    )
    assert result.exit_code == 0, result.exception
    assert "1 level, 2 zones, 6 walls, 12 fixtures, 0 openings, 3 access points" in result.stdout
    assert "warning:" in result.stderr
    plan, errors, _ = check_plan(tmp_path / "corner")
    assert plan is not None, errors
    assert (plan.store, plan.name, plan.timezone, plan.currency) == ("corner", "Corner shop", "Europe/Bucharest", "RON")


def test_as_json_with_the_format_said(tmp_path: Path) -> None:
    drawing = tmp_path / "mall.zip"
    drawing.write_bytes(archive())
    result = run(
        drawing, "--format", "imdf", tmp_path / "boutique", "--shop", "Boutique", "--shop", "Réserve", "--json"
    )
    report = json.loads(result.stdout)
    assert (report["levels"], report["zones"], report["walls"]) == (2, 2, 2)
    assert {"place", "reason", "fix"} == set(report["warnings"][0])
    assert "Europe/Paris and EUR assumed" in json.dumps(report["warnings"])


def test_a_plan_is_written_over_when_asked_only(layers: Path, tmp_path: Path) -> None:
    assert run(layers, tmp_path / "corner").exit_code == 0
    before = (tmp_path / "corner" / "plan.geojson").read_bytes()
    assert "is there already (--replace writes over it)" in refused(run(layers, tmp_path / "corner", "--name", "B"))
    assert (tmp_path / "corner" / "plan.geojson").read_bytes() == before
    assert run(layers, tmp_path / "corner", "--name", "B", "--replace").exit_code == 0
    assert b'"name": "B"' in (tmp_path / "corner" / "plan.geojson").read_bytes()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--format", "dwg"], "--format: dwg: is no format Rayon reads"),
        (["--units", "furlong"], "--units: furlong: is no unit a drawing has"),
        (["--known-length", "20"], "--known-length: 20: is no length"),
        (["--known-length", "0=20"], "--known-length: 0=20: is no length"),
        (["--layer", "walls"], "--layer: walls: does not say what the layer holds"),
        (["--layer", "a=zone"], "--layer: a=zone: does not say what the layer holds"),
        (["--timezone", "Europe/Pariss"], "rayon.timezone: 'Europe/Pariss' is not a time zone"),
        (["--format", "imdf"], "holds no level.geojson"),
    ],
)
def test_options_that_cannot_be_are_refused(tmp_path: Path, options: list[str], reason: str) -> None:
    drawing = tmp_path / "shop.geojson"
    drawing.write_bytes(one_file())
    assert reason in refused(run(drawing, tmp_path / "corner", *options))
    assert not (tmp_path / "corner").exists()


def test_a_known_length_sets_the_scale(tmp_path: Path) -> None:
    drawing = tmp_path / "shop.geojson"
    drawing.write_bytes(one_file(40.0))
    result = run(drawing, tmp_path / "corner", "--known-length", "1200=30", "--json")
    assert json.loads(result.stdout)["size_m"] == {"0": [30, 20]}


def test_what_is_not_there_or_no_drawing(tmp_path: Path) -> None:
    assert "No such file" in refused(run(tmp_path / "no.dxf", tmp_path / "corner"))
    (tmp_path / "empty").mkdir()
    assert "holds no .geojson file" in refused(run(tmp_path / "empty", tmp_path / "corner"))
    (tmp_path / "a.dwg").write_bytes(b"AC1032")
    assert "save it as DXF" in refused(run(tmp_path / "a.dwg", tmp_path / "corner"))
    (tmp_path / "a.txt").write_bytes(b"hello")
    assert "does not tell which format it is" in refused(run(tmp_path / "a.txt", tmp_path / "corner"))


def test_a_folder_that_is_no_stores_name(layers: Path, tmp_path: Path) -> None:
    assert "rayon.store: 'a shop' is not of the form" in refused(run(layers, tmp_path / "a shop"))
