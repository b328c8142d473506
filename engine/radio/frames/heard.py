"""What access points were heard to say at told places, thinned to what says one thing once: the rows that a frame of
places is judged by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.columns import Columns
from engine.plan.model import Plan
from engine.radio.evidence import SHADOW_M, Evidence, EvidenceKind
from engine.records import F64, I32, I64

LEAST_SQUARES = 4  # of an access point: fewer are explained by any frame
MOST_ROWS = 4000  # looked at, evenly out of all


@dataclass(frozen=True, slots=True)
class HeardRows(Columns):
    """Arrays (n,), in the order of `group`: means over squares of SHADOW_M, of one access point, device and level.

    `value` is dBm, or metres where `ranged`. Rows of one `group` share a power (or a bias) that nobody knows. `weight`:
    what devices in one square say together counts as one.
    """

    group: I64
    ranged: np.ndarray[tuple[int], np.dtype[np.bool_]]
    ap: I32
    level: I32
    x_m: F64
    y_m: F64
    value: F64
    weight: F64


def survey_rows(plan: Plan, evidence: Evidence) -> HeardRows:
    """Of what was surveyed, RSSI and ranges."""
    own = evidence.take(evidence.kind == EvidenceKind.SURVEYED)
    both = [own.rssi_dbm, own.range_m]
    n = len(own)
    twice = {name: np.tile(getattr(own, name), 2) for name in ("ap", "source", "level", "x_m", "y_m")}
    return rows_of(plan, ranged=np.repeat([False, True], n), value=np.concatenate(both), **twice)


def rows_of(
    plan: Plan, *, ranged: np.ndarray, ap: I32, source: I32, level: I32, x_m: F64, y_m: F64, value: F64
) -> HeardRows:
    """Of readings (n,), NaN where nothing was heard. An access point of another level says little of where on this one
    somebody stands, and one that was heard in few squares fits anything: both are left out."""
    on = np.array([plan.level_index[point.level] for point in plan.access_points])
    ok = np.flatnonzero(np.isfinite(value) & (on[ap] == level))
    square = [np.floor(v[ok] / SHADOW_M).astype(np.int64) for v in (x_m, y_m)]
    key = np.stack([ranged[ok], ap[ok], source[ok], level[ok], *square], axis=1).astype(np.int64)
    unique, row, count = np.unique(key, axis=0, return_inverse=True, return_counts=True)
    shared = np.unique(np.delete(unique, 2, axis=1), axis=0, return_inverse=True, return_counts=True)

    def mean(values: F64) -> F64:
        return np.asarray(np.bincount(row, weights=values[ok], minlength=len(unique)) / count, np.float64)

    group, squares = np.unique(unique[:, :4], axis=0, return_inverse=True, return_counts=True)[1:]
    every = HeardRows(
        group.astype(np.int64),
        unique[:, 0].astype(np.bool_),
        unique[:, 1].astype(np.int32),
        unique[:, 3].astype(np.int32),
        mean(x_m),
        mean(y_m),
        mean(value),
        1.0 / shared[2][shared[1]],
    )
    told = every.take(np.flatnonzero(squares[group] >= LEAST_SQUARES))
    return told.take(np.arange(0, len(told), max(1, -(-len(told) // MOST_ROWS))))
