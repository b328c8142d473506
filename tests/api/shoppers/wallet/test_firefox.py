"""The shopper's page in a real Firefox of phone size: both languages, light and dark, and without a network."""

from __future__ import annotations

import time
from urllib.parse import urlencode

import pytest

from engine.storage.vouchers.vouchers import voucher_of
from tests.api.shoppers.wallet.test_wallet_page import use
from tests.api.site import Site, code_of, eventually
from tests.browsers.firefox import Firefox, firefox

__all__ = ["firefox"]
pytestmark = pytest.mark.e2e
DARK = {"layout.css.prefers-color-scheme.content-override": 0, "intl.accept_languages": "en"}
LIGHT = {"layout.css.prefers-color-scheme.content-override": 1, "intl.accept_languages": "fr"}
GROUND = "getComputedStyle(document.body).backgroundColor"


def text(selector: str) -> str:
    return f"(document.querySelector({selector!r})?.innerText ?? '').replace(/[\\u00a0\\u202f]/g, ' ')"


@pytest.mark.parametrize(
    ("firefox", "lang", "title", "used", "ground"),
    [
        (LIGHT, "fr", "Le thé vert", "Utilisé : vous avez économisé 0,99 €", "rgb(245, 242, 234)"),
        (DARK, "en", "Green tea", "Used: you saved €0.99", "rgb(18, 24, 22)"),
    ],
    indirect=["firefox"],
)
def test_a_coupon_from_sign_in_to_the_till(
    site: Site, firefox: Firefox, lang: str, title: str, used: str, ground: str
) -> None:
    """The language is the browser's own. The coupon is there after the server has gone, and its use is told at once."""
    firefox.get(f"{site.url}/w/corner?{urlencode(site.redirect())}")
    assert firefox.ask("document.documentElement.lang") == lang
    assert firefox.ask(GROUND) == ground
    firefox.click("label:has(input[name='location_offers:page'][value='yes']) span")
    firefox.click("form button")
    firefox.click("a.button.main")
    firefox.wait("document.querySelector('#status')?.dataset.state === 'live'")
    who = str(firefox.ask("fetch('/v1/me').then((said) => said.json()).then((me) => me.shopper_id)"))
    voucher = site.issue(who, time.time())
    firefox.wait(f"{text('.coupon h3')}.includes({title!r})")
    eventually(lambda: voucher_of(site.db, voucher, who).voucher.state == "seen")
    firefox.wait("document.getAnimations().length === 0")
    firefox.picture(f"firefox-{lang}")
    firefox.wait("navigator.serviceWorker.controller?.state === 'activated'")
    assert use(site, voucher).status_code == 200
    firefox.wait(f"{text('#toast')}.includes({used!r})")
    second = site.issue(who, time.time(), "store-1", "visit-2")
    firefox.wait(f"document.querySelector('#v-{second}') !== null")
    eventually(lambda: voucher_of(site.db, second, who).voucher.state == "seen")
    firefox.wait("indexedDB.databases().then((all) => all.length === 1)")
    site.server.stop()
    firefox.get(f"{site.url}/me")
    firefox.wait("!document.querySelector('#without_network').hidden")
    assert firefox.ask(text(f"#v-{second} .digits")).replace(" ", "") == code_of(second)
