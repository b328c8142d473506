"""Fixes without their posterior rows, for recordings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.records import F64, I32, U64, Fixes


@dataclass(frozen=True, slots=True)
class PlainFixes:
    """Fixes without their posterior rows (which would fill the memory of a long recording); shapes as in `Fixes`."""

    t: F64
    device: U64
    level: I32
    x_m: F64
    y_m: F64
    cov_m2: F64
    n_ap: I32

    @property
    def sigma_m(self) -> F64:
        """Radial standard deviation, (n,)."""
        return np.sqrt(self.cov_m2[:, 0, 0] + self.cov_m2[:, 1, 1])

    @staticmethod
    def of(fixes: Fixes) -> PlainFixes:
        """Without the posterior."""
        return PlainFixes(fixes.t, fixes.device, fixes.level, fixes.x_m, fixes.y_m, fixes.cov_m2, fixes.n_ap)

    @staticmethod
    def none() -> PlainFixes:
        """No fixes."""
        f = np.empty(0)
        return PlainFixes(
            f, np.empty(0, np.uint64), np.empty(0, np.int32), f, f, np.empty((0, 2, 2)), np.empty(0, np.int32)
        )

    def take(self, rows: npt.NDArray[np.intp] | slice) -> PlainFixes:
        """The rows that an index or slice selects, in its order."""
        names = ("t", "device", "level", "x_m", "y_m", "cov_m2", "n_ap")
        return PlainFixes(*(getattr(self, n)[rows] for n in names))

    @staticmethod
    def concat(parts: list[PlainFixes]) -> PlainFixes:
        """All parts one after the other; at least one is needed."""
        names = ("t", "device", "level", "x_m", "y_m", "cov_m2", "n_ap")
        return PlainFixes(*(np.concatenate([getattr(p, n) for p in parts]) for n in names))
