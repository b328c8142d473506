"""Claims in memory: what the database's claim does, for a recording that is decided offline.

Every voucher counts as delivered: nobody acknowledges in a recording, so no slot and no budget is ever released.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.offers.campaigns import Campaign
from engine.offers.caps import WEEK_S, Ask, CampaignKey, Limits, Slot, Spent, cap_refusal
from engine.offers.experiments import HOLDOUT, experiment_inputs, is_control
from engine.records import Decision


class Claims:
    """Slots by shopper and spending by campaign. The same calls in the same order give the same answers."""

    def __init__(self, campaigns: Mapping[str, Campaign], limits: Limits) -> None:
        self._campaigns, self._limits = campaigns, limits
        self._slots: dict[str, list[Slot]] = defaultdict(list)
        self._spent: dict[CampaignKey, Spent] = defaultdict(Spent)

    def claim(self, decisions: Sequence[Decision], now: float) -> list[Decision]:
        """The candidates of ONE presence event, best first, become final: at most one of them issues.

        A control shopper's winner becomes a ghost trigger: refused with the reason `holdout`. It takes the slots that
        its voucher would have taken, so that ghosts and vouchers are moments of one kind, but nothing of the budget.
        Nothing else is issued in its place, and what came after it has lost to it: with the second-best coupon the
        control shopper would have had another treatment at that very moment, and the comparison would tell what is
        better than the second best, which differs from shopper to shopper, instead of what the coupon does.

        Raises ValueError for a candidate without a shopper or a campaign: `engine.offers.decide` refuses those before.
        """
        final: list[Decision] = []
        won = False
        for decision in decisions:
            reason = "lost_arbitration" if won else self._refusal(decision, now)
            if reason is None:
                decision = self._won(decision, now)
                won = True
            else:
                decision = replace(decision, outcome="refuse", reason=reason, at=now)
            final.append(decision)
        return final

    def spent(self, store: str, campaign_id: str) -> Spent:
        """What a campaign has given out so far."""
        return self._spent[store, campaign_id]

    def _refusal(self, decision: Decision, now: float) -> str | None:
        campaign = self._campaigns.get(decision.trigger.campaign_id)
        if campaign is None or decision.shopper_id is None:
            raise ValueError("a candidate has a shopper and a campaign")
        key, visit_id = _key(decision), decision.trigger.visit_id
        slots = self._slots[decision.shopper_id]
        # What is older and of another visit is in no window any more: a long recording stays small.
        slots[:] = [s for s in slots if s.visit_id == visit_id or now - s.issued_at < WEEK_S]
        return cap_refusal(Ask(campaign, key, visit_id, _worth(decision), now), slots, self._spent[key], self._limits)

    def _won(self, decision: Decision, now: float) -> Decision:
        """Issued, or a ghost trigger: both take the slot, a voucher alone costs budget."""
        key, shopper_id = _key(decision), str(decision.shopper_id)
        campaign = self._campaigns[decision.trigger.campaign_id]
        self._slots[shopper_id].append(Slot(key, decision.trigger.visit_id, now, counts=True))
        inputs = decision.inputs | experiment_inputs(campaign)
        if is_control(campaign, shopper_id):
            return replace(decision, outcome="refuse", reason=HOLDOUT, at=now, inputs=inputs)
        before = self._spent[key]
        self._spent[key] = Spent(before.vouchers + 1, before.amount_minor + _worth(decision))
        return replace(decision, outcome="issue", reason="ok", at=now, inputs=inputs)


def _key(decision: Decision) -> CampaignKey:
    return str(decision.inputs["store"]), decision.trigger.campaign_id


def _worth(decision: Decision) -> int:
    return int(decision.inputs["worth_minor"] or 0)
