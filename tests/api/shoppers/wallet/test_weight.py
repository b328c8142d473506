"""What the wallet weighs over the air, headers included, and how soon something is on the screen."""

from __future__ import annotations

import sys
import time

import httpx
import pytest
from selenium.webdriver import Chrome

from api.texts.language import LANGUAGES
from engine.storage.vouchers.vouchers import voucher_of
from tests.api.shoppers.test_pages import sign_in
from tests.api.site import Site, eventually
from tests.browser import ask, chromium, wait_for

__all__ = ["chromium"]
pytestmark = pytest.mark.e2e
FIRST_LOAD_BYTES, COUPON_PAGE_BYTES = 60_000, 40_000
MOST_SHIFT = 0.1
"""Lighthouse's bound for what jumps while a page loads."""
LOADED = """
const parts = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
return [...new Set(parts.map((e) => e.name.slice(location.origin.length)))].filter((path) => path.startsWith("/"));
"""
SHIFTED = """
const done = arguments[0];
let moved = 0;
new PerformanceObserver((list) => list.getEntries().forEach((e) => (moved += e.value)))
  .observe({ type: "layout-shift", buffered: true });
setTimeout(() => done(moved), 100);
"""
PAINTED = "return performance.getEntriesByType('paint').find((e) => e.name === 'first-paint')?.startTime ?? null"


def weigh(site: Site, browser: Chrome) -> dict[str, int]:
    """Every part of the page that is open, as a browser with an empty cache gets it: compressed where it is."""
    with site.client() as client:
        for cookie in browser.get_cookies():
            client.cookies.set(cookie["name"], cookie["value"])
        return {path: transferred(client, path) for path in ask(browser, LOADED) if "/stream" not in path}


def transferred(client: httpx.Client, path: str) -> int:
    """Bytes of the answer's headers and body over the wire."""
    with client.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
        body = sum(len(part) for part in answer.iter_raw())
        return body + sum(len(name) + len(value) + 4 for name, value in answer.headers.raw)


def test_pages_are_light(site: Site, chromium: Chrome) -> None:
    """The sign-in page; then the shopper's page with a coupon, a map and what is muted, all of it loaded anew."""
    chromium.get(f"{site.url}/w/corner?lang=fr")
    portal = sum(weigh(site, chromium).values())
    assert portal <= COUPON_PAGE_BYTES
    shopper = sign_in(chromium, site)
    voucher = site.issue(shopper, time.time())
    wait_for(chromium, ".coupon h3")
    eventually(lambda: voucher_of(site.db, voucher, shopper).voucher.state == "seen")
    painted = []
    for _ in range(3):
        chromium.get(f"{site.url}/me?lang=fr")
        wait_for(chromium, "#messages", "coupon")
        wait_for(chromium, "#status[data-state=live]")  # it has asked for everything by then
        painted.append(ask(chromium, PAINTED))
    wallet = weigh(site, chromium)
    assert {"/static/me.js", "/static/rayon.css", "/me?lang=fr"} <= wallet.keys()
    assert sum(wallet.values()) <= COUPON_PAGE_BYTES, wallet
    with site.client() as client:  # what the service worker fetches beside: the scripts come from the browser's cache
        worker = sum(transferred(client, f"/me/offline?lang={lang}") for lang in LANGUAGES)
        worker += sum(transferred(client, path) for path in ("/sw.js", "/static/worker_push.js"))
    assert sum(wallet.values()) + worker <= FIRST_LOAD_BYTES, (wallet, worker)
    assert chromium.execute_async_script(SHIFTED) <= MOST_SHIFT
    coupon_page, first = sum(wallet.values()), min(p for p in painted if p is not None)
    sys.stdout.write(
        f"\nsign-in {portal:,} bytes, coupon page {coupon_page:,}, with its worker {coupon_page + worker:,}\n"
    )
    sys.stdout.write(f"first paint: {first:.0f} ms at best of {len(painted)}\n")
