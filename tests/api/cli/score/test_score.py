"""`rayon score`: the figures by name, a run in a folder, and a page that needs nothing but itself."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver import Chrome

from engine.files import FixTable, TruthTable, write_fixes, write_truth
from engine.files.flows import write_flows
from engine.files.outcomes import (
    CouponTable,
    DecisionLogTable,
    HourTable,
    ZoneVisitTable,
    write_coupons,
    write_decisions,
    write_hours,
    write_visits,
)
from engine.presence.flows import FlowRow
from tests.browser import chromium, complaints
from tests.engine.runtime.made import FLOORPLANS, boutique
from tests.forked import rayon

__all__ = ["chromium"]

START = 1_772_528_400.0
FLAT = {
    "fixes", "median_m", "mean_m", "p75_m", "p90_m", "p95_m", "level_hit_rate", "coverage", "within_1_sigma",
    "within_2_sigma", "unscored_fixes",
}  # fmt: skip


def texts(*values: str) -> np.ndarray:
    return np.array(values, np.str_)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ana stands at a product for a minute and is seen a metre off, to the right; bob is on the other floor."""
    folder = tmp_path_factory.mktemp("run")
    plan = boutique()
    one, two = plan.product_by_sku["FEM-001"], plan.product_by_sku["HOM-001"]
    t = START + np.arange(60.0)
    names, places = np.repeat(["ana", "<b>bob"], 60), [one] * 60 + [two] * 60
    level = texts(*(p.level for p in places))
    x_m, y_m = np.array([p.x_m for p in places]), np.array([p.y_m for p in places])
    write_truth(folder / "truth.csv", TruthTable("", np.tile(t, 2), names, level, x_m, y_m))
    every, three = slice(None, None, 3), np.full(40, 3.0)
    fixed = FixTable(
        "", np.tile(t, 2)[every], names[every], level[every], x_m[every] + 1.0, y_m[every], np.full(40, 1.5), three,
        np.full(40, "bayes"),
    )  # fmt: skip
    write_fixes(folder / "fixes.csv", fixed)
    ana, femme, at = texts("ana"), texts("femme"), np.array([START])
    write_visits(folder / "visits.csv", ZoneVisitTable(ana, femme, at, at + 60))
    write_visits(folder / "found_visits.csv", ZoneVisitTable(ana, femme, at + 3, at + 70))
    hour = (START // 3600 * 3600, 1.0)
    for name, person_s in (("hours.csv", 60.0), ("found_hours.csv", 50.0)):
        row = HourTable(np.array([hour[0]]), femme, np.array([person_s]), *(np.array([v]) for v in (1.0, 60.0, 1.0)))
        write_hours(folder / name, row)
    write_flows(folder / "flows.csv", [FlowRow(hour[0], "", "femme", 3), FlowRow(hour[0], "femme", "", 3)])
    write_flows(folder / "found_flows.csv", [FlowRow(hour[0], "", "femme", 2), FlowRow(hour[0], "femme", "<b>", 1)])
    said = (texts("issue"), texts("ok"))
    write_coupons(folder / "coupons.csv", CouponTable(ana, texts("robe"), texts("FEM-001"), at, at + 60, at + 5, *said))
    decided = DecisionLogTable(
        at + 9, ana, texts("robe"), *said, at * 0 + 0.7, at, texts("v"), texts("FEM-001"), at + 8
    )
    write_decisions(folder / "decisions.csv", decided)
    for name in ("plan.geojson", "products.csv"):
        (folder / name).write_bytes((FLOORPLANS / "boutique" / name).read_bytes())
    return folder


def test_two_tables_give_the_figures_they_always_gave(run: Path) -> None:
    done = rayon(run, "score", "truth.csv", "fixes.csv", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert set(said) == FLAT
    assert (said["median_m"], said["fixes"], said["level_hit_rate"], said["coverage"]) == (1.0, 40, 1.0, 1.0)


def test_a_run_is_scored_whole(run: Path) -> None:
    said = json.loads(rayon(run, "score", "--run", ".", "--json").stdout)
    assert set(said) == FLAT | {"zones", "visits", "dwell", "occupancy", "flows", "triggers", "coupons"}
    assert said["dwell"]["bias_s"] == 7.0
    assert (said["visits"]["precision"], said["visits"]["recall"]) == (1.0, 1.0)
    assert (said["triggers"]["delay_median_s"], said["coupons"]["recall"]) == (4.0, 1.0)
    assert said["occupancy"]["misplaced_share"] == round(10 / 2 / 60, 4)
    assert (said["flows"]["common_share"], said["flows"]["cpc"]) == (round(2 / 7, 4), round(4 / 9, 4))
    assert said["flows"]["worst"]["femme > (outside)"] == {"true": 3, "found": 0}
    plain = rayon(run, "score", "--run", ".").stdout
    assert re.search(r"^delay_median_s\s+4\.0$", plain, re.MULTILINE)
    assert re.search(r"^dwell$", plain, re.MULTILINE)
    assert "an honest sigma_m has 0.63 to 0.68 of the errors within it" in plain


def test_tables_can_be_named_one_by_one(run: Path) -> None:
    options = ("--decisions", "coupons.csv", "decisions.csv", "--visits", "visits.csv", "found_visits.csv")
    said = json.loads(rayon(run, "score", "truth.csv", "fixes.csv", *options, "--json").stdout)
    assert set(said) == FLAT | {"visits", "dwell", "triggers", "coupons"}


def test_the_page_is_one_file_that_asks_for_nothing(run: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert rayon(run, "score", "--run", ".", "--html", str(page)).returncode == 0
    text = page.read_text(encoding="utf-8")
    again = tmp_path / "again.html"
    rayon(run, "score", "--run", ".", "--html", str(again))
    assert again.read_bytes() == page.read_bytes()
    outside = re.findall(r"""(?:src|href|url|@import)\s*[=(]?\s*["'(]?(?:https?:)?//[^"')\s]+""", text)
    assert outside == []
    assert "<script" not in text
    assert "<b>bob" not in text  # names come from a file
    assert "&lt;b&gt;bob" in text
    assert "<b><" not in text
    assert ">2/3</td>" in text
    assert "Where people go next" in text
    assert text.count("<svg") >= 5  # distribution, two floors, tracks, dwell, time by zone, delays


@pytest.mark.e2e
def test_a_phone_shows_the_page_without_a_sideways_scroll(run: Path, tmp_path: Path, chromium: Chrome) -> None:
    page = tmp_path / "report.html"
    rayon(run, "score", "--run", ".", "--html", str(page))
    chromium.get(page.as_uri())
    width = "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    scroll, client = chromium.execute_script(width)
    assert scroll <= client
    assert complaints(chromium) == []
    assert "median error" in chromium.page_source


def test_what_is_missing_is_named(run: Path, tmp_path: Path) -> None:
    (tmp_path / "found_visits.csv").write_text("device,zone,entered_at,left_at\n")
    done = rayon(tmp_path, "score", "--run", ".")
    assert done.returncode == 2
    for name in ("truth.csv", "fixes.csv", "visits.csv"):
        assert f"{name}: (whole file)" in done.stderr
    both = rayon(run, "score", "truth.csv", "--run", ".")
    assert both.returncode == 2
    assert "give TRUTH and FIXES, or --run alone" in both.stderr
