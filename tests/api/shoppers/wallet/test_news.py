"""An open page learns what became of its coupons."""

from __future__ import annotations

import sys
import time

from tests.api.shoppers.test_me import Listener
from tests.api.site import Site, basket, code_of, eventually


def test_used_and_taken_back_reach_an_open_page(site: Site) -> None:
    """From the till's answer to the page, with the amount in words."""
    with site.client() as phone, site.till() as till:
        who = site.sign_in(phone)
        voucher = site.issue(who, time.time())
        with Listener(phone, "/v1/me/stream?lang=en") as page:
            eventually(lambda: page.vouchers)
            said = {"store": "corner", "till": "1", "code": code_of(voucher), "basket": basket()}
            began = time.monotonic()
            used = till.post("/v1/till/redeem", json=said, headers={"Idempotency-Key": "a" * 32})
            assert used.status_code == 200, used.text
            eventually(lambda: len(page.vouchers) == 2)
            sys.stdout.write(f"\nfrom the till to the page: {time.monotonic() - began:.2f} s\n")
            change = page.vouchers[-1]
            assert (change["voucher_id"], change["kind"]) == (voucher, "redeemed")
            assert change["text"] == "Used: you saved €0.99"
            back = {"redemption_id": used.json()["redemption_id"], "store": "corner"}
            answer = till.post("/v1/till/void", json=back, headers={"Idempotency-Key": "b" * 32})
            assert answer.status_code == 200, answer.text
            eventually(lambda: len(page.vouchers) == 3)
            assert page.vouchers[-1]["text"] == "Taken back at the till: €0.99 returned"
