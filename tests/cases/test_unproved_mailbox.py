"""A coupon was handed to e-mail for who had named an address and proved none, and came back from there too late.

Right: an address that nobody followed a link to is no way to a shopper; the next channel, or the page, has it at once.
"""

from __future__ import annotations

from engine.privacy.consent import ConsentChoice
from engine.storage.database import Database
from engine.storage.people.bindings import PhoneClaim
from engine.storage.people.shoppers import SignIn, sign_in
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.channels import Routing, Windows, hand_over_late, take
from engine.storage.vouchers.outbox import pending_for
from engine.vocabulary import Channel, DeliveryReason, Purpose
from tests.engine.delivery.phones import issue_on, shopper_with
from tests.engine.storage.scenes import NOW, STORE, campaign


def test_an_address_that_was_only_named_is_skipped(db: Database) -> None:
    put_campaign(db, STORE, campaign())
    skipped: list[tuple[Channel, DeliveryReason]] = []
    routing = Routing(Windows(), frozenset(Channel), skipped=lambda *said: skipped.append(said))
    agreed = [ConsentChoice(Purpose.LOCATION_OFFERS, channel, True) for channel in (Channel.PAGE, Channel.EMAIL)]
    asked = SignIn(STORE, PhoneClaim(), None, None, "a@example.org", "fr", agreed, "2026-01", NOW)
    named = sign_in(db, asked).shopper_id
    proved = shopper_with(db, Channel.PAGE, Channel.EMAIL, email="b@example.org")
    for name, who in (("named", named), ("proved", proved)):
        issue_on(db, who, [Channel.PAGE, Channel.EMAIL], name=name)
    assert hand_over_late(db, NOW + 4, set(), routing) == 2
    [letter] = take(db, Channel.EMAIL, NOW + 4, routing)
    assert letter.row.delivery.shopper_id == proved
    assert skipped == [(Channel.EMAIL, DeliveryReason.NO_ADDRESS)]
    assert len(pending_for(db, named, Channel.PAGE, NOW + 5)) == 1, "the page keeps it"
