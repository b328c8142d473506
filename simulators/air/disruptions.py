"""When access points are out, or deaf by interference: what they lose, by time."""

from __future__ import annotations

import numpy as np

from engine.plan.model import Plan
from engine.records import F64, Bools
from simulators.scenario.radio import RadioConfig


class Disruptions:
    """Drawn once for a run of `until_s` seconds."""

    def __init__(self, plan: Plan, config: RadioConfig, until_s: float, rng: np.random.Generator) -> None:
        self._count = len(plan.access_points)
        index = {ap.id: i for i, ap in enumerate(plan.access_points)}
        self._outages = [(index[o.ap], o.from_s, np.inf if o.until_s is None else o.until_s) for o in config.outages]
        self._rise_db = config.interference.rise_db
        noise = config.interference
        n = int(rng.poisson(noise.bursts_per_hour * until_s / 3600))
        self._from_s = np.sort(rng.uniform(0.0, until_s, n))
        self._until_s = self._from_s + rng.exponential(noise.mean_s, n)
        self._longest_s = float((self._until_s - self._from_s).max()) if n else 0.0
        self._near = _near(plan, noise.reach_m, n, rng)

    def loss_db(self, t_s: F64) -> F64:
        """(n, A) dB by which hearing is worse at these times; infinite where an access point is out."""
        out = np.zeros((len(t_s), self._count))
        if len(t_s):
            first = np.searchsorted(self._from_s, float(t_s.min()) - self._longest_s)
            for k in range(int(first), int(np.searchsorted(self._from_s, float(t_s.max()), side="right"))):
                rows = (self._from_s[k] <= t_s) & (t_s < self._until_s[k])
                out[np.ix_(rows, self._near[k])] = self._rise_db
        for ap, from_s, until_s in self._outages:
            out[(from_s <= t_s) & (t_s < until_s), ap] = np.inf
        return out


def _near(plan: Plan, reach_m: float, n: int, rng: np.random.Generator) -> Bools:
    """(n, A) which access points each of n bursts reaches; bursts are anywhere on any level, levels by area."""
    area = np.array([lv.polygon.area for lv in plan.levels])
    level = rng.choice(len(area), n, p=area / area.sum())
    bounds = np.array([lv.polygon.bounds for lv in plan.levels])[level]
    x_m, y_m = (rng.uniform(bounds[:, k], bounds[:, k + 2]) for k in (0, 1))
    aps = plan.access_points
    same = level[:, None] == np.array([plan.level_index[ap.level] for ap in aps])
    far = np.hypot(x_m[:, None] - [ap.x_m for ap in aps], y_m[:, None] - [ap.y_m for ap in aps])
    return np.asarray(same & (far <= reach_m), np.bool_)
