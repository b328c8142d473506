"""The managers' door: the key leaves the address, a wrong one stays outside, guessing is slow."""

from __future__ import annotations

import pytest

from api.manager_login import SIGN_IN
from tests.api.site import SECRETS, Site


def test_the_key_leaves_the_address(site: Site) -> None:
    with site.client() as client:
        answer = client.get("/manage/corner", params={"key": SECRETS.manager_key, "level": "ground"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/manage/corner?level=ground")
        assert client.get("/v1/stores/corner/campaigns").status_code == 200


def test_without_a_key_there_is_a_form(site: Site) -> None:
    with site.client() as client:
        page = client.get("/manage/corner")
        assert page.status_code == 401
        assert 'value="/manage/corner"' in page.text
        wrong = client.post(SIGN_IN, data={"key": "wrong", "to": "/manage/corner"})
        assert (wrong.status_code, "pas la bonne" in wrong.text) == (401, True)
        right = client.post(SIGN_IN, data={"key": SECRETS.manager_key, "to": "/manage/corner"})
        assert (right.status_code, right.headers["location"]) == (303, "/manage/corner")


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "/managed", "/manage.evil", "\\\\evil"])
def test_the_form_leads_nowhere_else(site: Site, to: str) -> None:
    with site.client() as client:
        answer = client.post(SIGN_IN, data={"key": SECRETS.manager_key, "to": to})
    assert answer.headers["location"] == "/manage"


def test_guessing_is_slow(site: Site) -> None:
    with site.client() as client:
        statuses = [client.get("/manage", params={"key": f"guess-{i}"}).status_code for i in range(12)]
        assert statuses == [401] * 10 + [429] * 2
        assert client.get("/manage", params={"key": SECRETS.manager_key}).status_code == 429


def test_a_till_key_opens_no_reports(site: Site) -> None:
    with site.till() as client:
        assert client.get("/v1/stores/corner/campaigns").status_code == 401


def test_signing_out(site: Site) -> None:
    with site.client() as client:
        client.get("/manage", params={"key": SECRETS.manager_key})
        client.post("/manage-sign-out")
        assert client.get("/v1/stores/corner/campaigns").status_code == 401
