"""The wallet on a tablet that others use, too: it keeps nothing, and is remembered as such."""

from __future__ import annotations

import time

import pytest
from selenium.webdriver import Chrome

from engine.storage.vouchers.vouchers import voucher_of
from tests.api.shoppers.wallet.test_wallet_page import KEPT
from tests.api.site import Site, eventually
from tests.browser import ask, checked, chromium, click, complaints, shown, wait_for

__all__ = ["chromium"]
pytestmark = pytest.mark.e2e
SHARED_BOX = "input[name='shared']"


def test_a_tablet_keeps_nothing_and_stays_marked(site: Site, chromium: Chrome) -> None:
    chromium.get(f"{site.url}/w/corner?lang=fr")
    assert not checked(chromium, SHARED_BOX)
    click(chromium, "label:has(input[name='location_offers:page'][value='yes']) span")
    click(chromium, f"label:has({SHARED_BOX}) span")
    click(chromium, "form button")
    click(chromium, "a.button.main")
    wait_for(chromium, "#status[data-state=live]")
    who = chromium.execute_async_script("fetch('/v1/me').then(r => r.json()).then(arguments[0])")["shopper_id"]
    voucher = site.issue(who, time.time())
    wait_for(chromium, ".coupon h3", "Le thé vert")
    eventually(lambda: voucher_of(site.db, voucher, who).voucher.state == "seen")
    assert not shown(chromium, "#push")
    assert not shown(chromium, "#install")
    assert chromium.execute_async_script(KEPT) == 0, "nothing is kept for without a network"
    assert ask(chromium, "return navigator.serviceWorker.controller === null")
    assert complaints(chromium) == []

    [session] = [c for c in chromium.get_cookies() if c["name"] == "rayon_shopper"]
    assert "expiry" not in session
    chromium.delete_cookie("rayon_shopper")  # as closing the browser does
    chromium.get(f"{site.url}/me?lang=fr")
    assert not shown(chromium, ".coupon")
    chromium.get(f"{site.url}/w/corner?lang=fr")
    assert checked(chromium, SHARED_BOX), "who comes next need not know that it is shared"
