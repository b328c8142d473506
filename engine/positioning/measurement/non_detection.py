"""What it says of a place that an access point did not hear a device there."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.positioning.measurement.expectation import PackedMatrix, parts
from engine.positioning.settings import LocatorSettings
from engine.records import F32, F64, I64

SHIFTS_DB = np.array([-16.0, -8.0, 0.0, 8.0])  # offsets of devices: a weak phone is missed where a strong one is heard


def not_heard_log(mean_dbm: F32 | F64, settings: LocatorSettings, shifts_db: F64 = SHIFTS_DB) -> F32:
    """Log of P(not heard | expected RSSI) (S A, C), for devices of these offsets: `missing_share` where the signal is
    strong (scans lose 8-20 %), rising to 1 where weak."""
    heard = np.concatenate([mean_dbm + np.float32(s - settings.sensitivity_dbm) for s in shifts_db.tolist()])
    heard /= np.float32(-settings.sensitivity_slope_db)
    np.exp(heard, out=heard)
    heard += np.float32(1.0)
    np.divide(np.float32(settings.missing_share - 1.0), heard, out=heard)
    return np.asarray(np.log1p(heard, out=heard), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class PackedSilence:
    """The same (S A, C) for large stores, looked up by the codes of what is expected.

    `table` (S, 2^16) has the log for each code; `total` (S, C) is its sum over the access points of the whole store.
    """

    # numpy leaves `array @ silence` to us
    __array_ufunc__ = None

    mean: PackedMatrix
    table: F32
    total: F32

    @staticmethod
    def of(mean: PackedMatrix, centre_dbm: float, settings: LocatorSettings) -> PackedSilence:
        """Of expected RSSI (A, C) less `centre_dbm`."""
        dbm = np.arange(2**16).astype(np.uint16).view(np.int16).astype(np.float32)[None] * np.float32(mean.step)
        lowest = np.float32(-300.0)  # below that nobody hears anything, and exponentials overflow
        table = not_heard_log(np.maximum(dbm + np.float32(centre_dbm), lowest), settings)
        total = np.zeros((len(table), mean.n_cells), np.float32)
        for row in mean.codes.view(np.uint16):
            total += table[:, row]
        return PackedSilence(mean, table, total)

    def at(self, cells: I64) -> PackedSilence:
        """Of these cells alone, in their order, over the same codes."""
        return replace(self, mean=self.mean.at(cells))

    def whole(self) -> F32:
        """All of it (S A, C)."""
        return np.concatenate([log[self._codes(np.arange(len(self.mean.codes)), slice(None))] for log in self.table])

    def _codes(self, rows: I64, cells: slice) -> np.ndarray[tuple[int, int], np.dtype[np.uint16]]:
        return np.asarray(self.mean.codes_of(rows, cells).view(np.uint16))

    def __rmatmul__(self, left: F32) -> F32:
        """`left` (N, S A) @ this (S A, C), part by part.

        All access points were silent, but for some: so it is the sum over all less what those would have added.
        """
        silent = left.reshape(len(left), len(self.table), -1)
        all_silent = silent.max(axis=2)
        heard = all_silent[:, :, None] - silent
        shifts, rows = np.flatnonzero(all_silent.any(axis=0)), np.flatnonzero(heard.any(axis=(0, 1)))
        out = np.empty((len(left), self.mean.n_cells), np.float32)
        for cells in parts(self.mean.n_cells):
            codes, own = self._codes(rows, cells), self.mean.cells
            total = self.total[:, cells if own is None else own[cells]]
            out[:, cells] = all_silent @ total
            for s in shifts.tolist():
                out[:, cells] -= heard[:, s, rows] @ np.take(self.table[s], codes)
        return out
