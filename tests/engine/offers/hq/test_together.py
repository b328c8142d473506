"""What HQ's campaign may spend is counted over all its stores, at the dearest that they may make of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.offers.hq.campaigns import read_hq_campaign
from engine.offers.hq.together import together_minor, together_need_second
from engine.plan.model import Product
from tests.engine.offers.plans import PLAN

APPLE = Product("A1", "Apples", "fruit", 250, "ground", 1.0, 1.0, "food")
PLANS = [replace(PLAN, store=name, products=(APPLE,)) for name in ("a", "b", "c")]
PERCENT = {"kind": "percent", "applies_to": "product", "sku": "A1", "basis_points": 2000}  # 50 off 250
AMOUNT = {"kind": "amount", "applies_to": "product", "sku": "A1", "amount_minor": 60}
CAPPED = AMOUNT | {"max_discount_minor": 80}
FIXED = {"kind": "fixed_price", "applies_to": "product", "sku": "A1", "price_minor": 200}
ANY_AMOUNT, ANY_BUDGET = {"offer.amount_minor": True}, {"budget.max_amount_minor": True}
TO_700 = {"budget.max_amount_minor": {"to": 700}}
CAP_TO_120 = {"offer.max_discount_minor": {"to": 120}}
BASKET = {"kind": "percent", "applies_to": "basket", "basis_points": 1000}


def most(own: Any = None, shared: Any = None, may: Any = None, offer: Any = None) -> int | None:
    body = {
        "name": "Apples",
        "margin_minor": 100,
        "redeem_probability": 0.3,
        "place": {"store": True},
        "offer": offer or PERCENT,
        "budget": own or {},
        "texts": {lang: {"title": "t", "text": "t"} for lang in ("fr", "en")},
    }
    raw = {"id": "apples", "stores": "*", "may_change": may or {}, "campaign": body, "budget": shared or {}}
    found, wrong = read_hq_campaign(raw, "f", "c")
    assert found is not None, wrong
    return together_minor(found, PLANS)[PLAN.currency]


@pytest.mark.parametrize(
    ("given", "sum_minor"),
    [
        ({}, None),
        ({"own": {"max_amount_minor": 400}}, 1200),
        ({"own": {"max_vouchers": 10}}, 1500),
        ({"own": {"max_vouchers": 10}, "shared": {"max_vouchers": 12}}, 600),
        ({"own": {"max_amount_minor": 400}, "shared": {"max_amount_minor": 900}}, 900),
        ({"own": {"max_amount_minor": 400}, "may": {"budget.max_amount_minor": {"to": 700}}}, 2100),
        ({"own": {"max_amount_minor": 400}, "may": {"budget.max_amount_minor": True}}, None),
        ({"shared": {"max_vouchers": 10}, "may": {"offer.basis_points": {"to": 4000}}}, 1000),
        ({"shared": {"max_vouchers": 10}, "may": {"offer.basis_points": True}}, 2500),
        ({"shared": {"max_vouchers": 10}, "offer": BASKET}, None),
        ({"shared": {"max_vouchers": 10}, "offer": BASKET | {"max_discount_minor": 30}}, 300),
        (
            {
                "shared": {"max_vouchers": 10},
                "offer": BASKET | {"max_discount_minor": 30},
                "may": {"offer.max_discount_minor": {"to": 80}},
            },
            800,
        ),
        ({"shared": {"max_vouchers": 9}, "offer": AMOUNT}, 540),
        ({"shared": {"max_vouchers": 9}, "offer": AMOUNT, "may": {"offer.amount_minor": True}}, None),
        ({"shared": {"max_amount_minor": 900}, "offer": AMOUNT, "may": {"offer.amount_minor": True}}, 900),
        ({"own": {"max_amount_minor": 400}, "offer": AMOUNT, "may": ANY_AMOUNT}, 1200),
        ({"own": {"max_amount_minor": 400}, "offer": AMOUNT, "may": {"offer.amount_minor": {"from": 10}}}, 1200),
        ({"own": {"max_amount_minor": 400, "max_vouchers": 2}, "offer": AMOUNT, "may": ANY_AMOUNT}, 1200),
        ({"own": {"max_amount_minor": 400}, "offer": AMOUNT, "may": ANY_AMOUNT | TO_700}, 2100),
        ({"own": {"max_amount_minor": 400}, "offer": AMOUNT, "may": ANY_AMOUNT | ANY_BUDGET}, None),
        ({"own": {"max_amount_minor": 400}, "shared": {"max_amount_minor": 900}, "offer": AMOUNT, "may": ANY_AMOUNT},
         900),
        ({"own": {"max_amount_minor": 200}, "shared": {"max_amount_minor": 900}, "offer": AMOUNT, "may": ANY_AMOUNT},
         600),
        ({"own": {"max_amount_minor": 400}, "shared": {"max_vouchers": 2}, "offer": AMOUNT, "may": ANY_AMOUNT}, 1200),
        ({"own": {"max_vouchers": 2}, "offer": AMOUNT, "may": ANY_AMOUNT}, None),
        ({"own": {"max_vouchers": 0}, "offer": AMOUNT, "may": ANY_AMOUNT}, 0),
        ({"own": {"max_vouchers": 2}, "offer": CAPPED, "may": ANY_AMOUNT}, 480),
        ({"shared": {"max_vouchers": 10}, "offer": CAPPED, "may": ANY_AMOUNT}, 800),
        ({"own": {"max_vouchers": 2}, "offer": CAPPED, "may": ANY_AMOUNT | CAP_TO_120}, 720),
        ({"own": {"max_vouchers": 2}, "offer": CAPPED, "may": ANY_AMOUNT | {"offer.max_discount_minor": True}}, None),
        ({"shared": {"max_vouchers": 0}, "offer": BASKET}, 0),
        ({"own": {"max_vouchers": 2}, "offer": AMOUNT, "may": {"offer.amount_minor": {"to": 100}}}, 600),
        ({"own": {"max_vouchers": 2}, "offer": FIXED}, 300),
        ({"own": {"max_vouchers": 2}, "offer": FIXED, "may": {"offer.price_minor": {"from": 150, "to": 240}}}, 600),
        ({"own": {"max_vouchers": 2}, "offer": FIXED, "may": {"offer.price_minor": True}}, 1500),
        ({"own": {"max_vouchers": 2}, "may": {"budget.max_vouchers": {"to": 5}}}, 750),
        ({"own": {"max_vouchers": 2}, "may": {"budget.max_vouchers": True}}, None),
        ({"own": {"max_vouchers": 2}, "may": {"offer.amount_minor": True, "priority": True}}, 300),
    ],
)  # fmt: skip
def test_the_most_that_all_stores_can_spend(given: dict[str, Any], sum_minor: int | None) -> None:
    assert most(**given) == sum_minor


def test_a_sum_is_above_or_not_and_currencies_are_told_apart() -> None:
    raw = {
        "id": "apples",
        "stores": "*",
        "campaign": {
            "name": "Apples",
            "margin_minor": 100,
            "redeem_probability": 0.3,
            "place": {"store": True},
            "offer": PERCENT,
            "budget": {"max_amount_minor": 400},
            "texts": {lang: {"title": "t", "text": "t"} for lang in ("fr", "en")},
        },
    }
    found, _ = read_hq_campaign(raw, "f", "c")
    assert found is not None
    swiss = [*PLANS[:2], replace(PLANS[2], currency="CHF")]
    assert together_minor(found, swiss) == {PLAN.currency: 800, "CHF": 400}
    assert [together_need_second(found, PLANS, above) for above in (None, 1199, 1200)] == [False, True, False]
    assert not together_need_second(found, swiss, 800)
