"""Claims in memory: what the database's claim does, for a recording that is decided offline.

Every voucher counts as delivered: nobody acknowledges in a recording, so no slot and no budget is ever released.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.offers.campaigns import Campaign
from engine.offers.caps import WEEK_S, Ask, CampaignKey, Limits, Slot, Spent, cap_refusal
from engine.records import Decision


class Claims:
    """Slots by shopper and spending by campaign. The same calls in the same order give the same answers."""

    def __init__(self, campaigns: Mapping[str, Campaign], limits: Limits) -> None:
        self._campaigns, self._limits = campaigns, limits
        self._slots: dict[str, list[Slot]] = defaultdict(list)
        self._spent: dict[CampaignKey, Spent] = defaultdict(Spent)

    def claim(self, decisions: Sequence[Decision], now: float) -> list[Decision]:
        """The candidates of ONE presence event, best first, become final: at most one of them issues.

        Raises ValueError for a candidate without a shopper or a campaign: `engine.offers.decide` refuses those before.
        """
        final: list[Decision] = []
        won = False
        for decision in decisions:
            reason = "lost_arbitration" if won else self._refusal(decision, now)
            if reason is None:
                self._take(decision, now)
                won = True
            outcome = "refuse" if reason else "issue"
            final.append(replace(decision, outcome=outcome, reason=reason or "ok", at=now))
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
        # Older vouchers of other visits are in no window any more: a long recording stays small.
        slots[:] = [s for s in slots if s.visit_id == visit_id or now - s.issued_at < WEEK_S]
        return cap_refusal(Ask(campaign, key, visit_id, _worth(decision), now), slots, self._spent[key], self._limits)

    def _take(self, decision: Decision, now: float) -> None:
        key, before = _key(decision), self._spent[_key(decision)]
        self._slots[str(decision.shopper_id)].append(Slot(key, decision.trigger.visit_id, now, counts=True))
        self._spent[key] = Spent(before.vouchers + 1, before.amount_minor + _worth(decision))


def _key(decision: Decision) -> CampaignKey:
    return str(decision.inputs["store"]), decision.trigger.campaign_id


def _worth(decision: Decision) -> int:
    return int(decision.inputs["worth_minor"] or 0)
