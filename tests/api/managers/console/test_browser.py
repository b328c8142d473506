"""The pages of figures in a real Chromium: one walk over all of them, by pointer, by keyboard, and on paper."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from selenium.webdriver import ActionChains, Chrome, Keys

from api.managers.console.figures.asked import View
from tests.api.managers.console.shop import SECRETS, STORE
from tests.api.managers.console.test_forms import client
from tests.browser import ask, chromium, click, complaints, wait_for, wait_until
from tests.browsers.axe import violations

__all__ = ["chromium", "client"]
pytestmark = pytest.mark.e2e
WEEK = "from=2026-03-30&to=2026-04-05"
SIZES = {"desktop": (1440, 1000), "tablet": (820, 1180), "phone": (390, 844)}
LOOKS = (("desktop", "light", "fr"), ("tablet", "dark", "en"), ("phone", "dark", "fr"))
WIDER = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"


def see(browser: Chrome, size: str, scheme: str) -> None:
    width, height = SIZES[size]
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size != "desktop"}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def test_one_walk(client: httpx.Client, chromium: Chrome) -> None:
    site = str(client.base_url).rstrip("/")
    see(chromium, "desktop", "light")
    chromium.get(f"{site}/manage/{STORE}/heat?{WEEK}&lang=en")
    chromium.find_element("name", "key").send_keys(SECRETS.manager_key + Keys.ENTER)
    wait_for(chromium, ".plan svg .hot")
    assert len(complaints(chromium)) == 1  # of the sign-in page: it is a 401
    _play(chromium)
    _drill_down(chromium)
    _print(chromium)
    found: dict[str, Any] = {}
    looked = [(view, LOOKS[i % len(LOOKS)]) for i, view in enumerate((*View, View.HEAT))]
    for view, (size, scheme, lang) in [*looked, *((View.PRODUCTS, look) for look in LOOKS)]:
        see(chromium, size, scheme)
        chromium.get(f"{site}/manage/{STORE}/{view}?{WEEK}&compare=previous&lang={lang}")
        found[f"{view} {size} {scheme} {lang}"] = (ask(chromium, WIDER), violations(chromium))
    assert {page: said for page, said in found.items() if said != (0, [])} == {}
    assert complaints(chromium) == []


def _play(browser: Chrome) -> None:
    """The slider moves the picture, without leaving the page."""
    at = browser.find_element("id", "at")
    at.send_keys(Keys.ARROW_RIGHT)
    wait_for(browser, "#when", "31 Mar")
    wait_until(browser, lambda: not ask(browser, "return document.querySelector('#moment .hot')"), "a moment's plan")


def _drill_down(browser: Chrome) -> None:
    """A zone says its figures to who comes by keyboard, and leads to its days; a day to its hours."""
    browser.refresh()
    ask(browser, "document.querySelector('.zone-link[aria-label^=Boulangerie]').focus(); return 1")
    wait_for(browser, "#tip", "315 visits")
    ActionChains(browser).send_keys(Keys.ENTER).perform()
    wait_for(browser, "h1", "Trend · Boulangerie")
    click(browser, ".figures th a", "Mon 30 Mar")
    wait_for(browser, "h1", "Hours · Boulangerie")
    assert "from=2026-03-30&to=2026-03-30" in browser.current_url


def _print(browser: Chrome) -> None:
    """On paper there is nothing to press."""
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    shown = "return [...document.querySelectorAll('form.asked, nav, .grid')].map((e) => e.checkVisibility())"
    assert ask(browser, shown)[-1] is True
    assert set(ask(browser, shown)[:-1]) == {False}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
