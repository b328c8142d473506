"""Twenty wrong links a minute of one phone on the shop's Wi-Fi kept everybody there from their own links and cards.

Input: one address from which somebody tries wrong links, wrong cards and many mailboxes. Right: they are refused, and
whoever has a right link, or is signed in, is not.
"""

from __future__ import annotations

import pytest

from api.shoppers.identity import LINKS_PER_MINUTE, STRANGERS_CARDS_PER_MINUTE, TRIES_PER_MINUTE
from engine.config import ApiConfig, Config, MailConfig
from tests.api.shoppers.test_identity import ask
from tests.api.site import Site


@pytest.fixture
def config() -> Config:
    """A mail server that never answers: letters are read from the outbox."""
    mail = MailConfig(host="192.0.2.1", sender="shop@example.org", timeout_s=1, security="none")
    return Config(api=ApiConfig(port=0), mail=mail)


@pytest.mark.usefixtures("rate_clock")
def test_wrong_links_and_cards_of_one_keep_nobody_from_a_right_one(site: Site) -> None:
    with site.client() as ana, site.client() as guesser, site.manager() as manager:
        site.sign_in(ana)
        link = ask(site, ana, "ana@example.org")
        cards = {"cards": [{"number": "12345678", "proof": "rue haute"}]}
        assert manager.post("/v1/cards", json=cards).status_code == 200
        wrong = [guesser.post(f"/id/{i:032d}").status_code for i in range(TRIES_PER_MINUTE + 2)]
        assert wrong == [410] * TRIES_PER_MINUTE + [429] * 2
        guessed = [
            guesser.post("/me/identity/card", data={"number": f"99{i:06d}", "proof": "x"}).status_code
            for i in range(STRANGERS_CARDS_PER_MINUTE + 2)
        ]
        assert guessed == [409] * STRANGERS_CARDS_PER_MINUTE + [429] * 2
        assert ana.post(link).status_code == 303
        assert ana.post("/me/identity/card", data={"number": "12345678", "proof": "rue haute"}).status_code == 303


def test_links_asked_for_by_strangers_leave_room_for_who_is_signed_in(site: Site) -> None:
    with site.client() as stranger, site.client() as ana:
        site.sign_in(ana)
        for i in range(LINKS_PER_MINUTE):
            assert stranger.post("/me/identity/email", data={"email": f"n{i}@example.org"}).status_code == 200
        assert stranger.post("/me/identity/email", data={"email": "x@example.org"}).status_code == 429
        assert ana.post("/me/identity/email", data={"email": "ana@example.org"}).status_code == 200
