"""The shopper's pages in a real browser: sign in, receive, see, share, leave."""

from __future__ import annotations

import base64
import os
import re
import time
from pathlib import Path
from urllib.parse import urlencode

import pytest
from selenium.webdriver import Chrome

from api.server import run_api
from engine.storage.people.phones import open_claims
from engine.storage.vouchers.outbox import pending_for
from engine.storage.vouchers.vouchers import voucher_of
from tests.api.site import MAC, SECRETS, Site, basket, eventually
from tests.browser import (
    agree,
    ask,
    checked,
    chromium,
    click,
    complaints,
    own_chromium,
    shown,
    texts,
    wait_for,
    wait_until,
    write,
)

__all__ = ["chromium", "own_chromium"]
pytestmark = pytest.mark.e2e


def picture(browser: Chrome, name: str) -> None:
    """Keeps a picture of the whole page where RAYON_PICTURES says so: for people to look at."""
    folder = os.environ.get("RAYON_PICTURES")
    if folder:
        shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
        Path(folder, f"{name}.png").write_bytes(base64.b64decode(shot["data"]))


def sign_in(browser: Chrome, site: Site) -> str:
    """Through the captive portal's page, as a person does; the shopper's id."""
    browser.get(f"{site.url}/w/corner?{urlencode(site.redirect())}&lang=fr")
    assert MAC not in browser.current_url
    assert browser.get_cookies() == []
    picture(browser, "portal")
    click(browser, "label:has(input[name='location_offers:page'][value='yes']) span")
    write(browser, "[name=display_name]", "Zoé")
    click(browser, "form button")
    wait_for(browser, "h1", "Vous êtes connecté")
    picture(browser, "connected")
    click(browser, "a.button.main")
    wait_for(browser, "#status[data-state=live]")
    wait_for(browser, "#empty", "Pas encore de coupon")
    picture(browser, "me-empty")
    me = browser.execute_async_script("fetch('/v1/me').then(r => r.json()).then(arguments[0])")
    return str(me["shopper_id"])


def countdowns(within_s: float) -> list[str]:
    """What a coupon may say in the first so many seconds of its two hours."""
    return [f"Encore 1 h {59 - minute:02d} min" for minute in range(int(within_s // 60) + 1)]


def test_from_sign_in_to_a_redeemed_coupon(site: Site, chromium: Chrome) -> None:
    """A coupon claimed while the page is open appears with QR and digits, is acknowledged, and its digits redeem."""
    shopper = sign_in(chromium, site)
    began = time.monotonic()
    voucher = site.issue(shopper, time.time())
    wait_for(chromium, ".coupon h3", "Le thé vert")
    eventually(lambda: voucher_of(site.db, voucher, shopper).voucher.state == "seen")
    assert pending_for(site.db, shopper, "page", time.time()) == []
    card = f"#v-{voucher}"
    assert texts(chromium, f"{card} .badge") == ["−20 %"]
    assert shown(chromium, f"{card} .qr svg path")
    wait_until(chromium, lambda: texts(chromium, f"{card} .left")[0] in countdowns(time.monotonic() - began))
    click(chromium, f"{card} summary", "Pourquoi cette offre")
    wait_for(chromium, card, "Vous étiez près de « Thé vert » depuis 9 secondes")
    click(chromium, f"{card} button.share")
    wait_for(chromium, f"{card} .links a", "WhatsApp")
    picture(chromium, "me-coupon")
    with site.till() as till:
        body = {
            "code": texts(chromium, f"{card} .digits")[0],
            "store": "corner",
            "till": "1",
            "basket": basket(),
        }
        assert till.post("/v1/till/redeem", json=body, headers={"Idempotency-Key": "1"}).json()["discount_minor"] == 99
    chromium.refresh()
    wait_for(chromium, "#past", "Économisé : 0,99 €")
    assert complaints(chromium) == []


IN_THE_BACKGROUND = """
const said = [], send = window.fetch;
window.fetch = (...call) => { said.push(String(call[0])); return send(...call); };
new MutationObserver((_, watch) => {
  if (!document.querySelector(".coupon")) return;
  watch.disconnect();
  setTimeout(() => {  // when the page has done what it does with the coupon: an occasion to acknowledge it
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    localStorage.setItem("background", `${document.visibilityState}: ${said}`);
  });
}).observe(document.body, { childList: true, subtree: true });
"""
"""Tells a tab in front of the page whether the page can be seen when a coupon comes, and what it then says at once."""


def test_a_page_in_the_background_acknowledges_nothing(site: Site, own_chromium: Chrome) -> None:
    """Only what was really visible counts as delivered."""
    browser = own_chromium  # whose tabs share what they keep
    shopper = sign_in(browser, site)
    page = browser.current_window_handle
    browser.execute_script(IN_THE_BACKGROUND)
    browser.switch_to.new_window("tab")
    browser.get(f"{site.url}/w/corner?lang=fr")
    voucher = site.issue(shopper, time.time())
    wait_until(browser, lambda: ask(browser, "return localStorage.getItem('background')"), "the coupon, unseen")
    state, said = ask(browser, "return localStorage.getItem('background')").split(": ")
    assert state == "hidden"
    assert not any(word in said for word in ("/ack", "/seen")), said
    assert voucher_of(site.db, voucher, shopper).voucher.state == "issued"
    browser.close()
    browser.switch_to.window(page)
    wait_for(browser, ".coupon h3", "Le thé vert")
    eventually(lambda: voucher_of(site.db, voucher, shopper).voucher.state == "seen")


def test_the_page_comes_back_by_itself(site: Site, chromium: Chrome) -> None:
    """A server that goes away is found again, and what was issued meanwhile appears."""
    shopper = sign_in(chromium, site)
    site.server.stop()
    wait_for(chromium, "#status[data-state=offline]", "Hors ligne")
    picture(chromium, "me-offline")
    site.issue(shopper, time.time())
    plans = {site.plan.store: site.plan}
    with_same_port = run_api(site.config, site.db, SECRETS, plans, port=site.server.port).start()
    try:
        wait_for(chromium, ".coupon h3", "Le thé vert")
        wait_for(chromium, "#status[data-state=live]")
    finally:
        with_same_port.stop()


def test_the_pass_asks_before_it_signs_in(site: Site, chromium: Chrome) -> None:
    """The captive window's link, in a browser that knows nothing: a page that says whose it is, and a button."""
    with site.client() as window:
        form = {"consent": "location_offers:page", "display_name": "Zoé", **site.form(window, site.redirect())}
        [link] = re.findall(r'href="([^"]*pass=[^"]*)"', window.post("/w/corner", data=form).text)
    chromium.get(link.replace("&amp;", "&"))
    wait_for(chromium, "h1", "Est-ce bien vous")
    wait_for(chromium, ".paper", "La page de Zoé")
    wait_until(chromium, lambda: "pass=" not in chromium.current_url, "the pass out of the address")
    assert chromium.get_cookies() == []
    picture(chromium, "enter")
    click(chromium, "form button")
    wait_for(chromium, "#hello", "Bonjour Zoé")
    assert "pass" not in chromium.current_url
    assert not shown(chromium, "#phone")
    assert complaints(chromium) == []


def test_a_phone_that_is_not_proved_says_so_and_takes_a_code(site: Site, chromium: Chrome) -> None:
    chromium.get(f"{site.url}/w/corner?client_mac={MAC}&lang=fr")
    click(chromium, "label:has(input[name='location_offers:page'][value='yes']) span")
    click(chromium, "form button")
    wait_for(chromium, "h1", "Vous êtes connecté")
    click(chromium, "a.button.main")
    wait_for(chromium, "#phone h2", "Est-ce bien votre téléphone")
    picture(chromium, "me-pending")
    write(chromium, "#phone_code input", "UUUUUU")
    click(chromium, "#phone_code button")
    wait_for(chromium, "#toast", "Aucun écran ne montre ce code")
    wait_until(chromium, lambda: not shown(chromium, "#toast"), "no toast")
    with site.till() as till:  # last: a code is good for a minute or two
        [screen] = till.get("/v1/till/codes/corner").json()["items"]
    write(chromium, "#phone_code input", screen["code"].lower())
    click(chromium, "#phone_code button")
    wait_for(chromium, "#toast", "Restez un instant")
    [claim] = open_claims(site.db, "corner", time.time())
    assert claim.code_place == "till-1"


def test_choices_and_leaving(site: Site, chromium: Chrome) -> None:
    shopper = sign_in(chromium, site)
    site.issue(shopper, time.time())
    wait_for(chromium, ".coupon h3", "Le thé vert")
    box = "#consents input[value='location_offers:page']"
    assert checked(chromium, box)
    click(chromium, "[data-fewer=never]")
    wait_for(chromium, "#toast", "vous ne recevrez plus d'offres")
    wait_until(chromium, lambda: not checked(chromium, box) and not shown(chromium, "#toast"), "unticked, no toast")
    click(chromium, "#delete")
    agree(chromium)
    wait_until(chromium, lambda: "erased=1" in chromium.current_url, "the front page, which says so")
    chromium.get(f"{site.url}/me?lang=fr")
    wait_for(chromium, "h1", "Ma page")
    assert "après la connexion" in chromium.page_source
