"""409 against 201 told anybody whether a MAC is a customer's, and the real owner that there was "nothing to withdraw".

Input: the same requests with the MAC of a customer and with one that nobody has, by a stranger. Right: the same
status, body and headers, but for what is random; and for the owner the same page as for everybody, which does what it
says.
"""

from __future__ import annotations

import re
from typing import Any

import httpx

from engine.storage.people.shoppers import linked_devices
from tests.api.conftest import config, plan, site
from tests.api.site import MAC, Site

__all__ = ["config", "plan", "site"]

NOBODYS = "02:aa:bb:cc:dd:77"
YES = {"purpose": "location_offers", "channel": "page", "granted": True}
RANDOM = re.compile(
    r'"shopper_id":"[0-9a-f]{24}"|pass=[^&"]*|name="(?:phone|form_name|token|taker)" value="[^"]*"|"now":"[^"]*"'
    r"|rayon_shopper=[^;]*|phone=[^&\"]*|data-shopper=\"[0-9a-f]{24}\""
)


def said(answer: httpx.Response) -> tuple[Any, ...]:
    headers = {
        name: RANDOM.sub("…", value) for name, value in answer.headers.items() if name not in ("date", "content-length")
    }
    return answer.status_code, headers, RANDOM.sub("…", answer.text)


def tried(site: Site, mac: str) -> list[tuple[Any, ...]]:
    """Everything that a stranger can ask with a MAC."""
    with site.client() as stranger:
        portal = stranger.get("/w/corner", params={"client_mac": mac})
        hidden = site.form(stranger, {"client_mac": mac})
        answers = [portal, stranger.post("/opt-out/corner", data=hidden)]
        answers.append(stranger.post("/w/corner", data={"consent": "location_offers:page", **hidden}))
        answers.append(stranger.get("/v1/me"))
    with site.client() as stranger:
        body = {"store": "corner", "client_mac": mac, "consents": [YES]}
        answers.append(stranger.post("/v1/sessions", json=body))
        answers += [stranger.get(path) for path in ("/v1/me", "/me", "/v1/me/vouchers", "/v1/me/points")]
        answers.append(stranger.post("/v1/me/phone-code", json={"code": "AAAAAA"}))
        answers.append(stranger.post("/v1/me/fewer", json={"kind": "mute", "store": "corner"}))
    return [said(answer) for answer in answers]


def test_a_customer_s_mac_answers_like_nobody_s(site: Site) -> None:
    with site.client() as her:
        site.sign_in(her, **site.redirect())
        of_nobody, of_hers = tried(site, NOBODYS), tried(site, MAC)
        assert of_nobody == of_hers
        assert {status for status, *_ in of_hers} <= {200, 201, 409}
        assert len(linked_devices(site.db, "corner")) == 1


def test_the_owner_finds_something_to_withdraw(site: Site) -> None:
    """Also after a stranger was here first, and with the sign-in lost."""
    with site.client() as stranger, site.client() as her:
        site.sign_in(stranger, client_mac=MAC)
        before = said(her.get("/opt-out/corner"))
        site.sign_in(her, **site.redirect())
        assert said(her.get("/opt-out/corner")) == before
        her.post("/opt-out/corner")
        assert her.get("/v1/me").json()["consents"] == []
    assert linked_devices(site.db, "corner") == {}
