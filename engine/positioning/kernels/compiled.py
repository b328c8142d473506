"""The hot path's inner loops as numba compiles them: each does what the numpy code does that calls it, to about 1e-5 of
its values. Rows are devices."""

from __future__ import annotations

from engine.positioning.kernels.evidence import (
    contradictions,
    likelihood,
    likelihood_uniform,
    offset_moments,
    posterior,
    settle,
    silence,
)
from engine.positioning.kernels.updating import update
from engine.positioning.kernels.walking import LANES, keep, over_cells, pool, split, stop_and_go, walk_rows

__all__ = [
    "LANES",
    "contradictions",
    "keep",
    "likelihood",
    "likelihood_uniform",
    "offset_moments",
    "over_cells",
    "pool",
    "posterior",
    "settle",
    "silence",
    "split",
    "stop_and_go",
    "update",
    "walk_rows",
]
