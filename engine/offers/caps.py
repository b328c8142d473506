"""Uniqueness, caps and budgets: whether one more voucher may be issued, and if not, why.

Pure: where slots and spending are kept is the concern of whoever asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.offers.campaigns import Budget, Campaign
from engine.offers.measured.pacing import release_budget
from engine.offers.wishes import NO_WISHES, Wishes
from engine.vocabulary import DecisionReason

DAY_S = 86_400.0
WEEK_S = 7 * DAY_S

CampaignKey = tuple[str, str]
"""Store and campaign id: the same id in two stores is two campaigns."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps across all campaigns, messages and channels, as exact rolling windows; `per_visit` is of coupons alone. For
    `bought_s` after a product was bought nobody is offered it again."""

    per_visit: int
    per_day: int
    per_week: int
    bought_s: float = WEEK_S


@dataclass(frozen=True, slots=True)
class Slot:
    """A voucher of the shopper in question, which counts in the caps unless it never arrived; a ghost trigger, the
    voucher that a control shopper would have got, which always counts; or another message, which has no visit."""

    campaign: CampaignKey
    visit_id: str
    issued_at: float
    counts: bool


@dataclass(frozen=True, slots=True)
class Spent:
    """What a campaign has given out so far."""

    vouchers: int = 0
    amount_minor: int = 0

    def plus(self, vouchers: int, amount_minor: int) -> Spent:
        """With so much more."""
        return Spent(self.vouchers + vouchers, self.amount_minor + amount_minor)


@dataclass(frozen=True, slots=True)
class SharedBudget:
    """What several stores may spend together of one campaign: its terms with that budget, and what all have spent."""

    campaign: Campaign
    spent: Spent


@dataclass(frozen=True, slots=True)
class Ask:
    """One more voucher: of which campaign, in which visit, worth at most how much, and when."""

    campaign: Campaign
    key: CampaignKey
    visit_id: str
    worth_minor: int
    now: float


def cap_refusal(
    ask: Ask,
    slots: Sequence[Slot],
    spent: Spent,
    limits: Limits,
    wishes: Wishes = NO_WISHES,
    shared: SharedBudget | None = None,
) -> DecisionReason | None:
    """Why not, in a fixed order of reasons; None when the voucher may be issued.

    `slots` are the shopper's vouchers and ghost triggers of this visit and of the last week at least, `wishes` the
    shopper's own caps.
    """
    if any(s.campaign == ask.key and s.visit_id == ask.visit_id for s in slots):
        return DecisionReason.ALREADY_ISSUED  # also when it never arrived: one attempt per campaign and visit
    held = [s for s in slots if s.counts]
    # Rolling windows, half open: a voucher issued exactly one day ago counts no more.
    of_day = [s for s in held if ask.now - s.issued_at < DAY_S]
    of_week = [s for s in held if ask.now - s.issued_at < WEEK_S]
    own = ask.campaign.caps
    caps = (
        (DecisionReason.CAP_VISIT, sum(s.visit_id == ask.visit_id for s in held), limits.per_visit),
        (DecisionReason.CAP_DAY, len(of_day), limits.per_day),
        (DecisionReason.CAP_WEEK, len(of_week), limits.per_week),
        (DecisionReason.CAP_OWN_DAY, len(of_day), wishes.per_day),
        (DecisionReason.CAP_OWN_WEEK, len(of_week), wishes.per_week),
        (DecisionReason.CAP_CAMPAIGN_DAY, sum(s.campaign == ask.key for s in of_day), own.per_day),
        (DecisionReason.CAP_CAMPAIGN_WEEK, sum(s.campaign == ask.key for s in of_week), own.per_week),
    )
    for reason, used, most in caps:
        if most is not None and used >= most:
            return reason
    budgets = [(ask.campaign, spent)] + ([(shared.campaign, shared.spent)] if shared else [])
    in_budget = all(affordable(release_budget(of, ask.now), used, ask.worth_minor) for of, used in budgets)
    return None if in_budget else DecisionReason.BUDGET


def affordable(budget: Budget, spent: Spent, worth_minor: int) -> bool:
    """Whether one more voucher of this worth stays within the budget."""
    vouchers, amount = budget.max_vouchers, budget.max_amount_minor
    return (vouchers is None or spent.vouchers + 1 <= vouchers) and (
        amount is None or spent.amount_minor + worth_minor <= amount
    )
