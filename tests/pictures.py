"""Pictures of the wallet for the README: `python -m tests.pictures`, `make pictures`. They go to docs/pictures."""

from __future__ import annotations

import base64
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from engine.config import ApiConfig, Config
from engine.storage.last_places import LastPlace, note_places
from tests.api.conftest import served
from tests.api.site import Site, small_plan
from tests.browser import CHROMIUM, DRIVER, FLAGS, PHONE, ask, click, wait_for, wait_until
from tests.databases import new_sqlite

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
MACS = {"fr": "02:aa:bb:cc:dd:01", "en": "02:aa:bb:cc:dd:02"}
CONTROLLED = "return navigator.serviceWorker.controller?.state === 'activated'"


def phone(folder: Path, scheme: str) -> Chrome:
    """A fresh Chromium of phone size that likes light or dark."""
    options = ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS, f"--user-data-dir={folder / scheme}"):
        options.add_argument(flag)
    made = Chrome(options=options, service=Service(executable_path=str(DRIVER)))
    metrics = {"width": PHONE[0], "height": PHONE[1], "deviceScaleFactor": 1.5, "mobile": True}
    made.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [
        {"name": "prefers-color-scheme", "value": scheme},
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]
    made.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    return made


def photograph(browser: Chrome, name: str) -> None:
    shot = browser.execute_cdp_cmd("Page.captureScreenshot", {})
    (PICTURES / f"wallet-{name}.png").write_bytes(base64.b64decode(shot["data"]))


def receive(site: Site, browser: Chrome, lang: str) -> str:
    """Signed in, with one coupon on the page; whose it is."""
    browser.get(f"{site.url}/w/corner?{urlencode(site.redirect(MACS[lang]))}&lang={lang}")
    click(browser, "label:has(input[name='location_offers:page'][value='yes']) span")
    click(browser, "form button")
    click(browser, "a.button.main")
    wait_for(browser, "#status[data-state=live]")
    who = str(browser.execute_async_script("fetch('/v1/me').then(r => r.json()).then(m => arguments[0](m.shopper_id))"))
    site.issue(who, time.time())
    wait_for(browser, ".coupon h3")
    return who


def main() -> None:
    """A coupon in the light and in the dark, the way, what is muted, and the page without a network."""
    with tempfile.TemporaryDirectory() as name:
        folder, config = Path(name), Config(api=ApiConfig(port=0))
        with served(new_sqlite(folder / "rayon.db"), config, small_plan()) as site:
            dark = phone(folder, "dark")
            receive(site, dark, "en")
            photograph(dark, "dark")
            dark.quit()
            light = phone(folder, "light")
            who = receive(site, light, "fr")
            photograph(light, "light")
            note_places(site.db, [LastPlace("corner", who, "ground", 8.5, 6.5, 2.0, time.time())])
            click(light, ".there summary")
            wait_for(light, ".way svg")
            ask(light, "document.querySelector('.there').scrollIntoView(); return true")
            photograph(light, "way")
            click(light, "[data-mute=category]")
            wait_for(light, "#muted li")
            ask(light, "document.getElementById('quieter').scrollIntoView(); return true")
            photograph(light, "quieter")
            wait_until(light, lambda: ask(light, CONTROLLED), "the service worker")
            site.server.stop()
            light.get(f"{site.url}/me?lang=fr")
            wait_for(light, "#without_network")
            photograph(light, "offline")
            light.quit()


if __name__ == "__main__":
    main()
