"""A picture of a coupon was sent on, and two people had the discount at two tills.

Right: the picture holds the code, the code is one coupon, and a coupon is used once. The second till says so; with the
first sale taken back, the coupon is its owner's again.
"""

from __future__ import annotations

import time

from tests.api.site import Site, basket, code_of


def test_a_forwarded_picture_is_redeemed_once_at_most(site: Site) -> None:
    with site.client() as phone, site.till() as till:
        code = code_of(site.issue(site.sign_in(phone), time.time()))
        answers = [
            till.post(
                "/v1/till/redeem",
                json={"store": "corner", "till": number, "code": code, "basket": basket()},
                headers={"Idempotency-Key": number * 32},
            )
            for number in ("1", "2")
        ]
    assert [answer.status_code for answer in answers] == [200, 409]
    assert answers[1].json()["code"] == "voucher_redeemed"
