"""Jobs looked at the first so many of what waits, again and again, and whoever stood behind them was never reached.

Input: letters of a campaign, orders that wait, points that end; more people than one look takes, of whom the first
cannot be reached, were decided before, or are erased. Wrong: nobody behind them was told, on any day. Right: everybody
is; and a campaign by e-mail knows the segments and interests that its audience asks for.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.commerce.records import Customer, Order
from engine.loyalty.ledger import PROGRAMME, earn
from engine.offers.audience import LinkedShopper
from engine.offers.interests.condition import Interested, ProductInterest, ShopperTouches
from engine.storage.clerks import pickups
from engine.storage.commerce.events import keep_events
from engine.storage.database import Database
from engine.storage.loyalty.ledger import post
from engine.storage.messages import decisions
from engine.storage.models.identity import IdentifierTable
from engine.storage.programme import occasions
from engine.storage.sending.marks import mark_mailbox
from engine.storage.vouchers.mailed import mailing
from engine.storage.vouchers.mailed.mailing import mail_codes
from engine.vocabulary import Channel, EntryKind, MailboxMark, OrderState, Purpose
from tests.engine.offers.plans import PLAN
from tests.engine.storage.clerks.test_pickups import SECRET as CODES
from tests.engine.storage.programme.test_occasions import APP
from tests.engine.storage.scenes import NOW, STORE, TELLING, shopper
from tests.engine.storage.vouchers.mailed.test_mailing import LIMITS, mail, offer, reader, vouchers


def test_who_has_no_mailbox_stands_before_nobody(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailing, "AT_ONCE", 2)
    people = sorted(reader(db) for _ in range(7))
    for who in people[:3]:
        mark_mailbox(db, who, MailboxMark.RETURNED, NOW)
    for _ in range(3):
        reader(db, proved=False)
    offer(db)
    assert mail(db) == 4
    assert sorted(one.shopper_id for one in vouchers(db)) == people[3:]


def test_letters_go_to_who_is_after_a_product(db: Database) -> None:
    hers, _ = reader(db), reader(db)
    offer(db, audience={"interested": {"how": "viewed_online", "product": "BOOK"}})
    viewed = ShopperTouches((ProductInterest("BOOK", "books", views=(NOW - 60,)),))
    joined = frozenset({(Purpose.LOCATION_OFFERS, Channel.EMAIL), (Purpose.CRM, Channel.ANY)})

    def touching(who: LinkedShopper, asked: Interested, now: float) -> LinkedShopper:
        assert (asked.product, now) == ("BOOK", NOW)
        assert joined <= who.consents
        return replace(who, touches=viewed) if who.shopper_id == hers else who

    assert mail_codes(db, PLAN, LIMITS, CODES, NOW, touching) == 1
    assert [one.shopper_id for one in vouchers(db)] == [hers]


def test_every_order_that_waits_is_told_of(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickups, "SHOWN", 2)
    who = shopper(db, 3, consents=(APP,)).shopper_id
    with db.write() as session:
        session.add(IdentifierTable(kind="email", digest="e" * 64, shopper_id=who, sealed="", verified_at=NOW))
    done = 0
    for n in range(5):
        now, hers = NOW + 60 * n, Customer(email="e" * 64)
        keep_events(db, [Order("web", str(n), 1, now, OrderState.READY, "EUR", 9, (), hers, STORE)], now)
        pickups.follow_orders(db, now, secret=CODES)
        done += pickups.tell_ready(db, TELLING, now)
    assert done == 5


def test_all_whose_points_end_are_told(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(occasions, "MOST", 2)
    monkeypatch.setattr(decisions, "LOOKED_AT", 2)
    members = [shopper(db, n + 1, consents=(APP,)).member_id for n in range(3)]
    for name in ("", "0", "1", *members):  # the first three are nobody's any more
        post(db, earn(f"k{name}", PROGRAMME, EntryKind.VISIT, name or "-", 30, NOW - 9e6, expires_at=NOW + 9e5))
    assert [occasions.tell_of_points(db, TELLING, (), NOW + n) for n in range(3)] == [2, 1, 0]
