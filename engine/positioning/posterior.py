"""Rows of probabilities over a store's cells: whole in small stores, in large ones without the cells that hold none."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from engine.records import F32, I64, Posterior

LEAST_KEPT = 1e-9  # of a row's mass: 80,000 cells with less than this hold less than a ten thousandth


def sparse_rows(mass: F32, cells: I64 | None, n_cells: int) -> sparse.csr_array:
    """Rows (n, n_cells) of masses (n, c) on these cells (c,), None for all."""
    row, column = np.nonzero(mass > np.float32(LEAST_KEPT))
    index = (column if cells is None else cells[column]).astype(np.int32)
    ends = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(mass)))]).astype(np.int32)
    return sparse.csr_array((mass[row, column], index, ends), shape=(len(mass), n_cells))


def no_rows(n_cells: int, large: bool) -> Posterior:
    """None of either kind, (0, n_cells)."""
    return (
        sparse_rows(np.empty((0, n_cells), np.float32), None, n_cells) if large else np.empty((0, n_cells), np.float32)
    )
