"""`rayon decide`: the table it writes, to the byte, and the mistakes it lists."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from engine.files import ReadingTable, read_fixes, write_readings
from engine.files.expected import read_expected
from engine.files.flows import read_flows
from engine.files.outcomes import read_decisions, read_hours, read_visits
from engine.presence.expected.rows import StayLength
from tests.engine.runtime.made import FLOORPLANS, Stand, boutique, frames
from tests.forked import rayon

STORE = FLOORPLANS / "boutique"


def decide(folder: Path, *more: str, out: str = "decisions.csv") -> subprocess.CompletedProcess[str]:
    campaigns = ("--campaigns", str(STORE / "campaigns.yaml"))
    return rayon(folder, "decide", str(STORE), *campaigns, "--readings", "readings.csv", "-o", out, *more)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recorded")
    standing = [Stand("ana", "FEM-001", 0.0, 45.0), Stand("bob", "ACC-001", 5.0, 45.0)]
    rows = [r for _, batch in frames(boutique(), standing, 45.0) for r in batch]
    t, rssi = (np.array([float(str(r[name])) for r in rows]) for name in ("t", "rssi"))
    device, ap = (np.array([str(r[name]) for r in rows], np.str_) for name in ("mac", "ap"))
    none = np.full(len(rows), np.nan)
    write_readings(
        folder / "readings.csv",
        ReadingTable("", 1_772_528_400.0 + t, device, ap, rssi, none, none, np.full(len(none), "")),
    )
    return folder


def test_the_same_input_gives_the_same_output_to_the_byte(recorded: Path) -> None:
    done = decide(recorded, "--tables", "run")
    assert done.returncode == 0, done.stderr
    assert "decisions in decisions.csv: " in done.stderr
    again = decide(recorded, out="again.csv")
    assert again.returncode == 0
    assert (recorded / "again.csv").read_bytes() == (recorded / "decisions.csv").read_bytes()
    table = read_decisions(recorded / "decisions.csv")
    assert {"ana", "bob"} == set(table.device.tolist())
    assert sorted(table.t.tolist()) == table.t.tolist()
    assert ((table.outcome == "issue") == (table.reason == "ok")).all()
    visits, hours, fixes = (recorded / "run" / f"{n}.csv" for n in ("found_visits", "found_hours", "fixes"))
    assert set(read_visits(visits).device.tolist()) == {"ana", "bob"}
    assert read_hours(hours).person_s.sum() > 30
    flows = read_flows(recorded / "run" / "found_flows.csv")
    assert sum(f.count for f in flows if f.from_zone == "") == sum(f.count for f in flows if f.to_zone == "") == 2
    assert set(read_fixes(fixes).method.tolist()) == {"bayes"}
    expected = read_expected(recorded / "run" / "expected.csv")
    assert sum(row.visits for row in expected if row.zone in set(StayLength)) == 2
    assert sum(row.person_s for row in expected if row.zone in {z.id for z in boutique().zones}) > 30


def test_sessions_say_who_is_a_shopper(recorded: Path) -> None:
    said = "t,device,event,consent\n1772528400,ana,connect,1\n1772528400,bob,connect,0\n"
    (recorded / "sessions.csv").write_text(said)
    done = decide(recorded, "--sessions", "sessions.csv", "--json", out="ana.csv")
    assert done.returncode == 0
    counts = json.loads(done.stdout)
    assert (counts["devices"], counts["stays"], counts["issued"]) == (2, 2, counts["reasons"]["ok"])
    assert counts["decisions"] == sum(counts["reasons"].values()) > 0
    assert set(read_decisions(recorded / "ana.csv").device.tolist()) == {"ana"}


def test_mistakes_in_sessions_are_listed_and_nothing_is_written(recorded: Path) -> None:
    (recorded / "bad.csv").write_text("t,device,event,consent\n1,ana,arrive,1\n2,ana,connect,maybe\n")
    done = decide(recorded, "--sessions", "bad.csv", out="none.csv")
    assert done.returncode == 2
    assert "bad.csv: line 2, column event" in done.stderr
    assert "bad.csv: line 3, column consent" in done.stderr
    assert not (recorded / "none.csv").exists()


def test_campaigns_that_do_not_fit_the_plan_are_refused(recorded: Path, tmp_path: Path) -> None:
    shutil.copy(recorded / "readings.csv", tmp_path)
    campaigns = (STORE / "campaigns.yaml").read_text().replace("zone: nouveautes", "zone: nowhere", 1)
    (tmp_path / "campaigns.yaml").write_text(campaigns)
    options = ("--campaigns", "campaigns.yaml", "--readings", "readings.csv", "-o", "none.csv")
    done = rayon(tmp_path, "decide", str(STORE), *options)
    assert done.returncode == 2
    assert "campaigns.0.place.zone" in done.stderr
    assert not (tmp_path / "none.csv").exists()


def test_an_output_that_cannot_be_written_is_said_before_the_work(recorded: Path) -> None:
    done = decide(recorded, out="nowhere/decisions.csv")
    assert done.returncode == 2
    assert "nowhere/decisions.csv: --output: its folder does not exist" in done.stderr


def test_an_empty_recording_decides_nothing_and_can_be_scored(recorded: Path, tmp_path: Path) -> None:
    (tmp_path / "readings.csv").write_text("t,device,ap,rssi_dbm\n")
    (tmp_path / "truth.csv").write_text("t,device,level,x_m,y_m\n")
    assert decide(tmp_path, "--tables", ".").returncode == 0
    assert len(read_decisions(tmp_path / "decisions.csv")) == 0
    done = rayon(tmp_path, "score", "truth.csv", "fixes.csv", "--plan", str(STORE), "--html", "report.html", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["median_m"] is None
    assert "median error" in (tmp_path / "report.html").read_text(encoding="utf-8")
