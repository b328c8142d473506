"""What shop systems send comes out as shop events, whole or not at all, and holds nobody's address."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

import pytest

from engine.commerce.form import as_form, from_form
from engine.commerce.records import (
    CatalogueEntry,
    OnlineBasket,
    Order,
    OrderLine,
    ProductView,
    Purchase,
    Return,
    ShopEvent,
    StockLevel,
)
from engine.errors import MessageRefused
from engine.ingest.decoders.heard import VendorMessage
from engine.ingest.shops.heard import ShopDecoded
from engine.ingest.shops.kinds import SHOP_DECODERS
from engine.vocabulary import OrderState, RecordRefusal, SalesChannel
from tests.payloads.shops_recorded import FOLDER, TOLD, all_recorded, digest, recorded

Event = TypeVar("Event", bound=ShopEvent)


def utc(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def decode(kind: str, name: str, **changed: Any) -> ShopDecoded:
    message = recorded(kind, name)
    if changed:
        message = replace(message, body=json.dumps({**json.loads(message.body), **changed}).encode())
    return SHOP_DECODERS[kind](message, TOLD)


def one(decoded: ShopDecoded, kind: type[Event]) -> Event:
    (found,) = (event for event in decoded.events if isinstance(event, kind))
    return found


def test_a_paid_order_of_shopify_is_an_order_and_a_purchase() -> None:
    decoded = decode("shopify", "order-paid")
    order, bought = decoded.events
    assert isinstance(order, Order)
    assert isinstance(bought, Purchase)
    assert order.state is OrderState.PAID
    assert bought.channel is SalesChannel.WEB
    assert (bought.id, bought.currency, bought.total_minor) == ("820982911946154508", "EUR", 21_500)
    assert bought.lines == (
        OrderLine("866550311766439020", "COAT-38", 1_000, 17_010),  # 189.00 less the 18.90 of the voucher
        OrderLine("141249953214522974", "SOCK-R", 2_000, 4_000),
    )
    assert bought.vouchers == ("RAYON-7QK2",)
    assert bought.at == utc("2026-11-28T09:30:00+00:00")
    assert bought.customer.email == digest("web", "email", "jeanne@example.com")
    assert order.version == bought.version


def test_shopify_says_the_same_refund_twice_and_it_is_one() -> None:
    alone, within = decode("shopify", "refund").events, decode("shopify", "order-refunded").events
    assert one(decode("shopify", "order-refunded"), Order).state is OrderState.SENT
    (refund,) = alone
    assert refund in within
    assert isinstance(refund, Return)
    assert (refund.purchase_id, refund.total_minor) == ("820982911946154508", 17_010)
    assert refund.lines == (OrderLine("866550311766439020", "COAT-38", 1_000, 17_010),)


def test_a_later_state_has_the_higher_version() -> None:
    first, second = one(decode("shopify", "order-paid"), Order), one(decode("shopify", "order-refunded"), Order)
    assert second.version > first.version
    same_second = one(decode("shopify", "order-paid", fulfillment_status="fulfilled"), Order)
    assert same_second.version > first.version


def test_a_receipt_of_shopifys_till_is_of_a_store() -> None:
    bought = one(decode("shopify", "order-till"), Purchase)
    assert (bought.channel, bought.store) == (SalesChannel.STORE, "boutique")
    assert not bought.customer.is_known
    assert bought.lines[1].sku == "49148385"  # without an article number, the variant's own


def test_shopifys_catalogue_stock_and_basket() -> None:
    coat, other = decode("shopify", "product").events
    assert isinstance(coat, CatalogueEntry)
    assert (coat.sku, coat.name, coat.price_minor, coat.category) == ("COAT-38", "Trench coat, 38", 18_900, "Manteaux")
    assert coat.barcodes == ("2000000000015",)
    assert isinstance(other, CatalogueEntry)
    assert other.sku == "808950811"
    assert [one.product for one in (coat, other)] == [coat.product] * 2
    assert (coat.variant, coat.product) == ("38", "632910392")
    level = one(decode("shopify", "stock"), StockLevel)
    assert (level.sku, level.quantity_milli, level.store) == (coat.stock_sku, -1_000, "boutique")
    basket = one(decode("shopify", "basket"), OnlineBasket)
    assert (basket.total_minor, basket.lines[0].quantity_milli) == (6_000, 3_000)


def test_test_orders_and_other_topics_are_ignored() -> None:
    assert decode("shopify", "order-paid", test=True).ignored == 1
    message = replace(recorded("shopify", "order-paid"), headers={"x-shopify-topic": "app/uninstalled"})
    assert SHOP_DECODERS["shopify"](message, TOLD).ignored == 1


def test_a_refund_of_shopify_is_its_first_version_and_without_money_none() -> None:
    refund = one(decode("shopify", "refund"), Return)
    assert refund.version == 1
    paid = json.loads(recorded("shopify", "refund").body)["transactions"]
    nothing = [{**transaction, "amount": "0.00"} for transaction in paid]
    found = decode("shopify", "refund", transactions=nothing)
    assert (found.events, found.refused) == ([], {})


def test_what_is_given_away_costs_nothing_and_is_bought_all_the_same() -> None:
    """A total of 0 is one, in a table of receipts too; below it there is none."""
    good = json.loads(recorded("shop", "events").body)["events"]
    purchase = next(event for event in good if event.get("kind") == "purchase")
    for total, events in ((0, 1), (-1, 0)):
        body = json.dumps([{**purchase, "total_minor": total}]).encode()
        assert len(SHOP_DECODERS["shop"](VendorMessage(body, 0.0), TOLD).events) == events
    head, *_ = recorded("receipts-csv", "night").body.decode().splitlines()
    separator = max(",;\t", key=head.count)
    for amount, events in (("0.00", 1), ("-0.01", 0)):
        said = {
            "receipt": "T1-1",
            "at": "2026-11-28 10:00:00",
            "sku": "A",
            "quantity": "1",
            "amount": amount,
            "currency": "EUR",
        }
        table = f"{separator.join(said)}\n{separator.join(said.values())}\n"
        found = SHOP_DECODERS["receipts-csv"](VendorMessage(table.encode(), 0.0), TOLD)
        assert (len(found.events), sum(found.refused.values())) == (events, 1 - events)


def test_five_thousand_orders_of_odoo_are_a_message_and_one_more_is_none() -> None:
    for n in (5_000, 5_001):
        message = VendorMessage(json.dumps([{"state": "draft"}] * n).encode(), 0.0)
        if n == 5_000:
            assert SHOP_DECODERS["odoo-pos"](message, TOLD).ignored == n
        else:
            with pytest.raises(MessageRefused, match="5001 orders, at most 5000"):
                SHOP_DECODERS["odoo-pos"](message, TOLD)


def test_an_order_of_woocommerce() -> None:
    bought = one(decode("woocommerce", "order"), Purchase)
    assert (bought.total_minor, bought.vouchers) == (22_000, ("rayon-7qk2",))
    assert [(line.sku, line.amount_minor) for line in bought.lines] == [("COAT-38", 17_700), ("22", 3_300)]
    assert bought.customer.email == digest("web", "email", "karim@example.com")
    assert bought.customer.account == digest("web", "account", "26")
    later = decode("woocommerce", "order-ready")
    assert one(later, Order).state is OrderState.READY
    assert one(later, Return).total_minor == 3_300
    assert one(later, Return).purchase_id == bought.id


def test_a_state_that_nobody_told_of_refuses_the_order() -> None:
    decoded = decode("woocommerce", "order", status="lost-in-space")
    assert (decoded.events, decoded.refused) == ([], {RecordRefusal.UNKNOWN_STATE: 1})


def test_a_product_of_woocommerce_brings_its_stock() -> None:
    entry, level = decode("woocommerce", "product").events
    assert isinstance(entry, CatalogueEntry)
    assert isinstance(level, StockLevel)
    assert (entry.price_minor, level.sku, level.quantity_milli) == (18_900, entry.sku, 3_000)
    assert (entry.product, entry.variant) == ("93", "")
    worn = decode(
        "woocommerce", "product", attributes=[{"name": "Taille", "option": "38"}, {"name": "C", "option": "beige"}]
    )
    assert one(worn, CatalogueEntry).variant == "38, beige"
    assert one(decode("woocommerce", "product", parent_id=0), CatalogueEntry).product == entry.id
    assert decode("woocommerce", "ping").ignored == 1


def test_prestashops_times_and_currencies_are_told() -> None:
    bought = one(decode("prestashop", "order"), Purchase)
    assert (bought.currency, bought.total_minor) == ("EUR", 22_900)
    assert bought.at == utc("2026-11-28T10:00:00+00:00")
    assert [(line.sku, line.amount_minor) for line in bought.lines] == [("COAT-38", 18_900), ("9", 4_000)]
    assert one(decode("prestashop", "product"), CatalogueEntry).name == "Imperméable"
    level = one(decode("prestashop", "stock"), StockLevel)
    assert (level.sku, level.variant) == (one(decode("prestashop", "product"), CatalogueEntry).stock_sku, "38")


def test_odoos_till() -> None:
    decoded = decode("odoo-pos", "orders")
    bought, back = one(decoded, Purchase), one(decoded, Return)
    assert (bought.id, bought.total_minor, bought.store) == ("41", 20_580, "boutique")
    assert [(line.sku, line.quantity_milli, line.amount_minor) for line in bought.lines] == [
        ("COAT-38", 1_000, 18_900),
        ("8", 840, 1_680),
    ]
    assert (back.purchase_id, back.total_minor, back.lines[0].quantity_milli) == ("41", 18_900, 1_000)
    assert decoded.ignored == 1


def test_receipts_as_a_table() -> None:
    decoded = decode("receipts-csv", "night")
    bought, back, voided = decoded.events
    assert isinstance(bought, Purchase)
    assert (bought.total_minor, bought.vouchers, bought.store) == (20_580, ("RAYON-7QK2",), "boutique")
    assert bought.customer.card == digest("web", "card", "9250000000017")
    assert isinstance(back, Return)
    assert (back.purchase_id, back.total_minor) == ("T1-000123", 18_900)
    assert isinstance(voided, Purchase)
    assert voided.voided
    assert decoded.refused == {RecordRefusal.UNKNOWN_CURRENCY: 1}


def test_our_own_form_says_every_kind() -> None:
    decoded = decode("shop", "events")
    assert [type(event) for event in decoded.events] == [
        Purchase, Return, Order, ProductView, OnlineBasket, StockLevel, CatalogueEntry,
    ]  # fmt: skip
    assert decoded.refused == {}
    assert decoded.events[0].source == "web"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"currency": "EURO"}, RecordRefusal.UNKNOWN_CURRENCY),
        ({"id": ""}, RecordRefusal.NO_ID),
        ({"at": "yesterday"}, RecordRefusal.BAD_TIME),
        ({"total_minor": -1}, RecordRefusal.BAD_AMOUNT),
        ({"total_minor": 10**14}, RecordRefusal.BAD_AMOUNT),
        ({"total_minor": 18.9}, RecordRefusal.BAD_SHAPE),
        ({"kind": "gift"}, RecordRefusal.BAD_SHAPE),
        ({"colour": "red"}, RecordRefusal.BAD_SHAPE),
        ({"customer": {"phone": "0199000000"}}, RecordRefusal.BAD_SHAPE),
        ({"lines": [{"id": "1", "sku": "\u0000", "quantity_milli": 1, "amount_minor": 1}]}, RecordRefusal.NO_ID),
    ],
)
def test_what_is_wrong_with_our_own_form_is_said(changed: dict[str, Any], reason: RecordRefusal) -> None:
    good = json.loads(recorded("shop", "events").body)["events"][0]
    message = VendorMessage(json.dumps([good, {**good, **changed}]).encode(), 0.0)
    decoded = SHOP_DECODERS["shop"](message, TOLD)
    assert len(decoded.events) == 1
    assert decoded.refused == {reason: 1}


@pytest.mark.parametrize(("key", "value"), [("currency", "XXQ"), ("total_price", "many"), ("updated_at", None)])
def test_an_order_that_is_half_right_gives_nothing(key: str, value: object) -> None:
    decoded = decode("shopify", "order-paid", **{key: value})
    assert decoded.events == []
    assert sum(decoded.refused.values()) == 1


def test_a_line_that_is_wrong_refuses_the_whole_order() -> None:
    order = json.loads(recorded("shopify", "order-paid").body)
    order["line_items"][1]["price"] = "a bargain"
    assert decode("shopify", "order-paid", line_items=order["line_items"]).events == []


@pytest.mark.parametrize(("kind", "name"), list(all_recorded()))
def test_events_are_the_same_after_a_way_through_json_and_hold_no_address(kind: str, name: str) -> None:
    for event in decode(kind, name).events:
        written = json.dumps(as_form(event))
        assert from_form(json.loads(written)) == event
        assert "example.com" not in written.lower()
        assert "9250000000017" not in written


def test_every_kind_has_recorded_messages() -> None:
    assert {folder.name for folder in FOLDER.iterdir()} == set(SHOP_DECODERS)


@pytest.mark.parametrize("kind", ["shopify", "woocommerce"])
def test_a_webhook_that_does_not_say_what_it_is_about_is_refused(kind: str) -> None:
    with pytest.raises(MessageRefused, match="bad_shape"):
        SHOP_DECODERS[kind](VendorMessage(b"{}", 0.0), TOLD)


def stock(**said: Any) -> ShopDecoded:
    form = {"kind": "stock", "id": "COAT@corner", "at": 1_795_999_000, "sku": "COAT", "quantity_milli": 0} | said
    message = VendorMessage(json.dumps(form).encode(), 1_796_000_000.0)
    return SHOP_DECODERS["shop"](message, TOLD)


def test_stock_without_a_count_of_versions_counts_by_its_time() -> None:
    first, later = one(stock(), StockLevel), one(stock(at=1_795_999_001, variant="38"), StockLevel)
    assert later.version > first.version
    assert (later.variant, one(stock(version=7), StockLevel).version) == ("38", 7)


def test_an_order_says_which_request_of_ours_it_answers() -> None:
    noted = [{"name": "gift", "value": "no"}, {"name": "rayon_request", "value": "rq-1"}]
    refused = one(
        decode("shopify", "order-paid", note_attributes=noted, cancelled_at="2026-11-28", cancel_reason="inventory"),
        Order,
    )
    assert (refused.reference, refused.reason) == ("rq-1", "inventory")
    assert one(decode("shopify", "order-paid", cancel_reason="fraud"), Order).reason == ""
    noted = [{"id": 1, "key": "rayon_request", "value": "rq-2"}]
    assert one(decode("woocommerce", "order", meta_data=noted), Order).reference == "rq-2"
    assert one(decode("woocommerce", "order"), Order).reference == ""
