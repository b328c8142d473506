"""Rate limits hit the neighbours and not the guesser.

Twenty opt-outs kept the next person from withdrawing. One visitor's 120 sign-ins gave the whole shop 429; ten wrong
keys locked the right one out; wrong bearer keys were unlimited; after 280 refused guesses a right till code still
answered. Right: each is counted alone, whoever is refused learns nothing, and a withdrawal is never refused.
"""

from __future__ import annotations

import pytest

from api.ratelimits import SIGN_INS_PER_MINUTE, WRONG_CODES_PER_TILL, WRONG_KEYS_PER_MINUTE
from tests.api.site import Site, basket, code_of

OFFERS = {"purpose": "location_offers", "channel": "page", "granted": True}


def asked(code: str, till: str) -> dict[str, object]:
    return {"code": code, "store": "corner", "till": till, "basket": basket()}


def test_one_visitor_does_not_keep_the_shop_from_signing_in(site: Site) -> None:
    with site.client() as eager, site.client() as neighbour:
        body = {"store": "corner", "consents": [OFFERS]}
        statuses = [eager.post("/v1/sessions", json=body).status_code for _ in range(SIGN_INS_PER_MINUTE + 5)]
        assert statuses[-3:] == [429] * 3
        assert neighbour.post("/v1/sessions", json=body).status_code == 201
        assert neighbour.post("/w/corner", data={"consent": "location_offers:page"}).status_code == 200


def test_wrong_bearer_keys_are_limited_and_the_right_one_is_not(site: Site) -> None:
    with site.client() as guesser, site.till() as till, site.manager() as manager:
        statuses = [
            guesser.get("/v1/stores", headers={"Authorization": f"Bearer wrong-{i}"}).status_code
            for i in range(WRONG_KEYS_PER_MINUTE + 10)
        ]
        assert statuses == [401] * WRONG_KEYS_PER_MINUTE + [429] * 10
        assert till.get("/v1/till/stores").status_code == 200
        assert manager.get("/v1/stores").status_code == 200


@pytest.mark.usefixtures("rate_clock")
def test_a_till_that_guesses_learns_nothing_and_the_next_till_goes_on(site: Site) -> None:
    with site.client() as shopper, site.till() as guesser, site.till() as honest:
        code = code_of(site.issue_shown(site.sign_in(shopper)))
        assert honest.post("/v1/till/check", json=asked(code, "2")).status_code == 200
        for i in range(WRONG_CODES_PER_TILL + 5):
            guesser.post("/v1/till/check", json=asked(f"wrong-{i}", "1"))
        assert guesser.post("/v1/till/check", json=asked(code, "1")).status_code == 429
        for i in range(200):  # another till each time
            guesser.post("/v1/till/check", json=asked(f"wrong-{i}", f"made-up-{i}"))
        assert guesser.post("/v1/till/check", json=asked(code, "made-up")).status_code == 429
        assert honest.post("/v1/till/check", json=asked(code, "2")).json()["ok"]


def test_a_withdrawal_is_never_refused(site: Site) -> None:
    with site.client() as eager, site.client() as ana:
        site.sign_in(ana)
        assert {eager.post("/opt-out/corner").status_code for _ in range(30)} == {200}
        assert ana.post("/opt-out/corner").status_code == 200
        assert ana.get("/v1/me").json()["consents"] == []
