"""`rayon plan accuracy`: figures, a map, and mistakes."""

from __future__ import annotations

import json
import re
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from api.cli.commands import build
from api.cli.plan.own_labels import NO_ENGINE, NO_PROMISES, NONE, own_labels
from api.cli.plan.promises import campaigns_of, promise_of_place, promises
from engine.errors import OperatorError
from engine.offers.campaigns import CampaignPlace
from engine.plan.load import load_plan
from engine.storage.database import open_database
from engine.storage.status import ENGINE, put_status
from tests.databases import new_sqlite

BOUTIQUE = str(Path(__file__).parents[4] / "floorplans" / "boutique")


def test_figures_and_a_map(tmp_path: Path) -> None:
    picture = tmp_path / "accuracy.svg"
    arguments = ["plan", "accuracy", BOUTIQUE, "-o", str(picture), "--level", "etage", "--json"]
    result = CliRunner().invoke(build(), arguments, catch_exceptions=False)
    report = json.loads(result.stdout)
    assert report["access_points"] == 10
    assert 1 < report["expected_m"]["p50"] < report["expected_m"]["p90"] < 10
    assert [p["mean_m"] for p in report["one_more"]] == sorted((p["mean_m"] for p in report["one_more"]), reverse=True)
    assert report["one_more"][0]["mean_m"] < report["mean_m"]
    squares = [
        e for e in ElementTree.parse(picture).iter() if e.tag.endswith("title") and (e.text or "").endswith(" m")
    ]
    assert len(squares) > 100
    told = {c["id"]: c for c in report["campaigns"]}
    assert "robe-portefeuille" in told
    for c in told.values():
        assert c["asked"] is None, "none of them states a precision: rates at their own thresholds, and no promise"
        assert 0 < c["threshold"] < 1
        assert 0 <= c["precision_low"] <= c["precision"] <= 1
        assert c["said"].endswith(f", at a min_probability of {c['threshold']:g}")
        assert "if it goes badly" in c["said"]
    assert told["robe-portefeuille"]["words"] == "within 3 m of Robe portefeuille (FEM-001)"


def test_the_same_in_words() -> None:
    result = CliRunner().invoke(build(), ["plan", "accuracy", BOUTIQUE, "--more", "1"], catch_exceptions=False)
    assert "one more access point helps most at x" in result.stdout
    assert re.search(r"the bound's mean falls from \d\.\d\d to \d\.\d\d m", result.stdout)
    assert "of the area is weak: above 6 m, where neighbouring zones cannot be told apart" in result.stdout
    homme = next(line for line in result.stdout.splitlines() if line.startswith("homme, "))
    assert homme.startswith("homme, in the zone Homme (homme): ")
    assert "of 10 coupons go to people who are there" in homme
    assert "campaigns, by the plan alone:" in result.stdout.splitlines()
    assert "labels: none looked at" in result.stdout


def test_a_plan_of_one_product_is_said_to_list_little(tmp_path: Path) -> None:
    """All who stop would else be expected at it, and every promise there kept."""
    store = tmp_path / "boutique"
    shutil.copytree(BOUTIQUE, store)
    (store / "campaigns.yaml").unlink()
    rows = (store / "products.csv").read_text().splitlines()
    (store / "products.csv").write_text("\n".join(rows[:2]) + "\n")
    result = CliRunner().invoke(build(), ["plan", "accuracy", str(store), "--more", "0"], catch_exceptions=False)
    line = next(line for line in result.stdout.splitlines() if line.startswith("products.csv"))
    assert "of those who stop are expected at what it does not list" in line
    line = next(line for line in result.stdout.splitlines() if line.startswith("campaigns: "))
    assert "campaigns.yaml is not there; --at SKU or --at ZONE tells of one place without it" in line
    result = CliRunner().invoke(build(), ["plan", "accuracy", BOUTIQUE, "--more", "0"], catch_exceptions=False)
    assert "products.csv" not in result.stdout


def test_a_place_is_asked_for_without_a_campaign() -> None:
    """As a campaign there would be told, at the precision that is asked."""
    plan = load_plan(Path(BOUTIQUE))
    told = promise_of_place(plan, "FEM-001", None, None)
    assert (told["asked"], told["place"], told["told_by"]) == (0.8, {"product": "FEM-001", "radius_m": 3.0}, "plan")
    robe = next(c for c in campaigns_of(Path(BOUTIQUE), plan) if c.id == "robe-portefeuille")
    place = CampaignPlace(product="FEM-001", radius_m=3.0)
    (same,) = promises(plan, [robe.model_copy(update={"place": place, "precision": 0.8})])
    alike = ("kept", "threshold", "precision", "precision_low", "recall", "said")
    assert [told[key] for key in alike] == [same[key] for key in alike]
    wide = promise_of_place(plan, "homme", None, 0.5)
    assert wide["place"] == {"zone": "homme"}
    assert wide["kept"]


@pytest.mark.parametrize(
    ("at", "radius_m", "said"),
    [("FEM-01", None, "FEM-001"), ("home", None, "homme"), ("homme", 3.0, "a zone has its own bounds")],
)
def test_a_place_that_is_none_is_named(at: str, radius_m: float | None, said: str) -> None:
    with pytest.raises(OperatorError, match=said):
        promise_of_place(load_plan(Path(BOUTIQUE)), at, radius_m, None)


def test_what_the_running_sites_labels_say(tmp_path: Path) -> None:
    url = new_sqlite(tmp_path / "rayon.db")
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump({"storage": {"url": url}}))
    db = open_database(url)
    said = [NONE.format(store="boutique"), NO_ENGINE.format(store="boutique")]
    assert own_labels("boutique", config) == {"used": 0, "said": said, "campaigns": {}}
    promise = {"threshold": 0.35, "precision": 0.86, "precision_low": 0.81, "precision_high": 0.91, "recall": 0.7,
               "labelled": 40, "by_labels": True}  # fmt: skip
    labels = {"used": 90, "share": 1.0, "gain_m": 0.3, "refused": {"label_far_off": 4},
              "lying_sources": {"labels/scanner": "shifted by one vector"}}  # fmt: skip
    by_pauses = {"by_labels": False, "labelled": 0, "precision_high": None}
    promises = {"homme": promise, "femme": promise | by_pauses, "denim": promise | {"threshold": None} | by_pauses}
    put_status(db, "boutique", ENGINE, {"labels": labels, "promises": promises}, 1.0)
    told = own_labels("boutique", config)
    said = told["said"]
    why = "its device was heard somewhere else altogether: is the product's place in the plan right?"
    assert said[1] == f"labels: 4 left aside: {why} (label_far_off)"
    pauses, told_so = "by the plan and where people pause", "precision 86% (81% at worst), recall 70%"
    lie = "its labels contradict the store, and were left aside: shifted by one vector"
    assert said[2:] == [
        f"labels/scanner: {lie}",
        f"denim, running: nothing is sent: {pauses} no threshold keeps the word ({told_so})",
        f"femme, running: sent from P 0.35 on: {pauses} {told_so}",
        "homme, running: sent from P 0.35 on: by at least 40 labelled devices precision 86% of all places together"
        " (81% to 91% at this one), recall 70%",
    ]
    assert {name: c["told_by"] for name, c in told["campaigns"].items()} == {
        "denim": "plan_and_pauses", "femme": "plan_and_pauses", "homme": "labels"
    }  # fmt: skip
    assert told["campaigns"]["homme"]["recall"] == 0.7
    put_status(db, "boutique", ENGINE, {"labels": {}, "promises": {"femme": promise | by_pauses}}, 2.0)
    assert own_labels("boutique", config)["said"] == [NONE.format(store="boutique"), said[4]]
    put_status(db, "boutique", ENGINE, {"labels": {}, "promises": {}}, 3.0)
    assert own_labels("boutique", config)["said"][1] == NO_PROMISES
    db.close()


def test_check_warns_of_a_word_that_cannot_be_kept(tmp_path: Path) -> None:
    """Half a metre around a product beside others: Wi-Fi does not tell them apart."""
    shop = tmp_path / "boutique"
    shutil.copytree(BOUTIQUE, shop)
    path = shop / "campaigns.yaml"
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    for campaign in raw["campaigns"]:
        if campaign["id"] == "robe-portefeuille":
            campaign["place"]["radius_m"], campaign["precision"] = 0.5, 0.9
    path.write_text(yaml.safe_dump(raw), encoding="utf-8")
    result = CliRunner().invoke(build(), ["plan", "check", str(shop)], catch_exceptions=False)
    assert result.exit_code == 0
    assert "robe-portefeuille.precision" in result.stderr
    assert "within 0.5 m of Robe portefeuille (FEM-001): cannot promise 90 %: if it goes badly" in result.stderr
    assert "Instead: a radius of 5 m" in result.stderr


@pytest.mark.parametrize(
    ("extra", "place"),
    [
        (["--radius", "3"], "--radius"),
        (["--at", "nowhere"], "nowhere"),
        (["-o", "map.pdf"], "map.pdf"),
        (["--level", "cellar"], "cellar"),
        (["-o", "no/x.svg"], "no/x.svg"),
    ],
)
def test_mistakes_are_named(extra: list[str], place: str) -> None:
    result = CliRunner().invoke(build(), ["plan", "accuracy", BOUTIQUE, *extra])
    assert isinstance(result.exception, OperatorError)
    assert place in str(result.exception.problems[0])
