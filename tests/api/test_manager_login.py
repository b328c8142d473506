"""The managers' door: no key in an address, a link works once, a wrong key stays outside, guessing is slow."""

from __future__ import annotations

import time

import pytest

from api.manager_login import SIGN_IN
from api.server import manager_link
from engine.storage.keys import add_key, end_key
from tests.api.site import SECRETS, Site

KEY = SECRETS.manager_key


def test_a_link_works_once_and_leaves_the_address(site: Site) -> None:
    link = manager_link(SECRETS, KEY, site.url).replace("/manage?", "/manage/corner?level=ground&")
    with site.client() as client, site.client() as late:
        answer = client.get(link)
        assert (answer.status_code, answer.headers["location"]) == (303, "/manage/corner?level=ground")
        assert client.get("/v1/stores/corner/campaigns").status_code == 200
        assert late.get(link).status_code == 401
        assert late.get(link[:-3] + "abc").status_code == 401
    assert KEY not in link


def test_a_key_in_an_address_opens_nothing(site: Site) -> None:
    with site.client() as client:
        assert client.get("/manage", params={"key": KEY}).status_code == 401


def test_without_a_key_there_is_a_form(site: Site) -> None:
    with site.client() as client:
        page = client.get("/manage/corner")
        assert page.status_code == 401
        assert 'value="/manage/corner"' in page.text
        wrong = client.post(SIGN_IN, data={"key": "wrong", "to": "/manage/corner"})
        assert (wrong.status_code, "pas la bonne" in wrong.text) == (401, True)
        right = client.post(SIGN_IN, data={"key": KEY, "to": "/manage/corner"})
        assert (right.status_code, right.headers["location"]) == (303, "/manage/corner")


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "/managed", "/manage.evil", "\\\\evil"])
def test_the_form_leads_nowhere_else(site: Site, to: str) -> None:
    with site.client() as client:
        answer = client.post(SIGN_IN, data={"key": KEY, "to": to})
    assert answer.headers["location"] == "/manage"


def test_guessing_is_slow_and_keeps_nobody_else_out(site: Site) -> None:
    with site.client() as client, site.client() as neighbour:
        statuses = [client.post(SIGN_IN, data={"key": f"guess-{i}"}).status_code for i in range(12)]
        assert statuses == [401] * 10 + [429] * 2
        assert neighbour.post(SIGN_IN, data={"key": KEY}).status_code == 303


def test_a_till_key_opens_no_reports(site: Site) -> None:
    with site.till() as client:
        assert client.get("/v1/stores/corner/campaigns").status_code == 401
        assert client.post(SIGN_IN, data={"key": SECRETS.till_key}).status_code == 401


def test_signing_out(site: Site) -> None:
    with site.client() as client:
        client.post(SIGN_IN, data={"key": KEY})
        client.post("/manage-sign-out")
        assert client.get("/v1/stores/corner/campaigns").status_code == 401


def test_a_key_of_one_store_opens_that_store(site: Site) -> None:
    _, here = add_key(site.db, "manager", time.time(), store="corner")
    _, elsewhere = add_key(site.db, "manager", time.time(), store="boutique")
    with site.client() as mine, site.client() as other:
        assert mine.post(SIGN_IN, data={"key": here}).status_code == 303
        assert mine.get("/manage").headers["location"] == "/manage/corner"
        assert mine.get("/v1/stores/corner/campaigns").status_code == 200
        assert other.post(SIGN_IN, data={"key": elsewhere}).status_code == 303
        assert other.get("/v1/stores/corner/campaigns").status_code == 404
        assert other.get("/v1/stores").json()["items"] == []
        assert other.get("/manage/corner").status_code == 404


def test_a_revoked_key_signs_its_browsers_out(site: Site) -> None:
    key_id, key = add_key(site.db, "manager", time.time())
    with site.client() as client:
        client.post(SIGN_IN, data={"key": key})
        assert client.get("/v1/stores").status_code == 200
        end_key(site.db, key_id, time.time())
        site.server.app.state.ctx.keys._looked_at = -10.0  # as five seconds later
        assert client.get("/v1/stores").status_code == 401
        assert client.post(SIGN_IN, data={"key": key}).status_code == 401
