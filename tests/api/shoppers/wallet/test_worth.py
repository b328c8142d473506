"""The wallet says what points are worth where the shop says a rate, and nothing where it does not."""

from __future__ import annotations

import pytest

from engine.config import ApiConfig, Config, LoyaltyConfig, WorthConfig
from engine.loyalty.ledger import earn
from engine.storage.loyalty.ledger import post
from engine.storage.people.shoppers import get_shopper
from engine.vocabulary import EntryKind
from tests.api.site import Site
from tests.engine.storage.scenes import NOW

RATE = WorthConfig(programme="points", points=100, amount_minor=100, currency="EUR")


@pytest.fixture
def config(request: pytest.FixtureRequest) -> Config:
    return Config(api=ApiConfig(port=0), loyalty=LoyaltyConfig(worth=getattr(request, "param", (RATE,))))


def with_points(site: Site, who: str, points: int) -> None:
    post(site.db, earn("k", "points", EntryKind.SHARE_VISIT, get_shopper(site.db, who).member_id, points, NOW))


def test_points_and_their_worth_in_both_languages(site: Site) -> None:
    with site.client() as phone:
        who = site.sign_in(phone)
        assert phone.get("/v1/me").json()["points"]["worth"] is None, "nothing of nothing"
        with_points(site, who, 120)
        for lang, text in (("fr", "1,20\u202f€"), ("en", "€1.20")):
            said = phone.get("/v1/me", params={"lang": lang}).json()["points"]["worth"]
            assert said == {"amount_minor": 120, "currency": "EUR", "text": text}
        assert "worth €1.20" in phone.get("/me/data?lang=en").text
        assert "valent 1,20\u202f€" in phone.get("/me/data?lang=fr").text


@pytest.mark.parametrize("config", [(), (RATE.model_copy(update={"currency": "CHF"}),)], indirect=True)
def test_without_a_rate_nothing_is_said(site: Site) -> None:
    with site.client() as phone:
        with_points(site, site.sign_in(phone), 120)
        assert phone.get("/v1/me").json()["points"] == {"available": 120, "pending": 0, "worth": None}
        assert "worth" not in phone.get("/me/data?lang=en").text
