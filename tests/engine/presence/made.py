"""Small inputs for the presence tests: fixes from plain lists."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.records import F32, Fixes


def fixes_of(device: Sequence[int], t: Sequence[float], posterior: F32 | None = None) -> Fixes:
    """Fixes whose place does not matter, or is given as a posterior (n, C)."""
    n = len(device)
    return Fixes(
        t=np.array(t, np.float64),
        device=np.array(device, np.uint64),
        level=np.zeros(n, np.int32),
        x_m=np.zeros(n),
        y_m=np.zeros(n),
        cov_m2=np.tile(np.eye(2), (n, 1, 1)),
        n_ap=np.full(n, 4, np.int32),
        posterior=np.ones((n, 1), np.float32) if posterior is None else posterior.astype(np.float32),
    )


def part_of(fixes: Fixes, index: Sequence[int] | slice) -> Fixes:
    """Some rows of fixes."""
    return Fixes(
        fixes.t[index], fixes.device[index], fixes.level[index], fixes.x_m[index], fixes.y_m[index],
        fixes.cov_m2[index], fixes.n_ap[index], fixes.posterior[index],
    )  # fmt: skip


class PlainRhythm:
    """The rule of `engine.presence.rhythm` read aloud for one device: all its gaps, each faded by those after it."""

    def __init__(self) -> None:
        self._gaps: list[float] = []

    def allowed_s(self, least_s: float, most_s: float, unknown_s: float) -> float:
        """How long the next gap may be."""
        if not self._gaps:
            return unknown_s
        longest_first = sorted(self._gaps, reverse=True)
        rhythm = longest_first[min(1, len(longest_first) - 1)]
        return min(max(4.0 * rhythm, least_s), max(least_s, most_s))

    def hear(self, gap_s: float) -> None:
        """It was heard again after this long."""
        if gap_s > 0:
            self._gaps = [g * 0.5 ** (gap_s / 600.0) for g in self._gaps] + [gap_s]
