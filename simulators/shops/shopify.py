"""A Shopify shop's webhooks: orders and refunds as its REST Admin API forms them (shopify.dev, "Webhooks", "Order").

An order that is fetched in the store has a shipping line whose code is the location's name; its merchant marks it
with a tag when it is ready, as Shopify Flow does. An order that is cancelled is refunded whole.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.vocabulary import OrderState
from simulators.shops.book import OrderNow
from simulators.shops.posting import FakeShop, ShopPosting, amount, delivery_of, format_time, pack
from simulators.shops.said import Form

READY_TAG = "ready-for-pickup"
VERSION = "2026-07"
TOPICS = {
    OrderState.PLACED: "orders/create",
    OrderState.PAID: "orders/paid",
    OrderState.CANCELLED: "orders/cancelled",
    OrderState.READY: "orders/updated",
    OrderState.COLLECTED: "orders/fulfilled",
    OrderState.SENT: "orders/fulfilled",
}
_FULFILLED = (OrderState.COLLECTED, OrderState.SENT)
REFUNDS, CANCELLATIONS = 7_000_000_000, 8_000_000_000
"""Where numbers of refunds begin: of goods that came back, and of cancelled orders."""


def postings(now: OrderNow, shop: FakeShop) -> Iterator[ShopPosting]:
    """What Shopify sends of this change."""
    if now.refund is not None:
        yield _posting("refunds/create", _refund(now, now.refund, shop), now, shop)
        yield _posting("orders/updated", order(now, shop), now, shop)
    else:
        yield _posting(TOPICS[now.state], order(now, shop), now, shop)


def order(now: OrderNow, shop: FakeShop) -> Form:
    """The order as it stands."""
    form, currency = now.form, now.form["currency"]
    refunds = [_refund(now, one, shop) for one in now.refunds]
    cancelled = now.time_of(OrderState.CANCELLED)
    if cancelled is not None and now.paid_at is not None:
        refunds.append(_cancellation(now, shop))
    placed, customer = format_time(now.placed_at, shop.zone), form["customer"]
    return {
        "id": now.number,
        "admin_graphql_api_id": f"gid://shopify/Order/{now.number}",
        "cancel_reason": None if cancelled is None else "customer",
        "cancelled_at": None if cancelled is None else format_time(cancelled, shop.zone),
        "contact_email": customer["email"],
        "created_at": placed,
        "currency": currency,
        "discount_codes": [],
        "email": customer["email"],
        "financial_status": _financial(now),
        "fulfillment_status": "fulfilled" if now.state in _FULFILLED else None,
        "location_id": None,
        "name": f"#{now.number}",
        "order_number": now.number,
        "presentment_currency": currency,
        "processed_at": placed,
        "source_name": "web",
        "tags": READY_TAG if now.time_of(OrderState.READY) is not None else "",
        "taxes_included": True,
        "test": False,
        "total_price": amount(form["total_minor"], currency),
        "updated_at": format_time(now.changed_at, shop.zone),
        "customer": {"id": int(customer["account"]), "email": customer["email"], "verified_email": True},
        "fulfillments": [],
        "line_items": [_line(now, line) for line in now.lines],
        "refunds": refunds,
        "shipping_lines": [_shipping(now, shop)],
    }


def line_number(now: OrderNow, name: str) -> int:
    """The number of a line: of the whole shop, not of the order."""
    return now.number * 1000 + int(name)


def _line(now: OrderNow, line: Form) -> Form:
    pieces, currency = line["quantity_milli"] // 1000, now.form["currency"]
    price = amount(line["amount_minor"] // pieces, currency)
    return {
        "id": line_number(now, line["id"]),
        "current_quantity": pieces,
        "name": line["sku"],
        "price": price,
        "price_set": {"shop_money": {"amount": price, "currency_code": currency}},
        "product_exists": True,
        "quantity": pieces,
        "requires_shipping": not now.collect,
        "sku": line["sku"],
        "title": line["sku"],
        "total_discount": "0.00",
        "tax_lines": [],
        "discount_allocations": [],
    }


def _shipping(now: OrderNow, shop: FakeShop) -> Form:
    currency = now.form["currency"]
    price = now.form["total_minor"] - sum(line["amount_minor"] for line in now.lines)
    name = shop.pickup if now.collect else "Standard"
    return {"code": name, "title": name, "source": "shopify", "price": amount(price, currency)}


def _refund(now: OrderNow, refund: Form, shop: FakeShop) -> Form:
    lines = [(line, line["amount_minor"]) for line in refund["lines"]]
    return _make_refund(now, REFUNDS + now.number, refund["at"], lines, (refund["total_minor"], shop))


def _cancellation(now: OrderNow, shop: FakeShop) -> Form:
    at = now.time_of(OrderState.CANCELLED) or now.changed_at
    lines = [(line, line["amount_minor"]) for line in now.lines]
    return _make_refund(now, CANCELLATIONS + now.number, at, lines, (now.form["total_minor"], shop))


def _make_refund(
    now: OrderNow, number: int, at: float, lines: list[tuple[Form, int]], of: tuple[int, FakeShop]
) -> Form:
    total_minor, shop = of
    when, currency = format_time(at, shop.zone), now.form["currency"]
    money = {"kind": "refund", "status": "success", "amount": amount(total_minor, currency), "currency": currency}
    return {
        "id": number,
        "order_id": now.number,
        "created_at": when,
        "processed_at": when,
        "note": "",
        "refund_line_items": [
            {
                "id": number * 1000 + int(line["id"]),
                "line_item_id": line_number(now, line["id"]),
                "quantity": line["quantity_milli"] // 1000,
                "restock_type": "return",
                "subtotal": amount(minor, currency),
                "line_item": {"id": line_number(now, line["id"]), "sku": line["sku"]},
            }
            for line, minor in lines
        ],
        "transactions": [money | {"id": number * 10, "order_id": now.number}],
        "order_adjustments": [],
    }


def _financial(now: OrderNow) -> str:
    if now.paid_at is None:
        return "pending" if now.state is not OrderState.CANCELLED else "voided"
    if now.state is OrderState.CANCELLED or (now.refunds and now.is_all_back):
        return "refunded"
    return "partially_refunded" if now.refunds else "paid"


def _posting(topic: str, said: Form, now: OrderNow, shop: FakeShop) -> ShopPosting:
    about = {"X-Shopify-Topic": topic, "X-Shopify-Shop-Domain": shop.domain, "X-Shopify-API-Version": VERSION}
    name = delivery_of(shop.source, topic, now.number, now.changed_at)
    return ShopPosting(shop.source, "shopify", now.changed_at, name, pack(said), about)
