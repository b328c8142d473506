"""Hearings that wait for the next fit, in blocks of memory that stay where they are."""

from __future__ import annotations

import numpy as np

from engine.records import F64

WIDTH = 4  # t, heard, ap, rssi_dbm
BLOCK_ROWS = 4096  # 128 KiB: freed as a whole, so that no long-lived array lies between them


class Unsummed:
    """Rows (n, WIDTH) in the order in which they came. Adding costs what is added, however many wait."""

    def __init__(self) -> None:
        self._blocks: list[F64] = []
        self._free = 0  # rows of the last block

    def __len__(self) -> int:
        return len(self._blocks) * BLOCK_ROWS - self._free

    def add(self, rows: F64) -> None:
        """Takes rows (m, WIDTH)."""
        while len(rows):
            if not self._free:
                self._blocks.append(np.empty((BLOCK_ROWS, WIDTH)))
                self._free = BLOCK_ROWS
            begin, taken = BLOCK_ROWS - self._free, min(len(rows), self._free)
            self._blocks[-1][begin : begin + taken] = rows[:taken]
            self._free -= taken
            rows = rows[taken:]

    def whole(self) -> F64:
        """All rows (n, WIDTH), a copy."""
        return np.concatenate([np.empty((0, WIDTH)), *self._blocks])[: len(self)]

    def take_before(self, t: float) -> F64:
        """Removes and returns the rows of before a time (s, UTC)."""
        rows = self.whole()
        old = rows[:, 0] < t
        self.replace(rows[~old])
        return rows[old]

    def replace(self, rows: F64) -> None:
        """These rows (m, WIDTH) wait, and no others."""
        self._blocks, self._free = [], 0
        self.add(rows)
