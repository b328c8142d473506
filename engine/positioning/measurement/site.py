"""A store made ready for locating: the radio map's matrices in the form the hot path multiplies with."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.plan.cells import Cells
from engine.positioning.measurement.expectation import Expectation, PackedExpectation
from engine.positioning.measurement.non_detection import PackedSilence
from engine.records import F32, F64, I32, I64

THIN = 5  # odd, so that rows of cells do not line up: enough cells to see which readings are odd
THIN_SQUARE_M = 3.0  # the same in large stores: one cell in each square of this size
CENTRE_DBM = -60.0  # subtracted from all RSSI before squares are taken, so that float32 keeps its digits


@dataclass(frozen=True, slots=True)
class Site:
    """What a positioning method is given: cells, expectations, and where the access points are."""

    cells: Cells
    rssi: Expectation | PackedExpectation  # centred by CENTRE_DBM
    range: Expectation | PackedExpectation
    rssi_thin: Expectation  # the same at the cells `thin`
    range_thin: Expectation
    thin: I64  # (T,) a part of the store's cells, spread evenly
    not_heard_log: F32 | PackedSilence  # (S A, C) log P(an access point misses a device there), by the device's offset:
    shifts_db: F64  # (S,) ascending
    measured: float  # how far the map is of measurements, 0 to 1
    offset_mean: F64  # (2,) of a device never seen: dB of RSSI, metres of range
    offset_var: F64  # (2,)
    ap_xyz: F64  # (A, 3) in the store's frame
    ap_level: I32  # (A,)
    mates: F32 | None  # (A, A) 1 where another access point hangs in the same place; None where none does
    p0_dbm: F64  # (A,) for trilateration
    exponent: F64  # (A,)
    device_z: F64  # (L,) height of a phone above the store's zero, per level
    xy: F32  # (C, 2) of the cells, relative to `origin`
    origin: F64  # (2,)
    xy2: F32  # (C, 3) products xx, xy, yy of `xy`

    def at(self, part: I64) -> Site:
        """These cells (c,) alone, with no links between them. The thin cells are still those of the whole store."""
        c, log = self.cells, self.not_heard_log
        none = np.empty(0, np.int32)
        return replace(
            self,
            cells=Cells(c.cell_m, c.x_m[part], c.y_m[part], c.level[part], none, none, np.empty(0)),
            rssi=self.rssi.at(part),
            range=self.range.at(part),
            not_heard_log=log.at(part) if isinstance(log, PackedSilence) else np.ascontiguousarray(log[:, part]),
            xy=self.xy[part],
            xy2=self.xy2[part],
        )

    def thin_out(self) -> Site:
        """The thin cells alone, ready to multiply with."""
        own = self.at(self.thin)
        log = own.not_heard_log
        log = log.whole() if isinstance(log, PackedSilence) else log
        return replace(own, rssi=self.rssi_thin, range=self.range_thin, not_heard_log=log)
