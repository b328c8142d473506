"""Where an access point seems to hang, by how strong it hears phones at places that are known.

With mean RSSI s_i (dBm) of phones at place x_i, an access point at θ with power P leaves

    r_i(θ) = s_i + 10 n log10 max(|x_i - θ|, 1 m) - P,        P = the weighted median of what is left without it,

n being the site's exponent. What is left is shadows, bodies and phones of other makes: Student's t with 4 degrees of
freedom, so that a few places behind a wall move nothing. All θ of a grid are weighed by exp(-Σ w_i ρ(r_i)); their mean
is where it seems to hang, their spread how well that is known (Lange, Little, Taylor 1989 for the t; grid posterior as
of any Bayesian location estimate). Places next to each other lie in the same shadow: each counts for less than one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.radio.pathloss import DEFAULT_PRIOR, log_distance
from engine.records import F64

SIGMA_DB = 5.0  # of a place's mean, a shadow of some metres and a phone's own offset together
FREEDOM = 4.0
SHADOW_SHARE = 0.5  # what one of places 2 m apart says that those beside it do not
GRID_M = 1.0
REACH_M = 10.0  # beyond the places that are heard
LEAST_PLACES = 12
LEAST_RANGE_DB = 10.0  # between the strongest and the weakest: else nobody was near, or nobody far
MOST_SIGMA_M = 5.0  # known worse than this it is not named
ABOVE_M = 1.5  # an access point over a phone in the hand
LEAST_MOVE_M = 4.0  # a smaller one costs little, and is hard to tell from shadows
LEAST_ODDS = 4.0  # natural logarithm, of where it seems to hang against the plan's place


@dataclass(frozen=True, slots=True)
class Hanging:
    """A place on one level with its radial standard deviation, and by how much it is likelier than the `told` one."""

    x_m: float
    y_m: float
    sigma_m: float
    told_off_m: float
    told_odds: float

    @property
    def moved(self) -> bool:
        """Whether it does not hang where it is told to."""
        return self.told_off_m >= max(LEAST_MOVE_M, 2.0 * self.sigma_m) and self.told_odds >= LEAST_ODDS


def find_hanging(
    x_m: F64,
    y_m: F64,
    rssi_dbm: F64,
    readings: F64,
    *,
    exponent: float = DEFAULT_PRIOR.exponent,
    told: tuple[float, float] | None = None,
) -> Hanging | None:
    """Where it hangs, from mean RSSI (n,) at places (n,) of one level and how many readings each stands on (n,).

    None where the evidence names no place. `told` is where the plan has it; without it `told_off_m` is 0.
    """
    if len(x_m) < LEAST_PLACES or np.ptp(rssi_dbm) < LEAST_RANGE_DB:
        return None
    weight = SHADOW_SHARE * np.minimum(readings / 3.0, 1.0)
    grid_x, grid_y = _grid(x_m, y_m)
    cost = _cost(grid_x, grid_y, x_m, y_m, rssi_dbm, weight, exponent)
    likely = np.exp(cost.min() - cost)
    likely /= likely.sum()
    x, y = float(likely @ grid_x), float(likely @ grid_y)
    sigma_m = float(np.sqrt(likely @ ((grid_x - x) ** 2 + (grid_y - y) ** 2) + GRID_M**2 / 6.0))
    if sigma_m > MOST_SIGMA_M:
        return None
    if told is None:
        return Hanging(x, y, sigma_m, 0.0, 0.0)
    there = _cost(np.array([told[0]]), np.array([told[1]]), x_m, y_m, rssi_dbm, weight, exponent)
    return Hanging(x, y, sigma_m, float(np.hypot(x - told[0], y - told[1])), float(there[0] - cost.min()))


def _grid(x_m: F64, y_m: F64) -> tuple[F64, F64]:
    xs = np.arange(x_m.min() - REACH_M, x_m.max() + REACH_M + GRID_M, GRID_M)
    ys = np.arange(y_m.min() - REACH_M, y_m.max() + REACH_M + GRID_M, GRID_M)
    x, y = np.meshgrid(xs, ys)
    return x.ravel(), y.ravel()


def _cost(x: F64, y: F64, x_m: F64, y_m: F64, rssi_dbm: F64, weight: F64, exponent: float) -> F64:
    """Minus the log-likelihood (places,) of an access point at each place, its power free."""
    distance = np.sqrt((x[:, None] - x_m) ** 2 + (y[:, None] - y_m) ** 2 + ABOVE_M**2)
    left = rssi_dbm + exponent * log_distance(distance)
    left -= _medians(left, weight)[:, None]
    rho = 0.5 * (FREEDOM + 1.0) * np.log1p((left / SIGMA_DB) ** 2 / FREEDOM)
    return np.asarray(rho @ weight, dtype=np.float64)


def _medians(values: F64, weight: F64) -> F64:
    """Weighted median of each row."""
    order = np.argsort(values, axis=1)
    half = np.cumsum(weight[order], axis=1) >= 0.5 * weight.sum()
    first = half.argmax(axis=1)
    rows = np.arange(len(values))
    return np.asarray(values[rows, order[rows, first]], dtype=np.float64)
