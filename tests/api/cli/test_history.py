"""`rayon history import` as an operator uses it, up to what managers then read over HTTP."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import time
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from api.cli.history.tables import read_zone_hours
from api.managers.reports import Reports
from api.managers.snapshot import Choice, take_snapshot
from api.server import run_api
from engine.config import ApiConfig, Config
from engine.errors import OperatorError
from engine.files.flows import read_flows, write_flows
from engine.files.outcomes import HourTable, read_hours, write_hours
from engine.plan.load import load_plans
from engine.presence.flows import FlowRow
from engine.presence.zonehours import ZoneHourRow
from engine.storage.database import Database, open_database
from engine.storage.journal import save_checkpoint
from engine.storage.presence.heatmaps import zone_hours
from engine.storage.presence.histories import ZONE_HOURS
from tests.api.site import SECRETS
from tests.databases import new_sqlite
from tests.forked import rayon

FLOORPLANS = Path(__file__).parents[3] / "floorplans"
PLAN = load_plans(FLOORPLANS, ["supermarket"])["supermarket"]
BEGAN = 1_736_157_600.0  # 6 January 2025, 10:00 UTC


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A site of its own with the shipped floor plans."""
    new_sqlite(tmp_path / "rayon.db")
    path = tmp_path / "config.yaml"
    storage = f"storage: {{url: 'sqlite:///{tmp_path}/rayon.db', data_dir: '{tmp_path}'}}\n"
    demo = "privacy: {demo: true, k: 1}\n"  # its history is simulated
    path.write_text(f"stores: {{floorplans_dir: '{FLOORPLANS}'}}\n{storage}{demo}")
    return path


def run(config: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {k: v for k, v in os.environ.items() if k != "RAYON_DATABASE_URL"}
    return rayon(config.parent, "history", "import", *arguments, "--config", str(config), env=environ)


def imported(config: Path, *arguments: str) -> dict[str, Any]:
    done = run(config, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    out = json.loads(done.stdout)
    assert isinstance(out, dict)
    return out


def database(config: Path) -> Database:
    return open_database(f"sqlite:///{config.parent}/rayon.db")


def stored(config: Path) -> list[ZoneHourRow]:
    db = database(config)
    try:
        return zone_hours(db, "supermarket", from_t=0.0, to_t=4e9)
    finally:
        db.close()


RARE = (BEGAN, "fromagerie", 60.0, 2.0, 60.0, 1.0)


def table(n_hours: int = 30) -> HourTable:
    """Two zones over some hours."""
    n = 2 * n_hours
    rng = np.random.default_rng(1)
    hour = BEGAN + 3600.0 * np.repeat(np.arange(n_hours), 2)
    zone = np.array(["cave", "bio"] * n_hours)
    visits = rng.integers(1, 20, n).astype(np.float64)
    return HourTable(hour, zone, np.round(visits * 41.5, 3), visits, visits * 40, rng.integers(1, 6, n).astype(float))


def test_a_simulated_year_reaches_the_managers(config: Path, tmp_path: Path) -> None:
    year = tmp_path / "year"
    assert rayon(tmp_path, "simulate", "year", "-o", year, "--seconds", 8 * 86_400, "--json").returncode == 0
    truth = read_hours(year / "hours.csv")
    first = imported(config, str(year), "--store", "supermarket")
    flows = read_flows(year / "flows.csv")
    assert (first["hours"]["added"], first["flows"]["added"]) == (len(truth), len(flows))
    after_one = stored(config)
    second = imported(config, str(year), "--store", "supermarket")
    assert second["hours"] == {"added": 0, "replaced": 0, "same": len(truth), "kept": 0}
    assert second["flows"] == {"added": 0, "replaced": 0, "same": len(flows), "kept": 0}
    assert stored(config) == after_one
    db = database(config)
    server = run_api(Config(api=ApiConfig(port=0)), db, SECRETS, {"supermarket": PLAN}).start()
    try:
        asked = {"headers": {"Authorization": f"Bearer {SECRETS.manager_key}"}, "timeout": 60}
        span = {"from": "2025-01-01T00:00:00+01:00", "to": "2026-01-01T00:00:00+01:00"}
        got = httpx.get(f"{server.url}/v1/stores/supermarket/zones", params=span, **asked).json()["items"]
        moved = httpx.get(f"{server.url}/v1/stores/supermarket/flows", params=span, **asked).json()
        hours = httpx.get(f"{server.url}/v1/stores/supermarket/hours", params=span, **asked).json()["items"]
        seen = take_snapshot(Reports(server.app.state.ctx), "supermarket", Choice("year", None, "rdc"), 1_750_000_000.0)
    finally:
        server.stop()
        db.close()
    assert sum(z["visits"] or 0 for z in got) == int(truth.visits.sum()) > 5000
    assert sum(z["person_hours"] or 0 for z in got) == pytest.approx(truth.person_s.sum() / 3600, abs=0.01)
    cave = truth.zone == "cave"
    zone = next(z for z in got if z["zone"] == "cave")
    assert zone["visits"] == int(truth.visits[cave].sum())
    assert zone["mean_dwell_s"] == pytest.approx(truth.dwell_s[cave].sum() / truth.visits[cave].sum(), abs=0.05)
    assert zone["persons_peak"] == truth.persons_peak[cave].max()
    assert len(hours) == len(truth)
    assert sum(f["transitions"] for f in moved["items"]) == sum(f.count for f in flows)
    assert sum(z.told.visits.value or 0 for z in seen.report.zones) == int(
        truth.visits.sum()
    )  # the page's own look, months later


def test_no_hour_of_a_real_site_has_fewer_than_k_behind_it(config: Path, tmp_path: Path) -> None:
    config.write_text(config.read_text().replace("demo: true, k: 1", "k: 20"))
    given = table()
    rare = HourTable(*(np.append(getattr(given, n), v) for n, v in zip(HourTable.__slots__, RARE, strict=True)))
    write_hours(tmp_path / "hours.csv", rare)
    write_flows(tmp_path / "flows.csv", [FlowRow(BEGAN + 3600.0 * i, "bio", "cave", 3) for i in range(10)])
    done = imported(config, str(tmp_path), "--store", "supermarket")
    assert (done["hours"]["added"], done["below_k"]) == (60, {"hours": 1, "flows": 0})
    rows = stored(config)
    for zone in ("cave", "bio"):
        mine, theirs = [r for r in rows if r.zone == zone], given.zone == zone
        assert sum(r.visits for r in mine) == given.visits[theirs].sum() // 20 * 20
        assert sum(r.person_s for r in mine) == pytest.approx(given.person_s[theirs].sum())
        runs = [list(block) for _, block in groupby(mine, lambda r: (r.person_s, r.persons_peak))]
        assert all(sum(r.visits for r in block) >= 20 for block in runs)
        assert any(len(block) > 1 for block in runs)
    again = imported(config, str(tmp_path), "--store", "supermarket")
    assert (again["hours"]["same"], again["flows"]["same"]) == (60, 1), "thirty in all: one hour of twenty"
    assert stored(config) == rows


def test_an_import_that_was_cut_off_is_gone_on_with(config: Path, tmp_path: Path) -> None:
    write_hours(tmp_path / "hours.csv", table())
    rows = read_zone_hours(tmp_path / "hours.csv", PLAN, time.time()).rows
    db = database(config)
    ZONE_HOURS.put(db, "supermarket", rows[:23])  # the first transactions, then the power went
    db.close()
    done = imported(config, str(tmp_path / "hours.csv"), "--store", "supermarket")
    assert (done["hours"]["added"], done["hours"]["same"]) == (37, 23)
    assert stored(config) == rows


def test_hours_with_other_figures_are_listed_and_only_replaced_on_request(config: Path, tmp_path: Path) -> None:
    write_hours(tmp_path / "hours.csv", table())
    db = database(config)
    counted = [ZoneHourRow(BEGAN, "cave", 99.0, 1, 90.0, 1.0), ZoneHourRow(BEGAN + 7200.0, "bio", 5.0, 2, 5.0, 1.0)]
    save_checkpoint(db, "supermarket", 0, b"", [], counted, [], BEGAN)
    db.close()
    before = stored(config)
    refused = run(config, str(tmp_path), "--store", "supermarket")
    assert refused.returncode == 2
    assert "hours.csv: line 2: the database has other figures of this hour: cave with 1 visits" in refused.stderr
    assert "hours.csv: line 7: the database has other figures of this hour: bio with 2 visits" in refused.stderr
    assert stored(config) == before
    done = imported(config, str(tmp_path), "--store", "supermarket", "--replace")
    assert (done["hours"]["added"], done["hours"]["replaced"]) == (58, 2)
    assert imported(config, str(tmp_path), "--store", "supermarket")["hours"]["same"] == 60
    assert len(stored(config)) == 60


def test_every_mistake_of_a_table_is_listed_and_nothing_written(config: Path, tmp_path: Path) -> None:
    path, soon = tmp_path / "hours.csv", float((time.time() + 86_400) // 3600 * 3600)
    good = ["1736157600.000", "cave", "10", "1", "9", "1"]
    rows = [
        good,
        ["1736157601.000", "cave", "10", "1", "9", "1"],
        ["1736161200.000", "moon", "10", "1", "9", "1"],
        ["1736161200.000", "bio", "-1", "1.5", "9", "1"],
        [f"{soon:.0f}", "bio", "10", "1", "9", "1"],
        good,
    ]
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([["hour_start", "zone", "person_s", "visits", "dwell_s", "persons_peak"], *rows])
    done = run(config, str(path), "--store", "supermarket")
    assert done.returncode == 2
    for said in (
        "line 3, column hour_start: 1736157601.0 is not a full hour",
        "line 4, column zone: moon is no zone of supermarket",
        "line 5, column person_s: -1.0 is below 0",
        "line 5, column visits: 1.5 is not a whole number",
        "line 6, column hour_start",
        "line 7, column zone: cave has this hour on an earlier line already",
        "6 problems found; nothing was started or written.",
    ):
        assert said in done.stderr
    assert stored(config) == []


def test_mistakes_of_both_tables_are_listed_together(config: Path, tmp_path: Path) -> None:
    hours = table(1)
    write_hours(tmp_path / "hours.csv", replace(hours, persons_peak=np.array([-1.0, 1.0])))
    wrong = [FlowRow(BEGAN, "moon", "cave", 1), FlowRow(BEGAN + 1, "bio", "bio", 0), FlowRow(BEGAN, "", "bio", 1)]
    write_flows(tmp_path / "flows.csv", [*wrong, wrong[2]])
    done = run(config, str(tmp_path), "--store", "supermarket")
    assert done.returncode == 2
    for said in (
        "hours.csv: line 2, column persons_peak",
        "flows.csv: line 2, column from_zone: moon is no zone",
        "flows.csv: line 3, column hour_start",
        "flows.csv: line 3, column to_zone: bio is where it comes from",
        "flows.csv: line 3, column count",
        "flows.csv: line 5, column to_zone",
        "6 problems found",
    ):
        assert said in done.stderr
    assert stored(config) == []


def test_a_table_of_another_store_is_told_in_a_line(tmp_path: Path) -> None:
    many = table(100)
    write_hours(tmp_path / "hours.csv", replace(many, zone=np.array([f"moon{i}" for i in range(len(many))])))
    with pytest.raises(OperatorError) as caught:
        read_zone_hours(tmp_path / "hours.csv", PLAN, time.time())
    assert [(p.place, p.reason) for p in caught.value.problems] == [
        ("line 2, column zone", "moon0 is no zone of supermarket; 199 more rows are wrong in the same way")
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--store", "corner"], "this site has no store 'corner' (one of boutique, supermarket)"),
        (["--store", "supermarket"], "holds no hours.csv or hours.parquet"),
    ],
)
def test_a_wrong_store_or_folder_is_named(config: Path, tmp_path: Path, arguments: list[str], said: str) -> None:
    done = run(config, str(tmp_path), *arguments)
    assert done.returncode == 2
    assert said in done.stderr
