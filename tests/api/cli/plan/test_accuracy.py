"""`rayon plan accuracy`: figures, a map, and mistakes."""

from __future__ import annotations

import json
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from api.cli.commands import build
from api.cli.plan.own_labels import NONE, own_labels
from engine.errors import OperatorError
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
        assert f"(P >= {c['threshold']:g})" in c["said"]
        assert "pessimistic end" in c["said"]


def test_the_same_in_words() -> None:
    result = CliRunner().invoke(build(), ["plan", "accuracy", BOUTIQUE, "--more", "1"], catch_exceptions=False)
    assert "one more access point helps most at x" in result.stdout
    assert "of 10 right" in next(line for line in result.stdout.splitlines() if line.startswith("homme: "))
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
    result = CliRunner().invoke(build(), ["plan", "accuracy", BOUTIQUE, "--more", "0"], catch_exceptions=False)
    assert "products.csv" not in result.stdout


def test_what_the_running_sites_labels_say(tmp_path: Path) -> None:
    url = new_sqlite(tmp_path / "rayon.db")
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump({"storage": {"url": url}}))
    db = open_database(url)
    assert own_labels("boutique", config) == {"used": 0, "said": [NONE.format(store="boutique")]}
    promise = {"threshold": 0.35, "precision": 0.86, "precision_low": 0.81, "precision_high": 0.91, "recall": 0.7,
               "labelled": 40, "by_labels": True}  # fmt: skip
    labels = {"used": 90, "share": 1.0, "gain_m": 0.3, "refused": {"label_far_off": 4}}
    promises = {"homme": promise, "femme": promise | {"by_labels": False}}
    put_status(db, "boutique", ENGINE, {"labels": labels, "promises": promises}, 1.0)
    db.close()
    said = own_labels("boutique", config)["said"]
    assert said[1] == "labels: 4 left aside: label_far_off"
    assert said[2:] == ["homme: sent from P 0.35 on: by 40 labelled devices precision 86% (81% at worst), recall 70%"]


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
    assert "cannot promise 90 %; take" in result.stderr


@pytest.mark.parametrize(
    ("extra", "place"),
    [(["-o", "map.pdf"], "map.pdf"), (["--level", "cellar"], "cellar"), (["-o", "no/x.svg"], "no/x.svg")],
)
def test_mistakes_are_named(extra: list[str], place: str) -> None:
    result = CliRunner().invoke(build(), ["plan", "accuracy", BOUTIQUE, *extra])
    assert isinstance(result.exception, OperatorError)
    assert place in str(result.exception.problems[0])
