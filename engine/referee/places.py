"""Scores fixes against the truth: error, level, coverage, and whether `sigma_m` says the truth about the error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from engine.records import F64, Bools
from engine.referee.true_places import PlaceColumns, Texts, true_places


class PlacesWithSigma(PlaceColumns, Protocol):
    """Fixes: places with their radial standard deviation."""

    @property
    def sigma_m(self) -> F64: ...


@dataclass(frozen=True, slots=True)
class ErrorReport:
    """`errors_m` (n,) of the scored fixes; `level_hit` (n,); `in_sigmas` (n,) error over sigma; windows of truth and
    those with a fix; `unscored` fixes have no truth at their time."""

    errors_m: F64
    level_hit: Bools
    in_sigmas: F64
    truth_windows: int
    covered_windows: int
    unscored: int

    def figures(self) -> dict[str, Any]:
        """The figures by name, rounded; None where there is nothing to measure."""
        e = self.errors_m

        def rounded(value: float) -> float | None:
            return round(float(value), 4) if len(e) else None

        coverage = self.covered_windows / self.truth_windows if self.truth_windows else None
        tails = {f"p{q}_m": rounded(np.percentile(e, q)) if len(e) else None for q in (75, 90, 95)}
        return {
            "fixes": len(e),
            "median_m": rounded(np.median(e)) if len(e) else None,
            "mean_m": rounded(e.mean()) if len(e) else None,
            **tails,
            "level_hit_rate": rounded(self.level_hit.mean()) if len(e) else None,
            "coverage": None if coverage is None else round(coverage, 4),
            "within_1_sigma": rounded((self.in_sigmas <= 1).mean()) if len(e) else None,
            "within_2_sigma": rounded((self.in_sigmas <= 2).mean()) if len(e) else None,
            "unscored_fixes": self.unscored,
        }


def score_fixes(truth: PlaceColumns, fixes: PlacesWithSigma, window_s: float) -> ErrorReport:
    """Interpolates each device's truth to its fixes' times. Fixes of devices or times without truth are `unscored`."""
    at = true_places(truth, fixes)
    wanted = _windows(truth.device, truth.t, window_s)
    held = _windows(fixes.device[at.row], fixes.t[at.row], window_s)
    in_sigmas = at.error_m / np.maximum(fixes.sigma_m[at.row], 1e-9)
    hit: Bools = at.level == fixes.level[at.row]
    return ErrorReport(at.error_m, hit, in_sigmas, len(wanted), len(wanted & held), len(fixes.t) - len(at))


def _windows(device: Texts, t: F64, window_s: float) -> set[tuple[str, float]]:
    """The windows of each device in which it has a row."""
    return set(zip(device.tolist(), np.floor(t / window_s).tolist(), strict=True))
