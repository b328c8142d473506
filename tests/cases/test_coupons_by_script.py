"""Coupons without end by a script: 45 of 45 POSTs to a link open to anyone gave distinct ones, and 60 of 60 fresh
profiles got what is given on request.

Caps count people, and neither a cookie thrown away nor a profile made a second ago is one. Right: a line gets few
guests' coupons by one link, and then the sign-in page; what is given on request needs a proved phone in the store.
"""

from __future__ import annotations

import time

import pytest

from api.callers.visitors import GUESTS_OF_A_LINK_PER_DAY
from engine.storage.last_places import LastPlace, note_places
from engine.storage.vouchers.campaigns import put_campaign
from tests.api.site import Site, campaign


def test_a_browser_that_throws_cookies_away_is_no_new_friend_each_time(site: Site) -> None:
    put_campaign(site.db, "corner", campaign(share={"open_to": "anyone"}, budget={"max_vouchers": 60}))
    with site.client() as sharer, site.client() as script:
        voucher = site.issue(site.sign_in(sharer), time.time())
        token = sharer.post("/v1/me/shares", json={"voucher_id": voucher}).json()["token"]
        led = []
        for _ in range(GUESTS_OF_A_LINK_PER_DAY + 5):
            script.cookies.clear()
            answer = script.post(f"/s/{token}/coupon")
            assert answer.status_code == 303
            led.append(answer.headers["location"].partition("?")[0])
        assert led == [f"/s/{token}/coupon"] * GUESTS_OF_A_LINK_PER_DAY + ["/w/corner"] * 5
        assert sharer.post(f"/s/{token}/coupon").headers["location"].startswith(f"/s/{token}/coupon")


@pytest.mark.parametrize("ago_s", [None, 3600.0])
def test_a_fresh_profile_without_a_phone_in_the_store_gets_nothing_on_request(site: Site, ago_s: float | None) -> None:
    put_campaign(site.db, "corner", campaign("tea-asked", on_request=True), time.time())
    with site.client() as phone:
        if ago_s is None:
            site.sign_in(phone)
        else:
            who = site.sign_in(phone, **site.redirect())
            note_places(site.db, [LastPlace("corner", who, "ground", 8.0, 2.0, 1.5, time.time() - ago_s)])
        assert phone.get("/v1/me/offers").json()["items"] == []
        answer = phone.post("/v1/me/offers/tea-asked?lang=en")
        assert (answer.status_code, answer.json()["code"]) == (409, "offer_refused")
        assert answer.json()["detail"].startswith("This offer is for who is in the shop")
