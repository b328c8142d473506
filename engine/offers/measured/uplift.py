"""What a campaign changes: shoppers who got its coupon against ghosts, who reached the same moment and got none.

The unit is a shopper's first moment under a campaign, with what came of that visit: later moments of the same shopper
are not counted again, since they are neither independent nor untouched by the first. Groups are as assigned, whether
the coupon was delivered, looked at or used (intention to treat): who never saw one is in its group all the same, as on
the ghosts' side, where nobody can tell who would have seen it. Campaigns that share an experiment share their control
shoppers; each one's figure is then of that moment and of what the experiment had given before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.columns import Columns
from engine.offers.measured.intervals import newcombe, sample_ratio_p, welch, wilson
from engine.records import F64, Bools

MIN_SHARES = 10
"""Shoppers in each group below which a difference of shares is not told: its interval would be 60 to 80 points wide."""

MIN_MEANS = 30
"""And below which a difference of amounts is not: they are skewed, many are 0, and the t interval needs a mean that is
not."""

RATIO_ALARM_P = 0.001
"""A group size less likely than this is no accident. One experiment in a thousand is flagged for nothing."""

Texts = npt.NDArray[np.str_]


class UpliftState(StrEnum):
    """What can be said of a campaign."""

    BETTER = "better"
    WORSE = "worse"
    UNDECIDED = "undecided"
    NOT_ENOUGH_EVIDENCE = "not_enough_evidence"


@dataclass(frozen=True, slots=True)
class Moments(Columns):
    """Shoppers at the moment of a coupon, and what came of it, each (n,). Money in minor units, NaN where not known."""

    campaign_id: Texts
    shopper: Texts
    t: F64
    ghost: Bools
    bought: Bools
    redeemed: Bools
    basket_minor: F64
    margin_minor: F64


@dataclass(frozen=True, slots=True)
class Difference:
    """Treated less control, with its 95 % interval."""

    estimate: float
    low: float
    high: float

    def covers(self, truth: float) -> bool:
        """Whether the interval holds this value."""
        return self.low <= truth <= self.high

    def figures(self, decimals: int) -> dict[str, float]:
        """The same by name, rounded."""
        return {name: round(getattr(self, name), decimals) for name in Difference.__slots__}


@dataclass(frozen=True, slots=True)
class Uplift:
    """One campaign's experiment. Differences are None where there is not enough to tell them.

    `redeemed` is the share of treated shoppers who used their coupon, with its interval: ghosts have none to use.
    `basket` and `margin` are per shopper who reached the moment, in minor units.
    """

    treated: int
    ghosts: int
    bought: tuple[int, int]
    purchase: Difference | None
    redeemed: Difference | None
    basket: Difference | None
    margin: Difference | None
    sample_ratio_p: float | None

    @property
    def state(self) -> UpliftState:
        """What can be said of purchases; with many campaigns side by side, one in twenty says so by chance."""
        if self.purchase is None:
            return UpliftState.NOT_ENOUGH_EVIDENCE
        if self.purchase.covers(0.0):
            return UpliftState.UNDECIDED
        return UpliftState.BETTER if self.purchase.low > 0 else UpliftState.WORSE

    @property
    def sample_ratio_alarm(self) -> bool:
        """The groups are not of the sizes that their shares make likely: nothing here can be trusted."""
        return self.sample_ratio_p is not None and self.sample_ratio_p < RATIO_ALARM_P

    def figures(self) -> dict[str, Any]:
        """Everything by name; shares to four decimals, money to one."""
        return {
            "state": self.state,
            "treated": self.treated,
            "ghosts": self.ghosts,
            "bought_treated": self.bought[0],
            "bought_ghosts": self.bought[1],
            "purchase": _figures(self.purchase, 4),
            "redeemed": _figures(self.redeemed, 4),
            "basket_minor": _figures(self.basket, 1),
            "margin_minor": _figures(self.margin, 1),
            "sample_ratio_p": None if self.sample_ratio_p is None else float(f"{self.sample_ratio_p:.4g}"),
            "sample_ratio_alarm": self.sample_ratio_alarm,
        }


def first_moments(moments: Moments) -> Moments:
    """Each shopper's first moment under each campaign, by campaign and shopper."""
    order = np.lexsort((moments.t, moments.shopper, moments.campaign_id))
    campaign, shopper = moments.campaign_id[order], moments.shopper[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (campaign[1:] != campaign[:-1]) | (shopper[1:] != shopper[:-1])
    return moments.take(order[new])


def uplift(moments: Moments, holdout_share: Mapping[str, float]) -> dict[str, Uplift]:
    """The experiment of each campaign that has a moment or is named in `holdout_share`, by its id.

    Without a share the groups' sizes cannot be checked. A shopper whom a changed share moved to the other group stays
    where the first moment was.
    """
    units = first_moments(moments)
    names = sorted({*units.campaign_id.tolist(), *holdout_share})
    return {name: _of_one(units.take(units.campaign_id == name), holdout_share.get(name)) for name in names}


def _of_one(units: Moments, holdout_share: float | None) -> Uplift:
    ghosts = int(units.ghost.sum())
    treated = len(units) - ghosts
    bought, without = int(units.bought[~units.ghost].sum()), int(units.bought[units.ghost].sum())
    enough = min(treated, ghosts) >= MIN_SHARES
    redeemed = int(units.redeemed[~units.ghost].sum())
    return Uplift(
        treated,
        ghosts,
        (bought, without),
        _difference(newcombe(bought, treated, without, ghosts)) if enough else None,
        Difference(redeemed / treated, *map(float, wilson(redeemed, treated))) if treated >= MIN_SHARES else None,
        _of_amounts(units.basket_minor, units.ghost),
        _of_amounts(units.margin_minor, units.ghost),
        sample_ratio_p(ghosts, len(units), holdout_share) if holdout_share and len(units) else None,
    )


def _of_amounts(amount: F64, ghost: Bools) -> Difference | None:
    """Of amounts that are known of everybody: whose are missing may be no accident."""
    a, b = amount[~ghost], amount[ghost]
    if min(len(a), len(b)) < MIN_MEANS or not np.isfinite(amount).all():
        return None
    variances = float(a.var(ddof=1)), float(b.var(ddof=1))
    if not any(variances):
        return None  # all alike: nothing says how much others would differ
    return _difference(welch(a.mean(), variances[0], len(a), b.mean(), variances[1], len(b)))


def _difference(said: tuple[F64, F64, F64]) -> Difference:
    return Difference(*map(float, said))


def _figures(difference: Difference | None, decimals: int) -> dict[str, float] | None:
    return None if difference is None else difference.figures(decimals)
