"""Whether figures differ: two periods, a period and the same weekdays before, zones among each other.

What a place does to everybody (a radio map that is wrong there) it does in both periods, and so it is no part of a
difference in time; between zones it is. Many differences looked at together are found at a false discovery rate
(Benjamini and Hochberg 1995), not each at its own level: of a hundred zones where nothing changed five would be news.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
from scipy import special

from engine.presence.expected.figures import LEVEL, NORMAL_90, Figure, Spread
from engine.presence.hotzones import benjamini_hochberg

ALPHA = 0.05
"""The false discovery rate at which a difference is called one."""


@dataclass(frozen=True, slots=True)
class PeriodDifference:
    """Now less `before`, with its 90 % interval; p of no difference, and q, the false discovery rate at which it would
    just be found among those it was looked at with."""

    change: Figure
    before: float
    p: float
    q: float

    @property
    def share(self) -> float | None:
        """The change as a share of what was before; None of nothing."""
        return self.change.value / self.before if self.before else None

    @property
    def share_interval(self) -> tuple[float, float] | None:
        """From and to; no figure falls by more than the whole."""
        ends = self.change.low, self.change.high
        return (max(-1.0, ends[0] / self.before), ends[1] / self.before) if self.before else None

    @property
    def significant(self) -> bool:
        """Whether it is one."""
        return self.q < ALPHA


@dataclass(frozen=True, slots=True)
class Usual:
    """The mean of earlier periods, with the interval in which one more of them would lie, nine times in ten."""

    mean: Figure
    spread: float
    periods: int


@dataclass(frozen=True, slots=True)
class Ranked:
    """A zone's place: no better than `best`, no worse than `worst`, 1 being the most. Equal ones are ranked alike."""

    name: str
    best: int
    worst: int


def difference(now: Spread, before: Spread) -> PeriodDifference:
    """Of two periods of one place, alone: q is p."""
    change = now.value - before.value
    sd = sqrt(sum(s.known_var + s.sample_var for s in (now, before)))
    p = 2 * float(special.ndtr(-abs(change) / sd)) if sd else float(not change)
    half = NORMAL_90 * sd
    return PeriodDifference(Figure(change, change - half, change + half), before.value, p, p)


def differences(now: Mapping[str, Spread], before: Mapping[str, Spread]) -> dict[str, PeriodDifference]:
    """Of the places that both periods know, looked at together."""
    return control_false_discoveries({name: difference(now[name], before[name]) for name in now if name in before})


def usual(values: Sequence[float]) -> Usual | None:
    """Of the same weekdays before; None of fewer than three, of which nobody knows how they vary."""
    n = len(values)
    if n < 3:
        return None
    middle, spread = float(np.mean(values)), float(np.std(values, ddof=1))
    half = float(special.stdtrit(n - 1, (1 + LEVEL) / 2)) * spread * sqrt(1 + 1 / n)
    return Usual(Figure(middle, middle - half, middle + half), spread, n)


def against_usual(now: float, values: Sequence[float]) -> PeriodDifference | None:
    """A period against the same weekdays before, by how much those vary (Student's t of one more). The figure itself
    varies with days as they do, so that its own sampling error is in it. None of fewer than three."""
    before = usual(values)
    if before is None:
        return None
    n, change = before.periods, now - before.mean.value
    sd = before.spread * sqrt(1 + 1 / n)
    p = 2 * float(special.stdtr(n - 1, -abs(change) / sd)) if sd else float(not change)
    if all(float(v).is_integer() and v >= 0 for v in (now, *values)):
        p = max(p, _chance_of_counts(int(now), int(sum(values)), n))
    half = (before.mean.high - before.mean.low) / 2
    return PeriodDifference(Figure(change, change - half, change + half), before.mean.value, p, p)


def _chance_of_counts(now: int, before: int, periods: int) -> float:
    """That counts of one rate differ so much, two-sided: of their sum `now` is binomial, one part of all periods. Days
    that happen to be alike say nothing of how few people vary (Przyborowski and Wilenski 1940)."""
    total, share = now + before, 1 / (periods + 1)
    below = float(special.bdtr(now, total, share))
    above = float(special.bdtrc(now - 1, total, share)) if now else 1.0
    return min(1.0, 2 * min(below, above))


def control_false_discoveries(found: Mapping[str, PeriodDifference]) -> dict[str, PeriodDifference]:
    """The same with q among each other."""
    q = benjamini_hochberg([d.p for d in found.values()]).tolist()
    return {name: replace(d, q=value) for (name, d), value in zip(found.items(), q, strict=True)}


def rank(zones: Mapping[str, Spread]) -> list[Ranked]:
    """Zones by their figures, largest first; two are ranked only where they differ."""
    names = sorted(zones, key=lambda name: (-zones[name].value, name))
    n = len(names)
    value = np.array([zones[name].value for name in names])
    var = np.array([zones[name].known_var + zones[name].common_var + zones[name].sample_var for name in names])
    above, below = np.triu_indices(n, 1)
    gap, sd = value[above] - value[below], np.sqrt(var[above] + var[below])
    z = np.divide(gap, sd, out=np.where(gap > 0, np.inf, 0.0), where=sd > 0)
    differ = benjamini_hochberg(2 * special.ndtr(-z)) < ALPHA
    better, worse = (np.bincount(side[differ], minlength=n) for side in (below, above))
    return [Ranked(name, int(better[i]) + 1, n - int(worse[i])) for i, name in enumerate(names)]
