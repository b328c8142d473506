"""`rayon plan check` and `rayon plan draw` as an operator types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from api.cli.plan.commands import register
from engine.errors import OperatorError
from tests.engine.plan.sketch import AP, LEVEL, OPENING, shop, write


@pytest.fixture(name="run")
def runner() -> object:
    app = typer.Typer()
    register(app)

    @app.callback()
    def root() -> None:
        """The command above `plan`."""

    return lambda *arguments: CliRunner().invoke(app, ["plan", *map(str, arguments)])


def refused(result: Result) -> list[str]:
    """The places of the mistakes that main() prints before it exits with status 2."""
    assert isinstance(result.exception, OperatorError)
    return [p.place for p in result.exception.problems]


def test_check_says_what_the_store_holds(run, tmp_path: Path) -> None:
    result = run("check", write(tmp_path / "shop"))
    assert result.exit_code == 0
    assert "The shop (shop), Europe/Paris, EUR" in result.stdout
    row = next(line for line in result.stdout.splitlines() if "Ground" in line)
    # level, m², walkable m², zones, walls, fixtures, openings, APs, products
    assert [cell.strip() for cell in row.strip("│").split("│")] == [
        "0 (Ground)",
        "96",
        "93",
        "1",
        "1",
        "1",
        "1",
        "3",
        "1",
    ]
    assert "nothing to warn of" in result.stdout


def test_check_warns_without_failing(run, tmp_path: Path) -> None:
    raw = shop()
    del raw["features"][OPENING]
    result = run("check", write(tmp_path / "shop", raw))
    assert result.exit_code == 0
    assert f"{tmp_path / 'shop' / 'plan.geojson'}: warning: " in result.stderr
    assert "there is no entrance" in result.stderr
    assert not any(line.startswith("warning: ") for line in result.stderr.splitlines())
    assert "1 warning." in result.stdout


def test_check_does_not_call_a_plan_usable_that_locates_nobody(run, tmp_path: Path) -> None:
    raw = shop()
    del raw["features"][AP:]
    result = run("check", write(tmp_path / "shop", raw))
    assert result.exit_code == 0, "a drawing becomes a plan before anybody hangs an access point"
    assert "there is no access point: nothing can be located" in result.stderr
    assert "The plan can be drawn, but nobody be located with it; 1 warning." in result.stdout


def test_check_lists_every_mistake(run, tmp_path: Path) -> None:
    raw = shop()
    raw["features"][AP]["properties"]["z_m"] = None
    raw["rayon"]["currency"] = "?"
    assert refused(run("check", write(tmp_path, raw))) == ["rayon.currency", "features[5].properties.z_m"]


def test_check_as_json(run, tmp_path: Path) -> None:
    report = json.loads(run("check", write(tmp_path / "shop"), "--json").stdout)
    assert (report["ok"], report["store"], report["errors"], report["warnings"]) == (True, "shop", [], [])
    (level,) = report["levels"]
    assert (level["id"], level["area_m2"], level["walkable_m2"], level["access_points"]) == ("0", 96.0, 93.0, 3)


def test_check_as_json_holds_the_mistakes_too(run, tmp_path: Path) -> None:
    raw = shop()
    raw["rayon"]["version"] = 2
    result = run("check", write(tmp_path, raw), "--json")
    report = json.loads(result.stdout)
    assert report["ok"] is False
    assert [e["place"] for e in report["errors"]] == ["rayon.version"] == refused(result)


def test_names_are_not_taken_for_markup(run, tmp_path: Path) -> None:
    raw = shop()
    raw["rayon"]["name"] = "Shop [bold]"
    raw["features"][LEVEL]["properties"]["name"] = "[red]G"
    result = run("check", write(tmp_path, raw))
    assert "Shop [bold]" in result.stdout
    assert "[red]G" in result.stdout


@pytest.mark.parametrize(("name", "start"), [("plan.svg", b"<svg"), ("plan.PNG", b"\x89PNG")])
def test_draw_writes_the_picture(run, tmp_path: Path, name: str, start: bytes) -> None:
    out = tmp_path / name
    result = run("draw", write(tmp_path / "shop"), "-o", out, "--level", "0", "--width-px", "400")
    assert result.exit_code == 0
    assert out.read_bytes().startswith(start)
    assert result.stdout == ""


def test_draw_refuses_what_it_cannot_do(run, tmp_path: Path) -> None:
    folder = write(tmp_path / "shop")
    assert refused(run("draw", folder, "-o", tmp_path / "plan.pdf")) == [str(tmp_path / "plan.pdf")]
    assert refused(run("draw", folder, "-o", tmp_path / "plan.svg", "--level", "9")) == ["9"]
    assert refused(run("draw", folder, "-o", tmp_path / "no" / "plan.svg")) == ["(whole file)"]
    assert not list(tmp_path.glob("*.*"))


@pytest.mark.parametrize("command", ["draw", "accuracy"])
@pytest.mark.parametrize("lost", ["plan.geojson", "products.csv"])
def test_a_picture_is_not_written_over_what_is_read(run, tmp_path: Path, command: str, lost: str) -> None:
    folder = write(tmp_path / "shop")
    before = (folder / lost).read_bytes()
    (folder / "plan.svg").symlink_to(folder / lost)
    assert refused(run(command, folder, "-o", folder / "plan.svg")) == ["--output"]
    assert (folder / lost).read_bytes() == before
