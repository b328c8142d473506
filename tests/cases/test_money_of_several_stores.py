"""HQ's campaign of 500 off gave 5 euros in one store, 500 yen in the next and half a dinar in the third, and said what
they had spent together in one number; who bought for a dinar had spent more than who bought for nine euros.

Input: stores in euros, yen and dinars. Right: whatever is an amount is refused by name where they count in several, in
words of both languages at the field; no sum is told; a favourite is found within one currency.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.app import create_app
from api.campaigns.hq.said import hq_mistakes
from api.texts.catalogue import words
from engine.config import Config
from engine.config.segments import SegmentConfig
from engine.errors import OperatorError
from engine.offers.hq.campaigns import HqCampaign, read_hq_campaign
from engine.offers.hq.spread import require_one_currency
from engine.offers.segments.facts import KeptPurchase, KnownGoods, ShopperFacts
from engine.offers.segments.membership import spans_in
from engine.storage.database import open_database
from engine.vocabulary import SalesChannel
from tests.api.campaigns.test_hq import PATH, Caller, body
from tests.api.site import SECRETS, small_plan
from tests.databases import new_sqlite
from tests.engine.offers.plans import PLAN, spec

STORES = [replace(PLAN, store=code.lower(), currency=code) for code in ("EUR", "JPY", "KWD")]
GOODS = {"applies_to": "product", "sku": "BOOK"}
PERCENT = {"kind": "percent", "basis_points": 300, **GOODS}


def hq(terms: dict[str, Any], **changes: Any) -> HqCampaign:
    campaign = {key: value for key, value in spec(margin_minor=0, offer=PERCENT).items() if key != "id"} | terms
    found, wrong = read_hq_campaign({"id": "books", "stores": "*", "campaign": campaign} | changes, "f", "c")
    assert found is not None, wrong
    return found


@pytest.mark.parametrize(
    ("of", "places"),
    [
        (hq({"offer": {"kind": "amount", "amount_minor": 50, **GOODS}}), {"campaign.offer.amount_minor"}),
        (hq({"offer": {"kind": "fixed_price", "price_minor": 50, **GOODS}}), {"campaign.offer.price_minor"}),
        (hq({"offer": PERCENT | {"max_discount_minor": 50}}), {"campaign.offer.max_discount_minor"}),
        (hq({"offer": PERCENT | {"min_basket_minor": 50}}), {"campaign.offer.min_basket_minor"}),
        (hq({"margin_minor": 50}), {"campaign.margin_minor"}),
        (hq({"budget": {"max_amount_minor": 50}}), {"campaign.budget.max_amount_minor"}),
        (hq({}, may_change={"margin_minor": {"to": 50}}), {"may_change.margin_minor"}),
        (hq({}, budget={"max_amount_minor": 50}), {"budget.max_amount_minor"}),
        (hq({}, budget={"max_vouchers": 50}, may_change={"margin_minor": True}), set()),
    ],
)
def test_an_amount_is_of_one_currency(of: HqCampaign, places: set[str]) -> None:
    require_one_currency(of, [STORES[0], STORES[0]])
    if not places:
        require_one_currency(of, STORES)
        return
    with pytest.raises(OperatorError) as refused:
        require_one_currency(of, STORES)
    assert {p.place for p in refused.value.problems} == places
    for lang, said in (("fr", "EUR, JPY, KWD, et un même nombre"), ("en", "EUR, JPY, KWD, and one number")):
        [mistake] = hq_mistakes(refused.value.problems, words(lang), lang, PLAN, of.campaign.offer.kind)
        assert said in mistake.sentence
        assert mistake.field or mistake.label.startswith(words(lang).hq.may_change)


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Caller]:
    plans = {"corner": small_plan("corner"), "harbour": replace(small_plan("harbour"), currency="JPY")}
    db = open_database(new_sqlite(tmp_path / "rayon.db"))
    config = Config.model_validate({"storage": {"data_dir": str(tmp_path)}})
    app = create_app(config, db, SECRETS, plans, start_delivery=False)
    app.state.hub.close()
    yield Caller(app)
    db.close()


def test_no_sum_is_told_of_several_currencies(chain: Caller) -> None:
    key = {"Idempotency-Key": "a"}
    refused = chain.ask("PUT", PATH, json=body(), headers=key)
    assert refused.status_code == 422, refused.text
    assert "EUR, JPY" in refused.text
    sent = body()
    sent["campaign"]["margin_minor"] = 0
    assert chain.ask("PUT", PATH, json=sent, headers={"Idempotency-Key": "b"}).status_code == 200
    told = chain.ask("GET", PATH).json()
    assert (told["vouchers_used"], told["amount_used_minor"]) == (0, None)
    assert [store["amount_used_minor"] for store in told["stores"]] == [0, 0]


def bought(currency: str, category: str, minor: int) -> KeptPurchase:
    return KeptPurchase(1.0, SalesChannel.STORE, "s", currency, (KnownGoods(category, category, minor),))


def test_a_dinar_is_not_more_than_nine_euros() -> None:
    tea, cups = bought("EUR", "tea", 900), bought("KWD", "cups", 1000)
    when = {"fact": "favourite", "category": "tea", "top": 1}
    segment = SegmentConfig.model_validate({"name": "s", "fr": "s", "en": "s", "when": [when]})
    facts = ShopperFacts(True, purchases=(tea, tea, cups))
    assert any(start <= 2.0 < end for start, end in spans_in(segment, facts, 2.0))
