"""A PrestaShop shop with a module that posts the Webservice's JSON (devdocs.prestashop-project.org, "Resources").

With an order goes its customer, who alone has the mailbox; goods that came back are a credit slip (`order_slip`).
Orders that are fetched in the store have a new installation's carrier for it, number 1; state 14 is the shop's own.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.vocabulary import OrderState
from simulators.shops.book import OrderNow
from simulators.shops.posting import FakeShop, ShopPosting, amount, delivery_of, local, pack
from simulators.shops.said import Form
from simulators.shops.shopify import REFUNDS, line_number

COLLECTS, DELIVERS = "1", "2"
READY_STATE = "14"
STATES = {
    OrderState.PLACED: "10",
    OrderState.PAID: "2",
    OrderState.READY: READY_STATE,
    OrderState.COLLECTED: "5",
    OrderState.SENT: "4",
    OrderState.CANCELLED: "6",
}
ALL_BACK = "7"
CURRENCY_NUMBER = "1"
_VALID = (OrderState.PAID, OrderState.READY, OrderState.COLLECTED, OrderState.SENT)
_PLACES = 6


def postings(now: OrderNow, shop: FakeShop) -> Iterator[ShopPosting]:
    """What the module posts of this change."""
    said = {"order": order(now, shop), "customer": customer(now)}
    yield _posting("order", said, now, shop)
    if now.refund is not None:
        yield _posting("order_slip", {"order_slip": slip(now, now.refund, shop)}, now, shop)


def order(now: OrderNow, shop: FakeShop) -> Form:
    """The order as it stands. Its `valid` goes back to 0 when it is cancelled."""
    form, paid = now.form, now.paid_at
    goods = sum(line["amount_minor"] for line in now.lines)
    back = bool(now.refunds) and now.is_all_back
    return {
        "id": now.number,
        "id_cart": str(now.number),
        "id_currency": CURRENCY_NUMBER,
        "id_lang": "1",
        "id_customer": form["customer"]["account"],
        "id_carrier": COLLECTS if now.collect else DELIVERS,
        "current_state": ALL_BACK if back else STATES[now.state],
        "module": "ps_wirepayment",
        "invoice_number": "0" if paid is None else str(now.number),
        "invoice_date": "0000-00-00 00:00:00" if paid is None else local(paid, shop.zone, " "),
        "valid": "1" if now.state in _VALID and not back else "0",
        "date_add": local(now.placed_at, shop.zone, " "),
        "date_upd": local(now.changed_at, shop.zone, " "),
        "id_shop": "1",
        "payment": "Virement",
        "total_paid": _money(form["total_minor"], now),
        "total_paid_tax_incl": _money(form["total_minor"], now),
        "total_paid_real": _money(0 if paid is None else form["total_minor"], now),
        "total_products_wt": _money(goods, now),
        "total_shipping": _money(form["total_minor"] - goods, now),
        "conversion_rate": "1.000000",
        "reference": f"R{now.number:08d}",
        "associations": {"order_rows": [_row(now, line) for line in now.lines]},
    }


def customer(now: OrderNow) -> Form:
    """Who ordered."""
    who = now.form["customer"]
    return {"id": int(who["account"]), "email": who["email"], "active": "1", "is_guest": "0", "id_lang": "1"}


def slip(now: OrderNow, refund: Form, shop: FakeShop) -> Form:
    """The credit slip of what came back."""
    when = local(refund["at"], shop.zone, " ")
    return {
        "id": REFUNDS + now.number,
        "id_customer": now.form["customer"]["account"],
        "id_order": str(now.number),
        "conversion_rate": "1.000000",
        "total_products_tax_incl": _money(refund["total_minor"], now),
        "total_shipping_tax_incl": _money(0, now),
        "amount": _money(refund["total_minor"], now),
        "shipping_cost": "0",
        "shipping_cost_amount": _money(0, now),
        "partial": "0",
        "date_add": when,
        "date_upd": when,
        "order_slip_type": "0",
        "associations": {
            "order_slip_details": [
                {
                    "id": str(REFUNDS + now.number),
                    "id_order_detail": str(line_number(now, line["id"])),
                    "product_quantity": str(line["quantity_milli"] // 1000),
                    "amount_tax_incl": _money(line["amount_minor"], now),
                }
                for line in refund["lines"]
            ]
        },
    }


def _row(now: OrderNow, line: Form) -> Form:
    pieces = line["quantity_milli"] // 1000
    return {
        "id": str(line_number(now, line["id"])),
        "product_id": "1",
        "product_attribute_id": "0",
        "product_quantity": str(pieces),
        "product_name": line["sku"],
        "product_reference": line["sku"],
        "unit_price_tax_incl": _money(line["amount_minor"] // pieces, now),
    }


def _money(minor: int, now: OrderNow) -> str:
    return amount(minor, now.form["currency"], _PLACES)


def _posting(resource: str, said: Form, now: OrderNow, shop: FakeShop) -> ShopPosting:
    name = delivery_of(shop.source, resource, now.number, now.changed_at)
    return ShopPosting(shop.source, "prestashop", now.changed_at, name, pack(said))
