"""Noise and mistakes in what `rayon decide` reads, and numbers that are none."""

from __future__ import annotations

import json
import resource
import signal
from pathlib import Path

import numpy as np
import pytest
import typer

from api.cli.decide_tables import keep_plan
from api.cli.sources.sessions import use_sessions
from engine.errors import OperatorError
from engine.files.outcomes import SessionEvent
from engine.vocabulary import SessionChange
from tests.api.cli.test_bad_input import FIX, MASTS, NOISE, READINGS, RUNNER, TRUTH, Site, level, rayon, site

__all__ = ["rayon", "site"]

PRODUCTS = "sku,name,category,price_minor,level,x_m,y_m\nA,a,c,100,0,4.5,3.4\n"
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


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([], "the table has no row"),
        (MASTS, f"none of {len(MASTS)} rows is a reading of a device that can be used; the plan has ap0, ap1"),
        (["5,phone,ap77,-60"], "none of 1 rows is a reading of a device that can be used; the plan has ap0, ap1"),
        (["5,ap0,phone,-60"], "none of 1 rows is a reading of a device that can be used; the plan has ap0, ap1"),
        (["5,phone,ap0,-60"], "1 scans, and none of them tells a place"),
    ],
)
def test_decide_takes_recordings_with_nothing_to_decide(site: Site, rows: list[str], why: str) -> None:
    said = site.run(*decide(site, NO_CAMPAIGN, rows))
    assert "0 decisions" in said
    assert f"readings.csv: warning: no fix at all: {why}" in said


def test_decide_says_nothing_of_no_fix_where_there_are_some(site: Site) -> None:
    assert "no fix at all" not in site.run(*decide(site, NO_CAMPAIGN, READINGS))


def test_decide_tells_the_mistakes_of_plan_sessions_and_readings_together(site: Site) -> None:
    site.plan([level()])
    (site.folder / "sessions.csv").write_text("t,device,event\nsoon,phone,connect\n")
    words = decide(site, NO_CAMPAIGN, ["soon,phone,ap0,-60"])
    heard = site.refused(*words, "--sessions", site.folder / "sessions.csv")
    for file in ("plan.geojson: features", "sessions.csv: line 2", "readings.csv: line 2"):
        assert file in heard


NOBODY = "none of 1 devices of the readings connects in it before they end: nobody is a shopper"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["5,phone,connect", "5000000000000,tim,connect", "-4,tom,connect"], [
            "2 of 3 lines left out, of times that no clock shows (the first: 5e+12 is before 1970 or after 2100): write"
            " seconds since 1970, UTC",
        ]),
        (["1e300,phone,connect"], [
            "1 of 1 lines left out, of times that no clock shows (the first: 1e+300 is before 1970 or after 2100):"
            " write seconds since 1970, UTC",
            NOBODY,
        ]),
        ([], [NOBODY]),
        (["5,zork,connect"], [
            "1 of 1 lines are of devices that the readings have not: write `device` as they do", NOBODY,
        ]),
        (["7205,phone,connect"], [
            "1 of 1 lines are of times after all readings (from 7205 on, readings 0 to 59): both in seconds since 1970,"
            " UTC",
            NOBODY,
        ]),
        (["-9,tim,connect", "5,phone,disconnect"], [
            "1 of 2 lines left out, of times that no clock shows (the first: -9 is before 1970 or after 2100): write"
            " seconds since 1970, UTC",
            NOBODY,
        ]),
        (["0,phone,connect", "1,tim,connect", "7205,phone,disconnect"], []),
    ],
)  # fmt: skip
def test_sessions_that_make_nobody_a_shopper_are_told(site: Site, rows: list[str], said: list[str]) -> None:
    sessions = site.folder / "sessions.csv"
    sessions.write_text("\n".join(["t,device,event", *rows]) + "\n")
    heard = site.run(*decide(site, NO_CAMPAIGN, READINGS), "--sessions", sessions)
    warned = f"{sessions}: warning: "
    assert [line.removeprefix(warned) for line in heard.splitlines() if line.startswith(warned)] == said


def test_of_sessions_at_no_time_a_no_to_offers_holds() -> None:
    no = SessionEvent(-4.0, "phone", SessionChange.CONNECT, consent=False)
    later = SessionEvent(5.0, "phone", SessionChange.CONNECT)
    assert use_sessions("s.csv", [later, no], {"phone"}, np.array([0.0, 60.0])) == [no, later]


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


def test_the_decisions_are_none_of_the_tables(site: Site) -> None:
    words = decide(site, NO_CAMPAIGN, READINGS)
    tables = site.folder / "tables"
    tables.mkdir()
    for name in ("fixes.csv", "expected.csv", "plan.geojson"):
        heard = site.refused(*words[:-1], tables / ".." / "tables" / name, "--tables", tables)
        assert f"tables/{name}: --output: --tables writes it, too" in heard


@pytest.mark.parametrize("option", ["labels", "receipts"])
def test_no_table_replaces_what_is_read(site: Site, option: str) -> None:
    words = decide(site, NO_CAMPAIGN, READINGS)
    for name in ("expected.csv", "experiments.csv", "products.csv"):
        (site.folder / "tables").mkdir(exist_ok=True)
        given = site.folder / "tables" / name
        given.write_text("t,device,kind,x_m,y_m\n10,phone,survey,3,3\n")
        heard = site.refused(*words, f"--{option}", given, "--tables", given.parent)
        assert f"tables/{name}: --tables: is tables/{name}, which is read" in heard
        given.unlink()


def test_the_plan_of_another_store_is_not_replaced(site: Site) -> None:
    words = decide(site, NO_CAMPAIGN, READINGS)
    (site.folder / "products.csv").write_text(PRODUCTS)
    ours = (site.folder / "plan.geojson").read_text()
    tables = site.folder / "tables"
    tables.mkdir()
    for theirs, lost in (
        ({"plan.geojson": ours.replace('"store": "hall"', '"store": "barn"'), "products.csv": "sku\n"}, 2),
        ({"plan.geojson": "{", "products.csv": PRODUCTS}, 1),
        ({"products.csv": "sku\n"}, 1),
    ):
        for name, text in theirs.items():
            (tables / name).write_text(text)
        heard = site.refused(*words, "--tables", tables)
        assert heard.count("--tables: is of another store: it would be lost (give another folder") == lost
        assert {path.name: path.read_text() for path in tables.iterdir()} == theirs
        (tables / "plan.geojson").unlink(missing_ok=True)


def test_the_plan_of_the_same_store_is_brought_up_to_date(site: Site) -> None:
    words = decide(site, NO_CAMPAIGN, READINGS)
    plan, kept = site.folder / "plan.geojson", site.folder / "tables" / "plan.geojson"
    kept.parent.mkdir()
    kept.write_text(plan.read_text().replace('"Hall"', '"The hall"'))
    site.run(*words, "--tables", kept.parent)
    assert kept.read_bytes() == plan.read_bytes()
    site.run(*words, "--tables", kept.parent)
    site.run(*words, "--tables", site.folder)


def test_a_folder_that_takes_no_tables_is_said_before_the_work(site: Site) -> None:
    words = decide(site, NO_CAMPAIGN, ["soon,phone,ap0,-60"])  # which would be said, were it read
    (site.folder / "afile").write_text("")
    (site.folder / "tables" / "plan.geojson").mkdir(parents=True)
    (site.folder / "nowhere").symlink_to(site.folder / "gone")
    assert "afile: --tables: is no folder" in site.refused(*words, "--tables", site.folder / "afile")
    assert "afile: --tables: is no folder" in site.refused(*words, "--tables", site.folder / "afile" / "tables")
    assert "nowhere: --tables: is no folder" in site.refused(*words, "--tables", site.folder / "nowhere")
    assert "plan.geojson: --tables: is a folder" in site.refused(*words, "--tables", site.folder / "tables")


def test_of_a_plan_that_was_not_copied_whole_nothing_is_left(site: Site, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "plan.geojson").write_text("old")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limit[1]))
    try:
        with pytest.raises(OperatorError, match="File too large"):
            keep_plan(site.folder, kept)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert {path.name: path.read_text() for path in kept.iterdir()} == {"plan.geojson": "old"}
