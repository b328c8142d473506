"""What became of coupons is written with what caused it: used, taken back, over, withdrawn."""

from __future__ import annotations

from engine.offers.codes import voucher_code
from engine.privacy.consent import ConsentChoice
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.people.shoppers import set_consents
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.outbox import acknowledge, pending
from engine.storage.vouchers.tills import redeem, void
from engine.storage.vouchers.vouchers import expire_unredeemed
from engine.storage.wallet_changes import KEPT_S, changes_after, latest_change, purge_changes
from tests.engine.storage.people.test_shoppers import mentions
from tests.engine.storage.scenes import NOW, SECRET, STORE, basket, campaign, issue, shopper


def test_each_change_is_written_once_with_what_caused_it(db: Database) -> None:
    """Redeemed twice with one key is one change; what the shopper never saw is no news when it ends."""
    for name in ("apples", "pears", "plums"):
        put_campaign(db, STORE, campaign(name))
    who = shopper(db).shopper_id
    used, seen, unseen = (issue(db, who, name, name=f"d-{name}") for name in ("apples", "pears", "plums"))
    for row in pending(db, "page", NOW):
        if row.delivery.voucher_id != unseen:
            acknowledge(db, row.delivery.delivery_id, who, NOW)
    for _ in range(2):
        done = redeem(db, voucher_code(SECRET, used), basket(), STORE, "t", "k", NOW + 5, secret=SECRET)
    for _ in range(2):
        void(db, done.redemption_id, NOW + 9)
    expire_unredeemed(db, NOW + 90 * 86_400)
    told = [(c.voucher_id, c.kind.value, c.amount_minor) for c in changes_after(db, 0)]
    assert told[:2] == [(used, "redeemed", 50), (used, "returned", 50)]
    assert sorted(told[2:]) == sorted([(used, "expired", 0), (seen, "expired", 0)])
    assert latest_change(db) == changes_after(db, 0)[-1].change_id
    assert purge_changes(db, NOW + 9 + KEPT_S) == 2
    erase_shopper(db, who, NOW)
    assert mentions(db, who) == ["consent_log"]


def test_what_is_withdrawn_leaves_the_page(db: Database) -> None:
    put_campaign(db, STORE, campaign())
    who = shopper(db).shopper_id
    voucher = issue(db, who)
    set_consents(db, who, [ConsentChoice("location_offers", "page", False)], "2026-01", "me", NOW + 1)
    assert [(c.voucher_id, c.kind.value) for c in changes_after(db, 0)] == [(voucher, "voided")]
