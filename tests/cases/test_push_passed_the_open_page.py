"""Two API processes; a shopper's page was open at one, and the other, which knew of no page, sent the coupon to the
phone after 0.4 s, past the page.

Right: a page that is open in any process has its four seconds, and only then comes the phone.
"""

from __future__ import annotations

from engine.storage.database import Database
from engine.storage.messages.open_pages import BELIEVED_S, note_pages
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.channels import Routing, Windows, hand_over_late
from engine.vocabulary import Channel
from tests.engine.delivery.phones import issue_on, keep_browser, shopper_with
from tests.engine.storage.scenes import NOW, STORE, campaign

ROUTING = Routing(Windows(page_s=4.0, no_page_s=0.4), frozenset({Channel.PAGE, Channel.PUSH}))


def test_a_page_open_elsewhere_has_its_time(db: Database) -> None:
    put_campaign(db, STORE, campaign(ttl_s=120.0))
    who = shopper_with(db, Channel.PAGE, Channel.PUSH)
    keep_browser(db, who)
    note_pages(db, "the other process", {who}, (), NOW)
    issue_on(db, who, [Channel.PAGE, Channel.PUSH])
    assert hand_over_late(db, NOW + 3.9, (), ROUTING) == 0
    assert hand_over_late(db, NOW + 4.0, (), ROUTING) == 1


def test_a_page_whose_process_died_keeps_nothing_from_a_phone(db: Database) -> None:
    put_campaign(db, STORE, campaign(ttl_s=120.0))
    who = shopper_with(db, Channel.PAGE, Channel.PUSH)
    keep_browser(db, who)
    note_pages(db, "it died", {who}, (), NOW - BELIEVED_S)
    issue_on(db, who, [Channel.PAGE, Channel.PUSH])
    assert hand_over_late(db, NOW + 0.4, (), ROUTING) == 1
