"""A refund left the points: buying and giving back, again and again, was worth something each time.

In: a friend who opened a shared link buys, gives back, and buys again. Right: the sharer's points come with the
purchase and go with the return, in the same lots; in the end they have come once.
"""

from __future__ import annotations

from engine.loyalty.ledger import PROGRAMME, Balance
from engine.loyalty.sharing import ShareRules, Visitor
from engine.offers.codes import voucher_code
from engine.storage.database import Database
from engine.storage.loyalty.ledger import balance, entries_of, release_pending
from engine.storage.loyalty.shares import create_share, open_share
from engine.storage.vouchers.campaigns import get_campaign, put_campaign
from engine.storage.vouchers.tills import redeem, void
from tests.engine.storage.scenes import NOW, SECRET, STORE, basket, campaign, issue, shopper

RULES = ShareRules(points=50, hold_s=86_400.0, per_day=9, per_campaign=9)


def test_points_come_and_go_with_the_purchase(db: Database) -> None:
    put_campaign(db, STORE, campaign(valid_s=7 * 86_400.0))
    sharer, friend = shopper(db), shopper(db)
    link = create_share(db, issue(db, sharer.shopper_id, name="d1"), sharer.shopper_id, NOW).token
    open_share(db, link, Visitor("cookie", None, "address", "Mozilla/5.0", shopper_id=friend.shopper_id), NOW, RULES)
    code = voucher_code(SECRET, issue(db, friend.shopper_id, name="d2"))
    spent = get_campaign(db, STORE, "apples").amount_used_minor
    for i in range(3):
        done = redeem(db, code, basket(), STORE, "till", f"k{i}", NOW + 60 + i, secret=SECRET)
        assert balance(db, PROGRAMME, sharer.member_id) == Balance(50, 0)
        for _ in range(2):  # the till asks twice
            void(db, done.redemption_id, NOW + 61 + i)
            assert balance(db, PROGRAMME, sharer.member_id) == Balance(0, 50)
        assert get_campaign(db, STORE, "apples").amount_used_minor == spent
    assert release_pending(db, NOW + RULES.hold_s) == 1
    assert balance(db, PROGRAMME, sharer.member_id) == Balance(50, 0)
    kinds = [entry.kind for _, entry in entries_of(db, sharer.member_id)]
    assert kinds == ["release", *["reversal", "release"] * 3, "share_visit"]  # newest first: nothing was edited


def test_a_return_after_the_hold_leaves_what_its_time_has_brought(db: Database) -> None:
    put_campaign(db, STORE, campaign(valid_s=7 * 86_400.0))
    sharer, friend = shopper(db), shopper(db)
    link = create_share(db, issue(db, sharer.shopper_id, name="d1"), sharer.shopper_id, NOW).token
    open_share(db, link, Visitor("cookie", None, "address", "Mozilla/5.0", shopper_id=friend.shopper_id), NOW, RULES)
    code = voucher_code(SECRET, issue(db, friend.shopper_id, name="d2"))
    done = redeem(db, code, basket(), STORE, "till", "k", NOW + 60, secret=SECRET)
    void(db, done.redemption_id, NOW + RULES.hold_s)
    assert balance(db, PROGRAMME, sharer.member_id) == Balance(50, 0)
