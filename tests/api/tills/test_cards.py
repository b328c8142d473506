"""The shopper's card at the till: what it has, what it buys, and that a copied code is worth nothing elsewhere."""

from __future__ import annotations

import pytest
from selenium.webdriver import Chrome

from tests.api.shoppers.points.test_rewards import config as config
from tests.api.shoppers.points.test_rewards import give
from tests.api.shoppers.test_pages import sign_in
from tests.api.site import SECRETS, Site
from tests.browser import ask, chromium, click, wait_for, write
from tests.browsers.axe import violations

__all__ = ["chromium"]

STORE = "corner"


def test_a_till_reads_a_card_and_buys_a_reward_with_it(site: Site) -> None:
    with site.client() as phone, site.till() as till:
        give(site, site.sign_in(phone), 250)
        shown = phone.get("/v1/me/card").json()
        assert "svg" in shown["qr_svg"]
        body = {"code": shown["code_spaced"].lower(), "store": STORE, "till": "1"}
        card = till.post("/v1/till/card", json=body).json()
        assert (card["spendable"], card["pending"], card["tier"]) == (250, 0, "")
        assert [(r["reward"], r["missing"]) for r in card["rewards"]] == [("tea", 0), ("more", 650)]
        assert set(card) == {"spendable", "pending", "tier", "rewards"}, "no name"

        other = till.post("/v1/till/card", json=body | {"till": "2"})
        assert (other.status_code, other.json()["code"]) == (409, "card_code_used")

        ask = body | {"reward": "tea"}
        assert till.post("/v1/till/card/reward", json=ask).json()["code"] == "idempotency_key_required"
        bought, again = (till.post("/v1/till/card/reward", json=ask, headers={"Idempotency-Key": "k"}) for _ in "12")
        assert (bought.status_code, bought.json()["spendable"]) == (201, 150)
        assert bought.content == again.content
        more = till.post("/v1/till/card/reward", json=ask, headers={"Idempotency-Key": "l"})
        assert more.json()["code"] == "card_code_used"

        basket = {"currency": "EUR", "lines": [{"sku": "tea-1", "quantity": 1, "unit_price_minor": 499}]}
        use = {"code": bought.json()["code"], "store": STORE, "till": "1", "basket": basket}
        assert till.post("/v1/till/check", json=use).json()["discount_minor"] == 100


@pytest.mark.parametrize("code", ["RC:000000000000", "7F3KQ2M8ZX4A", "x"])
def test_what_no_card_shows_is_unknown(site: Site, code: str) -> None:
    with site.till() as till:
        said = till.post("/v1/till/card", json={"code": code, "store": STORE, "till": "1"})
        assert (said.status_code, said.json()["code"]) == (404, "card_code_unknown")


def test_the_card_is_a_page_that_works_without_scripts(site: Site) -> None:
    with site.client() as phone:
        assert phone.get("/me/card").status_code == 303
        site.sign_in(phone)
        for lang, words in (("fr", "Montrer un nouveau code"), ("en", "Show a new code")):
            page = phone.get("/me/card", params={"lang": lang}).text
            assert words in page
            assert "<svg" in page
            assert "RC:" in page


@pytest.mark.e2e
def test_the_till_page_reads_a_card_and_goes_on_with_the_coupon(site: Site, chromium: Chrome) -> None:
    with site.client() as phone:
        give(site, site.sign_in(phone), 250)
        chromium.get(f"{site.url}/till?lang=en")
        write(chromium, "#key", SECRETS.till_key)
        click(chromium, "#sign_in .main")
        wait_for(chromium, "#desk")
        write(chromium, "#code", phone.get("/v1/me/card").json()["code"])
        click(chromium, "#read")
        wait_for(chromium, "#coupon", "250 points to spend")
        assert violations(chromium) == []
        click(chromium, "[data-reward=tea]")
        wait_for(chromium, "#just_this")
        click(chromium, "#just_this")
        wait_for(chromium, "#redeem")
        click(chromium, "#redeem")
        wait_for(chromium, "#recent li", "−€1.00")
        assert phone.get("/v1/me/points").json()["spendable"] == 150


@pytest.mark.e2e
def test_the_card_shows_another_code_when_it_comes_back_into_view(site: Site, chromium: Chrome) -> None:
    sign_in(chromium, site)
    chromium.get(f"{site.url}/me/card?lang=en")
    wait_for(chromium, "#digits", "RC:")
    ask(chromium, "document.getElementById('digits').textContent = 'old'; return true")
    ask(chromium, "document.dispatchEvent(new Event('visibilitychange')); return true")
    wait_for(chromium, "#digits", "RC:")
    assert ask(chromium, "return document.querySelectorAll('#qr svg').length") == 1
