"""The whole chain with a person's browser: walk to a product, see the coupon, redeem it, and the zone shows hot."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest
import yaml
from selenium.webdriver import Chrome

from engine.plan.load import load_plan
from engine.privacy.proofs import sign_redirect
from tests.brokers import Mosquitto
from tests.browser import ask, chromium, click, complaints, shown, texts, wait_for, write
from tests.engine.runtime.made import FLOORPLANS
from tests.forked import Rayon
from tests.sites import MANAGER_KEY, PORTAL_SECRET, TILL_KEY, Site, until

__all__ = ["chromium"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]
MAC = "02:00:00:00:0e:2e"
PRODUCT = "FRO-001"  # the Comté of the campaign of the same name
CHEESE = "Fromagerie et charcuterie"  # the zone of
CHEESES = ("FRO-001", "FRO-002", "FRO-003", "FRO-004", "FRO-005")


def scenario(folder: Path) -> Path:
    """The demo's supermarket with one more shopper, who walks from the entrance to the Comté and stays. A tasting of
    cheese goes on there: that zone is hot whatever the others do."""
    path = folder / "scenario.yaml"
    walker = {"name": "Zoé", "sku": PRODUCT, "mac": MAC, "arrive_s": 1.0, "stand_s": 400.0}
    tasting = [
        {"name": f"{sku} {i}", "sku": sku, "arrive_s": 2.0 * i, "stand_s": 400.0, "start_inside": True}
        for sku in CHEESES
        for i in range(6)
    ]
    said = {"extends": "demo-supermarket", "about": "with Zoé", "scripted": [walker, *tasting]}
    path.write_text(yaml.safe_dump(said))
    return path


def sign_in(browser: Chrome, site: Site) -> None:
    """Through the captive portal, agreeing to offers by location on the page."""
    t = int(time.time())
    signature = sign_redirect(PORTAL_SECRET.encode(), "supermarket", MAC, t)
    browser.get(f"{site.url}/w/supermarket?client_mac={MAC}&portal_t={t}&portal_sig={signature}&lang=fr")
    click(browser, "label:has(input[name='location_offers:page'][value='yes']) span")
    click(browser, "form button")
    wait_for(browser, "h1", "Vous êtes connecté")
    click(browser, "a.button.main")
    wait_for(browser, "#status[data-state=live]")


def coupon(browser: Chrome) -> tuple[str, str]:
    """(title, digits) of the coupon that appears, its QR visible."""
    wait_for(browser, ".coupon h3", timeout_s=180)
    card = "#" + str(ask(browser, "return document.querySelector('.coupon').id"))  # the next one is put before it
    assert shown(browser, f"{card} .qr svg path")
    title, digits = texts(browser, f"{card} :is(h3, .digits)")
    return title, digits


def picture(browser: Chrome, name: str) -> None:
    """Keeps a picture where RAYON_PICTURES says so: the README's are made by this test."""
    folder = os.environ.get("RAYON_PICTURES")
    if folder:
        browser.save_screenshot(str(Path(folder) / f"{name}.png"))


def macs_at_rest(site: Site) -> list[str]:
    """Files of the site (database, log, configuration) that hold the phone's MAC, in any spelling."""
    digits = MAC.replace(":", "")
    spellings = [MAC, MAC.replace(":", "-"), digits, ".".join(digits[i : i + 4] for i in (0, 4, 8))]
    needles = [form.encode() for text in spellings for form in (text, text.upper())] + [bytes.fromhex(digits)]
    # The scenario and Mosquitto's own files are the controllers' side of the fence.
    files = [p for p in (*site.folder.glob("data/**/*"), site.log_path) if p.is_file()]
    assert any(p.suffix == ".db" for p in files)
    return [str(p) for p in files if any(needle in p.read_bytes() for needle in needles)]


def basket() -> dict[str, object]:
    """Two of everything: whichever campaign the coupon is of, it takes something off."""
    products = load_plan(FLOORPLANS / "supermarket").products
    lines = [{"sku": p.sku, "quantity": 2, "unit_price_minor": p.price_minor} for p in products]
    return {"currency": "EUR", "lines": lines}


def test_walk_receive_redeem_and_see_it_hot(tmp_path: Path, mosquitto: Mosquitto, chromium: Chrome) -> None:
    site = Site(tmp_path, mosquitto.port, FLOORPLANS, ["supermarket"], storage={"checkpoint_s": 3.0})
    said = tmp_path / "shoppers.log"
    site.start("serve")
    shoppers: Rayon | None = None
    try:
        site.wait_ready()
        sign_in(chromium, site)
        command = ["simulate", str(scenario(tmp_path)), "--mqtt", mosquitto.url, "--json"]
        shoppers = Rayon(*command, out=said, cwd=tmp_path)
        title, digits = coupon(chromium)
        assert title
        picture(chromium, "coupon")

        order = {"code": digits, "store": "supermarket", "till": "1", "basket": basket()}
        check = site.post("/v1/till/check", order, TILL_KEY)
        assert check["ok"], check
        redeemed = site.post("/v1/till/redeem", order, TILL_KEY, idempotency_key="e2e-1")
        assert redeemed["discount_minor"] == check["discount_minor"] > 0
        again = site.post("/v1/till/redeem", order, TILL_KEY, idempotency_key="e2e-1")
        assert again == redeemed
        assert complaints(chromium) == []

        def hot() -> list[str]:
            zones = site.get("/v1/stores/supermarket/hot-zones", MANAGER_KEY)["items"]
            names = [zone["name"] for zone in zones if zone["state"] == "hot"]
            return names if CHEESE in names else []

        names = until(hot, 400, lambda: json.dumps(site.get("/v1/stores/supermarket/hot-zones", MANAGER_KEY))[:3000])
        chromium.get(f"{site.url}/manage")
        write(chromium, "input[name=key]", MANAGER_KEY)
        click(chromium, "form:has(input[name=key]) button")
        wait_for(chromium, "a", "Voir le magasin")  # signed in: a page asked for earlier would be overtaken by this one
        chromium.get(f"{site.url}/manage/supermarket")
        wait_for(chromium, "body", "zone chaude", 120)
        assert any(shown(chromium, "body", name) for name in names)
    finally:
        if shoppers is not None:
            shoppers.send_signal(signal.SIGINT)
            assert shoppers.wait(120) == 0, said.read_text()
        assert site.stop() == 0, site.log[-3000:]
    assert macs_at_rest(site) == []
