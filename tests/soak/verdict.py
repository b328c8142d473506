"""What a soak's samples say: is memory flat, how much would a day write, does all that is published become fixes?

Pure arithmetic on what `tests.soak.watch` measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import kendalltau, theilslopes

DAY_S = 86_400.0
GB = 1e9
MIB = 2.0**20

WARM_UP_SHARE = 0.5
WARM_UP_S = (120.0, 3600.0)
"""Before this share of a run, within these limits, what is bounded still fills up: caches, the scans that maps are
learnt from, and for 40 minutes to an hour the histories of phones that stay (`engine.presence.expected.thinning`)."""

TREND_P = 0.01
"""A trend that chance would show as rarely as this is one."""

GROWTH_MIB_PER_H = 8.0
GROWTH_SHARE_PER_H = 0.05
"""Growth below both is flat: what a day of it adds is less than a night's restart, and allocators breathe."""

WRITTEN_GB_PER_DAY = 2.0
USED_SHARE = 0.99
FIX_SHARE = 0.5
"""Of the median minute's fixes: a minute with fewer was one in which the engine stood still."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The site at `t_s` seconds into the run: bytes resident and written so far, readings used and fixes so far.

    `used` are those of phones that went into fixes, and those of access points that hear each other.
    """

    t_s: float
    rss_bytes: float
    written_bytes: float
    used: int
    fixes: int


@dataclass(frozen=True, slots=True)
class Trend:
    """Memory after the warm-up: level, slope (Theil-Sen), and how likely chance shows such an order (Mann-Kendall)."""

    level_mib: float
    mib_per_h: float
    p: float

    @property
    def flat(self) -> bool:
        """Whether it does not grow: no trend, or one that does not matter."""
        matters = self.mib_per_h > GROWTH_MIB_PER_H or self.mib_per_h > GROWTH_SHARE_PER_H * self.level_mib
        return not (matters and self.p < TREND_P)


def warm_up_s(run_s: float) -> float:
    """How much of a run says nothing of its memory yet."""
    return float(np.clip(WARM_UP_SHARE * run_s, *WARM_UP_S))


def memory_trend(samples: Sequence[Sample]) -> Trend:
    """The trend of resident memory after the warm-up. Raises ValueError for fewer than ten samples there."""
    kept = _warm(samples)
    if len(kept) < 10:
        raise ValueError(f"{len(kept)} samples after the warm-up say nothing of a trend: run for longer")
    t_h = np.array([s.t_s for s in kept]) / 3600.0
    mib = np.array([s.rss_bytes for s in kept]) / MIB
    p = float(kendalltau(t_h, mib).pvalue) if np.ptp(mib) > 0 else 1.0
    return Trend(float(np.median(mib)), float(theilslopes(mib, t_h).slope), p)


def written_gb_per_day(samples: Sequence[Sample]) -> float:
    """What a day would write at the pace since the warm-up, in 10^9 bytes."""
    first, last = _warm(samples)[0], samples[-1]
    return (last.written_bytes - first.written_bytes) / (last.t_s - first.t_s) * DAY_S / GB


def fixes_by_minute(samples: Sequence[Sample]) -> list[float]:
    """Fixes in each whole minute since the warm-up, interpolated between samples."""
    kept = _warm(samples)
    t_s = np.array([s.t_s for s in kept])
    edges = np.arange(t_s[0], t_s[-1] + 1e-9, 60.0)
    return [float(n) for n in np.diff(np.interp(edges, t_s, [s.fixes for s in kept]))]


def faults(samples: Sequence[Sample], published: int) -> list[str]:
    """What is not as it should be, a sentence each. `published`: readings that the broker confirmed."""
    trend, written, used = memory_trend(samples), written_gb_per_day(samples), samples[-1].used
    minutes = fixes_by_minute(samples)
    found = []
    if not trend.flat:
        found.append(
            f"memory grows by {trend.mib_per_h:.1f} MiB an hour at {trend.level_mib:.0f} MiB (p = {trend.p:.2g})"
        )
    if written > WRITTEN_GB_PER_DAY:
        found.append(f"a day would write {written:.2f} GB, at most {WRITTEN_GB_PER_DAY:g}")
    if used < USED_SHARE * published:
        found.append(f"of {published} readings published, {used} were used")
    if not minutes or min(minutes) < FIX_SHARE * float(np.median(minutes)) or max(minutes) == 0:
        found.append(f"fixes did not flow: {', '.join(f'{n:.0f}' for n in minutes) or 'no whole minute'} a minute")
    return found


def _warm(samples: Sequence[Sample]) -> list[Sample]:
    after_s = warm_up_s(samples[-1].t_s)
    return [s for s in samples if s.t_s >= after_s]
