"""A WooCommerce shop's webhooks, in the form of its REST API v3 (developer.woocommerce.com, "Orders", "Webhooks").

Refunds come with their order, as sums. An order that is fetched in the store has a shipping line of the method
`pickup_location` whose meta data name the place; its state `ready-pickup` is a plug-in's.
"""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from engine.vocabulary import OrderState
from simulators.shops.book import OrderNow
from simulators.shops.posting import FakeShop, ShopPosting, amount, delivery_of, local, pack
from simulators.shops.said import Form
from simulators.shops.shopify import REFUNDS, line_number

READY_STATE = "ready-pickup"
TAX_PARTS = 6  # of a price with 20 % of tax, one is the tax
STATES = {
    OrderState.PLACED: "pending",
    OrderState.PAID: "processing",
    OrderState.READY: READY_STATE,
    OrderState.COLLECTED: "completed",
    OrderState.SENT: "completed",
    OrderState.CANCELLED: "cancelled",
}
_UTC = ZoneInfo("UTC")


def postings(now: OrderNow, shop: FakeShop) -> Iterator[ShopPosting]:
    """What WooCommerce sends of this change."""
    event = "created" if now.state is OrderState.PLACED else "updated"
    about = {
        "X-WC-Webhook-Source": f"https://{shop.domain}/",
        "X-WC-Webhook-Topic": f"order.{event}",
        "X-WC-Webhook-Resource": "order",
        "X-WC-Webhook-Event": event,
        "X-WC-Webhook-ID": "3",
    }
    name = delivery_of(shop.source, event, now.number, now.changed_at)
    yield ShopPosting(shop.source, "woocommerce", now.changed_at, name, pack(order(now, shop)), about)


def order(now: OrderNow, shop: FakeShop) -> Form:
    """The order as it stands."""
    form, currency, customer = now.form, now.form["currency"], now.form["customer"]
    state = "refunded" if now.refunds and now.is_all_back else STATES[now.state]
    return {
        "id": now.number,
        "parent_id": 0,
        "number": str(now.number),
        "created_via": "checkout",
        "status": state,
        "currency": currency,
        **_dates("date_created", now.placed_at, shop),
        **_dates("date_modified", now.changed_at, shop),
        "discount_total": amount(0, currency),
        "total": amount(form["total_minor"], currency),
        "prices_include_tax": True,
        "customer_id": int(customer["account"]),
        "billing": {"email": customer["email"], "country": "FR"},
        "payment_method": "bacs",
        **_dates("date_paid", now.paid_at, shop),
        "meta_data": [],
        "line_items": [_line(now, line) for line in now.lines],
        "shipping_lines": [_shipping(now, shop)],
        "fee_lines": [],
        "coupon_lines": [],
        "refunds": [
            {"id": REFUNDS + now.number + k, "reason": "", "total": amount(-refund["total_minor"], currency)}
            for k, refund in enumerate(now.refunds)
        ],
    }


def _line(now: OrderNow, line: Form) -> Form:
    currency, tax = now.form["currency"], line["amount_minor"] // TAX_PARTS
    return {
        "id": line_number(now, line["id"]),
        "name": line["sku"],
        "product_id": 0,
        "variation_id": 0,
        "quantity": line["quantity_milli"] // 1000,
        "total": amount(line["amount_minor"] - tax, currency),
        "total_tax": amount(tax, currency),
        "meta_data": [],
        "sku": line["sku"],
    }


def _shipping(now: OrderNow, shop: FakeShop) -> Form:
    currency = now.form["currency"]
    price = now.form["total_minor"] - sum(line["amount_minor"] for line in now.lines)
    tax = price // TAX_PARTS
    way = {"id": now.number * 1000 + 999, "total": amount(price - tax, currency), "total_tax": amount(tax, currency)}
    if not now.collect:
        return way | {"method_id": "flat_rate", "instance_id": "1", "method_title": "Colis", "meta_data": []}
    meta = [{"id": 1, "key": "pickup_location", "value": shop.pickup}]
    return way | {"method_id": "pickup_location", "instance_id": "0", "method_title": "Retrait", "meta_data": meta}


def _dates(name: str, at: float | None, shop: FakeShop) -> Form:
    if at is None:
        return {name: None, f"{name}_gmt": None}
    return {name: local(at, shop.zone), f"{name}_gmt": local(at, _UTC)}
