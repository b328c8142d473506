"""Scores experiments against the truth: what would have been observed, and whether its interval covers what is true.

The simulator knows both fates of each shopper. A voucher makes the one with the coupon come true, a ghost trigger the
one without; from what is seen then, uplift is estimated as in a real store, and only afterwards compared with both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from engine.offers.measured.uplift import Moments, Uplift, first_moments, uplift
from engine.records import F64, I64, Bools
from engine.referee.triggers import Fired, Texts
from engine.vocabulary import DecisionOutcome, DecisionReason


class TakenDecisions(Fired, Protocol):
    """Decisions as they were taken, with their reasons, each (n,)."""

    @property
    def reason(self) -> Texts: ...


class Fates(Protocol):
    """Potential outcomes, one row a shopper and campaign, each (n,)."""

    @property
    def device(self) -> Texts: ...
    @property
    def campaign_id(self) -> Texts: ...
    @property
    def share_without(self) -> F64: ...
    @property
    def share_with(self) -> F64: ...
    @property
    def buys_without(self) -> Bools: ...
    @property
    def buys_with(self) -> Bools: ...
    @property
    def redeems(self) -> Bools: ...
    @property
    def amount_without_minor(self) -> F64: ...
    @property
    def amount_with_minor(self) -> F64: ...
    @property
    def margin_without_minor(self) -> F64: ...
    @property
    def margin_with_minor(self) -> F64: ...


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of those who reached the moment, in both groups; None where nobody did.

    `configured` is the mean of the uplifts that the scenario gives them: what another such crowd would show on average,
    and what a 95 % interval should cover 95 times in a hundred. The others are means of both fates' difference in this
    very crowd; the interval covers those more often, since it allows for another crowd's chance too.
    """

    configured: float | None
    drawn: float | None
    basket_minor: float | None
    margin_minor: float | None


@dataclass(frozen=True, slots=True)
class ScoredUplift:
    """One campaign's experiment beside its truth."""

    found: Uplift
    truth: Truth

    @property
    def covered(self) -> bool | None:
        """Whether the interval covers the configured uplift; None without an interval."""
        return self._covers(self.truth.configured)

    def figures(self) -> dict[str, Any]:
        """The experiment's figures, the truth, and whether it is covered."""
        truth = self.truth
        return self.found.figures() | {
            "true_uplift": _round(truth.configured, 4),
            "true_uplift_drawn": _round(truth.drawn, 4),
            "true_basket_minor": _round(truth.basket_minor, 1),
            "true_margin_minor": _round(truth.margin_minor, 1),
            "covered": self.covered,
            "covered_drawn": self._covers(truth.drawn),
        }

    def _covers(self, value: float | None) -> bool | None:
        return None if self.found.purchase is None or value is None else self.found.purchase.covers(value)


@dataclass(frozen=True, slots=True)
class UpliftReport:
    """All experiments of a run by campaign. `without_fate` moments are of shoppers of whom nothing is known."""

    by_campaign: dict[str, ScoredUplift]
    without_fate: int

    def figures(self) -> dict[str, Any]:
        """How many were measured, how many of those cover the truth, then every one."""
        covered = [s.covered for s in self.by_campaign.values() if s.covered is not None]
        return {
            "experiments": len(self.by_campaign),
            "measured": len(covered),
            "covered": sum(covered),
            "sample_ratio_alarms": sum(s.found.sample_ratio_alarm for s in self.by_campaign.values()),
            "moments_without_fate": self.without_fate,
            "by_campaign": {name: scored.figures() for name, scored in self.by_campaign.items()},
        }


def score_uplift(taken: TakenDecisions, fates: Fates, holdout_share: Mapping[str, float]) -> UpliftReport | None:
    """Each experiment's estimate and truth; None where nobody is held out of any campaign.

    Experiments are the campaigns in `holdout_share`, and those with a ghost trigger.
    """
    reached = np.flatnonzero((taken.outcome == DecisionOutcome.ISSUE) | (taken.reason == DecisionReason.HOLDOUT))
    ghosts = set(taken.campaign_id[taken.reason == DecisionReason.HOLDOUT].tolist())
    held_out = ghosts | set(holdout_share)
    if not held_out:
        return None
    reached = reached[np.isin(taken.campaign_id[reached], sorted(held_out))]
    fate = _fates_of(taken.device[reached], taken.campaign_id[reached], fates)
    known = fate >= 0
    seen = first_moments(_observe(taken, fates, reached[known], fate[known]))
    found = uplift(seen, {name: holdout_share.get(name, 0.0) for name in held_out})
    fate = _fates_of(seen.shopper, seen.campaign_id, fates)
    scored = {n: ScoredUplift(u, _truth(fates, fate[seen.campaign_id == n])) for n, u in found.items()}
    return UpliftReport(scored, int(np.count_nonzero(~known)))


def _fates_of(device: Texts, campaign_id: Texts, fates: Fates) -> I64:
    """(n,) the row of each one's potential outcomes, -1 where there is none."""
    rows = {key: i for i, key in enumerate(zip(fates.device.tolist(), fates.campaign_id.tolist(), strict=True))}
    keys = zip(device.tolist(), campaign_id.tolist(), strict=True)
    return np.array([rows.get(key, -1) for key in keys], np.int64)


def _observe(taken: TakenDecisions, fates: Fates, rows: I64, fate: I64) -> Moments:
    """The one fate of each that comes true: with the coupon where it was issued, without where it was held back."""
    ghost = taken.reason[rows] == DecisionReason.HOLDOUT

    def one(without: npt.NDArray[Any], with_it: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.where(ghost, without[fate], with_it[fate])

    return Moments(
        taken.campaign_id[rows],
        taken.device[rows],
        taken.t[rows],
        ghost,
        one(fates.buys_without, fates.buys_with),
        fates.redeems[fate] & ~ghost,
        one(fates.amount_without_minor, fates.amount_with_minor),
        one(fates.margin_without_minor, fates.margin_with_minor),
    )


def _truth(fates: Fates, rows: I64) -> Truth:
    if not len(rows):
        return Truth(None, None, None, None)
    pairs = (
        (fates.share_without, fates.share_with),
        (fates.buys_without, fates.buys_with),
        (fates.amount_without_minor, fates.amount_with_minor),
        (fates.margin_without_minor, fates.margin_with_minor),
    )
    return Truth(*(float(np.mean(b[rows].astype(np.float64) - a[rows])) for a, b in pairs))


def _round(value: float | None, decimals: int) -> float | None:
    return None if value is None else round(value, decimals)
