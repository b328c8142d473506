"""`rayon simulate` as its users see it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from engine.errors import OperatorError
from engine.files import read_readings
from simulators.cli import register


def run(*arguments: str) -> str:
    app = typer.Typer()
    register(app)
    app.callback()(lambda: None)
    result = CliRunner().invoke(app, ["simulate", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_it_lists_what_is_shipped() -> None:
    assert "quiet-tuesday" in run("--list")
    assert set(json.loads(run("--list", "--json"))) >= {"demo-supermarket", "demo-boutique", "saturday-rush"}


def test_it_writes_a_recording_and_says_what(tmp_path: Path) -> None:
    summary = json.loads(run("demo-boutique", "-o", str(tmp_path / "new"), "--seconds", "60", "--json"))
    assert summary["readings"] == len(read_readings(tmp_path / "new" / "readings.csv")) > 500
    again = run("demo-boutique", "-o", str(tmp_path / "again"), "--seconds", "60")
    assert f"readings                 {summary['readings']}" in again
    assert (tmp_path / "again" / "truth.csv").read_bytes() == (tmp_path / "new" / "truth.csv").read_bytes()


def test_another_seed_may_be_asked_for(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        run("demo-boutique", "-o", str(tmp_path / seed), "--seconds", "20", "--seed", seed)
    assert (tmp_path / "1" / "truth.csv").read_bytes() != (tmp_path / "2" / "truth.csv").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give a SCENARIO"),
        (("demo-boutique",), "give a SCENARIO and either -o or --mqtt"),
        (("demo-boutique", "-o", "x", "--mqtt", "mqtt://127.0.0.1"), "live, -o goes with --api"),
        (("demo-boutique", "-o", "x", "--config", "c.yaml"), "--config goes with --mqtt and -o"),
        (("demo-boutiqe", "-o", "x"), "no such scenario"),
        (("demo-boutique", "--mqtt", "http://127.0.0.1"), "the scheme is neither mqtt nor mqtts"),
        (("demo-boutique", "-o", "x", "--api", "http://127.0.0.1"), "--api goes with --mqtt"),
        (("demo-boutique", "--mqtt", "mqtt://127.0.0.1", "--api", "127.0.0.1:8000"), "not an http or https address"),
        (
            ("demo-boutique", "--mqtt", "mqtt://127.0.0.1", "--wire", "meraki", "--speed", "2"),
            "meraki has no topic for times that are not real ones",
        ),
    ],
)
def test_what_cannot_be_is_refused(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    app = typer.Typer()
    register(app)
    app.callback()(lambda: None)
    with pytest.raises(OperatorError, match=said):
        CliRunner().invoke(app, ["simulate", *arguments], catch_exceptions=False)


@pytest.mark.parametrize(("option", "value"), [("--seconds", "1e308"), ("--seconds", "1e18"), ("--seed", str(2**63))])
def test_no_run_is_longer_than_a_scenario_may_be(option: str, value: str, tmp_path: Path) -> None:
    app = typer.Typer()
    register(app)
    app.callback()(lambda: None)
    done = CliRunner().invoke(app, ["simulate", "demo-boutique", "-o", str(tmp_path / "x"), option, value])
    assert done.exit_code == 2, done.output
    assert f"Invalid value for '{option}'" in done.output
    assert not (tmp_path / "x").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OperatorError) as caught:
        run("demo-boutique", "-o", str(tmp_path / "file"), "--seconds", "5")
    assert str(tmp_path / "file") in str(caught.value)
