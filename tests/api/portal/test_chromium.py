"""A phone-size real Chromium at each system's redirect: all boxes empty, both languages, and the phone comes out."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from engine.storage.people.shoppers import linked_devices
from tests.api.portal.controllers import Answer, Call, FakeController, running
from tests.api.portal.test_letting_out import site_with
from tests.api.site import Site
from tests.browser import LANGUAGE, ask, checked, chromium, click, complaints, wait_for, wait_until

__all__ = ["chromium"]
pytestmark = pytest.mark.e2e

MAC, CHALLENGE = "02-00-5E-10-00-01", "00112233445566778899aabbccddeeff"
CONNECTED = {"fr": "Vous êtes connecté", "en": "You are connected"}
NOT_FOUND = {"fr": "ne peuvent pas vous trouver ici", "en": "cannot find you here"}


def back(name: str) -> Callable[[Call], Answer]:
    """Lets the phone out, and sends its browser to the address under this name."""
    return lambda call: (302, {**call.query, **call.body}[name])


def router(site: str) -> str:
    """MikroTik's own login page, as an operator puts it there: it hands the phone over in a form."""
    return (
        f'<form name="redirect" action="{site}" method="post">'
        f'<input type="hidden" name="mac" value="{MAC.replace("-", ":")}">'
        '<input type="hidden" name="link-login-only" value="LOGIN"><button>continue</button></form>'
    )


def opennds(gateway: str) -> str:
    said = f"hid={'ab' * 32}, clientip=192.0.2.7, clientmac={MAC}, gatewayname=x, gatewayaddress={gateway}, authdir=nds"
    return base64.b64encode(said.encode()).decode()


ANSWERS: dict[str, Answer | Callable[[Call], Answer]] = {
    "/splash/grant": back("continue_url"),
    "/v1/sites/s/clients/c/actions": (200, {}),
    "/v1/sites/s/clients": (200, {"data": [{"id": "c"}]}),
    "/v1/sites": (200, {"data": [{"id": "s", "name": "default"}]}),
    "/portalintf": (200, {"ResponseCode": 201}),
    "/logon": back("userurl"),
    "/nds/": back("redir"),
    "/login": back("dst"),
    "/cgi-bin/login": back("url"),
    "/radius": back("url"),
    "/favicon.ico": (200, ""),
}
REDIRECTS = {
    "meraki": "base_grant_url=http://{gate}/splash/grant&client_mac={mac}&node_mac=00:00:5e:00:53:01",
    "unifi": "id={mac}&ap=00:00:5e:00:53:01&t=1&url=x&ssid=Corner",
    "smartzone": "nbiIP=x&client_mac=ENC00112233445566778899aabbccddeeff&mac=00:00:5e:00:53:01&sip=x&zoneName=y",
    "coovachilli": "res=notyet&uamip=127.0.0.1&uamport={port}&challenge={challenge}&mac={mac}&called=00-00-5E-00-53-01",
    "opennds": "fas={fas}",
    "generic": "client_mac={mac}&ap_mac=00-00-5E-00-53-01&login_url=http://{gate}/radius",
}
LETS_OUT = {
    "meraki": "/splash/grant",
    "unifi": "/v1/sites/s/clients/c/actions",
    "smartzone": "/portalintf",
    "coovachilli": "/logon",
    "opennds": "/nds/",
    "generic": "/radius",
    "mikrotik": "/login",
}


def come_out(browser: Chrome, site: Site, lang: str, *, blind: bool) -> None:
    """From the sign-in page, all boxes as they are, to the page behind the portal."""
    assert not checked(browser, "input[name='location_offers:page'][value='yes']")
    if blind:
        wait_for(browser, "#no-phone", NOT_FOUND[lang])
    wide = ask(browser, "return document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert not wide
    click(browser, "form button")
    wait_for(browser, "h1", CONNECTED[lang])
    assert "/w/corner/online" in browser.current_url
    if blind:
        wait_for(browser, "#no-phone", NOT_FOUND[lang])
    assert complaints(browser) == []
    assert [cookie["name"] for cookie in browser.get_cookies()] == ["rayon_refused"], "that it said no, and when"
    browser.delete_all_cookies()  # the next comes for the first time
    assert linked_devices(site.db, "corner") == {}


def declared(fake: FakeController) -> list[dict[str, object]]:
    """A portal of every system, all of one controller."""
    common = {"username": "guest", "allowed_hosts": ["127.0.0.1"]}
    called = {"unifi": {"url": fake.url}, "smartzone": {"url": fake.url}}
    return [{**common, "system": system, **called.get(system, {})} for system in (*REDIRECTS, "mikrotik")]


def address(system: str, site: Site, fake: FakeController, lang: str) -> str:
    """What the system sends a phone to."""
    gate = fake.url.removeprefix("http://")
    said = REDIRECTS[system].format(gate=gate, port=fake.port, mac=MAC, challenge=CHALLENGE, fas=opennds(gate))
    return f"{site.url}/w/corner?{said}&lang={lang}"


def test_each_system_lets_the_phone_out(tmp_path: Path, chromium: Chrome) -> None:
    fake = FakeController(dict(ANSWERS))
    with running(fake), site_with(tmp_path, *declared(fake)) as site:
        for system in REDIRECTS:
            for lang in ("fr", "en"):
                before = len(fake.calls)
                chromium.get(address(system, site, fake, lang))
                come_out(chromium, site, lang, blind=system == "smartzone")
                assert LETS_OUT[system] in fake.paths()[before:]


def test_mikrotik_hands_over_by_a_form_and_shut_networks_are_tried_again(tmp_path: Path, chromium: Chrome) -> None:
    """The router's page posts from another origin; the language is the browser's, and can be changed on the way."""
    fake = FakeController(dict(ANSWERS))
    with running(fake), site_with(tmp_path, *declared(fake)) as site:
        fake.answers["/hotspot"] = (200, router(f"{site.url}/w/corner").replace("LOGIN", f"{fake.url}/login"))
        chromium.get(f"{fake.url}/hotspot")
        click(chromium, "button", "continue")
        wait_for(chromium, "h1", "Épicerie du coin")
        assert ask(chromium, "return document.documentElement.lang") == LANGUAGE
        click(chromium, ".languages a", "EN")
        wait_until(chromium, lambda: ask(chromium, "return document.documentElement.lang") == "en")
        come_out(chromium, site, "en", blind=False)
        said = next(call for call in fake.calls if call.path == "/login")
        assert (said.method, said.body["username"], said.body["password"]) == ("POST", "guest", "pw")

        fake.answers["/portalintf"] = (200, {"ResponseCode": 301})
        chromium.get(address("smartzone", site, fake, "fr"))
        click(chromium, "form button")
        wait_for(chromium, "[role=alert]", "a refusé")
        fake.answers["/portalintf"] = (200, {"ResponseCode": 201})
        click(chromium, "form button", "Réessayer")
        wait_for(chromium, "h1", CONNECTED["fr"])


def test_no_script_is_needed(tmp_path: Path, chromium: Chrome) -> None:
    """As captive windows without scripts have it: a link goes on by itself, a controller's form takes one more tap."""
    fake = FakeController(dict(ANSWERS))
    with running(fake), site_with(tmp_path, *declared(fake)) as site:
        chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        chromium.get(address("meraki", site, fake, "fr"))
        click(chromium, "form button")
        wait_for(chromium, "h1", CONNECTED["fr"])
        chromium.get(address("generic", site, fake, "en"))
        click(chromium, "form button")
        click(chromium, "form#way-out button", "Open the Internet")
        wait_for(chromium, "h1", CONNECTED["en"])
        assert fake.paths()[-1] == "/radius"
