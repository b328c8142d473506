"""What stands on a coupon: beside alcohol, the health warning of the law."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from api.texts.language import Language
from api.texts.warnings import health_warning
from engine.offers.discounts import Percent
from engine.plan.model import Plan
from tests.api.site import Site, small_plan

FRENCH = "L'abus d'alcool est dangereux pour la santé, à consommer avec modération."
PLAN = replace(small_plan(), products=tuple(replace(p, legal_class="alcohol") for p in small_plan().products[:1]))
OFFER = Percent(kind="percent", applies_to="product", sku="tea-1", basis_points=2000).model_dump()
BASKET = Percent(kind="percent", applies_to="basket", basis_points=2000).model_dump(exclude_none=True)


@pytest.mark.parametrize(
    ("offer", "lang", "words"),
    [(OFFER, "fr", FRENCH), (OFFER, "en", "Alcohol abuse is dangerous"), (BASKET, "fr", None)],
)
def test_the_warning_stands_beside_alcohol(offer: dict[str, Any], lang: Language, words: str | None) -> None:
    said = health_warning(offer, PLAN, lang)
    assert said is None if words is None else said is not None and said.startswith(words)
    assert health_warning(offer, small_plan(), lang) is None
    assert health_warning(offer, None, lang) is None


class TestPages:
    """A shop whose tea is something stronger."""

    @pytest.fixture
    def plan(self) -> Plan:
        return PLAN

    def test_it_is_on_the_shoppers_page_and_behind_the_link(self, site: Site) -> None:
        with site.client() as phone:
            voucher_id = site.issue(site.sign_in(phone, locale="fr"), time.time())
            [card] = phone.get("/v1/me/vouchers").json()["items"]
            assert (card["voucher_id"], card["warning"]) == (voucher_id, FRENCH)
            shared = phone.post("/v1/me/shares", json={"voucher_id": voucher_id}).json()
            page = phone.get(f"/s/{shared['token']}?lang=fr").text
        assert page.count("alcool est dangereux") == 3  # on the page, and twice in what networks show of it
