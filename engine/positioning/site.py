"""A store made ready for locating: the radio map's matrices in the form the hot path multiplies with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.plan.cells import Cells
from engine.radio.radiomap import RadioMap
from engine.records import F32, F64, I32

THIN = 5  # odd, so that rows of cells do not line up: enough cells to see which readings are odd
CENTRE_DBM = -60.0  # subtracted from all RSSI before squares are taken, so that float32 keeps its digits


@dataclass(frozen=True, slots=True)
class Expectation:
    """One kind of measurement (RSSI or range) over A access points and C cells, float32.

    `mean` (A, C) expected value, `weight` (A, C) = 1/sigma², and their products; `log_sigma` (A, C); `both` (2A, C)
    mean over mean². `uniform` says that every access point's spread is the same in all cells, which makes two of the
    three products a column.
    """

    mean: F32
    weight: F32
    weight_mean: F32
    weight_mean2: F32
    log_sigma: F32
    both: F32
    uniform: bool

    def thinned(self, every: int) -> Expectation:
        """At one cell in `every` only."""

        def part(matrix: F32) -> F32:
            return np.ascontiguousarray(matrix[:, ::every])

        return Expectation(
            part(self.mean),
            part(self.weight),
            part(self.weight_mean),
            part(self.weight_mean2),
            part(self.log_sigma),
            part(self.both),
            self.uniform,
        )

    @staticmethod
    def of(mean: F32 | F64, sigma: F32 | F64) -> Expectation:
        """From expected values and spreads (A, C)."""
        mean32 = np.ascontiguousarray(mean, dtype=np.float32)
        sigma32 = np.ascontiguousarray(np.broadcast_to(sigma, mean32.shape), dtype=np.float32)
        weight = (1.0 / sigma32**2).astype(np.float32)
        uniform = bool(mean32.shape[1] == 0 or (sigma32 == sigma32[:, :1]).all())
        return Expectation(
            mean32,
            weight,
            weight * mean32,
            weight * mean32**2,
            np.log(sigma32),
            np.vstack([mean32, mean32**2]),
            uniform,
        )


@dataclass(frozen=True, slots=True)
class Site:
    """What a positioning method is given: cells, expectations, and where the access points are."""

    cells: Cells
    rssi: Expectation  # centred by CENTRE_DBM
    range: Expectation
    rssi_thin: Expectation  # the same at every THIN-th cell
    range_thin: Expectation
    not_heard_log: F32  # (A, C) log probability that an access point misses a device there, relative to far away
    offset_mean: F64  # (2,) of a device never seen: dB of RSSI, metres of range
    offset_var: F64  # (2,)
    ap_xyz: F64  # (A, 3) in the store's frame
    ap_level: I32  # (A,)
    p0_dbm: F64  # (A,) for trilateration
    exponent: F64  # (A,)
    device_z: F64  # (L,) height of a phone above the store's zero, per level
    xy: F32  # (C, 2) of the cells, relative to `origin`
    origin: F64  # (2,)
    xy2: F32  # (C, 3) products xx, xy, yy of `xy`


def not_heard_log(radio_map: RadioMap, sensitivity_dbm: float, slope_db: float, missing_share: float) -> F32:
    """Log of P(not heard | cell): `missing_share` where the signal is strong (scans lose 8-20 %), rising to 1 where
    weak."""
    heard = 1.0 / (1.0 + np.exp(-(radio_map.mean_dbm - sensitivity_dbm) / slope_db))
    return np.asarray(np.log(1.0 - (1.0 - missing_share) * heard), dtype=np.float32)
