"""Position, dwell and trigger figures of shipped scenarios stay where they were, or somebody has looked at them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.baselines.chain import CASES, WATCHED, Case, baseline_path, moved, run


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda c: c.scenario)
def test_a_shipped_scenario_keeps_its_figures(case: Case, tmp_path: Path) -> None:
    kept = json.loads(baseline_path(case).read_text(encoding="utf-8"))
    assert kept["seconds"] == case.seconds
    changed = moved(run(case, tmp_path), kept["figures"])
    assert not changed, "\n".join([*changed, "If this is meant: python -m tests.baselines.rewrite"])


def test_a_figure_that_moves_too_far_is_named_and_one_within_the_tolerance_is_not() -> None:
    kept = dict.fromkeys(WATCHED, 10.0) | {"dwell.bias_s": 0.0}
    assert moved(kept | {"median_m": 10.5, "p90_m": 9.5, "dwell.bias_s": 0.5}, kept) == []
    found = moved(kept | {"median_m": 10.51, "p90_m": 9.49, "dwell.bias_s": -0.51}, kept)
    assert [line.split(":")[0] for line in found] == ["median_m", "p90_m", "dwell.bias_s"]
