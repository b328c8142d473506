"""Budgets in the course of time: how much should be spent by now, and how much may be.

The measure is a straight line from the campaign's beginning to its end. With `budget.pace: even` it is a limit as well:
each day that begins releases its share, and what a day leaves over is there for the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.offers.campaigns import Budget, Campaign
from engine.offers.hours import When

DAY_S = 86_400.0
TOLERANCE = 0.1
"""Of the whole budget: nearer to the line than so is on it."""


class PaceState(StrEnum):
    """How a budget goes."""

    ON_LINE = "on_line"
    AHEAD = "ahead"
    BEHIND = "behind"
    SPENT = "spent"
    LAST = "last"
    """So near its end that what is told of it does not say whether anything is left."""
    NO_LINE = "no_line"
    """The campaign has no beginning or no end, so that there is no line."""


@dataclass(frozen=True, slots=True)
class BudgetPace:
    """Spent of a budget by now, what the line says (None without one), and when it will be gone at this rate (s UTC;
    None where it lasts)."""

    spent: int
    budget: int
    due: float | None
    state: PaceState
    gone_at: float | None


def pace_of(spent: int, budget: int, when: When, now: float, *, untold: int = 0) -> BudgetPace:
    """How a budget goes at `now` (s UTC). `untold` is how much more may be spent by now than what is told of it."""
    if spent >= budget:
        return BudgetPace(spent, budget, None, PaceState.SPENT, None)
    if spent + untold >= budget:
        return BudgetPace(spent, budget, None, PaceState.LAST, None)
    if when.starts_at is None or when.ends_at is None:
        return BudgetPace(spent, budget, None, PaceState.NO_LINE, None)
    begun, ended = when.starts_at.timestamp(), when.ends_at.timestamp()
    due = budget * min(1.0, max(0.0, (now - begun) / (ended - begun)))
    off = (spent - due) / budget
    state = PaceState.ON_LINE if abs(off) <= TOLERANCE else PaceState.AHEAD if off > 0 else PaceState.BEHIND
    gone_at = begun + (now - begun) * budget / spent if spent and now > begun else None
    return BudgetPace(spent, budget, due, state, gone_at if gone_at is not None and gone_at < ended else None)


def release_budget(campaign: Campaign, now: float) -> Budget:
    """The budget as far as its pace has released it at `now` (s UTC); all of it where it has none."""
    budget, begun, ended = campaign.budget, campaign.when.starts_at, campaign.when.ends_at
    if budget.pace is None or begun is None or ended is None:
        return budget
    days = (now - begun.timestamp()) // DAY_S + 1
    share = min(1.0, max(0.0, days * DAY_S / (ended.timestamp() - begun.timestamp())))
    parts = {
        name: None if most is None else int(most * share)
        for name, most in (("max_vouchers", budget.max_vouchers), ("max_amount_minor", budget.max_amount_minor))
    }
    return budget.model_copy(update=parts)
