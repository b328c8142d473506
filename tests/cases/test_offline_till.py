"""A till that was offline doubled its sales when it sent them again, or lost those whose voucher had ended meanwhile.

In: sales of an evening without a network, sent the next morning: twice, out of order, in part, and after vouchers have
ended. Right: each sale counts once, none is lost, and a voucher that another till has used is told to be used.
"""

from __future__ import annotations

import itertools

import pytest

from engine.offers.codes import voucher_code
from engine.storage.database import Database
from engine.storage.vouchers.campaigns import get_campaign, put_campaign
from engine.storage.vouchers.tills import OFFLINE_S, Redemption, VoucherRefused, redeem, void
from engine.storage.vouchers.vouchers import counts, expire_undelivered, expire_unredeemed, mark_seen
from tests.engine.storage.scenes import NOW, SECRET, STORE, basket, campaign, issue, shopper

EVENING, MORNING = NOW + 3600.0, NOW + 50_000.0


def coupons(db: Database, n: int) -> list[str]:
    """The codes of `n` shoppers, who have seen them; good for two hours."""
    put_campaign(db, STORE, campaign(valid_s=7200.0))
    codes = []
    for i in range(n):
        who = shopper(db).shopper_id
        voucher_id = issue(db, who, name=f"d{i}")
        mark_seen(db, voucher_id, who, NOW + 1)
        codes.append(voucher_code(SECRET, voucher_id))
    return codes


def send(db: Database, code: str, sale: str, at: float, sold_at: float | None = EVENING, till: str = "1") -> Redemption:
    return redeem(db, code, basket(), STORE, till, sale, at, secret=SECRET, sold_at=sold_at)


def spent(db: Database) -> int:
    return get_campaign(db, STORE, "apples").amount_used_minor


def test_sent_again_in_any_order_each_sale_counts_once(db: Database) -> None:
    codes = coupons(db, 3)
    assert expire_unredeemed(db, MORNING) == 3
    for order in itertools.permutations(range(3)):
        for i in order:
            done = send(db, codes[i], f"sale-{i}", MORNING)
            assert (done.state, done.discount_minor, done.redeemed_at) == ("redeemed", 50, EVENING)
    assert counts(db, STORE)["vouchers_redeemed"] == 3
    assert spent(db) == 150


def test_what_has_ended_since_is_not_lost_whether_we_have_noticed_or_not(db: Database) -> None:
    first, second = coupons(db, 2)
    assert send(db, first, "a", MORNING).state == "redeemed"
    expire_unredeemed(db, MORNING)
    assert send(db, second, "b", MORNING).state == "redeemed"
    assert spent(db) == 100


@pytest.mark.parametrize("sold_at", [None, NOW + 7200.0, NOW - 1.0, MORNING + 1.0])
def test_a_sale_after_the_end_or_before_the_beginning_is_none(db: Database, sold_at: float | None) -> None:
    [code] = coupons(db, 1)
    expire_unredeemed(db, MORNING)
    with pytest.raises(VoucherRefused) as refused:
        send(db, code, "a", MORNING, sold_at)
    assert refused.value.code == "voucher_expired"
    assert spent(db) == 0


def test_a_till_is_believed_for_three_days(db: Database) -> None:
    first, second = coupons(db, 2)
    assert send(db, first, "a", EVENING + OFFLINE_S).state == "redeemed"
    with pytest.raises(VoucherRefused):
        send(db, second, "b", EVENING + OFFLINE_S + 1.0)


def test_another_till_was_first(db: Database) -> None:
    [code] = coupons(db, 1)
    assert send(db, code, "b", EVENING + 60, None, till="2").state == "redeemed"
    with pytest.raises(VoucherRefused) as refused:
        send(db, code, "a", MORNING)
    assert refused.value.code == "voucher_redeemed"
    assert spent(db) == 50


def test_what_was_undone_stays_undone(db: Database) -> None:
    [code] = coupons(db, 1)
    done = send(db, code, "a", MORNING)
    void(db, done.redemption_id, MORNING + 1)
    assert send(db, code, "a", MORNING + 2).state == "voided"  # the queue is sent once more
    assert spent(db) == 0


def test_a_coupon_that_nobody_ever_saw_cannot_have_been_shown(db: Database) -> None:
    put_campaign(db, STORE, campaign(valid_s=7200.0))
    code = voucher_code(SECRET, issue(db, shopper(db).shopper_id))
    assert expire_undelivered(db, NOW + 600) == 1
    with pytest.raises(VoucherRefused):
        send(db, code, "a", NOW + 4000.0)
