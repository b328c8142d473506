"""The receipt goes out by e-mail where there is an address and a server; without either nothing waits."""

from __future__ import annotations

import time

import pytest

from engine.config import ApiConfig, Config
from engine.storage.sending.letters import take_due
from tests.api.site import Site

OFFERS = {"purpose": "location_offers", "channel": "page", "granted": True}


@pytest.fixture
def config() -> Config:
    """A mail server that is never there: letters wait, and the sign-in does not."""
    mail = {"host": "127.0.0.1", "port": 9, "security": "none", "sender": "Shop <shop@example.org>"}
    return Config.model_validate({"api": ApiConfig(port=0), "mail": mail})


def test_one_letter_with_the_last_word(site: Site) -> None:
    with site.client() as phone:
        site.sign_in(phone, email="zoe@example.org", locale="en")
        phone.put("/v1/me/consents", json={"consents": [OFFERS | {"granted": False}]})
    letters = _waiting(site)
    assert [letter[0] for letter in letters] == ["zoe@example.org"]
    assert [("YES" in text, "NO" in text) for _, text in letters] == [(False, True)]
    assert all("Offers where I am" in text and "<img" not in text for _, text in letters)


def test_without_an_address_none(site: Site) -> None:
    with site.client() as phone:
        site.sign_in(phone)
        assert 'type="email"' in phone.get("/w/corner?ask=1").text, "there is somewhere to say one"
    assert _waiting(site) == []


def _waiting(site: Site) -> list[tuple[str, str]]:
    """Address and text of what waits, also of what an attempt has put off, in the order it was written."""
    found = take_due(site.db, time.time() + 4000.0, hold_s=1.0)
    return [(due.letter.to, due.letter.text) for due in sorted(found, key=lambda due: due.letter_id)]
