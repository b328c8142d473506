"""Finance reads what is owed, with the right for it; partners give points by a key, and learn nothing of anybody."""

from __future__ import annotations

import csv
import io
import time

import pytest

from engine.config import ApiConfig, Config, LoyaltyConfig
from engine.privacy.identifiers import identifier_digest
from engine.storage.keys import add_key
from engine.storage.people.shoppers import get_shopper
from engine.storage.programme.giving import post_given
from engine.vocabulary import IdentifierKind, Role
from tests.api.shoppers.points.test_rewards import give
from tests.api.site import SECRETS, Site
from tests.engine.storage.programme.told import has_card, points

WORTH = {"worth": [{"points": 100, "amount_minor": 150, "currency": "EUR"}]}
MINE = "/v1/loyalty/liability"


@pytest.fixture
def config() -> Config:
    return Config(api=ApiConfig(port=0), loyalty=LoyaltyConfig.model_validate(WORTH))


def test_finance_reads_what_is_owed_and_no_one_else(site: Site) -> None:
    with site.client() as phone, site.colleague("hq", (Role.HQ, "*")) as finance:
        give(site, site.sign_in(phone), 250)
        said = finance.get(MINE).json()["items"]
        assert [(s["programme"], s["outstanding"], s["outstanding_worth_minor"], s["members"]) for s in said] == [
            ("points", 250, 375, 1)
        ]
        table = list(csv.DictReader(io.StringIO(finance.get(f"{MINE}.csv").text)))
        assert sum(int(row["points"]) for row in table) == 250
        assert {row["currency"] for row in table} == {"EUR"}
        assert phone.get(MINE).status_code == 401
        for lang, title, worth in (("fr", "Les points en circulation", "3,75"), ("en", "What points come to", "3.75")):
            seen = finance.get(f"/hq/points?lang={lang}").text
            assert title in seen
            assert worth in seen
            assert f"/hq/points?lang={lang}" in finance.get(f"/hq?lang={lang}").text
        assert "What points come to" not in phone.get("/hq/points?lang=en").text
    with site.colleague("meg", (Role.MANAGER, "corner")) as manager:
        assert manager.get(MINE).status_code == 403


def test_a_partner_gives_once_for_a_reference(site: Site) -> None:
    _, key = add_key(site.db, "partner", time.time())
    with site.client() as phone, site.client(Authorization=f"Bearer {key}") as partner, site.till() as till:
        who = site.sign_in(phone)
        has_card(site.db, who, identifier_digest(SECRETS, IdentifierKind.CARD, "9250000000017"))
        gift = {"reference": "A-17", "card": "9250 0000 00017", "points": 50}
        url = "/v1/loyalty/partners/points"
        assert [partner.post(url, json=gift).json() for _ in range(2)] == [{"new": True}, {"new": False}]
        assert partner.post(url, json=gift | {"points": 51}).json()["code"] == "ledger_key_reused"
        assert partner.post(url, json=gift | {"reference": "B", "card": "9999999999"}).json() == {"new": True}
        for wrong in ({"card": "x"}, {"email": "a@example.com"}, {"points": 0}, {"card": None}):
            assert partner.post(url, json=gift | {"reference": "C"} | wrong).status_code == 422
        assert till.post(url, json=gift).status_code == 401
        post_given(site.db, time.time())
        assert points(site.db, get_shopper(site.db, who).member_id).available == 50
