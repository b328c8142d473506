"""What a campaign will give out next week, from its days of past weeks, with what chance adds: by budget.

Days are compared with the same weekday of other weeks; what they differ by, in units of a Poisson count's deviation, is
drawn again for every day to come, and for the mean that the day is expected to have. Weeks that differ by more than
their days explain (weather, holidays) add what is left of it. See Efron and Tibshirani, *An Introduction to the
Bootstrap*, 1993, chapters 8 and 9, on drawing residuals.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from engine.records import F64

DRAWS = 4000
LEVEL = 0.90
WEEK = 7
LEAST_WEEKS = 2
BUDGETS = (0.25, 0.5, 0.75, 1.0, 1.25)
"""Of the coupons expected without a budget: where the curve is told."""


@dataclass(frozen=True, slots=True)
class ForecastBand:
    """A figure with its 90 % interval."""

    expected: float
    low: float
    high: float

    def covers(self, truth: float) -> bool:
        """Whether the interval holds this value."""
        return self.low <= truth <= self.high


@dataclass(frozen=True, slots=True)
class CouponWorth:
    """What one coupon comes to, in minor units: `off_minor` what a use takes off at most, `margin_minor` what a use
    earns; and how many are used, as a beta distribution of (used, not used) seen, or a share that is taken for granted.
    """

    off_minor: int
    margin_minor: int
    share: float
    used: int = 0
    unused: int = 0

    @property
    def measured(self) -> bool:
        """Whether the share of uses was seen, and not only stated."""
        return self.used + self.unused >= 20


@dataclass(frozen=True, slots=True)
class Point:
    """One week with a budget of so many coupons (None: without): coupons (which are messages, too), uses, money."""

    budget: int | None
    coupons: ForecastBand
    used: ForecastBand
    cost_minor: ForecastBand
    margin_minor: ForecastBand


def days_of(times: Sequence[float], until: dt.date, weeks: int, timezone: ZoneInfo) -> F64:
    """(weeks, 7): coupons by day of the store's clock, in the `weeks` whole weeks that end before the day `until`."""
    counts = np.zeros(weeks * WEEK)
    first = until - dt.timedelta(days=weeks * WEEK)
    for t in times:
        day = (dt.datetime.fromtimestamp(t, timezone).date() - first).days
        if 0 <= day < len(counts):
            counts[day] += 1
    return counts.reshape(weeks, WEEK)


def week_ahead(days: F64, rng: np.random.Generator, draws: int = DRAWS) -> F64:
    """(draws,) coupons in the week after these (weeks, 7) days. At least two weeks."""
    weeks = len(days)
    if weeks < LEAST_WEEKS:
        raise ValueError("a week is foretold from two others at least")
    mean = days.mean(axis=0)
    scale = np.sqrt(mean + 0.5)
    off = ((days - mean) / scale * np.sqrt(weeks / (weeks - 1))).ravel()
    chance = rng.choice(off, (draws, WEEK)) + rng.choice(off, (draws, WEEK, weeks)).mean(axis=2)
    total = (np.maximum(mean + scale * chance, 0.0)).sum(axis=1)
    shared = max(float(days.sum(axis=1).var(ddof=1)) - float((scale**2).sum() * off.var()), 0.0)
    whole = rng.standard_t(weeks - 1, draws) * np.sqrt(shared * (1 + 1 / weeks))
    coupons: F64 = np.round(np.maximum(total + whole, 0.0))
    return coupons


def curve(coupons: F64, worth: CouponWorth, rng: np.random.Generator) -> list[Point]:
    """What the week comes to without a budget, then with each of BUDGETS; `coupons` (draws,) as `week_ahead` gives."""
    expected = float(coupons.mean())
    budgets = sorted({max(1, round(share * expected)) for share in BUDGETS})
    return [_point(None, coupons, worth, rng), *(_point(b, np.minimum(coupons, b), worth, rng) for b in budgets)]


def _point(budget: int | None, coupons: F64, worth: CouponWorth, rng: np.random.Generator) -> Point:
    share: F64 | float = worth.share
    if worth.measured:
        share = rng.beta(worth.used + 1, worth.unused + 1, len(coupons))
    used = rng.binomial(coupons.astype(np.int64), share).astype(np.float64)
    return Point(budget, band(coupons), band(used), band(used * worth.off_minor), band(used * worth.margin_minor))


def band(draws: F64) -> ForecastBand:
    """The mean and the 90 % interval of draws."""
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return ForecastBand(float(draws.mean()), float(low), float(high))
