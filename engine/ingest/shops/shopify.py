"""Shopify's webhooks, in the form of its REST Admin API (shopify.dev, "Webhooks" and "Order", "Refund", "Product").

Read are orders, refunds, products, stock levels and baskets; other topics are ignored. Orders placed at a till of
Shopify POS are purchases of a store. Amounts are of the shop's currency. Test orders are nobody's. An order that is
fetched has no location, only a shipping line with the place's name; that it is ready no order says but by a tag, which
the source's option `states` tells of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

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
from engine.ingest.decoders.bodies import Json, child, json_object
from engine.ingest.decoders.heard import VendorMessage
from engine.ingest.shops import values as v
from engine.ingest.shops.heard import ShopDecoded, ShopTold
from engine.ingest.shops.plain import text
from engine.vocabulary import OrderState, RecordRefusal, SalesChannel

TOPIC = "x-shopify-topic"
_PAID = frozenset(("paid", "partially_refunded", "refunded"))
"""Financial states in which the money came, whatever went back since."""


def decode_shopify(message: VendorMessage, told: ShopTold) -> ShopDecoded:
    """One webhook. Raises MessageRefused, `bad_shape`, where no header says what it is about."""
    topic = message.headers.get(TOPIC, "").strip().lower()
    if not topic:
        raise MessageRefused(RecordRefusal.BAD_SHAPE, "no X-Shopify-Topic header")
    body = json_object(message.body)
    decoded = ShopDecoded()
    read = TOPICS.get(topic)
    if read is None or body.get("test") is True:
        decoded.ignored = 1
        return decoded
    v.add_whole(decoded, read(body, told))
    return decoded


def _order(body: Json, told: ShopTold) -> Iterator[ShopEvent]:
    code = v.currency(body.get("currency"), told)
    changed = v.time_s(body.get("updated_at"), told.zone)
    placed = v.time_s(body.get("created_at"), told.zone)
    lines = _lines(body.get("line_items"), code, included=body.get("taxes_included") is not False)
    store = v.place(body.get("location_id"), told) or _find_pickup_store(body, told)
    state, name = _state(body, told), v.identifier(body.get("id"))
    total, who = v.minor(body.get("total_price"), code), _customer(body, told)
    version = v.version_of(changed, v.state_rank(state))
    asked = _reference(body)
    why = "inventory" if body.get("cancel_reason") == "inventory" else ""  # others are codes between shop and payer
    yield Order(told.source, name, version, placed, state, code, total, lines, who, store, reference=asked, reason=why)
    if text(body.get("financial_status")) in _PAID:
        in_store = body.get("source_name") == "pos"
        channel = SalesChannel.STORE if in_store else SalesChannel.WEB
        codes = tuple(filter(None, (text(one.get("code")) for one in v.records(body.get("discount_codes")))))
        where = store if in_store else ""
        yield Purchase(told.source, name, version, placed, channel, code, total, lines, who, where, codes)
    for refund in v.records(body.get("refunds")):
        yield from _refund({"order_id": body.get("id"), "currency": code, **refund}, told)


def _reference(body: Json) -> str:
    """Our request that the order answers: whoever makes the order notes it under this name."""
    notes = v.records(body.get("note_attributes"))
    return next((text(one.get("value")) for one in notes if one.get("name") == v.REFERENCE), "")


def _customer(body: Json, told: ShopTold) -> Customer:
    return told.customer(body.get("email") or body.get("contact_email"), account=child(body, "customer").get("id"))


def _find_pickup_store(body: Json, told: ShopTold) -> str:
    """The store whose pick-up a shipping line names; empty for an order that is sent home."""
    ways = v.records(body.get("shipping_lines"))
    return v.known_place((way.get(key) for way in ways for key in ("code", "title")), told)


def _state(body: Json, told: ShopTold) -> OrderState:
    money, sent = text(body.get("financial_status")), text(body.get("fulfillment_status"))
    if body.get("cancelled_at") or money == "voided":
        return OrderState.CANCELLED
    if money == "refunded":
        return OrderState.RETURNED
    if sent == "fulfilled":
        return OrderState.SENT
    tags = body.get("tags")
    marked = (told.states.get(tag.strip()) for tag in tags.split(",")) if isinstance(tags, str) else ()
    return next(filter(None, marked), OrderState.PAID if money in _PAID else OrderState.PLACED)


def _lines(said: object, code: str, *, included: bool) -> tuple[OrderLine, ...]:
    return tuple(_line(line, code, included=included) for line in v.records(said))


def _line(line: Mapping[str, Any], code: str, *, included: bool) -> OrderLine:
    """What is paid for the line: less the discounts that fall on it, with tax where the prices hold none."""
    quantity = v.decimal(line.get("quantity"))
    amount = v.decimal(line.get("price")) * quantity
    amount -= _sum(line.get("discount_allocations"), "amount")
    if not included:
        amount += _sum(line.get("tax_lines"), "price")
    return OrderLine(v.identifier(line.get("id")), _sku(line), v.milli(line.get("quantity")), v.in_minor(amount, code))


def _sum(said: object, key: str) -> Decimal:
    return sum((v.decimal(one.get(key)) for one in v.records(said)), Decimal())


def _sku(line: Mapping[str, Any]) -> str:
    """The article number; where the shop gave none, the number of the variant."""
    return text(line.get("sku")) or v.identifier(line.get("variant_id") or line.get("product_id") or line.get("id"))


def _refund(body: Json, told: ShopTold) -> Iterator[ShopEvent]:
    """A refund of money: what was given back, and for which lines. One without money is none."""
    paid = [
        one
        for one in v.records(body.get("transactions"))
        if one.get("kind") == "refund" and one.get("status") == "success"
    ]
    said_code = next((one.get("currency") for one in paid), None) or body.get("currency")
    code = v.currency(said_code, told)
    given_back = v.in_minor(sum((v.decimal(one.get("amount")) for one in paid), Decimal()), code)
    if not paid or given_back <= 0:
        return
    at = v.time_s(body.get("processed_at") or body.get("created_at"), told.zone)
    lines = tuple(_read_return(one, code) for one in v.records(body.get("refund_line_items")))
    name, of = v.identifier(body.get("id")), v.identifier(body.get("order_id"))
    yield Return(told.source, name, 1, at, of, code, given_back, lines)


def _read_return(one: Mapping[str, Any], code: str) -> OrderLine:
    """`subtotal` is without tax where the shop's prices are; what was given back in all stands in the transactions."""
    name = v.identifier(one.get("line_item_id"))
    sku = _sku({"id": name, **child(one, "line_item")})
    return OrderLine(name, sku, v.milli(one.get("quantity")), v.minor(one.get("subtotal"), code))


def _product(body: Json, told: ShopTold) -> Iterator[ShopEvent]:
    """Each variant is a product of its own."""
    title, category = v.name(body.get("title")), v.name(body.get("product_type"))
    gone = body.get("status") in ("archived", "draft")
    for variant in v.records(body.get("variants")):
        changed = v.time_s(variant.get("updated_at") or body.get("updated_at"), told.zone)
        of_variant = v.name(variant.get("title"))
        code = v.currency(None, told)
        yield CatalogueEntry(
            told.source,
            v.identifier(variant.get("id")),
            v.version_of(changed),
            changed,
            _sku({**variant, "product_id": variant.get("id")}),
            title if of_variant in ("", "Default Title") else f"{title}, {of_variant}",
            code,
            v.minor(variant.get("price"), code),
            category,
            gone,
            tuple(filter(None, (text(variant.get("barcode")),))),
            text(variant.get("inventory_item_id")),
            text(body.get("id")),
            "" if of_variant == "Default Title" else of_variant,
        )


def _stock(body: Json, told: ShopTold) -> Iterator[ShopEvent]:
    """The product is named as its stock is: `stock_sku` of the catalogue."""
    changed = v.time_s(body.get("updated_at"), told.zone)
    item, location = v.identifier(body.get("inventory_item_id")), v.identifier(body.get("location_id"))
    name, store = f"{item}@{location}", v.place(location, told)
    if body.get("available") is not None:  # null: it is not counted
        quantity = v.milli(body.get("available"))
        yield StockLevel(told.source, name, v.version_of(changed), changed, item, quantity, store)


def _basket(body: Json, told: ShopTold) -> Iterator[ShopEvent]:
    code = v.currency(None, told)
    changed = v.time_s(body.get("updated_at"), told.zone)
    lines = _lines(body.get("line_items"), code, included=True)
    name = v.identifier(body.get("token") or body.get("id"))
    yield OnlineBasket(told.source, name, v.version_of(changed), changed, code, v.total(lines), lines)


TOPICS: Mapping[str, Callable[[Json, ShopTold], Iterator[ShopEvent]]] = {
    **dict.fromkeys(
        (
            "orders/create",
            "orders/updated",
            "orders/paid",
            "orders/partially_fulfilled",
            "orders/fulfilled",
            "orders/cancelled",
        ),
        _order,
    ),
    "refunds/create": _refund,
    "products/create": _product,
    "products/update": _product,
    "inventory_levels/update": _stock,
    "inventory_levels/connect": _stock,
    "carts/create": _basket,
    "carts/update": _basket,
}
"""What each topic is read as. `orders/edited` is of another form, and `orders/updated` comes with it."""
