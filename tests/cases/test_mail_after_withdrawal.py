"""A coupon went out by e-mail after its reader had taken the consent back, and erasure left addresses behind.

What happened elsewhere: the mail server was away for an hour; what was written before the withdrawal went out after
it. A link that was asked for from a browser that was not signed in stayed, with the mailbox in its letter, after the
profile was erased. Input: letters that wait, then a withdrawal, a restriction, or an erasure. Right: coupons that wait
are deleted and consent is asked again when a letter is taken; nothing that leads to a mailbox outlives its profile.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlmodel import select

from engine.privacy.consent import ConsentChoice
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.models.identity import IdentityLinkTable
from engine.storage.models.sending.letters import LetterTable
from engine.storage.models.shoppers import ConsentTable
from engine.storage.models.vouchers import DeliveryTable
from engine.storage.people.bindings import PhoneClaim
from engine.storage.people.identifiers import AskedLink, follow_link, keep_link, letter_key
from engine.storage.people.rights import restrict
from engine.storage.people.shoppers import SignIn, set_consents, sign_in
from engine.storage.sending.letters import DELIVERY, Letter, queue_letter, take_due
from engine.storage.vouchers.campaigns import put_campaign
from engine.vocabulary import Channel, Purpose
from tests.engine.storage.scenes import NOW, PAGE, STORE, campaign, issue, shopper

LETTER = Letter("ana@example.org", "Tea", "t", "h")
BY_MAIL = (Purpose.LOCATION_OFFERS, Channel.EMAIL)


def waiting_coupon(db: Database) -> str:
    """Somebody with a coupon that waits for the mail server."""
    put_campaign(db, STORE, campaign("apples"))
    who = shopper(db).shopper_id
    set_consents(db, who, [ConsentChoice(*BY_MAIL, True)], "2026-11-30", "test", NOW)
    issue(db, who)
    with db.write() as session:
        row = session.exec(select(DeliveryTable)).one()
        row.channel, row.sent_at = Channel.EMAIL, NOW
        queue_letter(session, LETTER, f"{DELIVERY}{row.delivery_id}", NOW, NOW + 900, shopper_id=who)
    return who


def withdraw(db: Database, who: str) -> None:
    set_consents(db, who, [ConsentChoice(*BY_MAIL, False)], "2026-11-30", "test", NOW + 1)


def restricted(db: Database, who: str) -> None:
    restrict(db, who, NOW + 1)


def erased(db: Database, who: str) -> None:
    erase_shopper(db, who, NOW + 1)


def letters(db: Database) -> list[LetterTable]:
    with db.read() as session:
        return list(session.exec(select(LetterTable)))


@pytest.mark.parametrize("stop", [withdraw, restricted, erased])
def test_what_waits_is_deleted(db: Database, stop: Callable[[Database, str], None]) -> None:
    who = waiting_coupon(db)
    stop(db, who)
    assert letters(db) == []


def test_consent_is_asked_again_when_a_letter_is_taken(db: Database) -> None:
    who = waiting_coupon(db)
    assert [due.letter for due in take_due(db, NOW + 1, hold_s=5)] == [LETTER]
    with db.write() as session:
        session.get_one(ConsentTable, (who, *BY_MAIL)).granted = False
    assert take_due(db, NOW + 10, hold_s=5) == []
    assert letters(db) == []


@pytest.mark.parametrize("proved", [True, False])
def test_links_to_the_mailbox_go_with_the_profile(db: Database, proved: bool) -> None:
    request = SignIn(STORE, PhoneClaim(), None, "Ana", "ana@example.org", "fr", [PAGE], "2026-01", NOW)
    who = sign_in(db, request).shopper_id
    with db.write() as session:
        if proved:
            keep_link(session, AskedLink("first", "mailbox", "sealed", who, "hers", "Firefox", NOW))
        for name, mailbox in (("strangers", "mailbox"), ("other", "another")):
            keep_link(session, AskedLink(name, mailbox, "sealed", "", "his", "Firefox", NOW))
            queue_letter(session, LETTER, letter_key(name), NOW, NOW + 900)
    if proved:
        assert follow_link(db, "first", "hers", NOW + 1).fate == "added"
    erase_shopper(db, who, NOW + 2, address_digest=lambda email: None if proved else "mailbox")
    assert [letter.key for letter in letters(db)] == [letter_key("other")]
    with db.read() as session:
        assert [link.digest for link in session.exec(select(IdentityLinkTable))] == ["other"]
