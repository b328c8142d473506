"""Access points that say the same wherever they are heard: they tell no place, and nothing can be learnt of them."""

from __future__ import annotations

import numpy as np

from engine.records import F64, I32, I64

LEAST_ALIKE = 40  # values that are all the same: by chance, of three that are likely, once in 10^19
SAME = 1e-3  # dB or m


def never_varying(ap: I32, values: F64, n_ap: int) -> I64:
    """Access points of which LEAST_ALIKE finite values (n,) and more are all the same, while most of the others' are
    not: where all are, nobody moved and nobody measured."""
    ok = np.isfinite(values) & (ap >= 0)
    count = np.bincount(ap[ok], minlength=n_ap)
    low, high = np.full(n_ap, np.inf), np.full(n_ap, -np.inf)
    np.minimum.at(low, ap[ok], values[ok])
    np.maximum.at(high, ap[ok], values[ok])
    many = count >= LEAST_ALIKE
    alike = many & (high - low < SAME)
    return np.flatnonzero(alike) if 2 * alike.sum() < many.sum() else np.empty(0, np.int64)
