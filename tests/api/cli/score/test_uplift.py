"""An experiment from end to end: simulated shoppers, decisions with ghosts, uplift with interval beside the truth."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome

from api.cli.score.uplift import intervals, uplift_lines
from engine.files.experiments import read_experiments, read_potential
from engine.files.outcomes import read_coupons, read_decisions
from engine.offers.experiments import place_in_experiment
from tests.browser import chromium, complaints
from tests.engine.runtime.made import FLOORPLANS
from tests.forked import rayon as run_rayon

__all__ = ["chromium"]

STORE = FLOORPLANS / "boutique"
SCENARIO = """
name: experiment
store: boutique
seed: 5
duration_s: 60
people: { arrivals_per_hour: 0, start_inside: 70, dwell: { median_s: 120 }, list_length_mean: 2 }
phones:
  connected_share: 1
  sign_in_share: 1
  consent_share: 0.95
  responses: { FEM-001: { buy_share: 0.3, uplift: 0.4 } }
"""
CAMPAIGNS = """
version: 1
store: boutique
campaigns:
  - id: robe
    name: Robe, -20 %
    place: { store: true }
    min_probability: 0.5
    min_dwell_s: 5
    offer: { kind: percent, basis_points: 2000, applies_to: product, sku: FEM-001 }
    margin_minor: 2000
    redeem_probability: 0.2
    holdout_share: 0.5
    experiment: spring
    texts:
      fr: { title: "-20 %", text: "Sur la robe." }
      en: { title: "20% off", text: "On the dress." }
"""


def rayon(folder: Path, *arguments: str) -> str:
    done = run_rayon(folder, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def decide(folder: Path, out: str) -> None:
    inputs = ("--campaigns", "campaigns.yaml", "--readings", "run/readings.csv", "--sessions", "run/sessions.csv")
    rayon(folder, "decide", str(STORE), *inputs, "-o", out, "--tables", "run")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seventy shoppers who stand in the boutique for a minute; half of them are held out of its one campaign."""
    folder = tmp_path_factory.mktemp("experiment")
    (folder / "scenario.yaml").write_text(SCENARIO)
    (folder / "campaigns.yaml").write_text(CAMPAIGNS)
    rayon(folder, "simulate", "scenario.yaml", "-o", "run", "--campaigns", "campaigns.yaml")
    decide(folder, "run/decisions.csv")
    return folder


def uplift_of(folder: Path, run: str = "run", *more: str) -> dict[str, Any]:
    figures = json.loads(rayon(folder, "score", "--run", run, "--sessions", "run/sessions.csv", "--json", *more))
    return dict(figures.get("uplift", {}))


@pytest.fixture(scope="module")
def scored(folder: Path) -> tuple[dict[str, Any], Path]:
    """What is said of uplift, and the page of the same run."""
    page = folder / "report.html"
    return uplift_of(folder, "run", "--html", str(page)), page


def test_coupons_and_ghosts_fall_as_the_hash_says_in_truth_and_in_what_is_found(folder: Path) -> None:
    for table in (read_decisions(folder / "run/decisions.csv"), read_coupons(folder / "run/coupons.csv")):
        reached = (table.outcome == "issue") | (table.reason == "holdout")
        assert reached.sum() > 50
        assert {"ok", "holdout"} <= set(table.reason.tolist())
        for device, reason in zip(table.device[reached].tolist(), table.reason[reached].tolist(), strict=True):
            assert (reason == "holdout") == (place_in_experiment("spring", device) < 0.5)
        assert len(set(table.device[reached].tolist())) == reached.sum()  # one moment a visit, for ghosts too
    assert read_experiments(folder / "run/experiments.csv") == {"robe": 0.5}


def test_the_same_recording_gives_the_same_ghosts_to_the_byte(folder: Path) -> None:
    before = (folder / "run/experiments.csv").read_bytes()
    decide(folder, "again.csv")
    assert (folder / "again.csv").read_bytes() == (folder / "run/decisions.csv").read_bytes()
    assert (folder / "run/experiments.csv").read_bytes() == before


def test_a_control_group_changes_no_moment(folder: Path) -> None:
    """Two campaigns, with and without control groups: who reaches which coupon when is the same, but for the coupon."""
    head, robe = CAMPAIGNS.split("  - id: robe")
    second = robe.replace("{ store: true }", "{ zone: femme }").replace("spring", "other").replace("2000\n", "900\n")
    both = f"{head}  - id: robe{robe.replace('min_dwell_s: 5', 'min_dwell_s: 20')}  - id: second{second}"
    asked = {"held": both, "free": both.replace("holdout_share: 0.5", "holdout_share: 0")}
    moments = {}
    for name, text in asked.items():
        (folder / f"{name}.yaml").write_text(text)
        inputs = ("--campaigns", f"{name}.yaml", "--readings", "run/readings.csv")
        rayon(folder, "decide", str(STORE), *inputs, "-o", f"{name}.csv")
        t = read_decisions(folder / f"{name}.csv")
        said = ["issue" if reason in ("ok", "holdout") else reason for reason in t.reason.tolist()]
        moments[name] = list(zip(t.t.tolist(), t.device.tolist(), t.campaign_id.tolist(), said, strict=True))
    assert moments["held"] == moments["free"]
    assert len({campaign for _, _, campaign, what in moments["held"] if what == "issue"}) == 2
    assert "cap_visit" in {what for *_, what in moments["held"]}


def test_the_uplift_has_its_interval_and_its_truth(folder: Path, scored: tuple[dict[str, Any], Path]) -> None:
    said, _ = scored
    assert (said["experiments"], said["measured"], said["moments_without_fate"]) == (1, 1, 0)
    robe = said["by_campaign"]["robe"]
    decisions, table = (
        read_decisions(folder / "run/decisions.csv"),
        read_potential(folder / "run/potential_outcomes.csv"),
    )
    fate = {device: i for i, device in enumerate(table.device.tolist())}
    got = [fate[d] for d in decisions.device[decisions.outcome == "issue"].tolist()]
    held = [fate[d] for d in decisions.device[decisions.reason == "holdout"].tolist()]
    assert (robe["treated"], robe["ghosts"]) == (len(got), len(held))
    assert (robe["bought_treated"], robe["bought_ghosts"]) == (
        table.buys_with[got].sum(),
        table.buys_without[held].sum(),
    )
    found = robe["purchase"]
    expected = table.buys_with[got].mean() - table.buys_without[held].mean()
    assert found["estimate"] == pytest.approx(expected, abs=1e-4)
    assert -1 < found["low"] < found["estimate"] < found["high"] < 1
    assert robe["true_uplift"] == 0.4
    assert robe["covered"] == (found["low"] <= 0.4 <= found["high"])
    everybody = [*got, *held]
    drawn = table.buys_with[everybody].mean() - table.buys_without[everybody].mean()
    assert robe["true_uplift_drawn"] == pytest.approx(drawn, abs=1e-4)
    assert 0.001 < robe["sample_ratio_p"] <= 1
    assert not robe["sample_ratio_alarm"]


def test_text_and_page_show_it(folder: Path, scored: tuple[dict[str, Any], Path]) -> None:
    _, page = scored
    plain = rayon(folder, "score", "--run", "run", "--sessions", "run/sessions.csv")
    number = r"[+-]\d\.\d{4}"
    line = rf"^robe\s+{number} \[{number}, {number}\], truth \+0\.4000 (NOT COVERED|covered); \d+ treated, \d+ ghosts"
    assert re.search(line, plain, re.MULTILINE)
    text = page.read_text(encoding="utf-8")
    assert "What coupons change" in text
    assert "Uplift with its interval, and the truth" in text
    assert "uplift covered" in text
    assert "<td>robe</td>" in text


@pytest.mark.e2e
def test_a_phone_shows_the_page_without_a_sideways_scroll(
    scored: tuple[dict[str, Any], Path], chromium: Chrome
) -> None:
    _, page = scored
    chromium.get(page.as_uri())
    scroll, client = chromium.execute_script(
        "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert scroll <= client
    assert complaints(chromium) == []


def test_without_the_tables_nothing_is_said_of_uplift(folder: Path) -> None:
    for missing in ("potential_outcomes.csv", "decisions.csv"):
        part = folder / f"without-{missing}"
        shutil.copytree(folder / "run", part)
        (part / missing).unlink()
        assert uplift_of(folder, part.name) == {}
    unshared = folder / "without-shares"
    shutil.copytree(folder / "run", unshared)
    (unshared / "experiments.csv").unlink()
    robe = uplift_of(folder, "without-shares")["by_campaign"]["robe"]
    assert robe["purchase"] is not None
    assert robe["sample_ratio_p"] is None


# --- the picture and the lines, for what a small run does not come to


def said(low: float, high: float, truth: float, **changes: Any) -> dict[str, Any]:
    purchase = {"estimate": (low + high) / 2, "low": low, "high": high}
    return {
        "purchase": purchase,
        "true_uplift": truth,
        "covered": low <= truth <= high,
        "treated": 40,
        "ghosts": 41,
        "sample_ratio_p": 0.5,
        "sample_ratio_alarm": False,
    } | changes


def test_each_interval_is_drawn_where_it_is() -> None:
    few = said(0, 0, 0, purchase=None, covered=None)
    picture = intervals({"<tea>": said(-0.1, 0.3, 0.2), "jam": said(0.05, 0.1, 0.2), "few": few})
    assert picture.count("<rect") == picture.count("<circle") == 2
    assert "&lt;tea&gt;" in picture
    assert "few" not in picture
    bars = [tuple(map(float, m)) for m in re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', picture)]
    assert bars[0][1] == pytest.approx(8 * bars[1][1], abs=0.5)  # 40 points against 5
    assert bars[1][0] - bars[0][0] == pytest.approx(3 * bars[1][1], abs=0.5)
    truths = re.findall(r'<path d="M([\d.]+) [\d.]+V', picture)
    assert truths[0] == truths[1]
    assert float(truths[0]) > sum(bars[1])  # the second one misses it, and is red
    assert picture.count("#b91c1c") == 2
    assert intervals({"few": few}) == ""


@pytest.mark.parametrize(("low", "high"), [(-0.001, 0.001), (-1.0, 1.0), (0.2, 0.21), (-0.5, -0.4)])
def test_the_axis_holds_every_interval_and_no_effect_at_all(low: float, high: float) -> None:
    picture = intervals({"tea": said(low, high, 0.0)})
    marks = [float(x) for x in re.findall(r'(?:\bc?x="|<path d="M)([\d.]+)', picture)]
    assert all(100 < x < 760 for x in marks)
    assert ">0</text>" in picture


def test_lines_say_what_is_wrong() -> None:
    lines = uplift_lines(
        {
            "by_campaign": {
                "few": said(0, 0, 0, purchase=None, sample_ratio_p=None),
                "off": said(0.1, 0.2, 0.5, sample_ratio_p=1e-9, sample_ratio_alarm=True),
            }
        },
        5,
    )
    assert lines[0] == "few    not enough evidence; 40 treated, 41 ghosts"
    assert lines[1].startswith("off    +0.1500 [+0.1000, +0.2000], truth +0.5000 NOT COVERED; 40 treated, 41 ghosts")
    assert lines[1].endswith("sample ratio p 1e-09: WRONG GROUP SIZES")
