"""Signing in: everything may stay empty, nothing is kept without consent, no MAC goes anywhere."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from api.texts.consents import EARLIER, TEXT_VERSION
from engine.privacy.pseudonyms import Pseudonyms
from engine.storage.people.shoppers import consent_log, linked_devices
from tests.api.site import MAC, SECRETS, Site

OFFERS = {"purpose": "location_offers", "channel": "page", "granted": True}
STABLE = Pseudonyms(SECRETS.site_key).stable(MAC)


def rows(site: Site, tmp_path: Path, table: str) -> int:
    with sqlite3.connect(tmp_path / "rayon.db") as connection:
        [(count,)] = connection.execute(f"SELECT count(*) FROM {table}")
    connection.close()
    return int(count)


@pytest.fixture
def phone(site: Site) -> Iterator[httpx.Client]:
    with site.client() as client:
        yield client


def test_nothing_is_chosen_and_the_wording_is_dated(phone: httpx.Client) -> None:
    page = phone.get("/w/corner").text
    assert page.count('type="radio"') == 6
    assert "checked" not in page
    assert "Texte en vigueur depuis le 30\u00a0novembre\u00a02026." in page
    assert f'name="text_version" value="{TEXT_VERSION}"' in page


@pytest.mark.parametrize(
    ("query", "header", "lang"),
    [
        ("", "", "fr"),
        ("", "de", "fr"),
        ("", "en-GB,en;q=0.9,fr;q=0.8", "en"),
        ("", "fr;q=0.3,en;q=0.8", "en"),
        ("", "de,fr;q=oops,en;q=0.1", "en"),
        ("", "fr;q=0", "en"),
        ("?lang=en", "fr", "en"),
        ("?lang=xx", "fr", "fr"),
    ],
)
def test_language(standing: Site, query: str, header: str, lang: str) -> None:
    with standing.client() as phone:
        assert f'<html lang="{lang}">' in phone.get(f"/w/corner{query}", headers={"Accept-Language": header}).text


def test_all_boxes_empty_works_and_keeps_nothing(site: Site, phone: httpx.Client, tmp_path: Path) -> None:
    """The Wi-Fi needs no consent; the database stays as it was, with no row that singles anybody out."""
    answer = phone.post("/w/corner", data=site.form(phone, site.redirect()))
    assert answer.status_code == 200
    assert "Vous êtes connecté" in answer.text
    assert "rayon_shopper" not in phone.cookies
    body = phone.post(
        "/v1/sessions", json={"store": "corner", "consents": [OFFERS | {"granted": False}], **site.redirect()}
    )
    assert (body.status_code, body.json()["shopper_id"]) == (201, None)
    assert phone.get("/v1/me").status_code == 401
    for table in ("shopper", "device_link", "device_claim", "used_proof", "consent", "consent_log"):
        assert rows(site, tmp_path, table) == 0


@pytest.mark.parametrize("name", ["client_mac", "clientMac", "id", "mac"])
@pytest.mark.parametrize("spelling", ["02:aa:bb:cc:dd:01", "02-AA-BB-CC-DD-01", "02aa.bbcc.dd01"])
def test_portals_spell_the_phone_in_their_own_way(site: Site, phone: httpx.Client, name: str, spelling: str) -> None:
    signed = site.redirect(spelling)
    query = {name: signed.pop("client_mac"), "ap": "02:00:00:00:00:01", **signed}
    page = phone.get("/w/corner", params=query)
    hidden = site.form(phone, query)
    assert phone.post("/w/corner", data={"consent": "location_offers:page", **hidden}).status_code == 200
    assert list(linked_devices(site.db, "corner")) == [STABLE]
    for text in (page.text, str(page.headers), str(phone.cookies)):
        assert not re.search(r"(?i)02.?aa.?bb.?cc.?dd.?01", text)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"client_mac": "encrypted-by-the-controller", "mac": "02:00:00:00:00:99"},
        {"mac": "02:00:00:00:00:01"},  # the access point's own
        {"client_mac": ""},
    ],
)
def test_an_unknown_phone_signs_in_without_a_link(site: Site, phone: httpx.Client, query: dict[str, str]) -> None:
    hidden = site.form(phone, query)
    assert "phone" not in hidden
    assert phone.post("/w/corner", data={"consent": "location_offers:page", **hidden}).status_code == 200
    assert linked_devices(site.db, "corner") == {}
    assert phone.get("/v1/me").status_code == 200


def test_form_answers_are_logged_whole(site: Site, phone: httpx.Client) -> None:
    phone.get("/w/corner", params={"client_mac": MAC})
    phone.post("/w/corner?lang=en", data={"consent": ["location_offers:page"], "display_name": "Zoé"})
    me = phone.get("/v1/me").json()
    assert (me["display_name"], me["locale"]) == ("Zoé", "en")
    log = consent_log(site.db, me["shopper_id"])
    assert {(c.purpose, c.channel, c.granted) for c in log} == {
        ("location_offers", "page", True),
        ("location_offers", "push", False),
        ("statistics", "any", False),
    }
    assert {(c.text_version, c.place) for c in log} == {(TEXT_VERSION, "portal:corner")}


def test_no_caller_makes_up_what_was_shown(site: Site, phone: httpx.Client) -> None:
    """The log is our proof: a version that we never showed is refused, by form and by JSON, and nothing is written."""
    phone.get("/w/corner")
    made_up = {"consent": "location_offers:page", "text_version": "2031-05-01"}
    assert phone.post("/w/corner", data=made_up).status_code == 422
    answer = {"purpose": "location_offers", "channel": "page", "granted": True}
    body = {"store": "corner", "consents": [answer], "text_version": "everything is allowed"}
    assert phone.post("/v1/sessions", json=body).status_code == 422
    assert phone.get("/v1/me").status_code == 401
    signed_in = site.sign_in(phone)
    assert phone.put("/v1/me/consents", json={"consents": [answer], "text_version": "x"}).status_code == 422
    assert {c.text_version for c in consent_log(site.db, signed_in)} == {TEXT_VERSION}


def test_answers_to_an_earlier_wording_stay_valid(site: Site, phone: httpx.Client) -> None:
    """A page that was open when the wording changed is answered as it was shown."""
    [earlier, *_] = EARLIER
    phone.get("/w/corner")
    phone.post("/w/corner", data={"consent": "location_offers:page", "text_version": earlier})
    me = phone.get("/v1/me").json()
    assert [(c["purpose"], c["granted"]) for c in me["consents"]] == [("location_offers", True)]
    assert {c.text_version for c in consent_log(site.db, me["shopper_id"])} == {earlier}
    page = phone.get("/w/corner", headers={"Accept-Language": "en"}).text
    assert "Your choices, which hold on this device too" in page


def test_a_returning_shopper_sees_their_own_choices(phone: httpx.Client) -> None:
    phone.get("/w/corner", params={"client_mac": MAC})
    phone.post("/w/corner", data={"consent": "location_offers:page"})
    first = phone.get("/v1/me").json()["shopper_id"]
    assert phone.get("/w/corner?ask=1").text.count('value="yes" checked') == 1
    phone.post("/w/corner", data={})
    me = phone.get("/v1/me").json()
    assert (me["shopper_id"], me["consents"]) == (first, [])


def test_a_form_sent_twice_makes_one_profile(site: Site, phone: httpx.Client, tmp_path: Path) -> None:
    """Two taps at once, and a repeat after a lost answer: the phone stays with the one profile that proved it."""
    hidden = site.form(phone, site.redirect())

    def tap(_: int) -> int:
        with site.client() as same_browser:
            return same_browser.post("/w/corner", data={"consent": "location_offers:page", **hidden}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(tap, range(8))) == [200] * 8
    assert tap(0) == 200
    assert rows(site, tmp_path, "shopper") == 1
    assert list(linked_devices(site.db, "corner")) == [STABLE]


def test_a_browser_that_erased_itself_is_somebody_new(site: Site, phone: httpx.Client) -> None:
    form = {"consent": "location_offers:page", **site.form(phone)}
    phone.post("/w/corner", data=form)
    first = phone.get("/v1/me").json()["shopper_id"]
    phone.delete("/v1/me")
    phone.post("/w/corner", data=form)
    assert phone.get("/v1/me").json()["shopper_id"] != first


def test_the_pass_carries_a_sign_in_to_the_real_browser(site: Site, phone: httpx.Client) -> None:
    """The captive window's cookies die with it; its link works in another browser, on purpose, once, and signs nobody
    out."""
    form = {"consent": "location_offers:page", "display_name": "Zoé", **site.form(phone, site.redirect())}
    page = phone.post("/w/corner", data=form).text
    [link] = re.findall(r'href="([^"]*pass=[^"]*)"', page)
    link = link.replace("&amp;", "&")
    shopper = phone.get("/v1/me").json()["shopper_id"]
    with site.client() as taken:
        own = site.sign_in(taken)
        asked = taken.get(link)
        assert (asked.status_code, asked.headers["location"]) == (303, "/me?lang=fr")
        assert taken.get("/v1/me").json()["shopper_id"] == own
    with site.client() as browser:
        hidden = site.form(browser, path=link)
        for _ in range(2):  # the answer was lost, and the form sent again
            moved = browser.post("/me/enter", data=hidden)
            assert (moved.status_code, moved.headers["location"]) == (303, "/me?lang=fr")
        assert browser.get("/v1/me").json()["shopper_id"] == shopper
    with site.client() as guesser:
        guesser.get("/me?pass=WyJhIl0.forged.signature")
        assert guesser.get("/v1/me").status_code == 401


def test_cookies_are_out_of_reach_of_scripts(phone: httpx.Client) -> None:
    answer = phone.post("/v1/sessions", json={"store": "corner", "consents": [OFFERS]})
    [cookie] = [c for c in answer.headers.get_list("set-cookie") if c.startswith("rayon_shopper=")]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_a_forged_cookie_is_nobody(phone: httpx.Client) -> None:
    phone.post("/v1/sessions", json={"store": "corner", "consents": [OFFERS]})
    genuine = phone.cookies["rayon_shopper"]
    phone.cookies.clear()
    phone.cookies.set("rayon_shopper", genuine[:-3] + ("aaa" if genuine[-3:] != "aaa" else "bbb"))
    assert phone.get("/v1/me").status_code == 401


def test_sign_ins_are_limited(site: Site, phone: httpx.Client) -> None:
    asked = {"store": "corner", "consents": [OFFERS]}
    statuses = [phone.post("/v1/sessions", json=asked).status_code for _ in range(25)]
    assert statuses[:21] == [201] * 21  # the first without a cookie
    refused = phone.post("/v1/sessions", json=asked)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert 1 <= int(refused.headers["retry-after"]) <= 60


def test_no_mac_in_the_log(site: Site, phone: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        phone.get("/w/corner", params={"client_mac": MAC})
        site.sign_in(phone, client_mac=MAC)
        phone.post("/v1/sessions", json={"store": "corner", "client_mac": 7})
    ours = [r for r in caplog.records if not r.name.startswith(("httpx", "httpcore"))]  # the test's own phone
    assert not any(re.search(r"(?i)02.?aa.?bb.?cc.?dd.?01", r.getMessage()) for r in ours)


def test_no_mac_in_the_database(site: Site, phone: httpx.Client, tmp_path: Path) -> None:
    key = {"Idempotency-Key": "a"}
    phone.get("/w/corner", params={"client_mac": MAC})
    phone.post("/v1/sessions", json={"store": "corner", "consents": [OFFERS], **site.redirect()}, headers=key)
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("rayon.db*"))
    assert b"device_link" in stored
    for spelling in (MAC, MAC.upper(), MAC.replace(":", ""), MAC.replace(":", "-")):
        assert spelling.encode() not in stored


@pytest.mark.parametrize("first", [True, False])
def test_a_yes_and_a_no_to_one_question_are_no_answer(site: Site, first: bool) -> None:
    both = [{"purpose": "location_offers", "channel": "page", "granted": granted} for granted in (first, not first)]
    with site.client() as client:
        refused = client.post("/v1/sessions", json={"store": "corner", "consents": both})
        assert (refused.status_code, refused.json()["problems"][0]["place"]) == (422, "body.consents")
        assert "yes and a no" in refused.text
        assert client.get("/v1/me").status_code == 401
        site.sign_in(client)
        before = client.get("/v1/me").json()["consents"]
        assert client.put("/v1/me/consents", json={"consents": both}).status_code == 422
        assert client.get("/v1/me").json()["consents"] == before
