"""Consents were on record that nobody had ever been asked for.

What happened elsewhere: a program granted every purpose it could name; the log then proved an agreement to questions
that the site did not ask, and to one that the named wording did not have yet. Input: a yes to purposes outside
`privacy.asked`, and to a later purpose in an earlier version. Right: 422 everywhere a yes can be sent, and no line in
the log; a no is always taken.
"""

from __future__ import annotations

import pytest

from engine.config import ApiConfig, Config
from engine.storage.people.shoppers import consent_log
from tests.api.site import Site

OFFERS = {"purpose": "location_offers", "channel": "page", "granted": True}
LATER = {"purpose": "location_learning", "channel": "any", "granted": True}


@pytest.fixture
def config() -> Config:
    """A site that asks for offers, and for learning, which was first worded on 29 November 2026."""
    privacy = {"asked": ["location_offers:page", "location_learning:any"]}
    return Config.model_validate({"api": ApiConfig(port=0), "privacy": privacy})


def test_what_is_not_asked_is_not_recorded(site: Site) -> None:
    with site.client() as phone, site.client() as stranger:
        who = site.sign_in(phone)
        before = consent_log(site.db, who)
        for purpose, channel in (("crm", "any"), ("clerk", "any"), ("location_offers", "sms"), ("statistics", "any")):
            made_up = {"purpose": purpose, "channel": channel, "granted": True}
            assert phone.put("/v1/me/consents", json={"consents": [made_up]}).status_code == 422
            body = {"store": "corner", "consents": [OFFERS, made_up]}
            assert stranger.post("/v1/sessions", json=body).status_code == 422
            sent = {"consent": f"{purpose}:{channel}", "form_name": "0" * 32}
            assert stranger.post("/w/corner", data=sent).status_code == 422
        assert consent_log(site.db, who) == before
        no = {"purpose": "crm", "channel": "any", "granted": False}
        assert phone.put("/v1/me/consents", json={"consents": [no]}).status_code == 200


def test_nor_what_that_wording_did_not_have(site: Site) -> None:
    with site.client() as phone:
        who = site.sign_in(phone)
        before = consent_log(site.db, who)
        early = {"consents": [LATER], "text_version": "2026-11-28"}
        assert phone.put("/v1/me/consents", json=early).status_code == 422
        assert consent_log(site.db, who) == before
        assert phone.put("/v1/me/consents", json=early | {"text_version": "2026-11-29"}).status_code == 200
