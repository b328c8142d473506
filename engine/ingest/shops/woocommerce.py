"""WooCommerce's webhooks, in the form of its REST API v3 (developer.woocommerce.com, "Orders", "Products").

Read are orders with their refunds, and products with their stock; other topics are ignored, and so is the ping that a
new webhook begins with. States that a plug-in adds (ready for pick-up) are told by the source's option `states`. Where
an order is fetched says its shipping line: the name of the pick-up location, since the number of it is always 0 there
(woocommerce #47060), else the method with its number, or its title.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from engine.commerce.records import CatalogueEntry, Order, OrderLine, Purchase, Return, ShopEvent, StockLevel
from engine.errors import MessageRefused
from engine.ingest.decoders.bodies import Json, child, json_object
from engine.ingest.decoders.heard import VendorMessage
from engine.ingest.decoders.values import RecordUnusable
from engine.ingest.shops import values as v
from engine.ingest.shops.heard import ShopDecoded, ShopTold
from engine.ingest.shops.plain import text
from engine.vocabulary import OrderState, RecordRefusal, SalesChannel

TOPIC = "x-wc-webhook-topic"
PING = re.compile(rb"webhook_id=[0-9]{1,12}")
"""The body of a ping. It is not signed, and says nothing."""
_UTC = ZoneInfo("UTC")
_STATES: Mapping[str, OrderState] = {
    "pending": OrderState.PLACED,
    "on-hold": OrderState.PLACED,
    "checkout-draft": OrderState.PLACED,
    "processing": OrderState.PAID,
    "completed": OrderState.COMPLETED,
    "cancelled": OrderState.CANCELLED,
    "failed": OrderState.CANCELLED,
    "refunded": OrderState.RETURNED,
}


def decode_woocommerce(message: VendorMessage, told: ShopTold) -> ShopDecoded:
    """One webhook. Raises MessageRefused, `bad_shape`, where no header says what it is about."""
    decoded = ShopDecoded()
    if PING.fullmatch(message.body):
        decoded.ignored = 1
        return decoded
    topic = message.headers.get(TOPIC, "").strip().lower()
    if not topic:
        raise MessageRefused(RecordRefusal.BAD_SHAPE, "no X-WC-Webhook-Topic header")
    body = json_object(message.body)
    read = TOPICS.get(topic)
    if read is None:
        decoded.ignored = 1
        return decoded
    v.add_whole(decoded, read(body, told))
    return decoded


def _order(body: Json, told: ShopTold) -> Iterator[ShopEvent]:
    code, name = v.currency(body.get("currency"), told), v.identifier(body.get("id"))
    changed = v.time_s(body.get("date_modified_gmt") or body.get("date_created_gmt"), _UTC)
    placed = v.time_s(body.get("date_created_gmt"), _UTC)
    state, total = _state(body, told), v.minor(body.get("total"), code)
    version = v.version_of(changed, v.state_rank(state))
    who = told.customer(child(body, "billing").get("email"), account=body.get("customer_id"))
    lines = tuple(_line(line, code) for line in v.records(body.get("line_items")))
    store = _find_pickup_store(body, told)
    yield Order(told.source, name, version, placed, state, code, total, lines, who, store, reference=_reference(body))
    if body.get("date_paid_gmt"):
        paid = v.time_s(body.get("date_paid_gmt"), _UTC)
        codes = tuple(filter(None, (text(one.get("code")) for one in v.records(body.get("coupon_lines")))))
        web = SalesChannel.WEB
        off = state is OrderState.CANCELLED
        yield Purchase(told.source, name, version, paid, web, code, total, lines, who, vouchers=codes, voided=off)
    for refund in v.records(body.get("refunds")):  # they have no time of their own here
        given_back = abs(v.minor(refund.get("total"), code))
        yield Return(told.source, v.identifier(refund.get("id")), 1, changed, name, code, given_back)


def _reference(body: Json) -> str:
    """Our request that the order answers: whoever makes the order notes it under this name."""
    noted = v.records(body.get("meta_data"))
    return next((text(one.get("value")) for one in noted if one.get("key") == v.REFERENCE), "")


def _state(body: Json, told: ShopTold) -> OrderState:
    said = text(body.get("status")).removeprefix("wc-")
    found = told.states.get(said) or _STATES.get(said)
    if found is None:
        raise RecordUnusable(RecordRefusal.UNKNOWN_STATE)
    return found


def _find_pickup_store(body: Json, told: ShopTold) -> str:
    return v.known_place((name for way in v.records(body.get("shipping_lines")) for name in _names_of(way)), told)


def _names_of(way: Mapping[str, Any]) -> Iterator[object]:
    for meta in v.records(way.get("meta_data")):
        if meta.get("key") == "pickup_location":
            yield meta.get("value")
    yield f"{text(way.get('method_id'))}:{text(way.get('instance_id'))}"
    yield way.get("method_title")


def _line(line: Mapping[str, Any], code: str) -> OrderLine:
    amount = v.decimal(line.get("total")) + v.decimal(line.get("total_tax") or 0)
    return OrderLine(v.identifier(line.get("id")), _sku(line), v.milli(line.get("quantity")), v.in_minor(amount, code))


def _sku(said: Mapping[str, Any]) -> str:
    return text(said.get("sku")) or v.identifier(said.get("variation_id") or said.get("product_id") or said.get("id"))


def _product(body: Json, told: ShopTold) -> Iterator[ShopEvent]:
    changed = v.time_s(body.get("date_modified_gmt") or body.get("date_created_gmt"), _UTC)
    name, sku, version = v.identifier(body.get("id")), _sku(body), v.version_of(changed)
    priced = text(body.get("price")) != "" or type(body.get("price")) is float
    code = v.currency(None, told) if priced else ""
    price = v.minor(body.get("price"), code) if priced else None  # a product of variants may have none
    category = next((v.name(one.get("name")) for one in v.records(body.get("categories"))), "")
    barcodes = tuple(filter(None, (text(body.get("global_unique_id")),)))
    gone = body.get("status") != "publish"
    title = v.name(body.get("name"))
    entry = CatalogueEntry(told.source, name, version, changed, sku, title, code, price, category, gone, barcodes)
    yield replace(entry, product=text(body.get("parent_id")).removeprefix("0") or name, variant=_variant(body))
    if body.get("manage_stock") is True and body.get("stock_quantity") is not None:
        quantity = v.milli(body.get("stock_quantity"))
        yield StockLevel(told.source, name, version, changed, sku, quantity)


def _variant(body: Json) -> str:
    """Size and colour of a variation, as the shop names them; a product of variants has lists of them instead."""
    chosen = (text(one.get("option")) for one in v.records(body.get("attributes")))
    return v.name(", ".join(filter(None, chosen)))


TOPICS: Mapping[str, Callable[[Json, ShopTold], Iterator[ShopEvent]]] = {
    "order.created": _order,
    "order.updated": _order,
    "order.restored": _order,
    "product.created": _product,
    "product.updated": _product,
    "product.restored": _product,
}
"""What each topic is read as. Of what is deleted only the number comes: it is ignored."""
