"""What a positioning method is told of a device before a scan, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from engine.columns import Columns
from engine.records import F32, F64


class Quantity(IntEnum):
    """What is measured. Offsets of devices are columns in this order."""

    RSSI = 0
    RANGE = 1


@dataclass(frozen=True, slots=True)
class Belief(Columns):
    """Before a scan, for N devices: `cells` (N, C) probabilities; `offset_mean`, `offset_var` (N, 2) of RSSI (dB) and
    range (m); `trust` (N, 2) share of the scan's information that is new (scans near in time repeat each other's
    errors), more than 1 where readings are more exact than the map says; `believed` (N, 2 A) how far each access
    point's RSSI, then each one's range, is believed: 0 to 1."""

    cells: F32
    offset_mean: F64
    offset_var: F64
    trust: F32
    believed: F32

    @property
    def new_share(self) -> F32:
        """(N, 2) of `trust` what is up to 1."""
        return np.minimum(self.trust, np.float32(1.0))

    @property
    def exactness(self) -> F32:
        """(N, 2) times `new_share` is `trust`."""
        return np.maximum(self.trust, np.float32(1.0))


@dataclass(frozen=True, slots=True)
class Known(Columns):
    """What a `Belief` holds but for cells, and but for which access points are believed."""

    offset_mean: F64
    offset_var: F64
    trust: F32

    def belief(self, cells: F32, believed: F32) -> Belief:
        """With these probabilities (N, C) over cells."""
        return Belief(cells, self.offset_mean, self.offset_var, self.trust, believed)


@dataclass(frozen=True, slots=True)
class Estimate(Columns):
    """After it: posterior (N, C) rows that sum to 1, offsets (N, 2), the log of how well the scan was foreseen, (N,),
    up to what readings alone decide, and how many times better even mass on all cells foresees it (N,)."""

    posterior: F32
    offset_mean: F64
    offset_var: F64
    log_likelihood: F32
    even: F32
