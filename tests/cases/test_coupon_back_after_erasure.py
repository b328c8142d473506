"""A sale taken back brought the coupon of somebody back to life who had been erased, or had withdrawn meanwhile.

Input: a coupon is used, its shopper withdraws or is erased, the till undoes the sale. Right value: the sale is undone,
and the coupon is of no use. And two sales whose till and key run together are two redemptions.
"""

from __future__ import annotations

import time

import httpx
import pytest

from engine.storage.vouchers.tills import _redemption_id
from tests.api.site import Site, basket, code_of

NO = [{"purpose": "location_offers", "channel": "page", "granted": False}]


@pytest.mark.parametrize("erased", [False, True])
def test_what_is_undone_is_not_revived(site: Site, erased: bool) -> None:
    with site.client() as phone, site.till() as till:

        def redeem(key: str) -> httpx.Response:
            body = {"store": "corner", "basket": basket(), "code": code_of(voucher), "till": "t"}
            return till.post("/v1/till/redeem", json=body, headers={"Idempotency-Key": key})

        voucher = site.issue(site.sign_in(phone), time.time())
        sold = redeem("1").json()["redemption_id"]
        if erased:
            assert phone.delete("/v1/me").status_code == 200
        else:
            assert phone.put("/v1/me/consents", json={"consents": NO}).status_code == 200
        body = {"redemption_id": sold, "store": "corner"}
        undone = till.post("/v1/till/void", json=body, headers={"Idempotency-Key": "void"})
        assert (undone.status_code, undone.json()["state"]) == (200, "voided")
        assert redeem("2").json()["code"] == "voucher_voided"


def test_till_and_key_do_not_run_together() -> None:
    assert _redemption_id("corner", "1|2", "3") != _redemption_id("corner", "1", "2|3")
