"""What each shop system says in each of its fields, worked out by hand from its documentation."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from engine.commerce.records import (
    CatalogueEntry,
    Customer,
    OnlineBasket,
    Order,
    OrderLine,
    Purchase,
    Return,
    ShopEvent,
    StockLevel,
)
from engine.errors import MessageRefused
from engine.ingest.decoders.heard import VendorMessage
from engine.ingest.shops.heard import ShopDecoded, ShopTold
from engine.ingest.shops.kinds import SHOP_DECODERS
from engine.vocabulary import OrderState, RecordRefusal, SalesChannel
from tests.payloads.shops_recorded import TOLD, digest

NOON, LATER = "1970-01-01T00:01:40", "1970-01-01T00:03:20"  # 100 and 200 s UTC
WEB, TILL = SalesChannel.WEB, SalesChannel.STORE
HOOK = {"shopify": "x-shopify-topic", "woocommerce": "x-wc-webhook-topic"}


def tell(kind: str, said: object, topic: str = "", told: ShopTold = TOLD) -> ShopDecoded:
    headers = {HOOK[kind]: topic} if topic else {}
    return SHOP_DECODERS[kind](VendorMessage(json.dumps(said).encode(), 1000.0, headers=headers), told)


def events(kind: str, said: object, topic: str = "", told: ShopTold = TOLD) -> list[ShopEvent]:
    decoded = tell(kind, said, topic, told)
    assert decoded.refused == {}
    return decoded.events


def who(**said: str) -> Customer:
    return Customer(**{kind: digest("web", kind, text) for kind, text in said.items()})


def shopify(**changed: Any) -> dict[str, Any]:
    line = {"id": 5, "sku": "A", "quantity": 2, "price": "10.00", "discount_allocations": [{"amount": "1.50"}],
            "tax_lines": [{"price": "2.00"}, {"price": "0.50"}]}  # fmt: skip
    return {"id": 1, "currency": "EUR", "created_at": f"{NOON}Z", "updated_at": f"{LATER}Z", "total_price": "30.00",
            "line_items": [line], "taxes_included": True} | changed  # fmt: skip


def test_an_order_of_shopify_in_full() -> None:
    lines = (OrderLine("5", "A", 2_000, 1_850),)
    said = shopify(email="", contact_email="a@b", customer={"id": 9}, financial_status="paid", source_name="pos",
                   location_id=3, discount_codes=[{"code": "X"}, {"code": ""}, {"code": "Y"}])  # fmt: skip
    buyer = who(email="a@b", account="9")
    assert events("shopify", said, " Orders/Paid ") == [
        Order("web", "1", 200_000_001, 100.0, OrderState.PAID, "EUR", 3_000, lines, buyer, "boutique"),
        Purchase("web", "1", 200_000_001, 100.0, TILL, "EUR", 3_000, lines, buyer, "boutique", ("X", "Y")),
    ]
    home = events("shopify", said | {"source_name": "web"}, "orders/create")
    assert (home[1].channel, home[1].store) == (WEB, "")  # type: ignore[attr-defined]
    (unpaid,) = events("shopify", shopify(taxes_included=False), "orders/updated")
    assert unpaid.lines == (OrderLine("5", "A", 2_000, 2_100),)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("said", "state", "bought"),
    [
        ({}, OrderState.PLACED, False),
        ({"financial_status": "pending"}, OrderState.PLACED, False),
        ({"financial_status": "paid"}, OrderState.PAID, True),
        ({"financial_status": "partially_refunded"}, OrderState.PAID, True),
        ({"financial_status": "refunded"}, OrderState.RETURNED, True),
        ({"financial_status": "voided"}, OrderState.CANCELLED, False),
        ({"financial_status": "paid", "cancelled_at": "x"}, OrderState.CANCELLED, True),
        ({"financial_status": "paid", "fulfillment_status": "fulfilled"}, OrderState.SENT, True),
        ({"financial_status": "paid", "fulfillment_status": "partial"}, OrderState.PAID, True),
        ({"financial_status": "refunded", "fulfillment_status": "fulfilled"}, OrderState.RETURNED, True),
        ({"tags": "x, ready-pickup"}, OrderState.READY, False),
        ({"tags": "x"}, OrderState.PLACED, False),
        ({"tags": ["ready-pickup"]}, OrderState.PLACED, False),
    ],
)
def test_how_far_an_order_of_shopify_is(said: dict[str, Any], state: OrderState, bought: bool) -> None:
    found = events("shopify", shopify(**said), "orders/updated")
    assert isinstance(found[0], Order)
    assert found[0].state is state
    assert (len(found) == 2) == bought


def test_where_an_order_of_shopify_is_fetched() -> None:
    for way, store in (({"title": "3"}, "boutique"), ({"code": "x", "title": "3"}, "boutique"), ({"code": "x"}, "")):
        (order,) = events("shopify", shopify(shipping_lines=[{"code": "y"}, way]), "orders/create")
        assert order.store == store  # type: ignore[attr-defined]
    assert tell("shopify", shopify(location_id=4), "orders/create").refused == {RecordRefusal.UNKNOWN_PLACE: 1}


def refund(**changed: Any) -> dict[str, Any]:
    return {"id": 7, "order_id": 1, "created_at": f"{NOON}Z", "transactions": [
        {"kind": "refund", "status": "success", "amount": "5.00", "currency": "GBP"},
        {"kind": "refund", "status": "success", "amount": "0.50", "currency": "GBP"},
        {"kind": "refund", "status": "failure", "amount": "9.00", "currency": "GBP"},
        {"kind": "sale", "status": "success", "amount": "9.00", "currency": "GBP"}]} | changed  # fmt: skip


def test_a_refund_of_shopify_is_what_was_given_back() -> None:
    assert events("shopify", refund(), "refunds/create") == [Return("web", "7", 1, 100.0, "1", "GBP", 550)]
    one = {"line_item_id": 5, "quantity": 1, "subtotal": 4.5, "line_item": {"sku": "", "variant_id": 8}}
    (later,) = events("shopify", refund(processed_at=f"{LATER}Z", refund_line_items=[one]), "refunds/create")
    assert later == Return("web", "7", 1, 200.0, "1", "GBP", 550, (OrderLine("5", "8", 1_000, 450),))
    assert events("shopify", refund(transactions=[]), "refunds/create") == []
    within = shopify(refunds=[{key: said for key, said in refund().items() if key != "order_id"}])
    assert events("shopify", within, "orders/updated")[1] == Return("web", "7", 1, 100.0, "1", "GBP", 550)
    paid = [{"kind": "refund", "status": "success", "amount": "0.01"}]
    (cent,) = events("shopify", refund(transactions=paid, currency="CHF"), "refunds/create")
    assert (cent.currency, cent.total_minor) == ("CHF", 1)  # type: ignore[attr-defined]


def test_products_stock_and_baskets_of_shopify() -> None:
    variant = {"id": 11, "title": "Default Title", "price": "9.90", "inventory_item_id": 12}
    said = {"id": 10, "title": "Coat", "status": "draft", "updated_at": f"{NOON}Z", "variants": [variant]}
    assert events("shopify", said, "products/create") == [
        CatalogueEntry("web", "11", 100_000_000, 100.0, "11", "Coat", "EUR", 990, "", True, (), "12", "10", "")
    ]
    named = variant | {"title": "38", "updated_at": f"{LATER}Z", "barcode": 20, "sku": "B"}
    (entry,) = events(
        "shopify", said | {"status": "active", "product_type": "Coats", "variants": [named]}, "products/update"
    )
    assert entry == CatalogueEntry(
        "web", "11", 200_000_000, 200.0, "B", "Coat, 38", "EUR", 990, "Coats", False, ("20",), "12", "10", "38"
    )
    level = {"inventory_item_id": 12, "location_id": 3, "available": 0, "updated_at": f"{NOON}Z"}
    for topic in ("inventory_levels/update", "inventory_levels/connect"):
        assert events("shopify", level, topic) == [StockLevel("web", "12@3", 100_000_000, 100.0, "12", 0, "boutique")]
    assert events("shopify", level | {"available": None}, "inventory_levels/update") == []
    basket = {"id": 3, "updated_at": f"{NOON}Z", "line_items": shopify()["line_items"]}
    assert events("shopify", basket, "carts/create") == [
        OnlineBasket("web", "3", 100_000_000, 100.0, "EUR", 1_850, (OrderLine("5", "A", 2_000, 1_850),))
    ]
    assert tell("shopify", shopify(test="yes"), "orders/edited").ignored == 1


def woocommerce(**changed: Any) -> dict[str, Any]:
    line = {"id": 5, "sku": "", "variation_id": 0, "product_id": 8, "quantity": 2, "total": "10.00", "total_tax": ""}
    return {"id": 1, "status": "processing", "currency": "EUR", "date_created_gmt": NOON, "date_modified_gmt": LATER,
            "total": "30.00", "line_items": [line], "customer_id": 0} | changed  # fmt: skip


def test_an_order_of_woocommerce_in_full() -> None:
    lines = (OrderLine("5", "8", 2_000, 1_000),)
    said = woocommerce(billing={"email": "a@b"}, date_paid_gmt="1970-01-01T00:02:30", coupon_lines=[{"code": "x"}])
    assert events("woocommerce", said, "order.created") == [
        Order("web", "1", 200_000_001, 100.0, OrderState.PAID, "EUR", 3_000, lines, who(email="a@b")),
        Purchase("web", "1", 200_000_001, 150.0, WEB, "EUR", 3_000, lines, who(email="a@b"), vouchers=("x",)),
    ]
    said |= {"status": "wc-failed", "date_modified_gmt": "", "refunds": [{"id": 2, "total": "-3.30"}]}
    order, off, back = events("woocommerce", said, "order.restored")
    assert isinstance(order, Order)
    assert isinstance(off, Purchase)
    assert (order.state, off.voided, off.version // 1_000_000) == (OrderState.CANCELLED, True, 100)
    assert back == Return("web", "2", 1, 100.0, "1", "EUR", 330)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("pending", OrderState.PLACED), ("on-hold", OrderState.PLACED), ("checkout-draft", OrderState.PLACED),
        ("processing", OrderState.PAID), ("wc-completed", OrderState.COMPLETED), ("cancelled", OrderState.CANCELLED),
        ("failed", OrderState.CANCELLED), ("refunded", OrderState.RETURNED), ("wc-ready-pickup", OrderState.READY),
    ],
)  # fmt: skip
def test_how_far_an_order_of_woocommerce_is(status: str, state: OrderState) -> None:
    (order,) = events("woocommerce", woocommerce(status=status), "order.updated")
    assert order.state is state  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("way", "fetched"),
    [
        ({"meta_data": [{"key": "x", "value": "3"}, {"key": "pickup_location", "value": "Corner"}]}, True),
        ({"meta_data": [{"key": "x", "value": "Corner"}]}, False),
        ({"method_id": "local_pickup", "instance_id": 4}, True),
        ({"method_id": "local_pickup", "instance_id": 5}, False),
        ({"method_title": "Corner"}, True),
    ],
)
def test_where_an_order_of_woocommerce_is_fetched(way: dict[str, Any], fetched: bool) -> None:
    told = replace(TOLD, places={"Corner": "boutique", "local_pickup:4": "boutique"})
    (order,) = events("woocommerce", woocommerce(shipping_lines=[way]), "order.updated", told)
    assert order.store == ("boutique" if fetched else "")  # type: ignore[attr-defined]


def test_products_of_woocommerce() -> None:
    said = {"id": 4, "date_created_gmt": NOON, "status": "private", "price": "", "manage_stock": True, "parent_id": 0,
            "name": "Coat", "stock_quantity": 0, "categories": [{"name": "A"}, {"name": "B"}]}  # fmt: skip
    entry = CatalogueEntry("web", "4", 100_000_000, 100.0, "4", "Coat", "", None, "A", True, (), "", "4")
    assert events("woocommerce", said, "product.created") == [
        entry, StockLevel("web", "4", 100_000_000, 100.0, "4", 0),
    ]  # fmt: skip
    for price, minor in ((1.5, 150), ("1.5", 150), (2, 200), ("0", 0)):
        (priced,) = events("woocommerce", said | {"price": price, "manage_stock": "parent"}, "product.updated")
        assert priced == replace(entry, currency="EUR", price_minor=minor)
    (sold,) = events("woocommerce", said | {"status": "publish", "stock_quantity": None}, "product.restored")
    assert sold == replace(entry, gone=False)
    (child,) = events("woocommerce", said | {"parent_id": 30, "manage_stock": False}, "product.updated")
    assert child.product == "30"  # type: ignore[attr-defined]
    assert tell("woocommerce", said, "product.deleted").ignored == 1


def presta(**changed: Any) -> dict[str, Any]:
    row = {"id": "5", "product_id": "8", "product_attribute_id": "2", "product_quantity": "3",
           "unit_price_tax_incl": "1.005"}  # fmt: skip
    return {"id": 1, "id_currency": "1", "current_state": "2", "date_add": "1970-01-01 01:01:40", "id_customer": "9",
            "date_upd": "1970-01-01 01:03:20", "total_paid": "30.00", "id_carrier": "3",
            "associations": {"order_rows": [row]}} | changed  # fmt: skip


def test_an_order_of_prestashop_in_full() -> None:
    lines = (OrderLine("5", "8-2", 3_000, 302),)  # 3.015, half to even
    said = {"order": presta(), "customers": [{"id": 9, "email": "a@b"}]}
    buyer = who(email="a@b", account="9")
    assert events("prestashop", said) == [
        Order("web", "1", 200_000_001, 100.0, OrderState.PAID, "EUR", 3_000, lines, buyer, "boutique"),
        Purchase("web", "1", 200_000_001, 100.0, WEB, "EUR", 3_000, lines, buyer),
    ]
    both = events("prestashop", {"orders": [presta(total_paid_tax_incl="31.00"), presta(id=2)]})
    assert [event.total_minor for event in both] == [3_100, 3_100, 3_000, 3_000]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("number", "valid", "state", "bought", "voided"),
    [
        ("1", "0", OrderState.PLACED, False, False), ("1", "1", OrderState.PLACED, True, False),
        ("2", "0", OrderState.PAID, True, False), ("3", "0", OrderState.PAID, True, False),
        ("4", "0", OrderState.SENT, True, False), ("5", "0", OrderState.COMPLETED, True, False),
        ("6", "0", OrderState.CANCELLED, True, True), ("7", "0", OrderState.RETURNED, True, False),
        ("8", "0", OrderState.CANCELLED, True, True), ("9", "0", OrderState.PAID, True, False),
        ("10", "0", OrderState.PLACED, False, False), ("11", "0", OrderState.PAID, True, False),
        ("12", "0", OrderState.PLACED, False, False), ("13", "0", OrderState.PLACED, False, False),
    ],
)  # fmt: skip
def test_how_far_an_order_of_prestashop_is(
    number: str, valid: str, state: OrderState, bought: bool, voided: bool
) -> None:
    order, *sale = events("prestashop", {"order": presta(current_state=number, valid=valid)})
    assert order.state is state  # type: ignore[attr-defined]
    assert [one.voided for one in sale] == ([voided] if bought else [])  # type: ignore[attr-defined]


def test_other_resources_of_prestashop() -> None:
    slip = {"id": 3, "id_order": 1, "date_add": "1970-01-01 01:01:40", "total_products_tax_incl": "2.50",
            "total_shipping_tax_incl": "1.00", "associations": {"order_slip_details": [
                {"id_order_detail": "5", "amount_tax_incl": "2.50", "product_quantity": "1"},
                {"id_order_detail": "6", "amount_tax_incl": "0", "product_quantity": "1"}]}}  # fmt: skip
    lines = (OrderLine("5", "8-2", 1_000, 250), OrderLine("6", "6", 1_000, 0))
    back = Return("web", "3", 100_000_000, 100.0, "1", "EUR", 350, lines)
    assert events("prestashop", {"order_slip": slip, "order": presta()})[2:] == [back]
    alone = replace(back, lines=(replace(lines[0], sku="5"), lines[1]))
    assert events("prestashop", {"order_slips": slip}) == [alone]
    two = replace(TOLD, currency="", currencies={"1": "EUR", "2": "GBP"})
    assert tell("prestashop", {"order_slip": slip}, told=two).refused == {RecordRefusal.UNKNOWN_CURRENCY: 1}
    product = {"id": 4, "date_upd": "1970-01-01 01:01:40", "active": "0", "name": "Coat", "reference": ""}
    assert events("prestashop", {"products": [product]}) == [
        CatalogueEntry("web", "4", 100_000_000, 100.0, "4", "Coat", gone=True, stock_sku="4", product="4")
    ]
    (sold,) = events("prestashop", {"product": product | {"active": "1", "ean13": "20"}})
    assert (sold.gone, sold.barcodes) == (False, ("20",))  # type: ignore[attr-defined]
    stock = {"id": 6, "id_product": "4", "id_product_attribute": "0", "quantity": "-2"}
    assert events("prestashop", {"stock_availables": [stock]}) == [
        StockLevel("web", "6", 1_000_000_000, 1000.0, "4", -2_000)
    ]
    assert tell("prestashop", {"order": [], "product": None}).events == []
    with pytest.raises(MessageRefused, match="none of order, orders"):
        tell("prestashop", {"customer": {}})
    assert tell("prestashop", {"order": 7}).refused == {RecordRefusal.BAD_SHAPE: 1}


def odoo(**changed: Any) -> dict[str, Any]:
    line = {"id": 90, "product_id": [7, "[COAT-38] Coat"], "qty": 1.0, "price_subtotal_incl": 30.0}
    return {"id": 41, "date_order": "1970-01-01 00:01:40", "write_date": "1970-01-01 00:03:20", "amount_total": 30.0,
            "currency_id": [1, "EUR"], "partner_id": [14, "J"], "config_id": [3, "B"],
            "lines": [line]} | changed  # fmt: skip


def test_an_order_of_odoo_in_full() -> None:
    lines = (OrderLine("90", "COAT-38", 1_000, 3_000),)
    buyer = Customer(digest("web", "email", "a@b"), digest("web", "card", "55"), digest("web", "account", "14"))
    sale = Purchase("web", "41", 200_000_000, 100.0, TILL, "EUR", 3_000, lines, buyer, "boutique")
    said = odoo(email="a@b", barcode="55")
    for holder in (said, [said], {"result": [said]}, {"orders": [said]}):
        assert events("odoo-pos", holder) == [sale]
    (off,) = events("odoo-pos", said | {"state": "cancel"})
    assert off == replace(sale, voided=True, version=200_000_001)
    for state in ("paid", "done", "invoiced"):
        assert events("odoo-pos", said | {"state": state}) == [sale]
    assert tell("odoo-pos", said | {"state": "new"}).refused == {RecordRefusal.UNKNOWN_STATE: 1}
    (unwritten,) = events("odoo-pos", said | {"write_date": False})
    assert unwritten.version == 100_000_000
    for line, sku in (({"default_code": "X"}, "X"), ({"product_id": 7}, "7"), ({"product_id": [7, "Coat"]}, "7"),
                      ({"product_id": [7, f"[{'a' * 65}] Coat"]}, "7")):  # fmt: skip
        (one,) = events("odoo-pos", odoo(lines=[said["lines"][0] | line]))
        assert one.lines[0].sku == sku  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("of", "purchase"),
    [({"refunded_order_id": [41, "B/41"]}, "41"), ({"refunded_order_ids": [41]}, "41"), ({}, ""),
     ({"refunded_order_ids": [[41, "B"]]}, "41"), ({"refunded_order_id": 41}, "41"), ({"refunded_order_ids": []}, "")],
)  # fmt: skip
def test_a_refund_of_odoo(of: dict[str, Any], purchase: str) -> None:
    line = {"id": 90, "product_id": 7, "qty": -2, "price_subtotal_incl": -30.0}
    said = odoo(amount_total=-30.0, lines=[line]) | of
    back = Return("web", "41", 200_000_000, 100.0, purchase, "EUR", 3_000, (OrderLine("90", "7", 2_000, 3_000),))
    assert events("odoo-pos", said) == [back]
    assert events("odoo-pos", said | {"state": "cancel"}) == [replace(back, total_minor=0, version=200_000_001)]
    (nothing,) = events("odoo-pos", said | {"amount_total": 0})
    assert isinstance(nothing, Purchase), "a receipt of nothing is one"
