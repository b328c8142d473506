"""All referees by name, and the comparison with the baseline file that is checked in beside this module."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.accuracy import espresense
from tests.accuracy.measures import store_figures
from tests.accuracy.stores import AIRS, VARIANTS, recording, two_levels

BASELINE = Path(__file__).with_name("baseline.json")
TOLERANCE = 0.05  # of a figure; a share may also move by this many hundredths
SHARE_STEP = 0.01
SEEDS = (1, 2, 3)
SHORT_SEEDS = (2,)
WHOLE = ("plain", "short")

Figures = dict[str, float]


def _store(air: str, variant: str) -> Figures:
    """Means over SEEDS stores: shadows, people and phones differ, and one unlucky phone moves a single store's tail."""
    seeds = SHORT_SEEDS if variant == "short" else SEEDS
    own = [store_figures(recording(air, VARIANTS[variant], seed), whole=variant in WHOLE) for seed in seeds]
    return {name: sum(f[name] for f in own) / len(own) for name in own[0]}


def _boutique() -> Figures:
    return store_figures(two_levels(), whole=False)


def referees() -> dict[str, Callable[[], Figures]]:
    """Each gives its figures, the same on every run."""
    out: dict[str, Callable[[], Figures]] = {}
    for track in espresense.TRACKS:
        for dropped in (None, *range(len(espresense.NODES))):
            name = f"espresense {track}" + ("" if dropped is None else f", node {dropped} out")
            out[name] = partial(espresense.figures, track, dropped)
    for air in AIRS:
        for variant in VARIANTS:
            out[f"{air} store, {variant}"] = partial(_store, air, variant)
    out["boutique, two levels"] = _boutique
    return out


def baseline() -> dict[str, Figures]:
    """What is checked in."""
    return dict(json.loads(BASELINE.read_text()))


def write(figures: dict[str, Figures]) -> None:
    """Replaces what is checked in."""
    rounded = {name: {k: round(v, 4) for k, v in own.items()} for name, own in figures.items()}
    BASELINE.write_text(json.dumps(rounded, indent=1) + "\n")


def moved(name: str, now: Figures, then: dict[str, Figures]) -> list[str]:
    """Sentences about figures of a referee that are not where the baseline has them, better or worse."""
    if name not in then:
        return [f"{name}: not in the baseline"]
    out = [f"{name}: {k} is not in the baseline" for k in now if k not in then[name]]
    for key, old in then[name].items():
        new = now.get(key, math.nan)
        slack = max(TOLERANCE * abs(old), 0.0 if key.endswith("_m") else SHARE_STEP)
        if not abs(new - old) <= slack:
            out.append(f"{name}: {key} {old:.3f} -> {new:.3f}")
    return out
