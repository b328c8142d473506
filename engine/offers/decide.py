"""From a trigger to yes or no: hard filters, each with a stable reason, then arbitration between what is left.

Pure: caps, budgets and uniqueness are judged where the voucher is claimed, in the database's transaction. What leaves
here as `issue` is a candidate; `engine.storage.vouchers.vouchers.claim` has the last word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from zoneinfo import ZoneInfo

from engine.offers.audience import LinkedShopper
from engine.offers.campaigns import Campaign
from engine.offers.discounts import worth_minor
from engine.offers.legal import legal_refusal
from engine.plan.model import Plan
from engine.privacy.consent import Channel, allows
from engine.records import Decision, Trigger

Inputs = dict[str, float | int | str | bool | None]


@dataclass(frozen=True, slots=True)
class Terms:
    """A campaign with what the plan says about it: the most a voucher is worth, and whether the law allows it."""

    campaign: Campaign
    worth_minor: int
    legal: bool


@dataclass(frozen=True, slots=True)
class Book:
    """A store's campaigns, ready to decide on."""

    store: str
    currency: str
    timezone: ZoneInfo
    terms: Mapping[str, Terms]


@dataclass(frozen=True, slots=True)
class DecisionRules:
    """What holds for all campaigns. `channels`: live ones, best first. `message_price_minor`: the cost of attention."""

    channels: tuple[Channel, ...] = ("page",)
    message_price_minor: float = 0.0


def campaign_book(campaigns: Sequence[Campaign], plan: Plan) -> Book:
    """Checks each campaign against the plan once, not at every trigger."""
    terms = {c.id: Terms(c, _worth(c, plan), not legal_refusal(c.offer, c.texts.model_dump(), plan)) for c in campaigns}
    return Book(plan.store, plan.currency, ZoneInfo(plan.timezone), terms)


def decide(
    triggers: Sequence[Trigger],
    book: Book,
    shoppers: Mapping[int, LinkedShopper],
    now: float,
    rules: DecisionRules | None = None,
) -> list[Decision]:
    """One decision per trigger, presence event by presence event (same device, same time).

    Within an event the candidates (`issue`) come first, best first; see `by_event`. `shoppers` are the linked devices.
    """
    rules = rules or DecisionRules()
    decided: list[Decision] = []
    ordered = sorted(triggers, key=lambda t: (*_event_order(t), t.campaign_id))
    for _, event in groupby(ordered, key=_event_order):
        judged = [_judge(trigger, book, shoppers.get(trigger.device), now, rules) for trigger in event]
        yes = [d for d in judged if d.outcome == "issue"]
        decided += sorted(yes, key=lambda d: _rank(d, book)) + [d for d in judged if d.outcome == "refuse"]
    return decided


def by_event(decisions: Sequence[Decision]) -> list[list[Decision]]:
    """The candidates of each presence event, best first: what `claim` takes, one list at a time."""
    candidates = [d for d in decisions if d.outcome == "issue"]
    return [list(event) for _, event in groupby(candidates, key=lambda d: _event_order(d.trigger))]


def decision_id(trigger: Trigger) -> str:
    """One decision per trigger: a replay decides the same thing under the same name."""
    return sha256(f"decision|{trigger.trigger_id}".encode()).hexdigest()[:16]


def _event_order(trigger: Trigger) -> tuple[float, int, str]:
    return trigger.at, trigger.device, trigger.visit_id


def _rank(decision: Decision, book: Book) -> tuple[float, int, str]:
    """Best first: expected gain, then HQ's priority, then the id, so that no order depends on chance."""
    campaign = book.terms[decision.trigger.campaign_id].campaign
    return -float(decision.inputs["gain_minor"] or 0.0), -campaign.priority, campaign.id


def _judge(trigger: Trigger, book: Book, shopper: LinkedShopper | None, now: float, rules: DecisionRules) -> Decision:
    terms = book.terms.get(trigger.campaign_id)
    channel = _channel(shopper, rules)
    gain = 0.0 if terms is None else _gain(terms.campaign, trigger.probability, rules)
    reason = _refusal(trigger, book, terms, shopper, channel, gain, now)
    inputs: Inputs = {"store": book.store, "currency": book.currency, "channel": channel, "gain_minor": round(gain, 3)}
    if terms is not None:
        inputs |= {"worth_minor": terms.worth_minor, "priority": terms.campaign.priority}
    return Decision(
        decision_id(trigger),
        trigger,
        shopper.shopper_id if shopper else None,
        "refuse" if reason else "issue",
        reason or "ok",
        now,
        inputs,
    )


def _refusal(
    trigger: Trigger,
    book: Book,
    terms: Terms | None,
    shopper: LinkedShopper | None,
    channel: Channel | None,
    gain: float,
    now: float,
) -> str | None:
    """The first filter that says no, in this order; None when none does. The strings are part of the interface."""
    if shopper is None:
        return "not_linked"
    if channel is None:
        return "no_consent"
    if terms is None:
        return "campaign_unknown"
    campaign = terms.campaign
    if campaign.stores and book.store not in campaign.stores:
        return "other_store"
    if campaign.state != "running":
        return "campaign_paused" if campaign.state == "paused" else "ended"
    if wrong_time := campaign.when.refusal(now, book.timezone):
        return wrong_time
    if now - trigger.at > campaign.ttl_s:
        return "too_late"  # a replay after a crash, or a queue: the shopper has walked on
    if not campaign.audience.holds(shopper, now):
        return "audience"
    if not terms.legal:
        return "legal_cap"
    return "no_gain" if gain < 0 else None


def _channel(shopper: LinkedShopper | None, rules: DecisionRules) -> Channel | None:
    if shopper is None:
        return None
    return next((c for c in rules.channels if allows(shopper.consents, "location_offers", c)), None)


def _gain(campaign: Campaign, p_place: float, rules: DecisionRules) -> float:
    """Expected margin of one message, in minor units: margin x P(redeem) x P(place) less the message's price."""
    return campaign.margin_minor * campaign.redeem_probability * p_place - rules.message_price_minor


def _worth(campaign: Campaign, plan: Plan) -> int:
    """What a voucher reserves of the budget. Without a known price: the stated maximum, or nothing."""
    offer = campaign.offer
    if offer.applies_to == "product":
        product = plan.product_by_sku.get(offer.sku or "")
        return worth_minor(offer, product.price_minor if product else 0)
    if offer.kind == "amount":
        return worth_minor(offer, 0)
    return offer.max_discount_minor or 0
