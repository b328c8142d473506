"""`rayon plan new` and `rayon plan export` as an operator types them."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.cli.commands import build
from engine.errors import OperatorError
from engine.plan.load import check_plan
from tests.engine.plan.sketch import shop, write


def run(*arguments: object) -> Result:
    return CliRunner().invoke(build(), ["plan", *map(str, arguments)])


def refused(result: Result) -> list[str]:
    assert isinstance(result.exception, OperatorError)
    return [str(problem) for problem in result.exception.problems]


@pytest.mark.parametrize("size", ["30x20", "4x4", "24,5 × 12", "1000x4", "6x300"])
def test_a_start_has_nothing_to_warn_of(tmp_path: Path, size: str) -> None:
    folder = tmp_path / "corner"
    result = run(
        "new", folder, "--size", size, "--name", "Au coin", "--timezone", "Europe/Bucharest", "--currency", "RON"
    )
    assert result.exit_code == 0, result.exception
    plan, errors, warnings = check_plan(folder)
    assert (errors, warnings) == ([], [])
    assert plan is not None
    assert (plan.store, plan.name, plan.timezone, plan.currency) == ("corner", "Au coin", "Europe/Bucharest", "RON")
    width, depth = (float(side) for side in size.replace(",", ".").replace("×", "x").split("x"))
    assert plan.levels[0].polygon.bounds == (0, 0, width, depth)


def test_its_page_names_every_kind_of_feature(tmp_path: Path) -> None:
    run("new", tmp_path / "corner")
    page = (tmp_path / "corner" / "README.md").read_text(encoding="utf-8")
    features = json.loads((tmp_path / "corner" / "plan.geojson").read_text(encoding="utf-8"))["features"]
    for kind in {f["properties"]["feature_type"] for f in features}:
        assert f"`{kind}`" in page
    assert "30 by 20 m" in page


def test_nothing_is_written_over_and_mistakes_are_named(tmp_path: Path) -> None:
    run("new", tmp_path / "corner")
    before = (tmp_path / "corner" / "plan.geojson").read_bytes()
    assert [line.split(": ", 1)[1] for line in refused(run("new", tmp_path / "corner", "--size", "9x9"))] == [
        "(whole file): is there already (give another folder)"
    ] * 2
    assert (tmp_path / "corner" / "plan.geojson").read_bytes() == before
    for size in ("30", "30x", "3x3", "0x20", "30x2000", "ax b"):
        assert f"--size: {size}: is no size of a shop" in refused(run("new", tmp_path / "b", "--size", size))[0]
    assert "rayon.store" in refused(run("new", tmp_path / "a shop"))[0]
    assert "rayon.currency" in refused(run("new", tmp_path / "b", "--currency", "EURO"))[0]
    assert not (tmp_path / "b").exists()


def test_an_export_is_an_archive_that_import_takes(tmp_path: Path) -> None:
    folder, out = write(tmp_path / "shop"), tmp_path / "shop.zip"
    os.utime(folder / "plan.geojson", (1_795_860_000, 1_795_860_000))
    result = run("export", folder, "-o", out, "--locality", "Lyon", "--country", "FR", "--language", "fr")
    assert result.exit_code == 0, result.exception
    with zipfile.ZipFile(out) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        (address,) = json.loads(archive.read("address.geojson"))["features"]
    assert (manifest["created"], manifest["language"]) == ("2026-11-28T10:00:00Z", "fr")
    assert (address["properties"]["locality"], address["properties"]["country"]) == ("Lyon", "FR")
    again = json.loads(run("import", out, tmp_path / "again", "--json").stdout)
    assert [again[key] for key in ("levels", "zones", "fixtures", "openings", "aps")] == [1, 1, 1, 1, 3]


@pytest.mark.parametrize("country", ["France", "F", "", "F1"])
def test_a_country_is_two_letters(tmp_path: Path, country: str) -> None:
    assert "ISO 3166" in refused(run("export", tmp_path, "-o", tmp_path / "x.zip", "--country", country))[0]


def test_what_cannot_be_exported_is_refused(tmp_path: Path) -> None:
    raw = shop()
    raw["rayon"]["anchor"] = None
    folder = write(tmp_path / "shop", raw)
    assert "rayon.anchor: is null" in refused(run("export", folder, "-o", tmp_path / "a.zip"))[0]
    assert "is no archive" in refused(run("export", folder, "-o", tmp_path / "a.geojson"))[0]
    assert "is no format" in refused(run("export", folder, "-o", tmp_path / "a.zip", "--format", "dxf"))[0]
    (folder / "b.zip").symlink_to(folder / "plan.geojson")
    assert "it would be lost" in refused(run("export", folder, "-o", folder / "b.zip"))[0]
    assert list(tmp_path.glob("*.zip")) == []
