"""A `/me?pass=` link signed the victim's browser into the attacker's profile.

What happened: opening the link was enough, for a quarter of an hour and any number of browsers. Input: an attacker's
pass, opened by a victim, by a page of another site, twice, and late. Right: opening it asks whose page it is and sets
nothing; only the page's own button signs in, once; and the pass does not travel on in an address.
"""

from __future__ import annotations

import re
import time

import pytest

from api.shoppers.signing_in import passes
from tests.api.conftest import config, plan, site
from tests.api.site import Site

__all__ = ["config", "plan", "site"]


@pytest.fixture
def link(site: Site) -> str:
    """What the attacker's captive window showed."""
    with site.client() as attacker:
        form = {"consent": "location_offers:page", "display_name": "Mallory", **site.form(attacker, site.redirect())}
        [found] = re.findall(r'href="([^"]*pass=[^"]*)"', attacker.post("/w/corner", data=form).text)
        return str(found).replace("&amp;", "&")


def test_opening_it_signs_nobody_in(site: Site, link: str) -> None:
    with site.client() as victim:
        page = victim.get(link)
        assert (page.status_code, "set-cookie" in page.headers) == (200, False)
        for said in ("Est-ce bien vous", "Mallory", "Épicerie du coin", "téléphone confirmé"):
            assert said in page.text
        assert page.headers["referrer-policy"] == "same-origin"
        assert "/static/portal.js" in page.text  # takes the pass out of the address bar
        assert victim.get("/v1/me").status_code == 401
        english = victim.get(link.replace("lang=fr", "lang=en")).text
        assert "If somebody sent you this link, close the page" in english


def test_no_other_site_can_press_the_button(site: Site, link: str) -> None:
    with site.client() as victim:
        hidden = site.form(victim, path=link)
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
            assert victim.post("/me/enter", data=hidden, headers=headers).status_code == 403
        assert victim.get("/v1/me").status_code == 401


def test_it_works_once(site: Site, link: str) -> None:
    with site.client() as first, site.client() as second:
        forms = [site.form(browser, path=link) for browser in (first, second)]
        assert first.post("/me/enter", data=forms[0]).headers["location"] == "/me?lang=fr"
        assert first.get("/v1/me").json()["display_name"] == "Mallory"
        second.post("/me/enter", data=forms[1])
        assert second.get("/v1/me").status_code == 401


def test_it_ends_soon(site: Site, link: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert passes.PASS_LIFETIME_S <= 300
    later = time.time() + passes.PASS_LIFETIME_S + 2
    with site.client() as browser:
        hidden = site.form(browser, path=link)
        monkeypatch.setattr("itsdangerous.timed.time.time", lambda: later)
        browser.post("/me/enter", data=hidden)
        monkeypatch.undo()
        assert browser.get("/v1/me").status_code == 401


def test_a_browser_that_is_signed_in_stays_who_it_is(site: Site, link: str) -> None:
    with site.client() as victim, site.client() as elsewhere:
        hidden = site.form(elsewhere, path=link)
        own = site.sign_in(victim)
        assert victim.get(link).status_code == 303
        victim.post("/me/enter", data=hidden)
        assert victim.get("/v1/me").json()["shopper_id"] == own
