"""Click and collect of an e-shop called nobody: its orders were ready, and in no store.

Shopify's and WooCommerce's orders name the pick-up place in a shipping line only (ShopifySharp #638, woocommerce
#47060), PrestaShop's are known by their carrier. In: orders that are fetched, as each of them posts it, and what the
operator told of the place. Right: the order waits, ready, in that store; one that is sent home is in none.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from engine.commerce.records import Order
from engine.ingest.shops.kinds import SHOP_DECODERS
from engine.vocabulary import OrderState
from tests.payloads.shops_recorded import TOLD, recorded

AT = replace(
    TOLD,
    places={"Retrait rue Haute": "boutique", "local_pickup:4": "boutique", "Retrait": "boutique", "7": "boutique"},
    states={"ready-pickup": OrderState.READY, "pick-me": OrderState.READY, "14": OrderState.READY},
)
"""What the operator told."""


def order(kind: str, name: str, **changes: Any) -> Order:
    """The order of a recorded message with some of its fields changed."""
    message = recorded(kind, name)
    said = json.loads(message.body)
    (said["order"] if kind == "prestashop" else said).update(changes)
    decoded = SHOP_DECODERS[kind](replace(message, body=json.dumps(said).encode()), AT)
    assert decoded.refused == {}
    (found,) = [event for event in decoded.events if isinstance(event, Order)]
    return found


def woo_way(**said: Any) -> list[dict[str, Any]]:
    return [{"id": 317, "method_id": "pickup_location", "instance_id": "0", "total": "0.00", **said}]


@pytest.mark.parametrize(
    ("kind", "name", "changes"),
    [
        ("shopify", "order-paid", {"tags": "vip, pick-me", "shipping_lines": [{"code": "Retrait rue Haute"}]}),
        (
            "shopify",
            "order-paid",
            {"tags": "pick-me", "shipping_lines": [{"code": "a1", "title": "Retrait rue Haute"}]},
        ),
        (
            "woocommerce",
            "order-ready",
            {"shipping_lines": woo_way(meta_data=[{"key": "pickup_location", "value": "Retrait rue Haute"}])},
        ),
        ("woocommerce", "order-ready", {"shipping_lines": woo_way(method_id="local_pickup", instance_id="4")}),
        ("woocommerce", "order-ready", {"shipping_lines": woo_way(method_title="Retrait")}),
        ("prestashop", "order", {"current_state": "14", "id_carrier": "7"}),
    ],
)
def test_an_order_that_is_ready_waits_in_its_store(kind: str, name: str, changes: dict[str, Any]) -> None:
    found = order(kind, name, **changes)
    assert (found.state, found.store) == (OrderState.READY, "boutique")


@pytest.mark.parametrize(
    ("kind", "name"), [("shopify", "order-paid"), ("woocommerce", "order"), ("prestashop", "order")]
)
def test_one_that_is_sent_home_is_in_none(kind: str, name: str) -> None:
    assert order(kind, name).store == ""


def test_a_tag_says_nothing_of_what_left_or_was_cancelled() -> None:
    gone = order("shopify", "order-paid", tags="pick-me", fulfillment_status="fulfilled")
    off = order("shopify", "order-paid", tags="pick-me", cancelled_at="2026-11-28T12:00:00+01:00")
    assert (gone.state, off.state) == (OrderState.SENT, OrderState.CANCELLED)
