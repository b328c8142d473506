"""Leave one site out: every constant is chosen on the other sites, and scored on the one that had no say.

A coordinate search: constant by constant, each value of its grid is tried, and the best on a fold's sites stays, until
a whole round moves nothing or time is up. All folds go on side by side, so that a search that was cut short has come
equally far in each; they ask for the same settings nearly always, which a memory of scores makes cheap. The score is
the mean over families of the mean logarithm of a row's ratio: a family counts the same however many rows it has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from tests.accuracy.left_out.constants import Constant, Setting

Rows = dict[str, list[float]]
"""Logarithms of ratios by family."""

ScoreOf = Callable[[str, Setting], Rows]
"""Of one unit (a site, or the simulated stores) under a setting."""

LEAST_GAIN = 0.001  # of the score, by which another value must be better: a tenth of a percent is chance


@dataclass
class Fold:
    """What is chosen without the unit `left_out`; None: with all of them."""

    left_out: str | None
    units: list[str]
    setting: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Search:
    """The folds as far as they came; `rounds` whole rounds, `settled` when the last one moved nothing."""

    folds: list[Fold]
    rounds: int
    settled: bool

    def fold(self, left_out: str | None) -> Fold:
        """The one that was chosen without this unit."""
        return next(f for f in self.folds if f.left_out == left_out)


def search(
    sites: Sequence[str],
    always: Sequence[str],
    constants: Sequence[Constant],
    score_of: ScoreOf,
    in_time: Callable[[], bool] = lambda: True,
    told: Callable[[str], None] = lambda sentence: None,
) -> Search:
    """One fold per site, and one without a site left out. Units of `always` are in every fold. Ends at once when
    `in_time` says no."""
    folds = [Fold(out, [*(s for s in sites if s != out), *always]) for out in (None, *sites)]
    rounds = 0
    while True:
        moved = False
        for constant in constants:
            for fold in folds:
                if not in_time():
                    return Search(folds, rounds, settled=False)
                told(f"round {rounds + 1}, {constant.name}, without {fold.left_out or 'none'}")
                moved |= _move(fold, constant, score_of, in_time)
        rounds += 1
        if not moved:
            return Search(folds, rounds, settled=True)


def _move(fold: Fold, constant: Constant, score_of: ScoreOf, in_time: Callable[[], bool]) -> bool:
    """Takes the best value on the fold's units, if it is better than the one it has; says whether it moved."""
    here = fold.setting.get(constant.name, constant.value)
    scores = {here: score(fold, fold.setting, score_of)}
    for value in constant.grid:
        if value != here:
            scores[value] = score(fold, without_home({**fold.setting, constant.name: value}, constant), score_of)
            if not in_time():
                return False
    best = min(scores, key=lambda value: scores[value])
    if scores[best] > scores[here] - LEAST_GAIN:
        return False
    fold.setting = without_home({**fold.setting, constant.name: best}, constant)
    return True


def without_home(setting: dict[str, float], constant: Constant) -> dict[str, float]:
    """A constant at the value it has anyway is not named: one setting has one form."""
    return {k: v for k, v in setting.items() if k != constant.name or v != constant.value}


def score(fold: Fold, setting: Setting, score_of: ScoreOf) -> float:
    """Over the fold's units; lower is better."""
    return mean_of([score_of(unit, setting) for unit in fold.units])


def mean_of(parts: Sequence[Rows]) -> float:
    """Mean over families of the mean over rows."""
    families = together(parts)
    return float(np.mean([np.mean(logs) for logs in families.values()]))


def together(parts: Sequence[Rows]) -> Rows:
    """All rows by family."""
    out: Rows = {}
    for part in parts:
        for family, logs in part.items():
            out.setdefault(family, []).extend(logs)
    return out
