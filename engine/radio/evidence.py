"""Measurements at known (or well estimated) places, brought together: what the radio model is fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from engine.columns import Columns
from engine.plan.model import Plan
from engine.radio.pathloss import DEFAULT_PRIOR, Geometry, RadioPrior, geometry_of, log_distance, saturate_db
from engine.records import F64, I32, Bools

SHADOW_M = 3.0  # shadows are about this large: rows nearer than that repeat each other
BIN_M = 1.0  # readings of one device and access point in one square of this size say one thing: they share its shadow


class EvidenceKind(IntEnum):
    """What was heard, and how its place is known."""

    SURVEYED = 0  # a device, where somebody said it was
    ACCESS_POINT = 2  # an access point, which another one heard, where the plan says it hangs


@dataclass(frozen=True, slots=True)
class Evidence(Columns):
    """Measured values, shape (n,): the mean of `count` readings of access point `ap` from one place and device.

    `kind` (`EvidenceKind`) is what was heard, and how its place is known.
    Features: `log_d` 10 log10 of distance, uncapped losses `walls_db`, `tall_db`, `low_db` as in `Geometry`, `floors`,
    `distance_m`.
    `place_sigma_m` says how sure the place is.
    """

    ap: I32
    source: I32  # number of the device (or access point) that was heard
    kind: I32
    level: I32
    x_m: F64
    y_m: F64
    rssi_dbm: F64
    range_m: F64
    count: F64
    place_sigma_m: F64
    log_d: F64
    walls_db: F64
    tall_db: F64
    low_db: F64
    floors: F64
    distance_m: F64
    crowd: F64

    @property
    def of_devices(self) -> Bools:
        """(n,) which are of devices, at places where people stand."""
        return np.asarray(self.kind != EvidenceKind.ACCESS_POINT, dtype=np.bool_)

    def crossings_db(self, tall: float, prior: RadioPrior = DEFAULT_PRIOR) -> F64:
        """(n,) what crossings cost, saturated, where fixtures are so tall; see `Geometry.crossings_db`."""
        return saturate_db(self.walls_db + tall * self.tall_db + (1.0 - tall) * self.low_db, prior)

    @classmethod
    def concat(cls, parts: Sequence[Evidence]) -> Evidence:
        """All parts one after the other, their sources kept apart."""
        shifted, offset = [], 0
        for part in parts:
            shifted.append(replace(part, source=(part.source + offset).astype(np.int32)))
            offset += int(part.source.max(initial=-1)) + 1
        return super(Evidence, cls).concat(shifted)


def evidence_at(
    plan: Plan,
    *,
    kind: EvidenceKind,
    ap: I32,
    source: I32,
    level: I32,
    x_m: F64,
    y_m: F64,
    rssi_dbm: F64,
    range_m: F64,
    place_sigma_m: F64,
    height_m: F64 | None = None,
    prior: RadioPrior = DEFAULT_PRIOR,
) -> Evidence:
    """Bins readings (n,) by device, access point and square of BIN_M, and computes the features at the bins' mean
    places."""
    square = np.stack([source, ap, level, np.floor(x_m / BIN_M), np.floor(y_m / BIN_M)], axis=1).astype(np.int64)
    unique, row = np.unique(square, axis=0, return_inverse=True)
    n = len(unique)

    def mean(values: F64) -> F64:
        ok = np.isfinite(values)
        total = np.bincount(row[ok], weights=values[ok], minlength=n)
        count = np.bincount(row[ok], minlength=n)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)

    x, y = mean(x_m), mean(y_m)
    lv, a = unique[:, 2].astype(np.int32), unique[:, 1].astype(np.int32)
    height = None if height_m is None else mean(height_m)
    geometry = _geometry(plan, a, lv, x, y, height, prior)
    return Evidence(
        ap=a,
        source=unique[:, 0].astype(np.int32),
        kind=np.full(n, kind, np.int32),
        level=lv,
        x_m=x,
        y_m=y,
        rssi_dbm=mean(rssi_dbm),
        range_m=mean(range_m),
        count=np.bincount(row, minlength=n).astype(np.float64),
        place_sigma_m=mean(place_sigma_m),
        log_d=log_distance(geometry.distance_m),
        walls_db=geometry.walls_db,
        tall_db=geometry.tall_db,
        low_db=geometry.low_db,
        floors=geometry.floors,
        distance_m=geometry.distance_m,
        crowd=_crowd(a, lv, x, y),
    )


def _crowd(ap: I32, level: I32, x: F64, y: F64) -> F64:
    """How many rows of one access point share a shadow with each row: those in its square of SHADOW_M."""
    square = np.stack([ap, level, np.floor(x / SHADOW_M), np.floor(y / SHADOW_M)], axis=1).astype(np.int64)
    _, row, count = np.unique(square, axis=0, return_inverse=True, return_counts=True)
    return count[row].astype(np.float64)


def _geometry(plan: Plan, ap: I32, level: I32, x: F64, y: F64, height: F64 | None, prior: RadioPrior) -> Geometry:
    """Geometry of pairs of access point and place, each array (n,)."""
    above = np.full(len(x), prior.device_height_m) if height is None else height
    places = np.stack([level, np.round(x, 2), np.round(y, 2), np.round(above, 2)], axis=1)
    _, first, at = np.unique(places, axis=0, return_index=True, return_inverse=True)
    g = geometry_of(plan, level[first], x[first], y[first], prior, above[first])
    return Geometry(*(getattr(g, name)[ap, at] for name in Geometry.__slots__))
