"""Access points that were heard, placed by answers: coordinates, one of the plan, left out, and what is asked again."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from api.cli.setup.heard import Arrivals, HeardPoint, tell_points
from api.cli.setup.points import place_points
from api.cli.setup.store import without_points
from engine.plan.importers.start import new_plan, plan_text
from engine.plan.load import load_plan
from engine.plan.model import ap_key

FIRST, OTHER_BAND, SECOND = "00:00:5e:00:53:a0", "00:00:5e:00:53:a8", "00:00:5e:00:54:10"


def placed(folder: Path, names: list[str], answers: list[str]) -> str:
    """What is said while access points of these names, the first heard by most, are placed by these answers."""
    arrivals = Arrivals(
        points={ap_key(n): HeardPoint(n, set(range(len(names) - i)), [-60.0 - i]) for i, n in enumerate(names)}
    )
    app = typer.Typer()

    @app.command()
    def place() -> None:
        tell_points(arrivals, load_plan(folder))
        place_points(folder, load_plan(folder), arrivals)

    result = CliRunner().invoke(app, input="".join(f"{text}\n" for text in answers))
    assert result.exit_code == 0, result.output
    return result.output


def points(folder: Path) -> list[tuple[str, float, float, tuple[str, ...]]]:
    return [(p.name, p.x_m, p.y_m, p.macs) for p in load_plan(folder).access_points]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "corner"
    path.mkdir()
    start = without_points(new_plan("corner", "Corner", "Europe/Paris", "EUR", 24, 12))
    (path / "plan.geojson").write_text(plan_text(start))
    return path


def test_a_radio_with_another_last_digit_is_offered_as_the_same(folder: Path) -> None:
    said = placed(folder, [FIRST, OTHER_BAND, SECOND], ["2 3.5", "Door", "", "", "20, 11", "", "3"])
    assert points(folder) == [("Door", 2, 3.5, (OTHER_BAND,)), ("AP 2", 20, 11, ())]
    assert f"{OTHER_BAND}, 2 phones [Door]" in said
    assert f"{FIRST}: 3 phones, -60 dBm at best; not in the plan" in said


def test_neighbours_are_left_out_and_those_of_the_plan_not_asked(folder: Path) -> None:
    placed(folder, [FIRST], ["2 3.5", "Door", ""])
    before = (folder / "plan.geojson").read_bytes()
    said = placed(folder, [FIRST, SECOND, "00:00:00:00:00:00"], ["-"])
    assert f"{FIRST}: 3 phones, -60 dBm at best; in the plan: Door" in said
    assert (folder / "plan.geojson").read_bytes() == before


def test_a_wrong_place_is_asked_again_and_nothing_of_it_written(folder: Path) -> None:
    answers = ["here", "900 900", "2 3.5", "Door", "high", "99", "2,5"]
    said = placed(folder, [FIRST], answers)
    assert points(folder) == [("Door", 2, 3.5, ())]
    for reason in ("two numbers as '3.5 12'", "m outside the floor", "a number of metres", "from 0 to 60 m"):
        assert reason in said


def test_a_name_that_is_no_address_cannot_be_another_ones_address(folder: Path) -> None:
    said = placed(folder, [FIRST, "kitchen"], ["2 3.5", "Door", "", "Door", "4 4", "", ""])
    assert "is no receiver's MAC" in said
    assert [name for name, *_ in points(folder)] == ["Door", "kitchen"]
