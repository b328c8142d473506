"""Where people stop: a density over cells that draws pauses, and leaves walking as it is.

A walker stops as often more than usual as people stand there more than elsewhere, and shuffles on by the rule of
Metropolis (1953): a step to where fewer people stand is taken so much more seldom. Left alone, pauses end spread as
the density is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from engine.positioning.motion.diffusion import Flow
from engine.records import F32, F64, I32, I64

MOST_PULL = 3.0  # times as often as usual that walkers stop in a block: more changes nothing in drawn stores
MOST_STOP = 0.95  # who comes into a block at last


@dataclass(frozen=True, slots=True)
class Pull:
    """`standing` (C,) of mean 1; `block` (K,) how much more often than usual walkers stop in each block; `within` (C,)
    where in its block, of mean 1 in each."""

    standing: F32
    block: F32
    within: F32

    def at(self, blocks: I64, cells: I64) -> Pull:
        """Of some blocks and their cells."""
        return Pull(self.standing[cells], self.block[blocks], self.within[cells])

    def stops(self, to_pause: F32) -> F32:
        """Probability (N, K) that a walker pauses, where it is `to_pause` (N,) anywhere."""
        return np.asarray(np.minimum(to_pause[:, None] * self.block, np.float32(MOST_STOP)), np.float32)


def pull_of(standing: F32, block: I32 | I64, size: F64) -> Pull:
    """Of a density (C,) above 0, of mean 1, and cells grouped into blocks (C,) of `size` (K,) cells."""
    mean = np.bincount(block, weights=standing, minlength=len(size)) / size
    within = standing / mean[block]
    return Pull(standing.astype(np.float32), np.minimum(mean, MOST_PULL).astype(np.float32), within.astype(np.float32))


def tilt(flow: sparse.csr_array, standing: F32) -> Flow:
    """The step `flow` (C, C), symmetric, made one that ends in proportion to `standing` (C,)."""
    coo = flow.tocoo()
    moves = coo.row != coo.col
    to, start = coo.row[moves], coo.col[moves]
    rate = coo.data[moves] * np.minimum(standing[to] / standing[start], np.float32(1.0))
    leaving = np.bincount(start, weights=rate, minlength=flow.shape[0])
    every: I64 = np.arange(flow.shape[0])
    values = np.concatenate([rate, -leaving]).astype(np.float32)
    rows, columns = np.concatenate([to, every]), np.concatenate([start, every])
    out = sparse.csr_array((values, (rows, columns)), shape=flow.shape)
    index, ends = out.indices.astype(np.int32), out.indptr.astype(np.int32)
    return Flow((out.data, index, ends), shape=out.shape)
