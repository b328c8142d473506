"""A store made ready for locating: the radio map's matrices in the form the hot path multiplies with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.plan.cells import Cells
from engine.positioning.expectation import Expectation, PackedExpectation, PackedMatrix, is_large
from engine.radio.radiomap import RadioMap
from engine.records import F32, F64, I32

THIN = 5  # odd, so that rows of cells do not line up: enough cells to see which readings are odd
THIN_PACKED = 9  # the same in large stores: one cell of 0.5 m in 2.25 m²
CENTRE_DBM = -60.0  # subtracted from all RSSI before squares are taken, so that float32 keeps its digits


@dataclass(frozen=True, slots=True)
class Site:
    """What a positioning method is given: cells, expectations, and where the access points are."""

    cells: Cells
    rssi: Expectation | PackedExpectation  # centred by CENTRE_DBM
    range: Expectation | PackedExpectation
    rssi_thin: Expectation  # the same at every THIN-th cell
    range_thin: Expectation
    not_heard_log: F32 | PackedMatrix  # (S A, C) log P(an access point misses a device there), by the device's offset:
    shifts_db: F64  # (S,) ascending
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


SHIFTS_DB = np.array([-16.0, -8.0, 0.0, 8.0])  # offsets of devices: a weak phone is missed where a strong one is heard


def not_heard_log(
    radio_map: RadioMap, sensitivity_dbm: float, slope_db: float, missing_share: float, shifts_db: F64
) -> F32 | PackedMatrix:
    """Log of P(not heard | cell) (S A, C), for devices of these offsets: `missing_share` where the signal is strong
    (scans lose 8-20 %), rising to 1 where weak."""
    heard = np.concatenate([radio_map.mean_dbm + np.float32(s - sensitivity_dbm) for s in shifts_db.tolist()])
    heard /= np.float32(-slope_db)
    np.exp(heard, out=heard)
    heard += np.float32(1.0)
    np.divide(np.float32(missing_share - 1.0), heard, out=heard)
    log = np.log1p(heard, out=heard)
    return PackedMatrix.of(log, finest=0.0001) if is_large(log) else log
