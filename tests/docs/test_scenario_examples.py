"""Every scenario that the scenarios' page shows is one that runs: read whole, with all its mistakes looked for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.plan.load import load_plan
from simulators.people.people import scenario_problems
from simulators.scenario.files import load_scenario, store_folder
from simulators.year.checks import year_problems
from tests.docs.pages import ROOT

PAGE = ROOT / "simulators/scenarios/README.md"
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)


def test_the_page_has_examples() -> None:
    assert any("extends: year" in example for example in EXAMPLES)
    prose = re.sub(r"```.*?```", "", PAGE.read_text(encoding="utf-8"), flags=re.S)
    assert "`extends: year`" not in prose  # what is shown in half a sentence is tried by nobody


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_runs(tmp_path: Path, example: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(example, encoding="utf-8")
    scenario = load_scenario(str(path))
    plan = load_plan(store_folder(scenario))
    found = scenario_problems(scenario, plan)
    found += [] if scenario.year is None else year_problems(scenario, scenario.year, plan)
    assert found == []
