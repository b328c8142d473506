"""A voucher on top of a sale took more off than was ever meant (saleor #5689).

In: food at 10.00 in the plan, 5.00 at the till, a coupon of 3.40, which is 34 % of the plan's price. It gave 3.40,
68 % of what was paid. Right: at most 1.70, and the till is told why.
"""

from __future__ import annotations

import datetime as dt

import pytest

from engine.offers.discounts import Basket, Line
from engine.storage.database import Database
from engine.storage.models.vouchers import VoucherTable
from engine.storage.vouchers.campaigns import get_campaign
from engine.storage.vouchers.tills import check_voucher, redeem
from tests.engine.storage.scenes import NOW, SECRET, STORE, voucher

COUPON = {"kind": "amount", "applies_to": "product", "sku": "A1", "amount_minor": 340}
AFTER_THE_LAW = dt.datetime(2028, 5, 1, tzinfo=dt.UTC).timestamp()


def sold(price_minor: int, legal_class: str = "food", quantity: int = 1, advantages_minor: int = 0) -> Basket:
    return Basket("EUR", (Line("A1", quantity, price_minor, None, legal_class, advantages_minor),))


@pytest.mark.parametrize(
    ("bought", "right", "reason"),
    [
        (sold(1000), 340, "ok"),
        (sold(500), 170, "legal_cap"),
        (sold(500, quantity=2), 340, "ok"),
        (sold(500, "everyday"), 200, "legal_cap"),
        (sold(500, "other"), 340, "ok"),
        (sold(500, ""), 170, "legal_cap"),  # nobody has said what it is
        (sold(500, "book"), 25, "legal_cap"),
        (sold(500, advantages_minor=100), 70, "legal_cap"),  # a euro comes back as points
    ],
)
def test_no_more_than_the_cap_of_the_price_paid(db: Database, bought: Basket, right: int, reason: str) -> None:
    _, _, code = voucher(db, offer=COUPON)
    said = check_voucher(db, code, bought, STORE, NOW + 1, secret=SECRET)
    assert (said.ok, said.discount_minor, said.reason) == (True, right, reason)
    for at in (NOW + 2, NOW + 3):  # a till asks twice
        done = redeem(db, code, bought, STORE, "till", "key", at, secret=SECRET)
        assert (done.discount_minor, done.reason) == (right, reason)
    assert get_campaign(db, STORE, "apples").amount_used_minor == right


def test_the_cap_ends_with_the_law_and_does_not_hold_overseas(db: Database) -> None:
    _, _, code = voucher(db, offer=COUPON, valid_s=60.0 * 86_400)
    for at, timezone, right in ((NOW, "Europe/Paris", 170), (NOW, "Indian/Reunion", 340)):
        said = check_voucher(db, code, sold(500), STORE, at, secret=SECRET, timezone=timezone)
        assert said.discount_minor == right
    with db.write() as session:
        row = session.get_one(VoucherTable, said.voucher_id)
        row.expires_at = AFTER_THE_LAW + 1.0
    assert check_voucher(db, code, sold(500), STORE, AFTER_THE_LAW, secret=SECRET).discount_minor == 340
