"""Scores fixes against the truth: error, level, coverage, and whether `sigma_m` says the truth about the error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from engine.records import F64, Bools

Texts = npt.NDArray[np.str_]
EDGE_S = 0.5  # truth is extended by this at its ends: fixes are stamped by readings, not by the surveyor's clock


class Places(Protocol):
    """Columns that truth and fixes share, shape (n,)."""

    @property
    def t(self) -> F64: ...
    @property
    def device(self) -> Texts: ...
    @property
    def level(self) -> Texts: ...
    @property
    def x_m(self) -> F64: ...
    @property
    def y_m(self) -> F64: ...


class PlacesWithSigma(Places, Protocol):
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


def score_fixes(truth: Places, fixes: PlacesWithSigma, window_s: float) -> ErrorReport:
    """Interpolates each device's truth to its fixes' times. Fixes of devices or times without truth are `unscored`."""
    errors, hits, sigmas = [np.empty(0)], [np.empty(0, np.bool_)], [np.empty(0)]
    windows = covered = 0
    scored = 0
    for device in np.unique(truth.device).tolist():
        own = np.flatnonzero(truth.device == device)
        own = own[np.argsort(truth.t[own], kind="stable")]
        rows = np.flatnonzero(fixes.device == device)
        rows = rows[_within(fixes.t[rows], truth.t[own])]
        wanted = np.unique(np.floor(truth.t[own] / window_s))
        windows += len(wanted)
        covered += int(np.isin(wanted, np.floor(fixes.t[rows] / window_s)).sum())
        scored += len(rows)
        error, hit = _against(truth, own, fixes, rows)
        errors.append(error)
        hits.append(hit)
        sigmas.append(error / np.maximum(fixes.sigma_m[rows], 1e-9))
    return ErrorReport(
        np.concatenate(errors), np.concatenate(hits), np.concatenate(sigmas), windows, covered, len(fixes.t) - scored
    )


def _within(t: F64, truth_t: F64) -> Bools:
    inside: Bools = (t >= truth_t[0] - EDGE_S) & (t <= truth_t[-1] + EDGE_S)
    return inside


def _against(truth: Places, own: npt.NDArray[np.intp], fixes: Places, rows: npt.NDArray[np.intp]) -> tuple[F64, Bools]:
    """Error (n,) and level hit (n,) of one device's fixes; the level is that of the nearest truth in time."""
    t = truth.t[own]
    x = np.interp(fixes.t[rows], t, truth.x_m[own])
    y = np.interp(fixes.t[rows], t, truth.y_m[own])
    after = np.clip(np.searchsorted(t, fixes.t[rows]), 0, len(t) - 1)
    before = np.maximum(after - 1, 0)
    nearest = np.where(np.abs(t[before] - fixes.t[rows]) <= np.abs(t[after] - fixes.t[rows]), before, after)
    hit: Bools = truth.level[own][nearest] == fixes.level[rows]
    return np.hypot(fixes.x_m[rows] - x, fixes.y_m[rows] - y), hit
