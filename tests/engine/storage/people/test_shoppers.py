"""Profiles and consent: no consent, no row; a withdrawal works at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from engine.errors import NotFound
from engine.privacy.consent import Consent, ConsentChoice, replay
from engine.records import Decision, DeviceId, Grounds, Trigger, device_hex
from engine.storage.database import Database
from engine.storage.journal import VisitRow, save_checkpoint
from engine.storage.models import metadata
from engine.storage.people.shoppers import (
    SignIn,
    consent_log,
    get_shopper,
    linked_devices,
    links_version,
    set_consents,
    sign_in,
)
from engine.storage.vouchers.campaigns import get_campaign, put_campaign
from engine.storage.vouchers.claims import record_refusals
from engine.storage.vouchers.outbox import acknowledge, pending
from engine.storage.vouchers.vouchers import voucher_of
from engine.vocabulary import DecisionOutcome, DecisionReason
from tests.databases import statements
from tests.engine.storage.scenes import NOW, PAGE, STORE, at_once, campaign, issue, proved, shopper

PHONE = 0xFEDCBA9876543210  # above 63 bits: what a signed column would lose
NO_PAGE = ConsentChoice("location_offers", "page", False)
PUSH = ConsentChoice("location_offers", "push", True)
REQUEST = SignIn(STORE, proved(PHONE), None, None, None, "fr", [PAGE], "2026-01", NOW)


def everything(db: Database) -> list[tuple[str, dict[str, Any]]]:
    """Every row of every table."""
    with db.read() as session:
        return [
            (table.name, dict(row._mapping))
            for table in metadata.sorted_tables
            for row in session.connection().execute(select(table))
        ]


def mentions(db: Database, *words: str) -> list[str]:
    """The tables in which any of these words stands, as text or as number."""
    return sorted({name for name, row in everything(db) for v in row.values() if any(w in str(v) for w in words)})


def test_of_who_is_new_nothing_is_looked_for_that_could_end(db: Database) -> None:
    with statements() as first:
        made = sign_in(db, REQUEST)
    assert made.grants == get_shopper(db, made.shopper_id).grants
    assert not [line for line in first if line.startswith(("DELETE FROM segment_span", "SELECT consent"))]
    with statements() as again:
        assert sign_in(db, replace(REQUEST, phone=proved(PHONE), shopper_id=made.shopper_id)) == made
    assert len(first) < len(again)


def test_a_device_without_consent_leaves_no_row(db: Database) -> None:
    """Statistics only: sign-in with empty boxes, refused triggers, visits; nowhere is the device, in any spelling."""
    who = sign_in(db, replace(REQUEST, consents=[NO_PAGE, ConsentChoice("crm", "any", False)]))
    trigger = Trigger("t1", "apples", DeviceId(PHONE), "visit-of-phone", NOW, NOW, 0.9, NOW)
    no, why, grounds = DecisionOutcome.REFUSE, DecisionReason.NOT_LINKED, Grounds(STORE, "EUR", None, 0.0)
    refused = Decision("d1", trigger, None, no, why, NOW, grounds)
    assert record_refusals(db, [refused]) == 0
    visit = VisitRow(who.shopper_id, "fruit", "visit-of-phone", NOW, NOW + 60, 60.0)
    save_checkpoint(db, STORE, 0, b"state", [], [], [visit], NOW)
    assert linked_devices(db, STORE) == {}
    signed = PHONE - (1 << 64)
    assert mentions(db, device_hex(PHONE), str(PHONE), str(signed), "visit-of-phone") == []


def test_with_consent_the_device_is_linked_and_only_there(db: Database) -> None:
    before = links_version(db, STORE)
    who = sign_in(db, REQUEST)
    linked = linked_devices(db, STORE)
    assert linked[PHONE].shopper_id == who.shopper_id
    assert linked[PHONE].consents == frozenset({("location_offers", "page")})
    assert linked_devices(db, "elsewhere") == {}
    assert links_version(db, STORE) > before
    assert mentions(db, device_hex(PHONE), str(PHONE)) == ["device_link"]


@pytest.mark.parametrize("choice", [ConsentChoice("crm", "any", True), ConsentChoice("statistics", "any", True)])
def test_other_purposes_link_nothing(db: Database, choice: ConsentChoice) -> None:
    sign_in(db, replace(REQUEST, consents=[choice]))
    assert linked_devices(db, STORE) == {}
    assert mentions(db, device_hex(PHONE)) == []


def test_of_two_profiles_that_prove_one_device_at_once_one_has_it(db: Database) -> None:
    said = at_once(16, lambda _: "in" if sign_in(db, replace(REQUEST, phone=proved(PHONE))) else "")
    assert said == {"in": 16}
    assert len(linked_devices(db, STORE)) == 1


def test_signing_in_again_keeps_what_was_given_before(db: Database) -> None:
    first = sign_in(db, replace(REQUEST, display_name="Ana", email="ana@example.org"))
    again = sign_in(db, replace(REQUEST, shopper_id=first.shopper_id, locale="en", consents=[PUSH]))
    assert (again.display_name, again.email, again.locale) == ("Ana", "ana@example.org", "en")
    assert again.grants == {("location_offers", "page"), ("location_offers", "push")}
    assert again.member_id == first.member_id
    assert get_shopper(db, first.shopper_id) == again


def test_unknown_profiles(db: Database) -> None:
    for call in (
        lambda: sign_in(db, replace(REQUEST, shopper_id="nobody")),
        lambda: get_shopper(db, "nobody"),
        lambda: set_consents(db, "nobody", [PAGE], "1", "me", NOW),
    ):
        with pytest.raises(NotFound):
            call()
    assert consent_log(db, "nobody") == []


def test_the_log_keeps_every_answer_and_its_replay_is_the_present(db: Database) -> None:
    who = shopper(db, PHONE)
    set_consents(db, who.shopper_id, [NO_PAGE, PUSH], "2026-02", "me", NOW + 1)
    now = set_consents(db, who.shopper_id, [PAGE], "2026-02", "opt-out:market", NOW + 2)
    log = consent_log(db, who.shopper_id)
    assert log == [
        Consent(who.shopper_id, "location_offers", "page", True, "2026-01", "portal:market", NOW),
        Consent(who.shopper_id, "location_offers", "page", False, "2026-02", "me", NOW + 1),
        Consent(who.shopper_id, "location_offers", "push", True, "2026-02", "me", NOW + 1),
        Consent(who.shopper_id, "location_offers", "page", True, "2026-02", "opt-out:market", NOW + 2),
    ]
    assert replay(log) == {who.shopper_id: now.grants}


def test_withdrawing_cuts_the_link_and_drops_what_was_not_delivered(db: Database) -> None:
    put_campaign(db, STORE, campaign())
    put_campaign(db, STORE, campaign("pears"))
    who = shopper(db, PHONE).shopper_id
    kept = issue(db, who, "pears", name="d0")
    [arrived] = pending(db, "page", NOW)
    acknowledge(db, arrived.delivery.delivery_id, who, NOW)
    lost = issue(db, who)
    before = links_version(db, STORE)
    after = set_consents(db, who, [NO_PAGE], "2026-01", "me", NOW + 1)
    assert after.grants == frozenset()
    assert linked_devices(db, STORE) == {}
    assert links_version(db, STORE) > before
    assert pending(db, "page", NOW) == []
    assert mentions(db, device_hex(PHONE)) == []
    assert voucher_of(db, lost, who).voucher.state == "voided"
    assert voucher_of(db, kept, who).voucher.state == "delivered"  # what they have is theirs
    assert get_campaign(db, STORE, "apples").vouchers_used == 0


def test_withdrawing_one_channel_keeps_the_other(db: Database) -> None:
    put_campaign(db, STORE, campaign())
    who = shopper(db, PHONE, consents=[PAGE, PUSH]).shopper_id
    issue(db, who)
    set_consents(db, who, [NO_PAGE], "2026-01", "me", NOW)
    assert pending(db, "page", NOW) == []
    assert linked_devices(db, STORE)[PHONE].consents == frozenset({("location_offers", "push")})


def test_granting_again_links_again_only_with_the_device(db: Database) -> None:
    who = shopper(db, PHONE).shopper_id
    set_consents(db, who, [NO_PAGE], "2026-01", "me", NOW)
    set_consents(db, who, [PAGE], "2026-01", "me", NOW)
    assert linked_devices(db, STORE) == {}
    set_consents(db, who, [PAGE], "2026-01", "me", NOW, store=STORE, phone=proved(PHONE))
    assert list(linked_devices(db, STORE)) == [PHONE]


def test_many_sign_ins_and_withdrawals_at_once(db: Database) -> None:
    """Phones that change hands, several stores a person, in crossing orders: no deadlock, and the log replays."""
    who = [shopper(db, 100 + i) for i in range(6)]

    def work(i: int) -> str:
        person = who[i % 6]
        store = ("market", "annex", "kiosk")[i % 3]
        if i % 4 == 3:
            set_consents(db, person.shopper_id, [NO_PAGE], "1", "me", NOW + i)
        else:
            request = replace(REQUEST, store=store, phone=proved(100 + (i + i // 24) % 6), shopper_id=person.shopper_id)
            sign_in(db, request)
        return "done"

    assert at_once(48, work) == {"done": 48}
    for person in who:
        log = consent_log(db, person.shopper_id)
        assert replay(log)[person.shopper_id] == get_shopper(db, person.shopper_id).grants
    linked = {s.shopper_id for store in ("market", "annex", "kiosk") for s in linked_devices(db, store).values()}
    assert linked <= {p.shopper_id for p in who if get_shopper(db, p.shopper_id).grants}
