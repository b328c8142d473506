"""`rayon simulate year` as its users see it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clocks import patience_s
from tests.forked import rayon
from tests.simulators.test_cli import run


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
    said = rayon(tmp_path, "simulate", "year", *out)
    assert said.returncode == 2
    lines = said.stderr.splitlines()[:-1]
    assert len(lines) == len(named)
    for line, option in zip(lines, named, strict=True):
        assert f"{option}: year is a year: tables by day, without the radio of a live run" in line
        assert "-o DIR" in line
        assert "saturday-rush" in line
    assert not (tmp_path / "out").exists()


def test_a_year_of_400_visitors_a_day_stays_under_two_minutes_and_a_gibibyte(tmp_path: Path) -> None:
    days = 40
    code = (
        "import re, resource, sys; from pathlib import Path; from engine.plan.load import load_plan;"
        "from simulators.scenario.files import load_scenario, store_folder; from simulators.year.year import Year;"
        "from simulators.year.recording import record_year; c = load_scenario('year');"
        f"done = record_year(Year(c, load_plan(store_folder(c)), {days}), Path(sys.argv[1]));"
        "used = resource.getrusage(resource.RUSAGE_SELF);"
        # ru_maxrss would be that of the process that started this one, where that is larger
        "peak = int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]);"
        "print(done['shoppers'], used.ru_utime + used.ru_stime, peak / 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True, timeout=patience_s(200)
    )
    people, cpu_s, peak_mib = map(float, done.stdout.split())
    assert people / days > 370
    assert cpu_s * 365 / days < 120  # with the start, which a year pays once
    assert peak_mib < 400  # a whole year: 500
