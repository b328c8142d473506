"""`rayon plan accuracy`: figures, a map, and mistakes."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.commands import build
from engine.errors import OperatorError

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


def test_the_same_in_words() -> None:
    result = CliRunner().invoke(build(), ["plan", "accuracy", BOUTIQUE, "--more", "1"], catch_exceptions=False)
    assert "one more access point helps most at x" in result.stdout


@pytest.mark.parametrize(
    ("extra", "place"),
    [(["-o", "map.pdf"], "map.pdf"), (["--level", "cellar"], "cellar"), (["-o", "no/x.svg"], "no/x.svg")],
)
def test_mistakes_are_named(extra: list[str], place: str) -> None:
    result = CliRunner().invoke(build(), ["plan", "accuracy", BOUTIQUE, *extra])
    assert isinstance(result.exception, OperatorError)
    assert place in str(result.exception.problems[0])
