"""The hot path's inner loops as numba compiles them: each does what the numpy code does that calls it, to about 1e-5 of
its values. Rows are devices."""

from __future__ import annotations

from engine.positioning.kernels.evidence import (
    contradictions,
    likelihood,
    likelihood_uniform,
    measure,
    misfits,
    offset_moments,
    posterior,
    remember,
    settle,
    silence,
    weigh_tails,
)
from engine.positioning.kernels.foreseeing import foresee
from engine.positioning.kernels.keeping import keep, pool, set_out, split
from engine.positioning.kernels.lanes import LANES
from engine.positioning.kernels.updating import update
from engine.positioning.kernels.walking import shuffle, walk_rows

__all__ = [
    "LANES",
    "contradictions",
    "foresee",
    "keep",
    "likelihood",
    "likelihood_uniform",
    "measure",
    "misfits",
    "offset_moments",
    "pool",
    "posterior",
    "remember",
    "set_out",
    "settle",
    "shuffle",
    "silence",
    "split",
    "update",
    "walk_rows",
    "weigh_tails",
]
