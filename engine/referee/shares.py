"""A share with its interval where cases come in clusters: one device's stays are right or wrong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

NORMAL_95 = 1.96


@dataclass(frozen=True, slots=True)
class Interval:
    """A share with the ends of its 95 % interval, each 0 to 1."""

    share: float
    low: float
    high: float


def interval_by_device(right: Sequence[int], of: Sequence[int]) -> Interval | None:
    """The share of `of` that is `right`, each per device; None where there is nothing to count.

    Wilson's interval for as many independent cases as the devices' differences leave (the ratio estimator's variance
    against that of single cases: Kish 1965; Korn and Graubard 1998). Where all agree, as many as there are devices.
    """
    r, n = np.array(right, np.float64), np.array(of, np.float64)
    r, n = r[n > 0], n[n > 0]
    if not len(n):
        return None
    share, total, devices = float(r.sum() / n.sum()), float(n.sum()), len(n)
    alone = share * (1.0 - share) / total
    spread = float(((r - share * n) ** 2).sum()) / total**2 * devices / max(devices - 1, 1)
    cases = total if alone > 0 else float(devices)
    if alone > 0 and spread > 0:
        cases = min(total, total * alone / spread)
    return wilson(share, max(cases, 1.0))


def wilson(share: float, cases: float) -> Interval:
    """Wilson's score interval (1927) of a share seen in so many independent cases."""
    z2 = NORMAL_95**2
    middle = (share + z2 / (2 * cases)) / (1 + z2 / cases)
    half = NORMAL_95 / (1 + z2 / cases) * sqrt(share * (1 - share) / cases + z2 / (4 * cases**2))
    return Interval(share, max(middle - half, 0.0), min(middle + half, 1.0))
