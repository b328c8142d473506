"""What a PrestaShop shop could not say: who had ordered, that a paid order was cancelled, what came back.

Its orders have a customer's number only, so that nobody's points came of them; `valid` is 0 again once an order is
cancelled, so that its points stayed; goods that come back are a credit slip, which was no resource that is read. In:
the resources as the Webservice gives them, side by side. Right: the mailbox, a purchase that is voided, a return by its
lines.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from engine.commerce.records import OrderLine, Purchase, Return, ShopEvent
from engine.ingest.shops.heard import ShopTold
from engine.ingest.shops.prestashop import decode_prestashop
from engine.vocabulary import RecordRefusal
from tests.payloads.shops_recorded import TOLD, digest, recorded

SLIP = {
    "id": 3,
    "id_customer": "2",
    "id_order": "2",
    "total_products_tax_incl": "189.000000",
    "total_shipping_tax_incl": "0.000000",
    "date_add": "2026-11-29 10:00:00",
    "date_upd": "2026-11-29 10:00:00",
    "associations": {
        "order_slip_details": [
            {"id": "3", "id_order_detail": "5", "product_quantity": "1", "amount_tax_incl": "189.00"}
        ]
    },
}


def said(told: ShopTold = TOLD, **resources: Any) -> list[ShopEvent]:
    """What these resources come to."""
    message = recorded("prestashop", "order")
    decoded = decode_prestashop(replace(message, body=json.dumps(resources).encode()), told)
    assert decoded.refused == {}
    return decoded.events


def order(**changes: Any) -> dict[str, Any]:
    """The recorded order, of 229.00, with some of its fields changed."""
    found: dict[str, Any] = json.loads(recorded("prestashop", "order").body)["order"]
    return found | changes


def purchase(**resources: Any) -> Purchase:
    (found,) = [event for event in said(**resources) if isinstance(event, Purchase)]
    return found


@pytest.mark.parametrize(
    ("beside", "email"),
    [
        ({"customer": {"id": 2, "email": "jeanne@example.com"}}, "jeanne@example.com"),
        (
            {"customers": [{"id": "3", "email": "k@example.com"}, {"id": "2", "email": "j@example.com"}]},
            "j@example.com",
        ),
        ({"customer": {"id": 3, "email": "karim@example.com"}}, ""),
        ({"customer": {"email": "karim@example.com"}}, ""),
        ({"customer": None}, ""),
    ],
)
def test_the_mailbox_is_that_of_the_customer_beside_the_order(beside: dict[str, Any], email: str) -> None:
    who = purchase(order=order(), **beside).customer
    assert (who.email, who.account) == (digest("web", "email", email), digest("web", "account", "2"))


def test_an_order_that_is_cancelled_was_no_purchase() -> None:
    assert not purchase(order=order()).voided
    assert purchase(order=order(current_state="6", valid="0", date_upd="2026-11-28 12:00:00")).voided


def test_goods_that_came_back_are_a_return_by_their_lines() -> None:
    (back,) = [event for event in said(order_slip=SLIP, order=order()) if isinstance(event, Return)]
    assert (back.id, back.purchase_id, back.currency, back.total_minor) == ("3", "2", "EUR", 18_900)
    assert back.lines == (OrderLine("5", "COAT-38", 1_000, 18_900),)


def test_a_slip_alone_is_in_the_only_currency_that_is_told() -> None:
    (back,) = said(order_slip=SLIP)
    assert isinstance(back, Return)
    assert (back.currency, back.lines[0].sku) == ("EUR", "5")
    two = replace(TOLD, currency="", currencies={"1": "EUR", "2": "CHF"})
    decoded = decode_prestashop(
        replace(recorded("prestashop", "order"), body=json.dumps({"order_slip": SLIP}).encode()), two
    )
    assert decoded.refused == {RecordRefusal.UNKNOWN_CURRENCY: 1}


def test_postage_that_is_given_back_is_money_and_no_line() -> None:
    slip = SLIP | {"total_products_tax_incl": "0", "total_shipping_tax_incl": "4.900000", "associations": {}}
    (back,) = said(order_slip=slip)
    assert isinstance(back, Return)
    assert (back.total_minor, back.lines) == (490, ())
