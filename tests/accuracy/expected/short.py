"""Ten minutes of the pharmacy, short enough for every test run, and the figures that it keeps."""

from __future__ import annotations

import json
from pathlib import Path

from engine.config import Config
from engine.plan.cells import walkable_cells
from engine.radio.radiomap import prior_map
from engine.runtime.offline import Chain, run_chain
from tests.accuracy.days import Day, Figures, drawn
from tests.accuracy.expected.stores import figures_of

BASELINE = Path(__file__).parents[2] / "baselines" / "expected-pharmacy.json"
SECONDS = 600.0
TOLERANCE = 0.05
"""Of all figures: each is a share, but for the flows, which are a count."""


def short_day() -> Day:
    """The same at every call."""
    return drawn("pharmacy", seconds=SECONDS)


def by_plain_map(day: Day) -> Chain:
    """By the plan's own radio map: learning one takes longer than all the rest."""
    known = prior_map(day.plan, walkable_cells(day.plan, Config().positioning.cell_m))
    return run_chain(day.plan, Config(), day.campaigns, day.readings, day.sessions, known)


def kept() -> Figures:
    """What is checked in."""
    return dict(json.loads(BASELINE.read_text(encoding="utf-8"))["figures"])


def moved(now: Figures, then: Figures) -> list[str]:
    """A line for each figure that is not where it was, better or worse."""
    names = sorted(now.keys() | then.keys())
    off = [name for name in names if abs(now.get(name, 9e9) - then.get(name, 9e9)) > TOLERANCE]
    return [f"{name}: {then.get(name)} became {now.get(name)}" for name in off]


def write() -> None:
    """Replaces what is checked in."""
    day = short_day()
    figures = {name: round(value, 4) for name, value in figures_of(day, by_plain_map(day)).items()}
    said = {"store": "pharmacy", "seconds": SECONDS, "tolerance": TOLERANCE, "figures": figures}
    BASELINE.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
