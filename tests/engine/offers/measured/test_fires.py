"""What a track would have set off is what the timers set off."""

from __future__ import annotations

import numpy as np

from engine.offers.measured.calibration import STEPS, THRESHOLDS
from engine.offers.measured.fires import fires_of
from engine.offers.targets import KEEPS, Target
from engine.offers.triggers import TriggerTimers
from engine.records import Fixes


def test_as_many_as_the_timers_fire_at_each_threshold() -> None:
    """Of a track that comes and goes, with gaps, at two places."""
    rng = np.random.default_rng(5)
    n, dwell = 120, np.array([6.0, 12.0])
    t = np.cumsum(rng.choice([3.0, 3.0, 3.0, 6.0, 40.0], n, p=[0.3, 0.3, 0.3, 0.08, 0.02]))
    p = np.clip(0.5 + np.cumsum(rng.normal(0.0, 0.12, (n, 2)), axis=0) % 1.0 - 0.5, 0.0, 1.0).astype(np.float32)
    found = fires_of(t, p, dwell)
    for at, threshold in enumerate(THRESHOLDS.tolist()):
        timers = TriggerTimers(gap_max_s=30.0)
        timers.set_targets(
            [Target(str(k), np.eye(2, dtype=np.float32)[k], threshold, dwell[k], KEEPS * threshold) for k in range(2)]
        )
        whole = np.zeros(n)
        fixes = Fixes(
            t, np.ones(n, np.uint64), np.zeros(n, np.int32), whole, whole, np.zeros((n, 2, 2)), np.full(n, 4, np.int32),
            p,
        )  # fmt: skip
        fired = timers.update(fixes, lambda _: "visit")
        assert [int(found[k, at].sum()) for k in range(2)] == [
            sum(f.campaign_id == str(k) for f in fired) for k in (0, 1)
        ]


def test_each_counts_by_the_mean_over_its_dwell() -> None:
    t = np.arange(0.0, 30.0, 3.0)
    p = np.full((10, 1), 0.55)
    p[2] = 0.35
    found = fires_of(t, p, np.array([9.0]))
    assert found[0, 0].nonzero()[0].tolist() == [int(np.searchsorted(STEPS, 0.5, side="right")) - 1]
    assert found[0].sum(axis=1).tolist() == [1.0] * 7 + [1.0] + [0.0] * 4
    assert fires_of(t[:0], p[:0], np.array([9.0])).sum() == 0
