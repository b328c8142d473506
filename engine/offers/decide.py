"""From a trigger to yes or no: hard filters, each with a stable reason, then arbitration between what is left.

Pure: caps, budgets and uniqueness are judged where the voucher is claimed, in the database's transaction. What passes
here is a candidate; `engine.storage.vouchers.claims.claim` has the last word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import groupby
from zoneinfo import ZoneInfo

from engine.commerce.stock import NO_SHELF, Shelf
from engine.offers.audience import LinkedShopper
from engine.offers.campaigns import STATE_REFUSAL, Campaign
from engine.offers.discounts import worth_minor
from engine.offers.law.findings import ALCOHOL_CHANNELS, INSIDE, Breach, breaches, breaches_on, of_alcohol
from engine.offers.law.rows import day_at
from engine.offers.law.sms import channel_open
from engine.offers.next_best.model import RankedOffer
from engine.offers.wishes import NO_GOODS, About
from engine.plan.model import Plan
from engine.privacy.consent import allows
from engine.records import Candidate, Decision, Grounds, Trigger
from engine.vocabulary import Channel, DecisionOutcome, DecisionReason, Purpose


@dataclass(frozen=True, slots=True)
class Terms:
    """A campaign with what the plan says about it: the most a voucher is worth, what is against the law whenever a row
    of it holds, on which channels the law lets it go out (None: on all), and what it is about."""

    campaign: Campaign
    worth_minor: int
    breaches: tuple[Breach, ...] = ()
    channels: frozenset[Channel] | None = None
    about: About = NO_GOODS


@dataclass(frozen=True, slots=True)
class Book:
    """A store's campaigns, ready to decide on, and what of their products is there."""

    store: str
    currency: str
    timezone: ZoneInfo
    terms: Mapping[str, Terms]
    shelf: Shelf = NO_SHELF

    def products(self) -> frozenset[str]:
        """The products that its campaigns are about."""
        return frozenset(terms.about.sku for terms in self.terms.values() if terms.about.sku)


@dataclass(frozen=True, slots=True)
class DecisionRules:
    """What holds for all campaigns. `channels`: live ones, best first. `message_price_minor`: the cost of attention.
    `fits`: by shopper and product, the chance that was learnt, in place of the one that campaigns state."""

    channels: tuple[Channel, ...] = (Channel.PAGE,)
    message_price_minor: float = 0.0
    fits: Mapping[tuple[str, str], RankedOffer] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the pure rules made of triggers: the refused, and the candidates of each presence event, best first."""

    refused: list[Decision]
    events: list[list[Candidate]]


def campaign_book(campaigns: Sequence[Campaign], plan: Plan) -> Book:
    """Checks each campaign against the plan once, not at every trigger. Of stock it knows nothing yet."""
    return Book(plan.store, plan.currency, ZoneInfo(plan.timezone), {c.id: _terms(c, plan) for c in campaigns})


def _terms(campaign: Campaign, plan: Plan) -> Terms:
    against = tuple(breaches(campaign.offer, campaign.texts.model_dump(), plan))
    shown = plan.product_by_sku.get(campaign.place.product or "")
    alcohol = of_alcohol(campaign.offer, plan) or (shown is not None and shown.legal_class == "alcohol")
    channels = ALCOHOL_CHANNELS if alcohol else INSIDE if campaign.offer.near_end else None
    return Terms(campaign, worth_of(campaign, plan), against, channels, about(campaign, plan))


def about(campaign: Campaign, plan: Plan) -> About:
    """Which product and categories of the plan a campaign is about: those of its offer, else of its place."""
    offer = campaign.offer
    sku = offer.sku or (None if offer.category else campaign.place.product)
    product = plan.product_by_sku.get(sku or "")
    return About(sku, frozenset(c for c in (offer.category, product.category if product else None) if c))


def decide(
    triggers: Sequence[Trigger],
    book: Book,
    shoppers: Mapping[int, LinkedShopper],
    now: float,
    rules: DecisionRules | None = None,
) -> Judgement:
    """Each trigger is refused or becomes a candidate, presence event by presence event (same device, same time).

    `shoppers` are the linked devices.
    """
    rules = rules or DecisionRules()
    refused: list[Decision] = []
    events: list[list[Candidate]] = []
    ordered = sorted(triggers, key=lambda t: (*_event_order(t), t.campaign_id))
    for _, event in groupby(ordered, key=_event_order):
        judged = [_judge(trigger, book, shoppers.get(trigger.device), now, rules) for trigger in event]
        candidates = sorted((c for c in judged if isinstance(c, Candidate)), key=_rank)
        events += [candidates] if candidates else []
        refused += [d for d in judged if isinstance(d, Decision)]
    return Judgement(refused, events)


def decision_id(trigger: Trigger) -> str:
    """One decision per trigger: a replay decides the same thing under the same name."""
    return sha256(f"decision|{trigger.trigger_id}".encode()).hexdigest()[:16]


def _event_order(trigger: Trigger) -> tuple[float, int, str]:
    return trigger.at, trigger.device, trigger.visit_id


def _rank(candidate: Candidate) -> tuple[float, int, str]:
    """Best first: expected gain, then HQ's priority, then the id, so that no order depends on chance."""
    return -candidate.gain_minor, -candidate.priority, candidate.trigger.campaign_id


def _judge(
    trigger: Trigger, book: Book, shopper: LinkedShopper | None, now: float, rules: DecisionRules
) -> Candidate | Decision:
    """The person comes first: no other reason may reveal anything about a device that is not linked."""
    terms = book.terms.get(trigger.campaign_id)
    agreed = _channels(shopper, rules)
    lawful = _lawful(agreed, terms, book, now)
    channel = agreed[0] if agreed else None
    fit = _fit(shopper, terms, rules)
    gain = 0.0 if terms is None else _gain(terms.campaign, trigger.probability, rules, fit)
    if shopper is None:
        reason = DecisionReason.NOT_LINKED
    elif channel is None:
        reason = DecisionReason.NO_CONSENT
    elif terms is None:
        reason = DecisionReason.CAMPAIGN_UNKNOWN
    elif not lawful:
        reason = DecisionReason.LEGAL_CHANNEL
    elif refusal := _refusal(trigger, book, terms, shopper, gain, now):
        reason = refusal
    else:
        return replace(_candidate(trigger, book, terms, shopper, lawful, gain), fit=_say(fit))
    grounds = _grounds(book, terms, channel, gain)
    who = shopper.shopper_id if shopper else None
    return Decision(decision_id(trigger), trigger, who, DecisionOutcome.REFUSE, reason, now, grounds)


def _refusal(
    trigger: Trigger, book: Book, terms: Terms, shopper: LinkedShopper, gain: float, now: float
) -> DecisionReason | None:
    """The first filter that says no, in this order; None when none does."""
    campaign = terms.campaign
    if campaign.stores and book.store not in campaign.stores:
        return DecisionReason.OTHER_STORE
    if campaign.state in STATE_REFUSAL:
        return STATE_REFUSAL[campaign.state]
    if wrong_time := campaign.when.refusal(now, book.timezone):
        return wrong_time
    if now - trigger.at > campaign.ttl_s:
        return DecisionReason.TOO_LATE  # a replay after a crash, or a queue: the shopper has walked on
    if not trigger.promised:
        return DecisionReason.IMPRECISE
    if not campaign.audience.holds(shopper, now):
        return DecisionReason.AUDIENCE
    if unwanted := shopper.wishes.refusal(book.store, terms.about, now, book.timezone):
        return unwanted
    if book.shelf.is_out(terms.about.sku, now):
        return DecisionReason.OUT_OF_STOCK
    if terms.breaches and breaches_on(terms.breaches, day_at(now, book.timezone.key), book.timezone.key):
        return DecisionReason.LEGAL_CAP
    return DecisionReason.NO_GAIN if gain < 0 else None


def _candidate(
    trigger: Trigger, book: Book, terms: Terms, shopper: LinkedShopper, channels: Sequence[Channel], gain: float
) -> Candidate:
    return Candidate(
        decision_id(trigger),
        trigger,
        shopper.shopper_id,
        book.store,
        book.currency,
        channels[0],
        round(gain, 3),
        terms.worth_minor,
        terms.campaign.priority,
        tuple(channels[1:]),
    )


def _grounds(book: Book, terms: Terms | None, channel: Channel | None, gain: float) -> Grounds:
    grounds = Grounds(book.store, book.currency, channel, round(gain, 3))
    return replace(grounds, worth_minor=terms.worth_minor, priority=terms.campaign.priority) if terms else grounds


def _channels(shopper: LinkedShopper | None, rules: DecisionRules) -> list[Channel]:
    """The live channels that the shopper agreed to, best first."""
    if shopper is None:
        return []
    return [c for c in rules.channels if allows(shopper.consents, Purpose.LOCATION_OFFERS, c)]


def _lawful(agreed: Sequence[Channel], terms: Terms | None, book: Book, now: float) -> list[Channel]:
    """Those that the law leaves a campaign at this hour."""
    left = terms.channels if terms is not None else None
    return [c for c in agreed if (left is None or c in left) and channel_open(c, now, book.timezone)]


def _gain(campaign: Campaign, p_place: float, rules: DecisionRules, fit: RankedOffer | None) -> float:
    """Expected margin of one message, in minor units: margin x P(redeem) x P(place) less the message's price."""
    p_redeem = campaign.redeem_probability if fit is None else fit.probability
    return campaign.margin_minor * p_redeem * p_place - rules.message_price_minor


def _fit(shopper: LinkedShopper | None, terms: Terms | None, rules: DecisionRules) -> RankedOffer | None:
    sku = terms.about.sku if terms is not None else None
    return None if shopper is None or sku is None else rules.fits.get((shopper.shopper_id, sku))


def _say(fit: RankedOffer | None) -> tuple[str, str] | None:
    return None if fit is None else (str(fit.reason), fit.because or "")


def worth_of(campaign: Campaign, plan: Plan) -> int:
    """What a voucher reserves of the budget. Without a known price: the stated maximum, or nothing."""
    offer = campaign.offer
    if offer.applies_to == "product":
        product = plan.product_by_sku.get(offer.sku or "")
        return worth_minor(offer, product.price_minor if product else 0)
    if offer.kind == "amount":
        return worth_minor(offer, 0)
    return offer.max_discount_minor or 0
