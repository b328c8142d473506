"""Shipped scenarios through the whole offline chain, as an operator would run them, and the figures to watch.

A baseline is a file of figures in this folder, one a scenario. They may move by `TOLERANCE`; a figure that moves
further, in either direction, is looked at by a person, who then runs `python -m tests.baselines.rewrite`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.forked import rayon

FOLDER = Path(__file__).parent
FLOORPLANS = FOLDER.parents[1] / "floorplans"
TOLERANCE = 0.05
"""Of a figure; of the mean true dwell for the dwell's bias, which may well be 0."""


@dataclass(frozen=True)
class Case:
    """A shipped scenario, its store, and how much of it is run."""

    scenario: str
    store: str
    seconds: int


CASES = (Case("quiet-tuesday", "supermarket", 1800), Case("demo-boutique", "boutique", 900))

WATCHED = (
    "median_m",
    "p90_m",
    "level_hit_rate",
    "coverage",
    "within_2_sigma",
    "zones.hit_rate",
    "visits.precision",
    "visits.recall",
    "dwell.true_mean_s",
    "dwell.bias_s",
    "dwell.mean_abs_s",
    "occupancy.misplaced_share",
    "triggers.due",
    "triggers.fired",
    "triggers.precision",
    "triggers.recall",
    "triggers.delay_median_s",
)


def run(case: Case, folder: Path) -> dict[str, float]:
    """Simulates, decides and scores in `folder`; returns the watched figures."""
    store = FLOORPLANS / case.store
    _rayon("simulate", case.scenario, "--seconds", str(case.seconds), "-o", str(folder))
    inputs = ("--campaigns", str(store / "campaigns.yaml"), "--readings", str(folder / "readings.csv"))
    _rayon("decide", str(store), *inputs, "-o", str(folder / "decisions.csv"), "--tables", str(folder))
    figures = json.loads(_rayon("score", "--run", str(folder), "--json"))
    return {name: _at(figures, name) for name in WATCHED}


def baseline_path(case: Case) -> Path:
    """Where a case's figures are kept."""
    return FOLDER / f"{case.scenario}.json"


def moved(now: dict[str, float], kept: dict[str, float]) -> list[str]:
    """The figures that are further than the tolerance from what was kept, one line each."""
    lines = []
    for name in WATCHED:
        scale = kept["dwell.true_mean_s"] if name == "dwell.bias_s" else abs(kept[name])
        if abs(now[name] - kept[name]) > TOLERANCE * scale + 1e-9:
            lines.append(f"{name}: {kept[name]:g} became {now[name]:g}")
    return lines


def _at(figures: dict[str, Any], name: str) -> float:
    value: Any = figures
    for key in name.split("."):
        value = value[key]
    return float(value)


def _rayon(*arguments: str) -> str:
    done = rayon(Path.cwd(), *arguments)
    if done.returncode != 0:
        raise RuntimeError(f"rayon {' '.join(arguments)}: {done.stderr}")
    return done.stdout
