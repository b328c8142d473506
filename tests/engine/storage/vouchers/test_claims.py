"""Claims: caps, budgets and uniqueness hold however many decide at once, and a replay changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.offers.campaigns import CampaignState
from engine.offers.caps import DAY_S, WEEK_S, Limits
from engine.offers.codes import voucher_code
from engine.privacy.consent import ConsentChoice
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.people.shoppers import set_consents
from engine.storage.vouchers.campaigns import get_campaign, put_campaign, set_campaign_state
from engine.storage.vouchers.claims import Verdicts, claim, record_refusals
from engine.storage.vouchers.decisions import latest_decisions
from engine.storage.vouchers.outbox import acknowledge, pending
from engine.storage.vouchers.tills import redeem
from engine.storage.vouchers.vouchers import counts, expire_undelivered, mark_seen, voucher_of, vouchers_of
from engine.vocabulary import DecisionReason
from tests.engine.storage.scenes import (
    NO_LIMITS,
    NOW,
    SECRET,
    STORE,
    at_once,
    basket,
    campaign,
    candidate,
    issue,
    refusal,
    shopper,
    voucher,
)


def outcomes(said: Verdicts) -> list[tuple[str, str]]:
    return [(d.outcome, d.reason) for d in said.decisions]


def used(db: Database, campaign_id: str = "apples") -> tuple[int, int]:
    stored = get_campaign(db, STORE, campaign_id)
    return stored.vouchers_used, stored.amount_used_minor


def stored(db: Database) -> list[Any]:
    return latest_decisions(db, STORE, from_t=0, to_t=4e9, limit=10_000)


def test_a_claim_writes_decision_voucher_and_message_together(db: Database) -> None:
    put_campaign(db, STORE, campaign(ttl_s=90.0, valid_s=3600.0))
    who = shopper(db)
    said = claim(db, [candidate(who.shopper_id)], NO_LIMITS, SECRET, NOW)
    [final], [issued] = said.decisions, said.issued
    assert (final.outcome, final.reason, final.at) == ("issue", "ok", NOW)
    voucher_id = issued.voucher.voucher_id
    kept = voucher_of(db, voucher_id, who.shopper_id)
    assert (issued.decision, issued.voucher) == (final, kept.voucher)
    assert (kept.voucher.state, kept.voucher.expires_at, kept.currency) == ("issued", NOW + 3600, "EUR")
    assert kept.texts["en"]["title"] == "Apples"
    [row] = pending(db, "page", NOW)
    assert (row.delivery.voucher_id, row.delivery.expires_at) == (voucher_id, NOW + 90)
    assert row.delivery.caused_by_t == NOW - 0.1
    why = {"place": "A1", "near_since": NOW - 5, "near_for_s": 5.0, "probability": 0.8}
    why |= {"asked": False, "mailed": False, "fit": None}
    assert row.payload["why"] == why
    assert voucher_code(SECRET, voucher_id) not in repr(row.payload)
    [row] = stored(db)
    assert (row.decision_id, row.outcome, row.shopper_id) == ("d1", "issue", who.shopper_id)
    assert (row.grounds, row.voucher_id) == (final.grounds, voucher_id)
    assert used(db) == (1, 50)


def test_a_replay_gives_the_stored_decision_and_nothing_else(db: Database) -> None:
    put_campaign(db, STORE, campaign())
    who = shopper(db)
    first = claim(db, [candidate(who.shopper_id)], NO_LIMITS, SECRET, NOW)
    assert claim(db, [candidate(who.shopper_id)], NO_LIMITS, SECRET, NOW + 50) == first
    no = claim(db, [candidate(who.shopper_id, name="d2", visit="v2")], Limits(1, 1, 1), SECRET, NOW + 60)
    assert outcomes(no) == [("refuse", "cap_day")]
    assert claim(db, [candidate(who.shopper_id, name="d2", visit="v2")], NO_LIMITS, SECRET, NOW + 70) == no
    assert counts(db, STORE)["vouchers_issued"] == 1
    assert len(pending(db, "page", NOW)) == 1


def test_a_replay_in_which_campaigns_changed_issues_no_second_voucher(db: Database) -> None:
    for name in ("apples", "pears"):
        put_campaign(db, STORE, campaign(name))
    who = shopper(db).shopper_id
    pears, apples = candidate(who, "pears", name="d2"), candidate(who, name="d1")
    claim(db, [apples], NO_LIMITS, SECRET, NOW)
    assert outcomes(claim(db, [pears, apples], NO_LIMITS, SECRET, NOW)) == [
        ("refuse", "lost_arbitration"),
        ("issue", "ok"),
    ]


def test_one_offer_per_event_the_next_best_where_the_best_may_not(db: Database) -> None:
    for name, budget in (("apples", {"max_vouchers": 0}), ("pears", {}), ("plums", {})):
        put_campaign(db, STORE, campaign(name, budget=budget))
    who = shopper(db).shopper_id
    event = [candidate(who, c, name=f"d-{c}") for c in ("apples", "pears", "plums")]
    assert outcomes(claim(db, event, NO_LIMITS, SECRET, NOW)) == [
        ("refuse", "budget"),
        ("issue", "ok"),
        ("refuse", "lost_arbitration"),
    ]
    assert {d.reason for d in stored(db)} == {"budget", "ok", "lost_arbitration"}


@pytest.mark.parametrize(
    ("limits", "visit", "reason"),
    [
        (Limits(1, 9, 9), "v1", "cap_visit"),
        (Limits(9, 1, 9), "v2", "cap_day"),
        (Limits(9, 9, 1), "v2", "cap_week"),
        (Limits(0, 9, 9), "v2", "cap_visit"),
    ],
)
def test_caps_hold_across_campaigns(db: Database, limits: Limits, visit: str, reason: str) -> None:
    for name in ("apples", "pears"):
        put_campaign(db, STORE, campaign(name))
    who = shopper(db).shopper_id
    issue(db, who)
    later = candidate(who, "pears", name="d2", visit=visit)
    assert outcomes(claim(db, [later], limits, SECRET, NOW + 1)) == [("refuse", reason)]


@pytest.mark.parametrize(
    ("limits", "window_s", "reason"), [(Limits(9, 1, 9), DAY_S, "cap_day"), (Limits(9, 9, 1), WEEK_S, "cap_week")]
)
def test_windows_roll_to_the_second(db: Database, limits: Limits, window_s: float, reason: str) -> None:
    """No calendar: a day is 86,400 s after each voucher, whatever midnight says."""
    put_campaign(db, STORE, campaign())
    who = shopper(db).shopper_id
    issue(db, who)
    before = claim(db, [candidate(who, name="d2", visit="v2")], limits, SECRET, NOW + window_s - 0.5)
    after = claim(db, [candidate(who, name="d3", visit="v3")], limits, SECRET, NOW + window_s)
    assert outcomes(before) + outcomes(after) == [("refuse", reason), ("issue", "ok")]


@pytest.mark.parametrize(
    ("caps", "reason"),
    [({"per_day": 1, "per_week": 9}, "cap_campaign_day"), ({"per_day": 9, "per_week": 1}, "cap_campaign_week")],
)
def test_a_campaigns_own_caps(db: Database, caps: dict[str, int], reason: str) -> None:
    put_campaign(db, STORE, campaign(caps=caps))
    put_campaign(db, STORE, campaign("pears"))
    who = shopper(db).shopper_id
    issue(db, who)
    event = [candidate(who, name="d2", visit="v2"), candidate(who, "pears", name="d3", visit="v2")]
    assert outcomes(claim(db, event, NO_LIMITS, SECRET, NOW + 1)) == [("refuse", reason), ("issue", "ok")]


def test_one_voucher_per_campaign_shopper_and_visit(db: Database) -> None:
    put_campaign(db, STORE, campaign())
    who = shopper(db).shopper_id
    issue(db, who)
    second = claim(db, [candidate(who, name="d2")], NO_LIMITS, SECRET, NOW + 1)
    assert outcomes(second) == [("refuse", "already_issued")]


def test_what_never_arrived_gives_slot_and_budget_back(db: Database) -> None:
    put_campaign(db, STORE, campaign(ttl_s=60.0))
    put_campaign(db, STORE, campaign("pears"))
    who = shopper(db).shopper_id
    lost = issue(db, who)
    assert expire_undelivered(db, NOW + 59.9) == 0
    assert used(db) == (1, 50)
    assert expire_undelivered(db, NOW + 60) == 1
    assert expire_undelivered(db, NOW + 61) == 0
    assert used(db) == (0, 0)
    assert voucher_of(db, lost, who).voucher.state == "expired"
    again, other = candidate(who, name="d2"), candidate(who, "pears", name="d3")
    finals = claim(db, [again, other], Limits(1, 1, 1), SECRET, NOW + 62)
    assert outcomes(finals) == [
        ("refuse", "already_issued"),
        ("issue", "ok"),
    ]  # one try per visit


def test_an_expired_voucher_cannot_be_used(db: Database) -> None:
    _, _, code = voucher(db, ttl_s=60.0)
    expire_undelivered(db, NOW + 60)
    with pytest.raises(Exception, match="expired"):
        redeem(db, code, basket(), STORE, "t", "k", NOW + 61, secret=SECRET)
    assert used(db) == (0, 0)


@pytest.mark.parametrize("how", ["acknowledged", "seen", "redeemed"])
def test_what_arrived_by_any_way_stays(db: Database, how: str) -> None:
    """A shopper who read the coupon in the list, or showed it at the till, has it, acknowledged or not."""
    who, voucher_id, code = voucher(db, ttl_s=60.0)
    if how == "acknowledged":
        [row] = pending(db, "page", NOW)
        assert acknowledge(db, row.delivery.delivery_id, who.shopper_id, NOW + 1)
    elif how == "seen":
        mark_seen(db, voucher_id, who.shopper_id, NOW + 1)
    else:
        redeem(db, code, basket(), STORE, "t", "k", NOW + 1, secret=SECRET)
    expire_undelivered(db, NOW + 61)
    states = {"acknowledged": "delivered", "seen": "seen", "redeemed": "redeemed"}
    assert voucher_of(db, voucher_id, who.shopper_id).voucher.state == states[how]
    assert used(db) == (1, 50)


@pytest.mark.parametrize(
    ("state", "reason"), [(CampaignState.PAUSED, "campaign_paused"), (CampaignState.ENDED, "ended")]
)
def test_a_campaign_stopped_after_the_decision_issues_nothing(db: Database, state: CampaignState, reason: str) -> None:
    put_campaign(db, STORE, campaign())
    who = shopper(db).shopper_id
    set_campaign_state(db, STORE, "apples", state)
    assert outcomes(claim(db, [candidate(who)], NO_LIMITS, SECRET, NOW)) == [("refuse", reason)]


def test_consent_withdrawn_after_the_decision_issues_nothing(db: Database) -> None:
    put_campaign(db, STORE, campaign())
    who = shopper(db).shopper_id
    set_consents(db, who, [ConsentChoice("location_offers", "page", False)], "2026-01", "me", NOW)
    assert outcomes(claim(db, [candidate(who)], NO_LIMITS, SECRET, NOW)) == [("refuse", "no_consent")]
    assert counts(db, STORE)["vouchers_issued"] == 0


def test_after_erasure_a_decision_in_flight_leaves_no_trace(db: Database) -> None:
    put_campaign(db, STORE, campaign())
    who = shopper(db).shopper_id
    erase_shopper(db, who, NOW)
    assert outcomes(claim(db, [candidate(who)], NO_LIMITS, SECRET, NOW)) == [("refuse", "no_consent")]
    assert record_refusals(db, [refusal(who, DecisionReason.AUDIENCE)]) == 0
    assert stored(db) == []


def test_a_phone_that_changed_hands_within_a_visit_gets_nothing_of_its_former_owner(db: Database) -> None:
    """Decisions are named after the device's episode; the voucher behind one belongs to a person."""
    put_campaign(db, STORE, campaign())
    before, after = shopper(db).shopper_id, shopper(db).shopper_id
    issue(db, before)
    said = claim(db, [candidate(after)], NO_LIMITS, SECRET, NOW + 1)
    [final] = said.decisions
    assert (final.outcome, final.reason, final.shopper_id) == ("refuse", "already_decided", after)
    assert said.issued == []
    erase_shopper(db, before, NOW + 2)
    assert outcomes(claim(db, [candidate(after)], NO_LIMITS, SECRET, NOW + 3)) == [("refuse", "already_decided")]
    assert counts(db, STORE)["vouchers_issued"] == 1


def test_an_unknown_campaign_is_a_reason_not_a_crash(db: Database) -> None:
    who = shopper(db).shopper_id
    assert outcomes(claim(db, [candidate(who, "gone")], NO_LIMITS, SECRET, NOW)) == [("refuse", "campaign_unknown")]


def test_a_claim_is_one_shoppers_one_event(db: Database) -> None:
    a, b = shopper(db).shopper_id, shopper(db).shopper_id
    for mixed in (
        [candidate(a), candidate(b, name="d2")],
        [candidate(a), candidate(a, name="d2", visit="v2")],
        [candidate(a), replace(candidate(a, name="d2"), store="annex")],
    ):
        with pytest.raises(ValueError, match="one shopper"):
            claim(db, mixed, NO_LIMITS, SECRET, NOW)
    assert claim(db, [], NO_LIMITS, SECRET, NOW) == Verdicts()


def test_refusals_are_kept_once_and_nobodys_are_not_kept(db: Database) -> None:
    who = shopper(db).shopper_id
    no = refusal(who, DecisionReason.QUIET_HOURS)
    nobody = refusal(None, DecisionReason.NOT_LINKED, name="d2")
    assert record_refusals(db, [no, nobody]) == 1
    assert record_refusals(db, [no, nobody]) == 0
    assert [(d.decision_id, d.reason) for d in stored(db)] == [("d1", "quiet_hours")]


@pytest.mark.parametrize("k", [1, 7])
def test_of_50_claims_at_once_a_voucher_budget_of_k_gives_k(db: Database, k: int) -> None:
    put_campaign(db, STORE, campaign(budget={"max_vouchers": k}))
    who = [shopper(db).shopper_id for _ in range(50)]

    def work(i: int) -> str:
        return claim(db, [candidate(who[i], name=f"d{i}")], NO_LIMITS, SECRET, NOW).decisions[0].reason

    assert at_once(50, work) == {"ok": k, "budget": 50 - k}
    assert used(db) == (k, 50 * k)


def test_of_50_claims_at_once_an_amount_budget_is_never_passed(db: Database) -> None:
    put_campaign(db, STORE, campaign(budget={"max_amount_minor": 349}))  # six of 50, and a rest
    who = [shopper(db).shopper_id for _ in range(50)]

    def work(i: int) -> str:
        return claim(db, [candidate(who[i], name=f"d{i}")], NO_LIMITS, SECRET, NOW).decisions[0].reason

    assert at_once(50, work) == {"ok": 6, "budget": 44}
    assert used(db) == (6, 300)


@pytest.mark.parametrize("k", [1, 3])
def test_of_50_claims_at_once_for_one_shopper_a_cap_of_k_gives_k(db: Database, k: int) -> None:
    for i in range(10):
        put_campaign(db, STORE, campaign(f"c{i}"))
    who = shopper(db).shopper_id

    def work(i: int) -> str:
        # Each event has two campaigns, in orders that would deadlock if locks were taken as they come.
        pair = [f"c{i % 10}", f"c{(i + 1) % 10}"][:: 1 if i % 2 else -1]
        event = [candidate(who, c, name=f"d{i}-{c}", visit=f"v{i}") for c in pair]
        return "ok" if claim(db, event, Limits(9, k, 9), SECRET, NOW).issued else "no"

    assert at_once(50, work) == {"ok": k, "no": 50 - k}
    assert len(vouchers_of(db, who)) == k


def test_one_decision_claimed_many_times_at_once_is_one_voucher(db: Database) -> None:
    put_campaign(db, STORE, campaign())
    who = shopper(db).shopper_id
    said = at_once(30, lambda _: claim(db, [candidate(who)], NO_LIMITS, SECRET, NOW).vouchers[0].voucher_id)
    assert len(said) == 1
    assert counts(db, STORE)["vouchers_issued"] == 1


def test_claims_tills_expiry_pauses_and_erasures_at_once_keep_the_books(db: Database) -> None:
    """All that takes these locks, at the same time: no deadlock, and spending is what the vouchers say."""
    for i in range(4):
        put_campaign(db, STORE, campaign(f"c{i}", budget={"max_vouchers": 30, "max_amount_minor": 1500}))
    who = [shopper(db).shopper_id for _ in range(12)]

    def work(i: int) -> str:
        person, c = who[i % 12], f"c{i % 4}"
        event = [candidate(person, name, name=f"d{i}-{name}", visit=f"v{i}") for name in (c, f"c{(i + 1) % 4}")]
        for made in claim(db, event, NO_LIMITS, SECRET, NOW + i).vouchers:
            if i % 3 == 0:
                code = voucher_code(SECRET, made.voucher_id)
                redeem(db, code, basket(), STORE, "t", f"k{i}", NOW + i, secret=SECRET)
        if i % 9 == 4:
            expire_undelivered(db, NOW + 150)
        if i % 20 == 7:
            erase_shopper(db, person, NOW)
        if i % 10 == 8:
            set_campaign_state(db, STORE, c, CampaignState.RUNNING)
        return "done"

    said = at_once(60, work)
    # A redeem may meet a voucher that an expiry or an erasure ended first; nothing else may go wrong.
    assert set(said) <= {"done", "voucher_expired", "voucher_voided", "not_found"}, said
    from sqlmodel import select

    from engine.storage.models.vouchers import RedemptionTable, VoucherTable

    with db.read() as session:
        vouchers = session.exec(select(VoucherTable)).all()
        redemptions = session.exec(select(RedemptionTable)).all()
    for i in range(4):
        mine = [v for v in vouchers if v.campaign_id == f"c{i}"]
        given = sum(r.discount_minor for r in redemptions if r.voucher_id in {v.voucher_id for v in mine})
        assert used(db, f"c{i}") == (sum(v.holds_slot for v in mine), sum(v.reserved_minor for v in mine) + given)
