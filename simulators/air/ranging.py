"""Ranges by round-trip time: distance, a bias per access point and per obstacle, noise, and a tail of detours."""

from __future__ import annotations

import numpy as np

from engine.plan.model import Plan
from engine.records import F64, Bools
from simulators.scenario.radio import RttConfig

SIGMA_SPREAD_LOG = 0.25
"""Phones estimate their own noise from a handful of exchanges: right at the median, so much off."""


class Ranging:
    """Which phones measure ranges, which access points answer, and how wrong each of them is. Drawn once for a run."""

    def __init__(self, plan: Plan, config: RttConfig, phones: int, rng: np.random.Generator) -> None:
        self._config = config
        aps = plan.access_points
        self.answers: Bools = np.array([not config.aps or ap.id in config.aps for ap in aps], np.bool_)
        self.bias_m: F64 = rng.normal(0.0, config.ap_bias_sigma_m, len(aps))
        self.measures: Bools = rng.random(phones) < config.phones_share

    def measure(
        self, distance_m: F64, in_the_way_db: F64, heard: Bools, measures: Bools, rng: np.random.Generator
    ) -> tuple[F64, F64]:
        """(n, A) ranges in metres to the millimetre, possibly negative, and the sigma that the phone reports with each.

        NaN where not heard, where the phone (`measures`, (n,)) or the access point cannot, and where it failed.
        """
        config, shape = self._config, distance_m.shape
        range_m = distance_m + self.bias_m + config.bias_m_per_db * in_the_way_db + rng.normal(0, config.sigma_m, shape)
        detour = rng.random(shape) < config.multipath_share
        range_m += np.where(detour, rng.exponential(config.multipath_mean_m, shape), 0.0)
        sigma_m = config.sigma_m * np.exp(SIGMA_SPREAD_LOG * rng.standard_normal(shape))
        done = heard & measures[:, None] & self.answers & (rng.random(shape) >= config.fail_share)
        return np.where(done, np.round(range_m, 3), np.nan), np.where(done, np.round(sigma_m, 3), np.nan)
