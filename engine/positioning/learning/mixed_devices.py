"""A survey that two phones took, and that names one, or none: what they differ by lies on its places like a shadow.

What a place hears more than the law says, the mean over all access points, is nearly the same everywhere but for the
phone. Where those means fall into two heaps that lie apart by far more than each is wide (Ashman, Bird and Zepf 1994),
at every access point alike, and places of both heaps lie among each other, walls explain it no more.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from engine.radio.evidence import Evidence, EvidenceKind
from engine.records import F64, Bools

LEAST_PLACES = 12
LEAST_SHARE = 0.2  # of the places, in the smaller heap
LEAST_APART_DB = 8.0  # phones differ by 5 to 12 dB; less costs little
APART = 4.0  # standard deviations of a heap: halves of one uniform heap have 3.5, of a normal one 2.6
ALIKE = 0.35  # of what heaps differ by, access points may differ in it
LEAST_AMONG = 0.25  # of the places whose neighbour is of the other heap: of halves of a floor few are


def phones_apart_db(evidence: Evidence, residual_db: F64) -> float | None:
    """By how much two phones differ that surveyed under one name, from what the law leaves of each row (n,); None where
    nothing says that there were two."""
    rows = np.flatnonzero((evidence.kind == EvidenceKind.SURVEYED) & np.isfinite(residual_db))
    own, left = evidence.take(rows), residual_db[rows]
    if len(np.unique(own.source)) != 1:
        return None
    square = np.stack([own.level, np.floor(own.x_m), np.floor(own.y_m)], axis=1).astype(np.int64)
    places, of, count = np.unique(square, axis=0, return_inverse=True, return_counts=True)
    if len(places) < LEAST_PLACES:
        return None
    mean = np.bincount(of, weights=left) / count
    louder = _heap(mean)
    apart = float(mean[louder].mean() - mean[~louder].mean())
    wide = float(np.sqrt((mean[louder].var() * louder.sum() + mean[~louder].var() * (~louder).sum()) / len(mean)))
    if min(louder.mean(), 1.0 - louder.mean()) < LEAST_SHARE or apart < max(LEAST_APART_DB, APART * wide):
        return None
    if _among(places, louder) < LEAST_AMONG:
        return None
    by_point = [
        left[here & louder[of]].mean() - left[here & ~louder[of]].mean()
        for here in (own.ap == a for a in np.unique(own.ap))
        if (here & louder[of]).any() and (here & ~louder[of]).any()
    ]
    return apart if len(by_point) > 1 and np.std(by_point) <= ALIKE * apart else None


def _heap(mean: F64) -> Bools:
    """(n,) which belong to the louder of two heaps: those between which the squares are largest (Otsu 1979)."""
    order = np.sort(mean)
    n = np.arange(1, len(order))
    low = np.cumsum(order)[:-1] / n
    high = (order.sum() - np.cumsum(order)[:-1]) / (len(order) - n)
    return np.asarray(mean > order[int((n * (len(order) - n) * (high - low) ** 2).argmax())], np.bool_)


def _among(places: np.ndarray, louder: Bools) -> float:
    """The share of places (n, 3) whose nearest other place is of the other heap."""
    at = places * np.array([1e4, 1.0, 1.0])  # other levels are far away
    near = np.asarray(cKDTree(at).query(at, k=2)[1], np.int64)
    return float((louder[near[:, 1]] != louder).mean())
