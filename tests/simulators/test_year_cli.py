"""`rayon simulate year` as its users see it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulators.test_cli import run

RAYON = [sys.executable, "-m", "api.cli.main", "simulate"]


def test_it_is_listed_and_writes_its_days(tmp_path: Path) -> None:
    assert "whole year" in json.loads(run("--list", "--json"))["year"]
    summary = json.loads(run("year", "-o", str(tmp_path), "--seconds", str(2.5 * 86_400), "--json"))
    assert summary["days"] == 3
    assert summary["store"] == "supermarket"
    assert (tmp_path / "days.csv").read_text().splitlines()[1].startswith("2025-01-01,0,0,")  # New Year's Day
    assert 500 < summary["shoppers"] < 1500


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--mqtt", "mqtt://127.0.0.1:1"], ["--mqtt"]),
        (["-o", "DIR", "--wire", "meraki", "--campaigns", "c.yaml"], ["--wire", "--campaigns"]),
    ],
)
def test_what_needs_a_radio_is_refused_with_the_reason(tmp_path: Path, options: list[str], named: list[str]) -> None:
    out = [str(tmp_path / "out") if o == "DIR" else o for o in options]
    said = subprocess.run([*RAYON, "year", *out], capture_output=True, text=True, check=False, timeout=60)
    assert said.returncode == 2
    lines = said.stderr.splitlines()[:-1]
    assert len(lines) == len(named)
    for line, option in zip(lines, named, strict=True):
        assert f"{option}: year is a year: tables by day, without the radio of a live run" in line
        assert "-o DIR" in line
        assert "saturday-rush" in line
    assert not (tmp_path / "out").exists()
