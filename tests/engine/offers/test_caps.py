"""Caps are exact rolling windows, budgets are never passed, and every no has its reason in a fixed order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.offers.campaigns import Budget
from engine.offers.caps import DAY_S, WEEK_S, Ask, Limits, Slot, Spent, affordable, cap_refusal
from engine.offers.claims import Claims, Standing, claim_event, refuse
from engine.offers.wishes import Wishes, asked_visit
from engine.records import Candidate, Decision, DeviceId, Grounds, Trigger
from engine.vocabulary import Channel, DecisionOutcome, DecisionReason, Purpose
from tests.engine.offers.plans import campaign

NOW = 1_700_000_000.0
BOOKS, OTHER = ("market", "books"), ("market", "other")
WIDE = Limits(per_visit=9, per_day=9, per_week=9)


def slot(age_s: float, *, campaign: tuple[str, str] = OTHER, visit: str = "earlier", counts: bool = True) -> Slot:
    return Slot(campaign, visit, NOW - age_s, counts)


def refusal(
    *slots: Slot, limits: Limits = WIDE, spent: Spent = Spent(), worth: int = 200, **changes: Any
) -> str | None:
    return cap_refusal(Ask(campaign(**changes), BOOKS, "now", worth, NOW), slots, spent, limits)


@pytest.mark.parametrize(
    ("age_s", "limits", "reason"),
    [
        (DAY_S - 0.001, Limits(9, 1, 9), "cap_day"),
        (DAY_S, Limits(9, 1, 9), None),
        (WEEK_S - 0.001, Limits(9, 9, 1), "cap_week"),
        (WEEK_S, Limits(9, 9, 1), None),
        (0.0, Limits(9, 0, 9), "cap_day"),
    ],
)
def test_windows_roll_and_are_half_open(age_s: float, limits: Limits, reason: str | None) -> None:
    assert refusal(slot(age_s), limits=limits) == reason


def test_a_visit_is_as_long_as_it_is() -> None:
    night = slot(2 * WEEK_S, visit="now")
    assert refusal(night, limits=Limits(1, 9, 9)) == "cap_visit"
    assert refusal(slot(60.0), limits=Limits(1, 9, 9)) is None


def test_the_campaigns_own_caps_count_its_own_vouchers_only() -> None:
    caps = {"per_day": 1, "per_week": 2}
    assert refusal(slot(60.0), caps=caps) is None
    assert refusal(slot(60.0, campaign=BOOKS), caps=caps) == "cap_campaign_day"
    assert refusal(slot(DAY_S, campaign=BOOKS), slot(2 * DAY_S, campaign=BOOKS), caps=caps) == "cap_campaign_week"


def test_what_never_arrived_frees_its_slot_but_is_not_tried_twice_in_a_visit() -> None:
    assert refusal(slot(60.0, counts=False), limits=Limits(1, 1, 1)) is None
    assert refusal(slot(60.0, campaign=BOOKS, visit="now", counts=False)) == "already_issued"


def test_reasons_have_an_order() -> None:
    mine = slot(60.0, campaign=BOOKS, visit="now")
    broke = {"spent": Spent(5, 0), "budget": {"max_vouchers": 5}}
    assert refusal(mine, limits=Limits(1, 1, 1), **broke) == "already_issued"
    assert refusal(slot(60.0, visit="now"), limits=Limits(1, 1, 1), **broke) == "cap_visit"
    assert refusal(slot(60.0), limits=Limits(1, 1, 1), **broke) == "cap_day"
    assert refusal(slot(DAY_S), limits=Limits(1, 1, 1), **broke) == "cap_week"
    assert refusal(**broke) == "budget"


def test_a_budget_is_spent_to_the_last_cent_and_no_further() -> None:
    both = Budget(max_vouchers=3, max_amount_minor=500)
    assert affordable(both, Spent(2, 300), 200)
    assert not affordable(both, Spent(2, 301), 200)
    assert not affordable(both, Spent(3, 0), 1)
    assert affordable(Budget(), Spent(10**6, 10**9), 10**6)


def candidate(campaign_id: str, visit: str = "v", shopper: str = "ana") -> Candidate:
    trigger = Trigger(f"{campaign_id}-{visit}", campaign_id, DeviceId(7), visit, NOW - 9, NOW, 0.9, NOW)
    return Candidate(f"d-{campaign_id}-{visit}", trigger, shopper, "market", "EUR", Channel.PAGE, 24.0, 200, 50)


def claims(limits: Limits = WIDE, **changes: Any) -> Claims:
    return Claims({name: campaign(name, **changes) for name in ("books", "other")}, limits)


def said(decisions: list[Decision]) -> list[tuple[str, str]]:
    return [(d.outcome, d.reason) for d in decisions]


def test_one_event_issues_one_voucher_and_the_rest_lose() -> None:
    book = claims()
    final = book.claim([candidate("books"), candidate("other")], NOW)
    assert said(final) == [("issue", "ok"), ("refuse", "lost_arbitration")]
    assert book.spent["books"] == Spent(1, 200)
    assert book.spent["other"] == Spent()


def test_the_second_best_gets_what_the_best_may_not_have() -> None:
    book = claims()
    book.claim([candidate("books")], NOW)
    final = book.claim([candidate("books"), candidate("other")], NOW + 1)
    assert said(final) == [("refuse", "already_issued"), ("issue", "ok")]


def test_shoppers_have_caps_of_their_own_and_share_the_budget() -> None:
    book = claims(Limits(1, 1, 1), budget={"max_vouchers": 2})
    assert said(book.claim([candidate("books")], NOW)) == [("issue", "ok")]
    assert said(book.claim([candidate("other", "later")], NOW + 60)) == [("refuse", "cap_day")]
    assert said(book.claim([candidate("books", "w", "bob")], NOW + 60)) == [("issue", "ok")]
    assert said(book.claim([candidate("books", "x", "eve")], NOW + 60)) == [("refuse", "budget")]


def test_a_week_later_all_is_forgotten_but_what_was_spent() -> None:
    book = claims(Limits(1, 1, 1))
    book.claim([candidate("books")], NOW)
    assert said(book.claim([candidate("books", "w")], NOW + WEEK_S - 1)) == [("refuse", "cap_week")]
    assert said(book.claim([candidate("books", "w")], NOW + WEEK_S)) == [("issue", "ok")]
    assert book.spent["books"] == Spent(2, 400)


def test_a_campaign_that_is_gone_or_stopped_issues_nothing() -> None:
    assert said(claims().claim([candidate("unknown")], NOW)) == [("refuse", "campaign_unknown")]
    assert said(claims(state="paused").claim([candidate("books")], NOW)) == [("refuse", "campaign_paused")]
    assert said(claims(state="ended").claim([candidate("books")], NOW)) == [("refuse", "ended")]


def test_an_event_has_one_winner_and_who_has_it_already_gets_no_second() -> None:
    grants = frozenset({(Purpose.LOCATION_OFFERS, Channel.PAGE)})
    standing = Standing([], grants, {name: campaign(name) for name in ("books", "other")}, {})
    event = [candidate("books"), candidate("other")]
    assert said(claim_event(event, standing, WIDE, NOW)) == [("issue", "ok"), ("refuse", "lost_arbitration")]
    assert said(claim_event(event, standing, WIDE, NOW, won=True)) == [("refuse", "lost_arbitration")] * 2
    silent = replace(standing, grants=frozenset({(Purpose.LOCATION_OFFERS, Channel.EMAIL)}))
    assert said(claim_event(event, silent, WIDE, NOW)) == [("refuse", "no_consent")] * 2


@pytest.mark.parametrize(
    ("vouchers", "amount", "spent", "worth", "fits"),
    [
        (None, 500, Spent(9, 300), 200, True),
        (None, 500, Spent(0, 301), 200, False),
        (3, None, Spent(2, 9_999), 9_999, True),
        (3, None, Spent(3, 0), 0, False),
        (1, 0, Spent(0, 0), 0, True),
        (0, None, Spent(0, 0), 0, False),
    ],
)
def test_vouchers_and_amounts_are_bounded_each_by_itself(
    vouchers: int | None, amount: int | None, spent: Spent, worth: int, fits: bool
) -> None:
    assert affordable(Budget(max_vouchers=vouchers, max_amount_minor=amount), spent, worth) is fits
    assert spent.plus(2, 30) == Spent(spent.vouchers + 2, spent.amount_minor + 30)


PAGE = frozenset({(Purpose.LOCATION_OFFERS, Channel.PAGE)})
BOOK = {"books": campaign("books")}


@pytest.mark.parametrize(
    ("changes", "visit", "said_"),
    [
        ({"bought": frozenset({"BOOK"})}, "v", "bought_already"),
        ({"bought": frozenset({"BOOK"})}, asked_visit("2026-01-01"), "ok"),  # whoever asks for it may have it
        ({"bought": frozenset({"SOAP"})}, "v", "ok"),
        ({"complained_at": NOW - 30 * DAY_S + 1}, "v", "complained"),
        ({"complained_at": NOW - 30 * DAY_S}, "v", "ok"),
        ({"complained_at": NOW}, asked_visit("2026-01-01"), "ok"),
        ({"complained_at": NOW, "bought": frozenset({"BOOK"})}, "v", "complained"),
        ({"wishes": Wishes(per_day=0)}, "v", "cap_own_day"),
        ({"spent": {"books": Spent(5, 0)}, "campaigns": {"books": campaign("books", budget={"max_vouchers": 5})}}, "v",
         "budget"),
        ({"spent": {"other": Spent(5, 0)}, "campaigns": {"books": campaign("books", budget={"max_vouchers": 5})}}, "v",
         "ok"),
        ({"campaigns": {"books": campaign("books", place={"product": "SOAP", "radius_m": 3.0})},
          "bought": frozenset({"SOAP"})}, "v", "ok"),  # the offer's product, and not that of the place
        ({"campaigns": {"books": campaign("books", place={"product": "SOAP", "radius_m": 3.0},
          offer={"kind": "amount", "applies_to": "basket", "amount_minor": 50, "min_basket_minor": 900})},
          "bought": frozenset({"SOAP"})}, "v", "bought_already"),
    ],
)  # fmt: skip
def test_what_nobody_would_bring_up_is_not_brought_up(changes: dict[str, Any], visit: str, said_: str) -> None:
    standing = replace(Standing([], PAGE, BOOK, {}), **changes)
    [made] = claim_event([candidate("books", visit)], standing, WIDE, NOW)
    assert made.reason == said_


def test_a_decision_says_what_it_was_taken_on() -> None:
    asked = replace(candidate("books"), fit=("goes_with", "SOAP"))
    grounds = Grounds("market", "EUR", Channel.PAGE, 24.0, 200, 50, fit="goes_with")
    no = refuse(asked, DecisionReason.BUDGET, NOW + 3)
    assert (no.outcome, no.reason, no.at, no.grounds) == (
        DecisionOutcome.REFUSE,
        DecisionReason.BUDGET,
        NOW + 3,
        grounds,
    )
    assert refuse(candidate("books"), DecisionReason.BUDGET, NOW).grounds == replace(grounds, fit=None)
    [yes] = claim_event([asked], Standing([], PAGE, BOOK, {}), WIDE, NOW)
    assert (yes.outcome, yes.shopper_id, yes.decision_id, yes.grounds.fit) == ("issue", "ana", "d-books-v", "goes_with")
    assert Claims(BOOK, WIDE).claim([], NOW) == []


def test_who_asks_takes_the_consent_and_the_slots_of_that_shopper_alone() -> None:
    book = claims(Limits(1, 9, 9))
    assert said(book.claim([candidate("books")], NOW)) == [("issue", "ok")]
    assert said(book.claim([candidate("other", shopper="bob")], NOW)) == [("issue", "ok")]
    assert said(book.claim([candidate("other")], NOW + 2 * WEEK_S)) == [("refuse", "cap_visit")], "of the same visit"
    assert said(book.claim([candidate("other", "w")], NOW + 2 * WEEK_S)) == [("issue", "ok")]
