"""A push in a real Chromium with every page closed: the notification, what it tells the server, and where it leads.

The push service is ours, so the browser cannot be connected to it: the message goes to it as the site sent it, is
decrypted as a phone does, and handed to the browser where its own push service would (CDP).
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from selenium.webdriver import Chrome

from engine.privacy.consent import ConsentChoice
from engine.storage.people.shoppers import consent_log, set_consents
from engine.storage.vouchers.vouchers import voucher_of
from engine.vocabulary import Channel, Purpose, VoucherState
from tests.api.shoppers.reached import agree, issue, reached, subscribe
from tests.api.site import Site, eventually
from tests.browser import ask, click, wait_for
from tests.browser import own_chromium as chromium  # push needs a profile that is kept
from tests.browsers.devtools import Devtools
from tests.clocks import HeldClock
from tests.push_services import Browser, PushService

__all__ = ["chromium"]
pytestmark = pytest.mark.e2e
WORKER = "/sw.js"
SHOWN = "self.registration.getNotifications().then(all => all.map(n => [n.title, n.body, n.tag]))"
ROUNDS = int(os.environ.get("RAYON_PUSHES", "8"))


class Phone:
    """A browser whose worker is installed and whose pages are closed."""

    def __init__(self, browser: Chrome, devtools: Devtools, url: str) -> None:
        self.browser, self.devtools, self.url = browser, devtools, url
        devtools.send("Browser.grantPermissions", origin=url, permissions=["notifications"])
        browser.get(f"{url}/w/corner")
        ask(browser, f"return navigator.serviceWorker.register('{WORKER}').then(() => 1)")
        page = self.target("page")
        self._page = devtools.attach(page)
        devtools.send("ServiceWorker.enable", self._page)
        self._registration = devtools.wait(self._active)
        browser.get("about:blank")

    def _active(self, event: dict[str, Any]) -> str | None:
        if event["method"] != "ServiceWorker.workerVersionUpdated":
            return None
        active = [v["registrationId"] for v in event["params"]["versions"] if v["status"] == "activated"]
        return active[0] if active else None

    def target(self, kind: str) -> str:
        """The id of the first target of a kind."""
        targets = self.devtools.send("Target.getTargets")["targetInfos"]
        return str(next(t["targetId"] for t in targets if t["type"] == kind))

    def push(self, said: dict[str, Any]) -> None:
        """As the browser's push service would."""
        self.devtools.send(
            "ServiceWorker.deliverPushMessage",
            self._page,
            origin=self.url,
            registrationId=self._registration,
            data=json.dumps(said),
        )

    def in_worker(self, script: str) -> Any:
        """What the worker says."""
        session = self.devtools.attach(self.target("service_worker"))
        try:
            return self.devtools.evaluate(session, script)
        finally:
            self.devtools.send("Target.detachFromTarget", sessionId=session)


def _next(service: PushService, keys: Browser, n: int) -> dict[str, Any]:
    eventually(lambda: len(service.got) > n, 60)
    said = keys.read(service.got[n].body)
    assert isinstance(said, dict)
    return said


def _state(site: Site, who: str, voucher: str) -> VoucherState:
    return voucher_of(site.db, voucher, who).voucher.state


def test_a_push_shows_with_the_page_closed_and_leads_to_the_coupon(
    chromium: Chrome, tmp_path: Path, rate_clock: HeldClock
) -> None:
    with reached(tmp_path) as (site, service, _), Devtools(chromium) as devtools, site.client() as cookies:
        who = agree(site, cookies, Channel.PAGE, Channel.PUSH)
        keys = service.subscribe()
        assert subscribe(cookies, keys).status_code == 200
        phone = Phone(chromium, devtools, site.url)

        took_s = []
        for n in range(ROUNDS):
            began = time.monotonic()
            voucher = issue(site, who, Channel.PAGE, Channel.PUSH, visit=f"v{n}")
            phone.push(_next(service, keys, n))
            eventually(lambda v=voucher: _state(site, who, v) == VoucherState.DELIVERED, 60)  # type: ignore[misc]
            took_s.append(time.monotonic() - began)
        median, p95, longest = np.quantile(took_s, [0.5, 0.95, 1.0])
        said = f"{median:.2f} s (median of {ROUNDS}), {p95:.2f} s (95 of 100), {longest:.2f} s at most"
        sys.stdout.write(f"\nfrom the decision to the notification: {said}\n")

        shown = phone.in_worker(SHOWN)
        assert len(shown) == ROUNDS
        assert {title for title, _, _ in shown} == {"−20\u202f% · Le thé vert à −20 %"}

        # No tool presses a notification of a headless browser: the worker gets the event, and says what it would open.
        opened = phone.in_worker(
            """(async () => {
              const [notification] = await self.registration.getNotifications();
              const opened = new Promise((done) => (self.clients.openWindow = async (url) => done(url)));
              self.dispatchEvent(new NotificationEvent("notificationclick", { notification }));
              return [await opened, notification.data.url];
            })()"""
        )
        assert opened[0] == site.url + opened[1]
        eventually(lambda: any(_state(site, who, _id(opened[1])) == VoucherState.SEEN for _ in [0]), 60)
        chromium.get(f"{site.url}/w/corner")
        for name, value in cookies.cookies.items():
            chromium.add_cookie({"name": name, "value": value, "path": "/"})
        chromium.get(opened[0])
        wait_for(chromium, ".coupon h3", "Le thé vert")
        assert _id(opened[1]) in ask(chromium, "return [...document.querySelectorAll('.coupon')].map(c => c.id).join()")

        # Withdrawn in mid-visit: the notification goes. Then a push that comes late shows the shop's page instead.
        late = _next(service, keys, ROUNDS - 1)
        choice = ConsentChoice(Purpose.LOCATION_OFFERS, Channel.PUSH, False)
        set_consents(site.db, who, [choice], "2026-01", "me", time.time())
        withdrawn = _next(service, keys, ROUNDS)
        assert withdrawn["kind"] == "withdrawn"
        before = len(phone.in_worker(SHOWN))
        phone.push(withdrawn)
        eventually(lambda: len(phone.in_worker(SHOWN)) == before - 1, 60)
        phone.push(late | {"token": "1.push.forged"})
        eventually(
            lambda: [t for t, _, tag in phone.in_worker(SHOWN) if tag == late["tag"]] == ["Épicerie du coin"], 60
        )
        chromium.get(f"{site.url}/?erased=1")  # where erasing everything leads: what the phone shows goes with it
        eventually(lambda: phone.in_worker(SHOWN) == [], 60)


def test_a_press_of_the_button_is_the_consent(chromium: Chrome, tmp_path: Path, rate_clock: HeldClock) -> None:
    """The button is there where the site has push, and nothing is asked for before it is pressed.

    A headless browser reaches no push service, so this ends where the browser would subscribe.
    """
    with reached(tmp_path) as (site, _, _), Devtools(chromium) as devtools, site.client() as cookies:
        who = agree(site, cookies, Channel.PAGE)
        devtools.send("Browser.grantPermissions", origin=site.url, permissions=["notifications"])
        chromium.get(f"{site.url}/w/corner")
        for name, value in cookies.cookies.items():
            chromium.add_cookie({"name": name, "value": value, "path": "/"})
        chromium.get(f"{site.url}/me")
        wait_for(chromium, "#push_now")
        assert len(consent_log(site.db, who)) == 1
        click(chromium, "#push_now")
        eventually(lambda: len(consent_log(site.db, who)) == 2, 60)
        said = consent_log(site.db, who)[-1]
        assert (said.purpose, said.channel, said.granted) == (Purpose.LOCATION_OFFERS, Channel.PUSH, True)


def test_a_browser_whose_push_service_hangs_is_told_in_words(
    chromium: Chrome, tmp_path: Path, rate_clock: HeldClock
) -> None:
    """`pushManager.subscribe` never answered, and the page looked as if nobody had pressed. The page's patience of
    20 s is half a second here."""
    with reached(tmp_path) as (site, _, _), Devtools(chromium) as devtools, site.client() as cookies:
        agree(site, cookies, Channel.PAGE)
        devtools.send("Browser.grantPermissions", origin=site.url, permissions=["notifications"])
        chromium.get(f"{site.url}/w/corner")
        for name, value in cookies.cookies.items():
            chromium.add_cookie({"name": name, "value": value, "path": "/"})
        chromium.get(f"{site.url}/me")
        wait_for(chromium, "#push_now")
        chromium.execute_script(
            "PushManager.prototype.subscribe = () => new Promise(() => {});"
            "const wait = setTimeout; window.said = [];"
            "window.setTimeout = (work, ms) => wait(work, ms === 20000 ? 500 : ms);"
            "const told = document.getElementById('push_said');"
            "new MutationObserver(() => window.said.push(told.textContent)).observe(told, { childList: true });"
        )
        click(chromium, "#push_now")
        eventually(lambda: len(ask(chromium, "return window.said")) == 2, 60)
        busy, late = ask(chromium, "return window.said")
        assert busy.startswith("Un instant")
        assert late.startswith("Votre navigateur n'arrive pas")
        assert ask(chromium, "const b = document.getElementById('push_now'); return [b.disabled, b.hidden]") == [
            False,
            False,
        ]


def _id(url: str) -> str:
    return url.partition("#")[2]
