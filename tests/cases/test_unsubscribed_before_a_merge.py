"""Unsubscribing by a letter of before two profiles became one did nothing, and said that it had.

What happened elsewhere: the link in the letter names the profile that the letter was for. That had joined another,
which went on getting letters. Input: both profiles agreed to offers by e-mail; the link of the one that has joined.
Right: the no is the person's, also after a split.
"""

from __future__ import annotations

from engine.delivery.tokens import PURPOSE, unsubscribe_token
from engine.privacy.consent import ConsentChoice
from engine.storage.people.merges import merge_in, split
from engine.storage.people.shoppers import get_shopper
from engine.vocabulary import Channel, IdentifierKind, Purpose
from tests.api.site import SECRETS, Site
from tests.engine.storage.scenes import NOW, shopper

BY_MAIL = (Purpose.LOCATION_OFFERS, Channel.EMAIL)


def test_the_no_is_the_persons(site: Site) -> None:
    kept, joined = (shopper(site.db, consents=[ConsentChoice(*BY_MAIL, True)]).shopper_id for _ in range(2))
    with site.db.write() as session:
        merge_id = merge_in(session, kept, joined, IdentifierKind.EMAIL, NOW + 10)
    token = unsubscribe_token(SECRETS.derive_key(PURPOSE), joined, Channel.EMAIL)
    with site.client() as mailbox:
        for _ in range(2):
            answer = mailbox.post(f"/unsubscribe/{token}", data={"List-Unsubscribe": "One-Click"})
            assert answer.status_code == 200
    assert BY_MAIL not in get_shopper(site.db, kept).grants
    split(site.db, merge_id, kept, NOW + 20)
    assert BY_MAIL not in get_shopper(site.db, joined).grants
