"""Everybody can use the shopper's pages: axe finds nothing, a keyboard reaches everything, and zoom hides nothing."""

from __future__ import annotations

import time
from typing import Any

import pytest
from selenium.webdriver import ActionChains, Chrome, Keys

from engine.storage.keys import add_key
from engine.storage.vouchers.vouchers import voucher_of
from tests.api.shoppers.test_pages import picture, sign_in
from tests.api.site import Site, eventually
from tests.browser import ask, chromium, click, wait_for
from tests.browsers.axe import violations

__all__ = ["chromium"]
pytestmark = pytest.mark.e2e
FOCUSED = """
const at = document.activeElement, style = getComputedStyle(at);
return [at.tagName, at.id, style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2];
"""
PAGES = (
    "/w/corner",
    "/opt-out/corner",
    "/notice/corner",
    "/me/data",
    "/me/points",
    "/me/spots",
    "/me/card",
    "/me/identity",
    "/accessibility",
    "/",
)
FOCUSABLE = """
return [...document.querySelectorAll("a[href], button, input, select, summary")]
  .filter((e) => e.checkVisibility() && !e.disabled).length;
"""


def see(browser: Chrome, scheme: str, motion: str = "no-preference") -> None:
    features = [
        {"name": "prefers-color-scheme", "value": scheme},
        {"name": "prefers-reduced-motion", "value": motion},
    ]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def receive(site: Site, browser: Chrome) -> None:
    shopper = sign_in(browser, site)
    voucher = site.issue(shopper, time.time())
    wait_for(browser, ".coupon h3")
    eventually(lambda: voucher_of(site.db, voucher, shopper).voucher.state == "seen")


def also(site: Site, browser: Chrome) -> tuple[str, str]:
    """Where a friend lands, and what the data protection officer sees."""
    with site.client() as mine, site.client() as officer:
        for cookie in browser.get_cookies():
            mine.cookies.set(cookie["name"], cookie["value"])
        voucher = mine.get("/v1/me/vouchers").json()["items"][0]["voucher_id"]
        token = mine.post("/v1/me/shares", json={"voucher_id": voucher}).json()["token"]
        key = add_key(site.db, "dpo", time.time())[1]
        officer.post("/manage/sign-in", data={"key": key, "to": "/dpo"})
        browser.add_cookie({"name": "rayon_manager", "value": officer.cookies["rayon_manager"], "path": "/"})
    return f"/s/{token}", "/dpo"


@pytest.mark.parametrize(("scheme", "lang"), [("light", "fr"), ("dark", "en")])
def test_axe_finds_nothing(site: Site, chromium: Chrome, scheme: str, lang: str) -> None:
    """Every page that a shopper meets, the wallet with a coupon, its details open and something muted."""
    see(chromium, scheme)
    receive(site, chromium)
    found: dict[str, Any] = {}
    for path in (*PAGES, "/me/offline"):
        chromium.get(f"{site.url}{path}?lang={lang}")
        found[path] = violations(chromium)
        picture(chromium, f"page{path.replace('/', '-')}-{scheme}-{lang}")
    for path in also(site, chromium):
        chromium.get(f"{site.url}{path}?lang={lang}")
        found[path] = violations(chromium)
        picture(chromium, f"page{path[:4].replace('/', '-')}-{scheme}-{lang}")
    chromium.get(f"{site.url}/me?lang={lang}")
    wait_for(chromium, ".coupon h3")
    click(chromium, "[data-mute=product]")
    wait_for(chromium, "#muted li")
    click(chromium, ".there summary")
    wait_for(chromium, ".way svg")
    ask(chromium, "document.getElementById('toast').hidden = true; return true")
    found["/me"] = violations(chromium)
    picture(chromium, f"me-{scheme}-{lang}")
    assert {path: said for path, said in found.items() if said} == {}


def test_a_keyboard_reaches_everything_and_one_sees_where_it_is(site: Site, chromium: Chrome) -> None:
    receive(site, chromium)
    expected = ask(chromium, FOCUSABLE)
    seen = []
    while len(seen) < 2 * expected and ("BUTTON", "delete", True) not in seen:  # a time has a stop for each part
        ActionChains(chromium).send_keys(Keys.TAB).perform()
        seen.append(tuple(ask(chromium, FOCUSED)))
    assert [at for at in seen if at[0] == "BODY"] == []
    assert [at for at in seen if not at[2]] == []
    assert ("BUTTON", "delete", True) in seen


@pytest.mark.parametrize("width", [320, 195])
def test_no_zoom_hides_anything(site: Site, chromium: Chrome, width: int) -> None:
    """320 px is what WCAG 1.4.10 asks for; 195 px is a phone of 390 px at 200 %. Nothing is cut off to the right."""
    receive(site, chromium)
    metrics = {"width": width, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    shown = "e.checkVisibility() && !e.closest('.unseen, .scroll')"  # a wide table scrolls within itself
    cut = f"e.getBoundingClientRect().right > {width + 1}"  # innerWidth grows with what sticks out
    said = "`${e.tagName}.${e.className}#${e.id}`"
    wide = f"return [...document.querySelectorAll('main *')].filter((e) => {shown} && {cut}).map((e) => {said})"
    found: dict[str, Any] = {"/me": ask(chromium, wide)}
    picture(chromium, f"me-{width}")
    for path in (*PAGES, *also(site, chromium)):
        chromium.get(f"{site.url}{path}")
        found[path] = ask(chromium, wide)
    assert {path: said for path, said in found.items() if said} == {}


def test_who_wants_no_motion_gets_none(site: Site, chromium: Chrome) -> None:
    see(chromium, "light", "reduce")
    receive(site, chromium)
    assert ask(chromium, "return document.getAnimations().length") == 0
