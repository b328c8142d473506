"""Decisions: every no has its reason, the reasons have an order, and the best of what is left comes first."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import replace
from typing import Any

import pytest

from engine.commerce.stock import Article, Shelf, Stock
from engine.offers.audience import LinkedShopper
from engine.offers.decide import Book, DecisionRules, about, campaign_book, decide, decision_id
from engine.offers.next_best.model import RankedOffer
from engine.offers.wishes import EVERYWHERE, About, Mute, Wishes
from engine.plan.model import Product
from engine.records import Candidate, Decision, DeviceId, Grounds, Trigger
from engine.vocabulary import Channel, MuteKind, OfferReason
from tests.engine.offers.plans import PLAN, campaign

NOW = dt.datetime(2026, 3, 3, 11, tzinfo=dt.UTC).timestamp()  # noon in Paris, a Tuesday
PAGE = frozenset({("location_offers", "page")})
ANA = LinkedShopper("ana", PAGE, "fr", NOW - 5 * 86_400)
LINKED = {7: ANA}


def trigger(
    campaign_id: str = "books", device: int = 7, *, at: float = NOW - 1, p: float = 0.8, visit: str = "v"
) -> Trigger:
    return Trigger(f"{campaign_id}-{device}-{at}", campaign_id, DeviceId(device), visit, at - 6, at, p, at)


def book(*campaigns: Any) -> Book:
    return campaign_book(campaigns or (campaign(),), PLAN)


def one(
    *triggers: Trigger, made: Book | None = None, shoppers: Any = None, rules: DecisionRules | None = None
) -> Candidate | Decision:
    said = decide(triggers or (trigger(),), made or book(), LINKED if shoppers is None else shoppers, NOW, rules)
    [only] = [*(c for event in said.events for c in event), *said.refused]
    return only


def candidate(*args: Any, **kwargs: Any) -> Candidate:
    only = one(*args, **kwargs)
    assert isinstance(only, Candidate), only.reason
    return only


def no(*args: Any, **kwargs: Any) -> Decision:
    only = one(*args, **kwargs)
    assert isinstance(only, Decision)
    assert only.outcome == "refuse"
    return only


def test_a_yes_with_everything_it_was_taken_on() -> None:
    assert candidate() == Candidate(
        decision_id(trigger()), trigger(), "ana", "market", "EUR", Channel.PAGE, 24.0, worth_minor=200, priority=50
    )


def test_a_no_with_everything_it_was_taken_on() -> None:
    stopped = no(made=book(campaign(state="paused")))
    assert stopped.grounds == Grounds("market", "EUR", Channel.PAGE, 24.0, worth_minor=200, priority=50)
    assert (stopped.decision_id, stopped.trigger, stopped.at) == (decision_id(trigger()), trigger(), NOW)
    assert no(trigger("gone")).grounds == Grounds("market", "EUR", Channel.PAGE, 0.0)
    assert no(shoppers={}).grounds == Grounds("market", "EUR", None, 24.0, worth_minor=200, priority=50)


@pytest.mark.parametrize(
    ("reason", "changes", "shopper"),
    [
        ("not_linked", {}, None),
        ("no_consent", {}, replace(ANA, consents=frozenset())),
        ("no_consent", {}, replace(ANA, consents=frozenset({("location_offers", "sms"), ("crm", "any")}))),
        ("other_store", {"stores": ["annex"]}, ANA),
        ("campaign_paused", {"state": "paused"}, ANA),
        ("ended", {"state": "ended"}, ANA),
        ("not_started", {"when": {"starts_at": "2026-03-03T11:00:01Z"}}, ANA),
        ("ended", {"when": {"ends_at": "2026-03-03T11:00:00Z"}}, ANA),
        ("quiet_hours", {"when": {"quiet_hours": [{"from": "12:00", "to": "14:00"}]}}, ANA),
        ("outside_hours", {"when": {"hours": [{"from": "12:01", "to": "14:00"}]}}, ANA),
        ("outside_hours", {"when": {"days": ["mon"]}}, ANA),
        ("audience", {"audience": {"known_at_most_days": 4}}, ANA),
        ("audience", {"audience": {"locales": ["en"]}}, ANA),
    ],
)
def test_each_no_has_its_reason(reason: str, changes: dict[str, Any], shopper: LinkedShopper | None) -> None:
    said = no(made=book(campaign(**changes)), shoppers={} if shopper is None else {7: shopper})
    assert (said.reason, said.shopper_id) == (reason, None if shopper is None else "ana")


def test_within_its_hours_a_campaign_speaks() -> None:
    assert candidate(made=book(campaign(when={"days": ["tue"], "hours": [{"from": "12:00", "to": "14:00"}]})))


def test_what_nobody_consented_to_is_never_looked_into() -> None:
    """The person comes first: no other reason may reveal anything about a device that is not linked."""
    said = no(made=book(campaign(state="paused")), shoppers={})
    assert (said.reason, said.shopper_id) == ("not_linked", None)


def test_an_illegal_price_never_leaves_even_if_it_was_stored() -> None:
    cheap = campaign(offer={"kind": "percent", "applies_to": "product", "sku": "APPLE", "basis_points": 5000})
    assert no(made=book(cheap)).reason == "legal_cap"


def test_an_unknown_campaign_and_a_late_trigger() -> None:
    assert no(trigger("gone")).reason == "campaign_unknown"
    assert candidate(trigger(at=NOW - 120))
    assert no(trigger(at=NOW - 120.1)).reason == "too_late"


def test_what_cannot_be_promised_is_refused_and_said() -> None:
    assert no(replace(trigger(), promised=False)).reason == "imprecise"


def test_a_message_has_a_price() -> None:
    assert candidate(rules=DecisionRules(message_price_minor=24.0)).gain_minor == 0.0
    assert no(rules=DecisionRules(message_price_minor=24.1)).reason == "no_gain"


def test_the_best_consented_channel() -> None:
    rules = DecisionRules(channels=(Channel.PUSH, Channel.PAGE))
    both = replace(ANA, consents=PAGE | {("location_offers", "push")})
    assert candidate(rules=rules, shoppers={7: both}).channel is Channel.PUSH
    assert candidate(rules=rules).channel is Channel.PAGE


def order(*campaigns: Any, p: dict[str, float] | None = None) -> list[str]:
    made = book(*campaigns)
    [event] = decide([trigger(c.id, p=(p or {}).get(c.id, 0.8)) for c in campaigns], made, LINKED, NOW).events
    return [c.trigger.campaign_id for c in event]


def test_expected_gain_decides_then_priority_then_the_name() -> None:
    assert order(campaign("a", margin_minor=100), campaign("b", margin_minor=101)) == ["b", "a"]
    assert order(campaign("a", redeem_probability=0.3), campaign("b", redeem_probability=0.31)) == ["b", "a"]
    assert order(campaign("a"), campaign("b"), p={"a": 0.5, "b": 0.6}) == ["b", "a"]
    assert order(campaign("a", priority=1, margin_minor=101), campaign("b", priority=99)) == ["a", "b"]
    assert order(campaign("a", priority=1), campaign("b", priority=99)) == ["b", "a"]
    assert order(campaign("b"), campaign("a")) == ["a", "b"]


def test_events_are_apart_and_hold_candidates_only() -> None:
    made = book(campaign("a"), campaign("b", margin_minor=500), campaign("off", state="paused"))
    shoppers = {7: ANA, 8: replace(ANA, shopper_id="ben")}
    triggers = [
        trigger("off", 7), trigger("a", 8), trigger("b", 7), trigger("a", 7), trigger("a", 7, at=NOW - 4),
        trigger("a", 9),
    ]  # fmt: skip
    said = decide(triggers, made, shoppers, NOW)
    assert [[c.trigger.campaign_id for c in event] for event in said.events] == [["a"], ["b", "a"], ["a"]]
    assert [event[0].shopper_id for event in said.events] == ["ana", "ana", "ben"]
    assert [d.reason for d in said.refused] == ["campaign_paused", "not_linked"]


def test_the_order_of_triggers_does_not_matter() -> None:
    made = book(*[campaign(c, margin_minor=m) for c, m in (("a", 5), ("b", 7), ("c", 5))])
    triggers = [trigger(c, d) for c in "abc" for d in (7, 8)]
    assert decide(triggers, made, LINKED, NOW) == decide(triggers[::-1], made, LINKED, NOW)


@pytest.mark.parametrize(
    ("changes", "worth"),
    [
        ({}, 200),
        ({"offer": {"kind": "fixed_price", "applies_to": "product", "sku": "BOOK", "price_minor": 900}}, 100),
        ({"offer": {"kind": "amount", "applies_to": "basket", "amount_minor": 150, "min_basket_minor": 3000}}, 150),
        ({"offer": {"kind": "amount", "applies_to": "basket", "amount_minor": 150, "min_basket_minor": 3000,
                    "max_discount_minor": 90}}, 90),
        ({"offer": {"kind": "percent", "applies_to": "category", "category": "leisure", "basis_points": 1000}}, 0),
        ({"offer": {"kind": "percent", "applies_to": "category", "category": "leisure", "basis_points": 1000,
                    "max_discount_minor": 300}}, 300),
    ],
)  # fmt: skip
def test_what_a_voucher_reserves(changes: dict[str, Any], worth: int) -> None:
    assert candidate(made=book(campaign(**changes))).worth_minor == worth


def test_decisions_are_named_after_their_trigger() -> None:
    assert decision_id(trigger()) == decision_id(trigger())
    assert decision_id(trigger("a")) != decision_id(trigger("b"))
    name = f"decision|{trigger().trigger_id}".encode()
    assert decision_id(trigger()) == hashlib.sha256(name).hexdigest()[:16], "journals of older versions replay to it"


EVERY = DecisionRules(channels=(Channel.PAGE, Channel.PUSH, Channel.EMAIL, Channel.SMS))


def _wants(*channels: str) -> dict[int, LinkedShopper]:
    return {7: replace(ANA, consents=frozenset(("location_offers", channel) for channel in channels))}


def test_a_coupon_goes_to_the_best_channel_with_the_others_behind_it() -> None:
    made = candidate(shoppers=_wants("sms", "page", "push"), rules=EVERY)
    assert (made.channel, made.fallbacks) == (Channel.PAGE, (Channel.PUSH, Channel.SMS))
    only = candidate(shoppers=_wants("email"), rules=EVERY)
    assert (only.channel, only.fallbacks) == (Channel.EMAIL, ())
    assert candidate(shoppers=_wants("page", "push")).fallbacks == ()  # a site that has the page alone


def test_at_night_there_is_no_sms_and_nothing_in_its_place() -> None:
    at = dt.datetime(2026, 3, 3, 22, 30, tzinfo=dt.UTC).timestamp()  # 23:30 in Paris

    def ask(*channels: str) -> Candidate | Decision:
        said = decide([trigger(at=at)], book(), _wants(*channels), at, EVERY)
        [found] = [*(c for event in said.events for c in event), *said.refused]
        return found

    refused, pushed = ask("sms"), ask("push", "sms")
    assert isinstance(refused, Decision)
    assert refused.reason == "legal_channel"
    assert isinstance(pushed, Candidate)
    assert (pushed.channel, pushed.fallbacks) == (Channel.PUSH, ())


def test_what_is_known_to_be_gone_is_not_offered() -> None:
    about = book().products()
    assert len(about) == 1
    [sku] = about

    def shelf(quantity_milli: int, age_s: float) -> Shelf:
        return Shelf({sku: (Stock("market", Article(sku), quantity_milli, NOW - age_s),)}, 3_600.0)

    assert no(made=replace(book(), shelf=shelf(0, 60))).reason == "out_of_stock"
    candidate(made=replace(book(), shelf=shelf(1_000, 60)))
    candidate(made=replace(book(), shelf=shelf(0, 3_601)))  # told too long ago to be sure


PERCENT = {"kind": "percent", "basis_points": 1000}
OF_LEISURE = PERCENT | {"applies_to": "category", "category": "leisure"}
OF_BASKET = PERCENT | {"applies_to": "basket", "max_discount_minor": 300}
AT_SOAP = {"product": "SOAP", "radius_m": 3.0}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, About("BOOK", frozenset({"leisure"}))),
        ({"place": AT_SOAP}, About("BOOK", frozenset({"leisure"}))),
        ({"offer": OF_LEISURE, "place": AT_SOAP}, About(None, frozenset({"leisure"}))),
        ({"offer": OF_BASKET, "place": AT_SOAP}, About("SOAP", frozenset({"care"}))),
        ({"offer": OF_BASKET, "place": {"zone": "fruit"}}, About(None, frozenset())),
        ({"offer": OF_BASKET, "place": {"product": "GONE", "radius_m": 3.0}}, About("GONE", frozenset())),
    ],
)
def test_a_campaign_is_about_what_its_offer_is_of_else_about_its_place(changes: dict[str, Any], said: About) -> None:
    made = campaign(**changes)
    assert about(made, PLAN) == said
    assert campaign_book([made], PLAN).products() == (frozenset({said.sku}) if said.sku else frozenset())


WINE = Product("WINE", "Wine", "cellar", 900, "ground", 4.0, 1.0, "alcohol")
CELLAR = replace(PLAN, products=(*PLAN.products, WINE))
AT_WINE, AT_GRAPES = {"product": "WINE", "radius_m": 3.0}, {"product": "GRAPES", "radius_m": 3.0}
OF_WINE = {"kind": "percent", "applies_to": "product", "sku": "WINE", "basis_points": 500}
OF_GRAPES = {"kind": "percent", "applies_to": "product", "sku": "GRAPES", "basis_points": 3000}


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({}, ["page", "push", "email", "sms"]),
        ({"offer": OF_WINE}, ["page"]),
        ({"offer": OF_BASKET, "place": AT_WINE}, ["page"]),
        ({"offer": OF_GRAPES, "place": AT_GRAPES}, ["page", "push", "email", "sms"]),
        ({"offer": OF_GRAPES | {"near_end": True}, "place": AT_GRAPES}, ["page", "push"]),
    ],
)
def test_alcohol_is_for_the_page_and_goods_near_their_end_for_who_is_there(
    changes: dict[str, Any], allowed: list[str]
) -> None:
    made, every = campaign_book([campaign(**changes)], CELLAR), _wants("page", "push", "email", "sms")
    found = candidate(made=made, shoppers=every, rules=EVERY)
    assert [found.channel, *found.fallbacks] == allowed
    if "email" not in allowed:
        assert no(made=made, shoppers=_wants("email"), rules=EVERY).reason == "legal_channel"


@pytest.mark.parametrize(
    ("fit", "gain", "said"),
    [
        (RankedOffer("BOOK", 0.5, 0.0, OfferReason.GOES_WITH, "SOAP"), 40.0, ("goes_with", "SOAP")),
        (RankedOffer("BOOK", 0.0123456, 0.0, OfferReason.NEAR, None), 0.988, ("near", "")),  # 100 x 0.0123456 x 0.8
        (None, 24.0, None),
    ],
)
def test_a_chance_that_was_learnt_takes_the_place_of_the_stated_one(
    fit: RankedOffer | None, gain: float, said: tuple[str, str] | None
) -> None:
    other = RankedOffer("BOOK", 0.9, 0.0, OfferReason.NEAR, None)
    fits = {("bob", "BOOK"): other, ("ana", "SOAP"): other} | ({("ana", "BOOK"): fit} if fit else {})
    found = candidate(rules=DecisionRules(fits=fits))
    assert (found.gain_minor, found.fit) == (gain, said)


@pytest.mark.parametrize(
    ("mute", "reason"),
    [
        (Mute(MuteKind.PRODUCT, "market", "BOOK"), "muted"),
        (Mute(MuteKind.CATEGORY, "market", "leisure"), "muted"),
        (Mute(MuteKind.ALL, EVERYWHERE), "muted"),
        (Mute(MuteKind.SHOP, "annex"), None),
    ],
)
def test_what_is_muted_is_not_offered(mute: Mute, reason: str | None) -> None:
    only = one(shoppers={7: replace(ANA, wishes=Wishes(frozenset({mute})))})
    assert (only.reason if isinstance(only, Decision) else None) == reason


def test_reasons_of_a_no_have_an_order() -> None:
    """Each of these is against all that comes after it, too."""
    late = replace(trigger(at=NOW - 121), promised=False)
    muted = {7: replace(ANA, wishes=Wishes(frozenset({Mute(MuteKind.SHOP, "market")})))}
    price, english = DecisionRules(message_price_minor=99.0), {"audience": {"locales": ["en"]}}
    ended: dict[str, Any] = {"when": {"ends_at": "2026-03-03T10:00:00Z"}} | english
    steps: list[tuple[dict[str, Any], Trigger, str]] = [
        ({"stores": ["annex"], "state": "paused"} | ended, late, "other_store"),
        ({"stores": ["market"], "state": "paused"} | ended, late, "campaign_paused"),
        (ended, late, "ended"),
        (english, late, "too_late"),
        (english, replace(trigger(), promised=False), "imprecise"),
        (english, trigger(), "audience"),
        ({"audience": {"locales": ["fr"]}}, trigger(), "muted"),
    ]
    found = [no(t, made=book(campaign(**c)), shoppers=muted, rules=price).reason for c, t, _ in steps]
    assert found == [reason for _, _, reason in steps]
    assert no(rules=price).reason == "no_gain"
