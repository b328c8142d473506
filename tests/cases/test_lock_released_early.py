"""A voucher engine let go of its lock before the use was settled, so that others used the voucher in between.

In: forty tills at one moment, on a voucher for three uses; and a settlement that fails when the voucher is marked as
used already. Right: three uses, whose discounts are what the campaign has spent; where settling fails, nothing is used.
"""

from __future__ import annotations

import pytest
from sqlmodel import select

from engine.loyalty.ledger import PROGRAMME, burn, earn
from engine.loyalty.sharing import ShareRules, Visitor
from engine.offers.codes import voucher_code
from engine.storage.database import Database
from engine.storage.loyalty.ledger import EntryConflict, post
from engine.storage.loyalty.shares import create_share, open_share
from engine.storage.models.ledger import HoldTable
from engine.storage.models.vouchers import RedemptionTable, VoucherTable
from engine.storage.vouchers.campaigns import get_campaign
from engine.storage.vouchers.tills import check_voucher, redeem, void
from engine.vocabulary import EntryKind
from tests.engine.storage.scenes import NOW, SECRET, STORE, at_once, basket, issue, shopper, voucher


def spent(db: Database) -> int:
    return get_campaign(db, STORE, "apples").amount_used_minor


def test_a_use_is_settled_before_the_next_one_looks(db: Database) -> None:
    _, voucher_id, code = voucher(db)
    with db.write() as session:
        row = session.get_one(VoucherTable, voucher_id)
        row.max_uses, row.reserved_minor = 3, 3 * row.worth_minor
    cheap = basket(("A1", 1, 200))  # 40 off, where 50 are reserved

    def work(i: int) -> str:
        return redeem(db, code, cheap, STORE, f"till-{i % 7}", f"k{i}", NOW + 60, secret=SECRET).state

    assert at_once(40, work) == {"redeemed": 3, "voucher_redeemed": 37}
    with db.read() as session:
        row, uses = session.get_one(VoucherTable, voucher_id), session.exec(select(RedemptionTable)).all()
        assert (row.uses, row.state, row.reserved_minor) == (3, "redeemed", 0)
        assert sum(use.discount_minor for use in uses) == 3 * 40
    # issued with one use reserved, of which nothing is left: two reservations of this test were never the campaign's
    assert spent(db) == 50 + 3 * (40 - 50)


def test_a_settlement_that_fails_leaves_nothing_used(db: Database) -> None:
    sharer, _, _ = voucher(db)
    friend = shopper(db)
    with db.read() as session:
        shared = session.exec(select(VoucherTable.voucher_id)).one()
    link = create_share(db, shared, sharer.shopper_id, NOW).token
    rules = ShareRules(points=50, hold_s=86_400.0, per_day=9, per_campaign=9)
    open_share(db, link, Visitor("cookie", None, "address", "Mozilla/5.0", shopper_id=friend.shopper_id), NOW, rules)
    with db.read() as session:
        held = session.exec(select(HoldTable.key)).one()
    # somebody else's entry has the name of the one that the settlement will write
    post(db, earn("gift", PROGRAMME, EntryKind.SHARE_VISIT, "somebody", 9, NOW))
    post(db, burn(f"release:{held}", PROGRAMME, "somebody", 9, NOW))
    code = voucher_code(SECRET, issue(db, friend.shopper_id, name="d-friend"))
    before = spent(db)
    with pytest.raises(EntryConflict):
        redeem(db, code, basket(), STORE, "till", "k", NOW + 60, secret=SECRET)
    assert spent(db) == before
    assert check_voucher(db, code, basket(), STORE, NOW + 60, secret=SECRET).ok
    with db.read() as session:
        assert session.exec(select(RedemptionTable)).all() == []


def test_undoing_is_settled_under_the_same_lock(db: Database) -> None:
    _, _, code = voucher(db)
    done = redeem(db, code, basket(("A1", 1, 200)), STORE, "till", "k", NOW + 60, secret=SECRET)
    at_once(20, lambda _: void(db, done.redemption_id, NOW + 90).state)
    assert spent(db) == 50
