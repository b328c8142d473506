"""Fixes without their posterior rows, for recordings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from engine.columns import Columns
from engine.records import F64, I32, U64, Fixes


@dataclass(frozen=True, slots=True)
class PlainFixes(Columns):
    """Fixes without their posterior rows (which would fill the memory of a long recording); shapes as in `Fixes`."""

    t: F64
    device: U64
    level: I32
    x_m: F64
    y_m: F64
    cov_m2: Annotated[F64, 2, 2]
    n_ap: I32

    @property
    def sigma_m(self) -> F64:
        """Radial standard deviation, (n,)."""
        return np.sqrt(self.cov_m2[:, 0, 0] + self.cov_m2[:, 1, 1])

    @staticmethod
    def of(fixes: Fixes) -> PlainFixes:
        """Without the posterior."""
        return PlainFixes(fixes.t, fixes.device, fixes.level, fixes.x_m, fixes.y_m, fixes.cov_m2, fixes.n_ap)
