"""Points buy coupons on the phone that is signed in, once for each key, and an unused one goes back."""

from __future__ import annotations

import pytest

from engine.config import ApiConfig, Config, LoyaltyConfig
from engine.loyalty.ledger import earn
from engine.storage.loyalty.ledger import post
from engine.storage.people.shoppers import get_shopper
from engine.vocabulary import EntryKind
from tests.api.site import Site
from tests.engine.storage.scenes import NOW

TEA = {"id": "tea", "fr": "1 € sur le thé", "en": "€1 off tea", "points": 100, "amount_minor": 100, "currency": "EUR"}
LOYALTY = {"rewards": [TEA | {"product": "tea-1"}, TEA | {"id": "more", "points": 900, "min_basket_minor": 4000}]}


@pytest.fixture
def config() -> Config:
    return Config(api=ApiConfig(port=0), loyalty=LoyaltyConfig.model_validate(LOYALTY))


def give(site: Site, who: str, points: int) -> None:
    """So many points, from nowhere."""
    post(site.db, earn("gift", "points", EntryKind.VISIT, get_shopper(site.db, who).member_id, points, NOW))


def test_a_reward_is_seen_bought_once_used_and_another_given_back(site: Site) -> None:
    with site.client() as phone, site.client() as stranger, site.till() as till:
        who = site.sign_in(phone)
        site.sign_in(stranger)
        give(site, who, 250)
        listed = phone.get("/v1/me/rewards", params={"lang": "en"}).json()
        assert listed["spendable"] == 250
        assert [(r["reward"], r["title"], r["missing"]) for r in listed["items"]] == [
            ("tea", "€1 off tea", 0),
            ("more", "€1 off tea", 650),
        ]
        ask = {"reward": "tea", "store": "corner"}
        assert phone.post("/v1/me/rewards", json=ask).json()["code"] == "idempotency_key_required"
        first, again = (phone.post("/v1/me/rewards", json=ask, headers={"Idempotency-Key": "a"}) for _ in range(2))
        assert (first.status_code, first.json()["state"]) == (201, "seen")
        assert first.content == again.content
        other = phone.post("/v1/me/rewards", json=ask, headers={"Idempotency-Key": "b"}).json()
        assert phone.post("/v1/me/rewards", json=ask, headers={"Idempotency-Key": "c"}).json()["code"] == (
            "not_enough_points"
        )
        assert phone.get("/v1/me/rewards").json()["spendable"] == 50

        undo = f"/v1/me/rewards/{other['voucher_id']}/undo"
        assert stranger.post(undo, headers={"Idempotency-Key": "d"}).status_code == 404
        assert phone.post(undo, headers={"Idempotency-Key": "e"}).json() == {"points": 100}
        assert phone.get("/v1/me/rewards").json()["spendable"] == 150

        basket = {
            "currency": "EUR",
            "lines": [{"sku": "tea-1", "quantity": 1, "unit_price_minor": 499}],
        }
        body = {"code": first.json()["code"], "store": "corner", "till": "1", "basket": basket}
        used = till.post("/v1/till/redeem", json=body, headers={"Idempotency-Key": "r"})
        assert used.json()["discount_minor"] == 100
        late = phone.post(f"/v1/me/rewards/{first.json()['voucher_id']}/undo", headers={"Idempotency-Key": "f"})
        assert (late.status_code, late.json()["code"]) == (409, "reward_used")


def test_nobody_buys_what_a_store_does_not_give_or_without_signing_in(site: Site) -> None:
    with site.client() as phone:
        ask = {"reward": "tea", "store": "corner"}
        assert phone.post("/v1/me/rewards", json=ask, headers={"Idempotency-Key": "a"}).status_code == 401
        site.sign_in(phone)
        said = phone.post("/v1/me/rewards", json=ask | {"reward": "x"}, headers={"Idempotency-Key": "b"}).json()
        assert said["code"] == "reward_unknown"


def test_what_the_basket_has_to_come_to_is_said_before_points_are_burned_and_on_the_coupon(site: Site) -> None:
    with site.client() as phone:
        give(site, site.sign_in(phone), 900)
        listed = phone.get("/v1/me/rewards", params={"lang": "en"}).json()["items"]
        assert [r["least"] for r in listed] == [None, "When you spend €40.00 or more"]
        assert phone.get("/me/points", params={"lang": "fr"}).text.count("Dès 40,00") == 1
        ask = {"reward": "more", "store": "corner"}
        phone.post("/v1/me/rewards", json=ask, headers={"Idempotency-Key": "a"})
        (card,) = phone.get("/v1/me/vouchers", params={"lang": "en"}).json()["items"]
        assert card["least"] in {"When you spend €40.00 or more", "Dès 40,00\u202f€ d'achats"}
        assert "When you spend €40.00 or more" in phone.get("/me", params={"lang": "en"}).text
