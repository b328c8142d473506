"""The coefficients of the path-loss law by their names: what a store's law departs from the prior's by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.records import F64, I32, I64

POWER, EXPONENT, LOSS_SCALE = range(3)
"""Columns of the coefficients that all access points share."""

SHARED = 3  # how many those are


@dataclass(frozen=True, slots=True)
class LawCoefficients:
    """Departures from the prior, which the fits need as one `vector` (3 + 2 A,): what all access points share, then
    each one's power, then each one's exponent."""

    vector: F64

    @property
    def power_db(self) -> float:
        """That all access points share."""
        return float(self.vector[POWER])

    @property
    def exponent(self) -> float:
        """That all access points share."""
        return float(self.vector[EXPONENT])

    @property
    def loss_scale(self) -> float:
        """Of what crossings cost: 0 where it is the plan's losses."""
        return float(self.vector[LOSS_SCALE])

    @property
    def ap_power_db(self) -> F64:
        """Each access point's own (A,), on top."""
        return self.vector[SHARED : SHARED + self._n_ap]

    @property
    def ap_exponent(self) -> F64:
        """Each access point's own (A,), on top."""
        return self.vector[SHARED + self._n_ap :]

    @property
    def _n_ap(self) -> int:
        return (len(self.vector) - SHARED) // 2


def law_design(ap: I32 | I64, log_d: F64, crossings_db: F64, n_ap: int) -> F64:
    """Rows (n, 3 + 2 A) that give RSSI less the prior's when multiplied with the coefficients; all arguments (n,)."""
    rows = np.arange(len(ap))
    design = np.zeros((len(ap), SHARED + 2 * n_ap))
    design[:, POWER], design[:, EXPONENT], design[:, LOSS_SCALE] = 1.0, -log_d, -crossings_db
    design[rows, SHARED + ap] = 1.0
    design[rows, SHARED + n_ap + ap] = -log_d
    return design
