"""Noise and mistakes in what `rayon decide` reads, and numbers that are none."""

from __future__ import annotations

import json

import pytest
import typer

from tests.api.cli.test_bad_input import FIX, MASTS, NOISE, READINGS, RUNNER, TRUTH, Site, level, rayon, site

__all__ = ["rayon", "site"]

NO_CAMPAIGN = "version: 1\nstore: hall\ncampaigns: []\n"


def decide(site: Site, campaigns: str, rows: list[str]) -> tuple[object, ...]:
    (site.folder / "campaigns.yaml").write_text(campaigns)
    readings = site.table("readings", rows)
    return "decide", site.folder, "--campaigns", site.folder / "campaigns.yaml", "--readings", readings, "-o", site.out


def test_decide_counts_noise_and_goes_on(site: Site, rayon: typer.Typer) -> None:
    words = decide(site, NO_CAMPAIGN, READINGS + [row for rows, _ in NOISE.values() for row in rows] + ["4e9,p,ap0,-6"])
    done = RUNNER.invoke(rayon, [str(w) for w in (*words, "--json")], catch_exceptions=False)
    said = json.loads(done.stdout)
    assert said["readings_not_used"] == {
        "bad_rssi": 3, "time_out_of_range": 4, "unknown_ap": 1, "access_point_hears_itself": 1,
    }  # fmt: skip
    assert said["fixes"] > 50
    assert "3 readings not used: rssi out of range" in done.stderr


@pytest.mark.parametrize("rows", [[], MASTS, ["5,phone,ap77,-60"]])
def test_decide_takes_recordings_with_nothing_to_decide(site: Site, rows: list[str]) -> None:
    assert "0 decisions" in site.run(*decide(site, NO_CAMPAIGN, rows))


def test_decide_tells_the_mistakes_of_plan_sessions_and_readings_together(site: Site) -> None:
    site.plan([level()])
    (site.folder / "sessions.csv").write_text("t,device,event\nsoon,phone,connect\n")
    words = decide(site, NO_CAMPAIGN, ["soon,phone,ap0,-60"])
    heard = site.refused(*words, "--sessions", site.folder / "sessions.csv")
    for file in ("plan.geojson: features", "sessions.csv: line 2", "readings.csv: line 2"):
        assert file in heard


@pytest.mark.parametrize("option", ["--window-s", "--lag-s"])
def test_not_a_number_is_no_length_of_time(site: Site, option: str, rayon: typer.Typer) -> None:
    path = site.table("readings", READINGS)
    words = ["locate", str(site.folder), "--readings", str(path), "-o", str(site.out), option, "nan"]
    assert RUNNER.invoke(rayon, words).exit_code == 2
    assert not site.out.exists()


def test_not_a_number_is_no_window_to_score_by(site: Site, rayon: typer.Typer) -> None:
    tables = [str(site.table("truth", TRUTH)), str(site.table("fixes", [FIX]))]
    assert RUNNER.invoke(rayon, ["score", *tables, "--window-s", "inf"]).exit_code == 2
    assert RUNNER.invoke(rayon, ["score", *tables]).exit_code == 0
