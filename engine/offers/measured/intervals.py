"""Intervals for what an experiment found: shares by score, means by Welch; and whether its groups have their sizes.

Vectorised: counts, means and sizes may be arrays of one shape, one experiment each.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

from engine.records import F64

LEVEL = 0.95

Numbers = float | npt.NDArray[np.floating] | npt.NDArray[np.integer]


def wilson(hits: Numbers, n: Numbers, level: float = LEVEL) -> tuple[F64, F64]:
    """(low, high) of a share, by the score interval (Wilson 1927); n of at least 1.

    Never outside [0, 1], and no interval of no width where all or none did it.
    """
    z = float(special.ndtri((1 + level) / 2))
    hits, n = np.asarray(hits, np.float64), np.asarray(n, np.float64)
    middle = (2 * hits + z**2) / (2 * (n + z**2))
    half = z * np.sqrt(z**2 + 4 * hits * (1 - hits / n)) / (2 * (n + z**2))
    # Rounding must not put the limit of none at a hair below nothing, nor that of all above.
    low: F64 = np.where(hits <= 0, 0.0, middle - half)
    high: F64 = np.where(hits >= n, 1.0, middle + half)
    return low, high


def newcombe(
    hits: Numbers, n: Numbers, control_hits: Numbers, control_n: Numbers, level: float = LEVEL
) -> tuple[F64, F64, F64]:
    """(difference, low, high) of two independent shares, treated less control; both n of at least 1.

    The hybrid score interval, method 10 of Newcombe 1998, "Interval estimation for the difference between independent
    proportions: comparison of eleven methods", Statistics in Medicine 17, 873-890: each side's distance to its own
    Wilson limits, added in squares. With few shoppers and rare purchases it errs on the long side, where the textbook's
    interval (Wald) is far too short.
    """
    treated, control = wilson(hits, n, level), wilson(control_hits, control_n, level)
    p, q = np.asarray(hits, np.float64) / n, np.asarray(control_hits, np.float64) / control_n
    difference: F64 = np.asarray(p - q)
    low: F64 = difference - np.hypot(p - treated[0], control[1] - q)
    high: F64 = difference + np.hypot(treated[1] - p, q - control[0])
    return difference, low, high


def welch(
    mean: Numbers,
    variance: Numbers,
    n: Numbers,
    control_mean: Numbers,
    control_variance: Numbers,
    control_n: Numbers,
    level: float = LEVEL,
) -> tuple[F64, F64, F64]:
    """(difference, low, high) of two means, treated less control, with variances of their own; both n of at least 2.

    Student's t with the degrees of freedom of Welch 1947, "The generalization of Student's problem when several
    different population variances are involved", Biometrika 34, 28-35. Variances have n - 1 below, and are not both 0.
    """
    a, b = np.asarray(variance, np.float64) / n, np.asarray(control_variance, np.float64) / control_n
    freedom = (a + b) ** 2 / (a**2 / (np.asarray(n) - 1) + b**2 / (np.asarray(control_n) - 1))
    half = special.stdtrit(freedom, (1 + level) / 2) * np.sqrt(a + b)
    difference: F64 = np.asarray(mean, np.float64) - control_mean
    return difference, difference - half, difference + half


def sample_ratio_p(controls: int, n: int, holdout_share: float) -> float:
    """How likely a control group is at least as far from its share as this one: the exact two-sided binomial test.

    Far below chance, something beside the coin decides who is in which group, and no figure of the experiment can be
    trusted (Fabijan et al. 2019, "Diagnosing sample ratio mismatch in online controlled experiments", KDD).
    """
    from scipy.stats import binomtest  # half a second to import, and a server starts without it

    return float(binomtest(controls, n, holdout_share).pvalue)
