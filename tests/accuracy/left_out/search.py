"""Leave one site out: every constant is chosen on the other sites, and scored on the one that had no say.

Each round tries every other value of every constant alone, from the setting that a fold has. Then a fold takes those
that were better on its own sites one after the other, the best first, as long as each still makes it better. All folds
go on side by side, so that a search that was cut short has come equally far in each; in the first round they ask for
the same settings, which a memory of scores makes cheap. The score is the mean over families of the mean logarithm of a
row's ratio: a family counts the same however many rows it has.
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

MOST_ROUNDS = 20
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
    most: int = MOST_ROUNDS,
) -> Search:
    """One fold per site, and one without a site left out. Units of `always` are in every fold. Ends at once when
    `in_time` says no, and after the `most` rounds."""
    folds = [Fold(out, [*(s for s in sites if s != out), *always]) for out in (None, *sites)]
    rounds = 0
    while rounds < most:
        wishes = []
        for fold in folds:
            wish = _wishes(fold, constants, score_of, in_time, lambda said, n=rounds: told(f"round {n + 1}, {said}"))
            if wish is None:
                return Search(folds, rounds, settled=False)
            wishes.append(wish)
        moved = False
        for k in range(max(map(len, wishes))):
            for fold, wish in zip(folds, wishes, strict=True):
                if not in_time():
                    return Search(folds, rounds, settled=False)
                told(f"round {rounds + 1}, wish {k + 1}, without {fold.left_out or 'none'}")
                moved |= k < len(wish) and _take(fold, *wish[k], score_of)
        rounds += 1
        if not moved:
            return Search(folds, rounds, settled=True)
    return Search(folds, rounds, settled=False)


def _wishes(
    fold: Fold,
    constants: Sequence[Constant],
    score_of: ScoreOf,
    in_time: Callable[[], bool],
    told: Callable[[str], None],
) -> list[tuple[Constant, float]] | None:
    """The best other value of each constant that would be better alone, the best first; None when time was up."""
    here = score(fold, fold.setting, score_of)
    found = []
    for constant in constants:
        own: list[tuple[float, float]] = []
        for value in constant.grid:
            if value != fold.setting.get(constant.name, constant.value):
                if not in_time():
                    return None
                told(f"{constant.name}, without {fold.left_out or 'none'}")
                own.append((score(fold, _with(fold, constant, value), score_of), value))
        best, value = min(own)
        if best < here - LEAST_GAIN:
            found.append((best, constant, value))
    return [(constant, value) for _, constant, value in sorted(found, key=lambda wish: wish[0])]


def _take(fold: Fold, constant: Constant, value: float, score_of: ScoreOf) -> bool:
    """Takes the value, if it is still better on the fold's units; says whether it moved."""
    setting = _with(fold, constant, value)
    if score(fold, setting, score_of) > score(fold, fold.setting, score_of) - LEAST_GAIN:
        return False
    fold.setting = setting
    return True


def _with(fold: Fold, constant: Constant, value: float) -> dict[str, float]:
    return without_home({**fold.setting, constant.name: value}, constant)


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
