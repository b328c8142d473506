"""The search that leaves one site out, on made-up scores; and on a site written by hand."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.accuracy.left_out.constants import CONSTANTS, Constant, Setting, changed
from tests.accuracy.left_out.report import report
from tests.accuracy.left_out.search import Rows, mean_of, search
from tests.accuracy.left_out.units import Units
from tests.accuracy.recorded.made_site import write_site


@dataclass(frozen=True)
class Knobs:
    x: float = 1.0
    y: float = 1.0


KNOBS = Knobs()
X = Constant(KNOBS, "x", (0.0, 1.0, 2.0, 3.0))
Y = Constant(KNOBS, "y", (1.0, 2.0))
WANTED = {"a": 2.0, "b": 2.0, "c": 0.0}  # of x, by each site; all want y at 2


def _score(unit: str, setting: Setting) -> Rows:
    x, y = setting.get("Knobs.x", 1.0), setting.get("Knobs.y", 1.0)
    return {"rssi": [(x - WANTED.get(unit, 1.0)) ** 2 + (y - 2.0) ** 2]}


def test_each_fold_chooses_what_its_own_sites_want() -> None:
    found = search(["a", "b", "c"], [], [X, Y], _score)
    assert found.settled
    assert found.fold("c").setting == {"Knobs.x": 2.0, "Knobs.y": 2.0}
    assert found.fold("a").setting == {"Knobs.y": 2.0}, "between b and c: x stays, and is not named"
    assert found.fold(None).setting["Knobs.y"] == 2.0


def test_the_site_left_out_has_no_say() -> None:
    asked: set[str] = set()

    def noting(unit: str, setting: Setting) -> Rows:
        asked.add(unit)
        return _score(unit, setting)

    found = search(["a"], ["stores"], [X], noting)
    assert found.fold("a").units == ["stores"]
    assert asked == {"a", "stores"}


def test_a_family_counts_the_same_however_many_rows_it_has() -> None:
    assert mean_of([{"rssi": [1.0, 1.0, 1.0]}, {"ranges": [3.0]}, {"rssi": [1.0]}]) == 2.0


def test_a_search_cut_short_has_come_equally_far_in_each_fold() -> None:
    for budget in range(30):
        left = iter([True] * budget + [False] * 100)
        found = search(["a", "b", "c"], [], [Y], _score, lambda left=left: next(left))
        assert found.settled == (budget >= 12), "two rounds of one value in four folds, and four wishes between"
        moved = [bool(f.setting) for f in found.folds]
        assert moved == sorted(moved, reverse=True), "one fold after the other"


def test_one_round_is_a_whole_choice_together_too() -> None:
    found = search(["a", "b", "c"], [], [X, Y], _score, most=1)
    assert (found.rounds, found.settled) == (1, False)
    assert found.fold("c").setting == {"Knobs.x": 2.0, "Knobs.y": 2.0}


def test_constants_are_put_back_whatever_happens() -> None:
    def fail() -> None:
        with changed({"Knobs.x": 3.0}, (X,)):
            raise ValueError(f"x is {KNOBS.x:g}")

    with pytest.raises(ValueError, match="x is 3"):
        fail()
    assert KNOBS.x == 1.0


def test_every_constant_has_its_value_in_its_grid_and_a_name_of_its_own() -> None:
    assert len({c.name for c in CONSTANTS}) == len(CONSTANTS)
    assert [c.name for c in CONSTANTS if c.value not in c.grid] == []


def test_scores_are_remembered_between_runs_and_only_rows_that_a_constant_moves_are_made_again(tmp_path: Path) -> None:
    write_site(tmp_path / "sites" / "room")
    (tmp_path / "sites" / "baselines.json").write_text(
        '{"room | rssi | no survey": {"nls": {"median": 2.0}}, "room | range | no survey": {"rtt": {"median": 1.0}}}'
    )
    ranges = Constant(CONSTANTS[0].owner, "range_sigma_m", (1.0, 1.5), kinds=("range",))
    first = Units(tmp_path / "sites", tmp_path / "memory.jsonl", (ranges,))
    here = first.rows("room", {})
    assert set(here) == {"rssi, no survey", "ranges"}
    before = len((tmp_path / "memory.jsonl").read_text().splitlines())
    wide = first.rows("room", {ranges.name: 6.0})
    assert wide["rssi, no survey"] == here["rssi, no survey"]
    assert not math.isclose(wide["ranges"][0], here["ranges"][0])
    assert len((tmp_path / "memory.jsonl").read_text().splitlines()) == before + 2, "ranges, with and without survey"
    again = Units(tmp_path / "sites", tmp_path / "memory.jsonl", (ranges,))
    assert again.rows("room", {ranges.name: 6.0}) == wide


def test_the_report_says_both_figures_and_how_far_choices_move() -> None:
    class Made:
        sites = ("a", "b", "c")
        rows = exact_rows = staticmethod(_score)

    lines = list(report(Made(), search(Made.sites, [], [X, Y], _score), (X, Y)))  # type: ignore[arg-type]
    assert "settled" in lines[0]
    # as it is x and y are 1, with all sites y alone moves; a and b are scored at x 1, c at 2
    assert lines[2].split() == ["rssi", f"{math.exp(7 / 4):.3f}", f"{math.exp(3 / 4):.3f}", f"{math.exp(6 / 3):.3f}"]
    assert any("Knobs.x" in line and "1 to 2" in line for line in lines)
    assert any("Knobs.y" in line and "2 in every fold" in line for line in lines)


def test_a_search_that_came_to_no_round_says_that_nothing_was_chosen() -> None:
    """A table of the same figures three times over would look as if choices were stable."""

    class Made:
        sites = ("a", "b")
        rows = exact_rows = staticmethod(_score)

    lines = list(report(Made(), search(Made.sites, [], [X, Y], _score, lambda: False), (X, Y)))  # type: ignore[arg-type]
    assert "nothing was chosen" in lines[0]
    assert len(lines) == 2
