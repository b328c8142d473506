"""The shopper's pages in a real browser: sign in, receive, see, share, leave."""

from __future__ import annotations

import base64
import os
import time
from pathlib import Path

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from api.server import run_api
from engine.storage.outbox import pending_for
from engine.storage.vouchers import voucher_of
from tests.api.site import MAC, SECRETS, Site, basket, eventually
from tests.browser import chromium, complaints

__all__ = ["chromium"]
pytestmark = pytest.mark.e2e


def wait_for(browser: Chrome, selector: str, text: str = "") -> None:
    def there(b: Chrome) -> bool:
        try:
            return any(e.is_displayed() and text in e.text for e in b.find_elements(By.CSS_SELECTOR, selector))
        except StaleElementReferenceException:
            return False  # the page has just been left

    WebDriverWait(browser, 15).until(there, f"{selector} {text!r}")


def picture(browser: Chrome, name: str) -> None:
    """Keeps a picture of the whole page where RAYON_PICTURES says so: for people to look at."""
    folder = os.environ.get("RAYON_PICTURES")
    if folder:
        shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
        Path(folder, f"{name}.png").write_bytes(base64.b64decode(shot["data"]))


def sign_in(browser: Chrome, site: Site) -> str:
    """Through the captive portal's page, as a person does; the shopper's id."""
    browser.get(f"{site.url}/w/corner?client_mac={MAC}&lang=fr")
    assert MAC not in browser.current_url
    picture(browser, "portal")
    browser.find_element(By.CSS_SELECTOR, "input[value='location_offers:page']").click()
    browser.find_element(By.NAME, "display_name").send_keys("Zoé")
    browser.find_element(By.CSS_SELECTOR, "form button").click()
    wait_for(browser, "h1", "Vous êtes connecté")
    picture(browser, "connected")
    browser.find_element(By.CSS_SELECTOR, "a.button.main").click()
    wait_for(browser, "#status[data-state=live]")
    wait_for(browser, "#empty", "Pas encore de coupon")
    picture(browser, "me-empty")
    me = browser.execute_async_script("fetch('/v1/me').then(r => r.json()).then(arguments[0])")
    return str(me["shopper_id"])


def test_from_sign_in_to_a_redeemed_coupon(site: Site, chromium: Chrome) -> None:
    """A coupon claimed while the page is open appears with QR and digits, is acknowledged, and its digits redeem."""
    shopper = sign_in(chromium, site)
    began = time.monotonic()
    voucher = site.issue(shopper, time.time())
    wait_for(chromium, ".coupon h3", "Le thé vert")
    assert time.monotonic() - began < 3.0
    eventually(lambda: voucher_of(site.db, voucher, shopper).voucher.state == "seen")
    assert pending_for(site.db, shopper, "page", time.time()) == []
    card = chromium.find_element(By.ID, f"v-{voucher}")
    assert card.find_element(By.CSS_SELECTOR, ".badge").text.replace("\u202f", " ") == "−20 %"
    assert card.find_element(By.CSS_SELECTOR, ".qr svg path").is_displayed()
    assert "Encore 1 h 59" in card.find_element(By.CSS_SELECTOR, ".left").text
    card.find_element(By.CSS_SELECTOR, "summary").click()
    assert "Vous étiez près de « Thé vert » depuis 9 secondes" in card.text
    card.find_element(By.CSS_SELECTOR, "button.share").click()
    wait_for(chromium, ".links a", "WhatsApp")
    picture(chromium, "me-coupon")
    with site.till() as till:
        body = {
            "code": card.find_element(By.CSS_SELECTOR, ".digits").text,
            "store": "corner",
            "till": "1",
            "basket": basket(),
        }
        assert till.post("/v1/till/redeem", json=body, headers={"Idempotency-Key": "1"}).json()["discount_minor"] == 99
    chromium.refresh()
    wait_for(chromium, "#past", "Utilisé")
    assert complaints(chromium) == []


def test_a_page_in_the_background_acknowledges_nothing(site: Site, chromium: Chrome) -> None:
    """Only what was really visible counts as delivered."""
    shopper = sign_in(chromium, site)
    page = chromium.current_window_handle
    chromium.switch_to.new_window("tab")
    voucher = site.issue(shopper, time.time())
    time.sleep(1.5)
    assert voucher_of(site.db, voucher, shopper).voucher.state == "issued"
    chromium.close()
    chromium.switch_to.window(page)
    wait_for(chromium, ".coupon h3", "Le thé vert")
    eventually(lambda: voucher_of(site.db, voucher, shopper).voucher.state == "seen")


def test_the_page_comes_back_by_itself(site: Site, chromium: Chrome) -> None:
    """A server that goes away is found again, and what was issued meanwhile appears."""
    shopper = sign_in(chromium, site)
    began = time.monotonic()
    site.server.stop()
    assert time.monotonic() - began < 5.0  # an open page does not hold the server up
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


def test_choices_and_leaving(site: Site, chromium: Chrome) -> None:
    shopper = sign_in(chromium, site)
    site.issue(shopper, time.time())
    wait_for(chromium, ".coupon h3", "Le thé vert")
    box = chromium.find_element(By.CSS_SELECTOR, "#consents input[value='location_offers:page']")
    assert box.is_selected()
    chromium.find_element(By.CSS_SELECTOR, "[data-fewer=never]").click()
    wait_for(chromium, "#toast", "plus d'offres")
    WebDriverWait(chromium, 10).until(
        lambda b: not box.is_selected() and not b.find_element(By.ID, "toast").is_displayed()
    )
    chromium.find_element(By.ID, "delete").click()
    chromium.switch_to.alert.accept()
    WebDriverWait(chromium, 10).until(lambda b: "/w/corner" in b.current_url)
    chromium.get(f"{site.url}/me?lang=fr")
    wait_for(chromium, "h1", "Ma page")
    assert "après la connexion" in chromium.page_source
