"""Phones that do not exist, and where they claim to be."""

from __future__ import annotations

import numpy as np

from engine.records import F64
from simulators.people.crowd import Whereabouts
from simulators.people.walking.floor import Spot
from simulators.scenario.attack import AttackConfig

JUMP_S = 20.0
"""A forged phone is at another product after so long, however far away."""


class Forger:
    """Where forged phones claim to be. Their readings are as if they were really there."""

    def __init__(self, spots: list[Spot], config: AttackConfig, rng: np.random.Generator) -> None:
        self.config, self._spots = config, spots
        self._phase_s: F64 = rng.uniform(0.0, config.forged_every_s, config.forged_devices)
        self._seed = int(rng.integers(2**62))

    def times(self, from_s: float, to_s: float) -> tuple[F64, np.ndarray[tuple[int], np.dtype[np.int64]]]:
        """(times, forged phones) within a tick no longer than `forged_every_s`, each (n,)."""
        every = self.config.forged_every_s
        t = self._phase_s + every * np.ceil((from_s - self._phase_s) / every)
        rows = np.flatnonzero((t >= from_s) & (t < to_s))
        return t[rows], rows

    def places(self, t_s: F64, forged: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Whereabouts:
        """Each at the product of its present jump."""
        turn = (t_s // JUMP_S).astype(np.int64)
        which = [
            int(np.random.default_rng([self._seed, int(i), int(k)]).integers(len(self._spots)))
            for i, k in zip(forged.tolist(), turn.tolist(), strict=True)
        ]
        chosen = [self._spots[i] for i in which]
        level = np.array([s.level for s in chosen], np.int32)
        x_m, y_m = np.array([s.x_m for s in chosen]), np.array([s.y_m for s in chosen])
        return Whereabouts(level, x_m, y_m, np.zeros(len(chosen)))
