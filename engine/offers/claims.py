"""From candidates to decisions: what one presence event comes to, given what its shopper holds and what is spent.

Pure. The database's claim and the offline chain ask the same function; they differ only in where slots and spending are
kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.offers.campaigns import STATE_REFUSAL, Campaign
from engine.offers.caps import WEEK_S, Ask, Limits, SharedBudget, Slot, Spent, cap_refusal
from engine.offers.experiments import is_control, note_experiment
from engine.offers.messages.choose import has_complained_lately
from engine.offers.wishes import NO_WISHES, Wishes, is_asked
from engine.privacy.consent import Grants, allows
from engine.records import Candidate, Decision, Grounds
from engine.vocabulary import DecisionOutcome, DecisionReason, Purpose


@dataclass(frozen=True, slots=True)
class Standing:
    """What a claim is judged on: the slots a shopper holds and what they grant; the store's campaigns by id, as they
    are now, what each has given out, and what it shares with other stores; the shopper's own caps; what they bought
    lately, on any channel, by sku; and when they complained of a message (s UTC)."""

    slots: Sequence[Slot]
    grants: Grants
    campaigns: Mapping[str, Campaign]
    spent: Mapping[str, Spent]
    wishes: Wishes = NO_WISHES
    bought: frozenset[str] = frozenset()
    complained_at: float | None = None
    shared: Mapping[str, SharedBudget] = field(default_factory=dict)


def claim_event(
    candidates: Sequence[Candidate], standing: Standing, limits: Limits, now: float, *, won: bool = False
) -> list[Decision]:
    """The candidates of ONE presence event, best first, become final: at most one of them issues.

    The first that passes consent, state, uniqueness, caps and budget wins; those after it are refused with
    `lost_arbitration`, those before it with their own reason. `won` says that the event has its winner already.

    A control shopper's winner becomes a ghost trigger: refused with the reason `holdout`. It takes the slots that
    its voucher would have taken, so that ghosts and vouchers are moments of one kind, but nothing of the budget.
    Nothing else is issued in its place, and what came after it has lost to it: with the second-best coupon the
    control shopper would have had another treatment at that very moment, and the comparison would tell what is
    better than the second best, which differs from shopper to shopper, instead of what the coupon does.
    """
    final: list[Decision] = []
    for candidate in candidates:
        reason = DecisionReason.LOST_ARBITRATION if won else _refusal(candidate, standing, limits, now)
        final.append(refuse(candidate, reason, now) if reason else _win(candidate, standing, now))
        won = won or final[-1].holds_slot
    return final


def refuse(candidate: Candidate, reason: DecisionReason, now: float) -> Decision:
    """No, for this reason."""
    return _decision(candidate, reason, now, _grounds(candidate))


class Claims:
    """Slots by shopper and spending by campaign in memory, for a recording that is decided offline.

    `spent` is what each campaign has given out so far. Every voucher counts as delivered: nobody acknowledges in a
    recording, so no slot and no budget is ever released. The same calls in the same order give the same answers.
    """

    def __init__(self, campaigns: Mapping[str, Campaign], limits: Limits) -> None:
        self._campaigns, self._limits = campaigns, limits
        self._slots: dict[str, list[Slot]] = defaultdict(list)
        self.spent: dict[str, Spent] = defaultdict(Spent)

    def claim(self, candidates: Sequence[Candidate], now: float) -> list[Decision]:
        """What `claim_event` says to one event, of which the slot and the spending are kept."""
        if not candidates:
            return []
        first = candidates[0]
        slots = self._slots[first.shopper_id]
        # What is older and of another visit is in no window any more: a long recording stays small.
        slots[:] = [s for s in slots if s.visit_id == first.trigger.visit_id or now - s.issued_at < WEEK_S]
        # Offline a decision and its claim are one moment: the consent that was asked for then is the one that holds.
        grants: Grants = frozenset((Purpose.LOCATION_OFFERS, c.channel) for c in candidates)
        final = claim_event(candidates, Standing(slots, grants, self._campaigns, self.spent), self._limits, now)
        for candidate, decision in zip(candidates, final, strict=True):
            self._keep(candidate, decision)
        return final

    def _keep(self, candidate: Candidate, decision: Decision) -> None:
        """A voucher and a ghost both take the slot, a voucher alone costs budget."""
        campaign_id, visit_id = candidate.trigger.campaign_id, candidate.trigger.visit_id
        if decision.holds_slot:
            slot = Slot((candidate.store, campaign_id), visit_id, decision.at, counts=True)
            self._slots[candidate.shopper_id].append(slot)
        if decision.outcome is DecisionOutcome.ISSUE:
            self.spent[campaign_id] = self.spent[campaign_id].plus(1, candidate.worth_minor)


def _refusal(candidate: Candidate, standing: Standing, limits: Limits, now: float) -> DecisionReason | None:
    """Why not, in a fixed order of reasons; None when a voucher may be issued."""
    if not allows(standing.grants, Purpose.LOCATION_OFFERS, candidate.channel):
        return DecisionReason.NO_CONSENT
    campaign = standing.campaigns.get(candidate.trigger.campaign_id)
    if campaign is None:
        return DecisionReason.CAMPAIGN_UNKNOWN
    if campaign.state in STATE_REFUSAL:
        return STATE_REFUSAL[campaign.state]
    if unwanted := _refuse_unwanted(campaign, candidate, standing, now):
        return unwanted
    key = (candidate.store, campaign.id)
    ask = Ask(campaign, key, candidate.trigger.visit_id, candidate.worth_minor, now)
    spent, shared = standing.spent.get(campaign.id, Spent()), standing.shared.get(campaign.id)
    return cap_refusal(ask, standing.slots, spent, limits, standing.wishes, shared)


def _refuse_unwanted(campaign: Campaign, candidate: Candidate, standing: Standing, now: float) -> DecisionReason | None:
    """Why nobody would bring it up; whoever asks for it may have it."""
    if is_asked(candidate.trigger.visit_id):
        return None
    if has_complained_lately(standing.complained_at, now):
        return DecisionReason.COMPLAINED
    product = campaign.offer.sku or campaign.place.product
    return DecisionReason.BOUGHT_ALREADY if product in standing.bought else None


def _win(candidate: Candidate, standing: Standing, now: float) -> Decision:
    """Issued, or a ghost trigger."""
    campaign = standing.campaigns[candidate.trigger.campaign_id]
    control = is_control(campaign, candidate.shopper_id)
    reason = DecisionReason.HOLDOUT if control else DecisionReason.OK
    return _decision(candidate, reason, now, note_experiment(_grounds(candidate), campaign))


def _decision(candidate: Candidate, reason: DecisionReason, now: float, grounds: Grounds) -> Decision:
    outcome = DecisionOutcome.ISSUE if reason is DecisionReason.OK else DecisionOutcome.REFUSE
    return Decision(candidate.decision_id, candidate.trigger, candidate.shopper_id, outcome, reason, now, grounds)


def _grounds(candidate: Candidate) -> Grounds:
    return Grounds(
        candidate.store,
        candidate.currency,
        candidate.channel,
        candidate.gain_minor,
        candidate.worth_minor,
        candidate.priority,
        fit=candidate.fit[0] if candidate.fit else None,
    )
