"""`rayon score --run` over a live run's points: is every shopper told what the rules give?"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from engine.files import FixTable, TruthTable, write_fixes, write_truth
from engine.files.points import EventTable, PointRow, write_events, write_points
from tests.forked import rayon

EQUAL = PointRow("ana", 100, 0, 100, 0, outcomes={"rewarded": 2, "preview": 1})
WRONG = PointRow("<i>bob", 50, 0, 0, 0, outcomes={"rewarded": 1})


def score(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return rayon(folder, "score", "--run", str(folder), *options)


@pytest.fixture
def live(tmp_path: Path) -> Path:
    folder = tmp_path / "live"
    folder.mkdir()
    write_points(folder / "points.csv", [EQUAL, WRONG])
    texts = (np.array(c, np.str_) for c in (["ana", "<i>bob"], ["signed in", "opened"], ["", "/s/<b> friend"]))
    write_events(folder / "events.csv", EventTable(np.array([1_772_528_400.0, 1_772_528_407.5]), *texts))
    return folder


def test_all_equal(tmp_path: Path) -> None:
    write_points(tmp_path / "points.csv", [EQUAL])
    said = json.loads(score(tmp_path, "--json").stdout)
    assert set(said) == {"ledger"}
    assert (said["ledger"]["equals_truth"], said["ledger"]["shoppers"], said["ledger"]["said_points"]) == (True, 1, 100)
    plain = score(tmp_path).stdout
    assert plain.startswith("ledger\n")
    assert re.search(r"^equals_truth\s+True$", plain, re.MULTILINE)
    assert re.search(r"^openings\s+1 preview, 2 rewarded$", plain, re.MULTILINE)


def test_who_differs_is_named(live: Path) -> None:
    said = json.loads(score(live, "--json").stdout)["ledger"]
    assert (said["equals_truth"], said["equal"], said["expected_points"], said["said_points"]) == (False, 1, 150, 100)
    assert [(d["device"], d["points"]) for d in said["differ"]] == [("<i>bob", -50)]
    assert "  <i>bob: told 0 pending, 0 available; should be 50, 0\n" in score(live).stdout


def test_the_page_tells_their_story(live: Path, tmp_path: Path) -> None:
    done = score(live, "--html", str(tmp_path / "page.html"))
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "1 of 2 shoppers" in text
    assert "09:00:07" in text
    assert "/s/&lt;b&gt; friend" in text
    assert "<i>bob" not in text


def test_places_are_scored_beside_points_where_there_are_some(live: Path, tmp_path: Path) -> None:
    t, names, level, zero = np.arange(10.0), np.full(10, "ana"), np.full(10, "0"), np.zeros(10)
    write_truth(live / "truth.csv", TruthTable("", t, names, level, zero, zero))
    fixed = FixTable("", t, names, level, zero, zero, zero + 1, zero + 3, np.full(10, "bayes"))
    write_fixes(live / "fixes.csv", fixed)
    said = json.loads(score(live, "--json", "--html", str(tmp_path / "page.html")).stdout)
    assert (said["median_m"], said["ledger"]["shoppers"]) == (0.0, 2)
    assert "Points" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_mistakes_are_named(live: Path, tmp_path: Path) -> None:
    plotted = score(live, "--plot", str(tmp_path / "cdf.png"))
    assert plotted.returncode == 2
    assert "a live run holds no fixes to plot" in plotted.stderr
    (live / "points.csv").write_text("device,expected_pending\nana,many\n")
    broken = score(live)
    assert broken.returncode == 2
    assert "column said_pending is missing" in broken.stderr
