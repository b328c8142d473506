"""Hot squares: Gi* of 1,000 of them with false discoveries controlled, and esda on the same values where installed."""

from __future__ import annotations

import importlib.util
import math
import time
from typing import Any

import numpy as np
from scipy.special import ndtr

from api.cli.bench.paired import Timed, figures_of, measure_rates
from engine.presence.hotzones import benjamini_hochberg, disc, gi_star
from engine.records import F64

ROWS, COLS, RADIUS = 25, 40, 2.0
MOST_DIGITS = 16


def measure_hot(seconds: float) -> dict[str, Any]:
    """Milliseconds of one test of all squares. Beside esda: how many times as fast, and to how many digits after the
    point the z of both are the same."""
    values = np.random.default_rng(7).gamma(2.0, 10.0, (ROWS, COLS))
    mask = np.ones_like(values, np.bool_)

    def test() -> F64:
        return benjamini_hochberg(ndtr(-gi_star(values, mask, RADIUS)))

    calls: dict[str, Timed] = {"mine": (test, 1)}
    if importlib.util.find_spec("esda") is not None:
        peer = _Esda(values)
        calls["esda"] = (peer.test, 1)
    rates = measure_rates(calls, seconds, clock=time.process_time)
    out = figures_of("gi_star_fdr_1000_squares_ms", 1000.0 / rates["mine"])
    if "esda" in calls:
        out |= figures_of("gi_star_times_esda", rates["mine"] / rates["esda"])
        apart = float(np.abs(peer.test() - gi_star(values, mask, RADIUS).ravel()).max())
        out["gi_star_esda_same_digits"] = MOST_DIGITS if apart <= 0 else min(MOST_DIGITS, -math.log10(apart))
    return out


class _Esda:
    """Its weights are made once, as our own neighbourhoods are; it has no control of false discoveries to be timed."""

    def __init__(self, values: F64) -> None:
        from libpysal.weights import W

        self._values = values.ravel()
        reach = np.argwhere(disc(RADIUS)) - int(RADIUS)
        neighbours = {
            r * COLS + c: [
                (r + i) * COLS + c + j
                for i, j in reach.tolist()
                if (i or j) and 0 <= r + i < ROWS and 0 <= c + j < COLS
            ]
            for r in range(ROWS)
            for c in range(COLS)
        }
        self._weights = W(neighbours, silence_warnings=True)

    def test(self) -> F64:
        """z of each square, (n,)."""
        from esda.getisord import G_Local

        found = G_Local(self._values, self._weights, transform="B", star=True, permutations=0)
        return np.asarray(found.Zs, np.float64)
