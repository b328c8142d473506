"""What a campaign would have given out: the moments of past weeks, gone through again with its caps, hours and holdout.

A moment is a pause at the campaign's place by somebody who could be reached. What others had then stays theirs, and
takes its places in the caps; the campaign's own past is left out and made anew.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from engine.offers.campaigns import Budget, Campaign
from engine.offers.caps import Ask, Limits, Slot, Spent, cap_refusal
from engine.offers.experiments import is_control
from engine.vocabulary import DecisionReason


@dataclass(frozen=True, slots=True, order=True)
class PlaceMoment:
    """A moment at the campaign's place: when (s UTC), whose, and on which visit to the store."""

    t: float
    shopper_id: str
    visit_id: str


@dataclass(frozen=True, slots=True)
class Held:
    """A coupon, or a ghost of one, that somebody had of another campaign."""

    shopper_id: str
    slot: Slot


@dataclass(frozen=True, slots=True)
class Replayed:
    """When coupons would have come (s UTC, in order) and to whom, and why not at the other moments."""

    issued_at: tuple[float, ...] = ()
    issued_to: tuple[str, ...] = ()
    refused: Counter[DecisionReason] = field(default_factory=Counter)


def replay(
    campaign: Campaign, pauses: Sequence[PlaceMoment], others: Sequence[Held], limits: Limits, timezone: ZoneInfo
) -> Replayed:
    """Goes through the moments in their order. The budget is left aside: `forecast` says what each one would do."""
    unbounded = campaign.model_copy(update={"budget": Budget()})
    key, slots = ("", campaign.id), _by_shopper(others)
    refused: Counter[DecisionReason] = Counter()
    issued = []
    for pause in sorted(pauses):
        mine = slots[pause.shopper_id]
        ask = Ask(unbounded, key, pause.visit_id, 0, pause.t)
        then = [slot for slot in mine if slot.issued_at <= pause.t]  # what others give later is not there yet
        reason = campaign.when.refusal(pause.t, timezone) or cap_refusal(ask, then, Spent(), limits)
        if reason is not None:
            refused[reason] += 1
            continue
        mine.append(Slot(key, pause.visit_id, pause.t, counts=True))
        if is_control(campaign, pause.shopper_id):
            refused[DecisionReason.HOLDOUT] += 1
        else:
            issued.append(pause)
    return Replayed(tuple(p.t for p in issued), tuple(p.shopper_id for p in issued), refused)


def _by_shopper(others: Sequence[Held]) -> defaultdict[str, list[Slot]]:
    slots: defaultdict[str, list[Slot]] = defaultdict(list)
    for held in others:
        slots[held.shopper_id].append(held.slot)
    return slots
