"""PrestaShop's orders, products and stock, in the JSON of its Webservice (devdocs.prestashop-project.org, "Resources").

The core sends no webhooks: a module, or a script on the hooks `actionOrderStatusPostUpdate` and
`actionUpdateQuantity`, posts the resource as the Webservice gives it. Times have no zone and currencies are numbers of
the shop's: the source's options `timezone` and `currencies` say what they mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from engine.commerce.records import CatalogueEntry, Order, OrderLine, Purchase, ShopEvent, StockLevel
from engine.errors import MessageRefused
from engine.ingest.decoders.bodies import Json, child, json_object
from engine.ingest.decoders.heard import VendorMessage
from engine.ingest.decoders.values import RecordUnusable, flag
from engine.ingest.shops import values as v
from engine.ingest.shops.heard import ShopDecoded, ShopTold
from engine.ingest.shops.plain import text
from engine.vocabulary import OrderState, RecordRefusal, SalesChannel

_STATES: Mapping[str, OrderState] = {
    "1": OrderState.PLACED,
    "2": OrderState.PAID,
    "3": OrderState.PAID,
    "4": OrderState.SENT,
    "5": OrderState.COMPLETED,
    "6": OrderState.CANCELLED,
    "7": OrderState.RETURNED,
    "8": OrderState.CANCELLED,
    "9": OrderState.PAID,
    "10": OrderState.PLACED,
    "11": OrderState.PAID,
    "12": OrderState.PLACED,
    "13": OrderState.PLACED,
}
"""The states that an installation begins with; others are told by the option `states`."""
_UNPAID = frozenset((OrderState.PLACED, OrderState.CANCELLED))


def decode_prestashop(message: VendorMessage, told: ShopTold) -> ShopDecoded:
    """One resource, or a list of one kind. Raises MessageRefused, `bad_shape`, where it is none of those read."""
    body = json_object(message.body)
    found = next((key for key in RESOURCES if key in body), None)
    if found is None:
        raise MessageRefused(RecordRefusal.BAD_SHAPE, f"none of {', '.join(RESOURCES)} in the body")
    said, decoded = body[found], ShopDecoded()
    for one in said if isinstance(said, list) else [said]:
        v.add_whole(decoded, _read(found, one, told, message.received_at))
    return decoded


def _read(resource: str, said: Any, told: ShopTold, received_at: float) -> Iterator[ShopEvent]:
    if not isinstance(said, dict):
        raise RecordUnusable(RecordRefusal.BAD_SHAPE)
    yield from RESOURCES[resource](said, told, received_at)


def _order(said: Json, told: ShopTold, _: float) -> Iterator[ShopEvent]:
    code, name = v.currency(said.get("id_currency"), told), v.identifier(said.get("id"))
    placed, changed = v.time_s(said.get("date_add"), told.zone), v.time_s(said.get("date_upd"), told.zone)
    number = text(said.get("current_state"))
    state = told.states.get(number) or _STATES.get(number)
    if state is None:
        raise RecordUnusable(RecordRefusal.UNKNOWN_STATE)
    total = v.minor(said.get("total_paid_tax_incl") or said.get("total_paid"), code)
    lines = tuple(_line(row, code) for row in v.records(child(said, "associations").get("order_rows")))
    who, version = told.customer(account=said.get("id_customer")), v.version_of(changed, v.state_rank(state))
    yield Order(told.source, name, version, placed, state, code, total, lines, who)
    if state not in _UNPAID or flag(said.get("valid")):
        cancelled = state is OrderState.CANCELLED
        web = SalesChannel.WEB
        yield Purchase(told.source, name, version, placed, web, code, total, lines, who, voided=cancelled)


def _line(row: Mapping[str, Any], code: str) -> OrderLine:
    amount = v.decimal(row.get("unit_price_tax_incl")) * v.decimal(row.get("product_quantity"))
    quantity = v.milli(row.get("product_quantity"))
    sku = text(row.get("product_reference")) or _number(row.get("product_id"), row.get("product_attribute_id"))
    return OrderLine(v.identifier(row.get("id")), sku, quantity, v.in_minor(amount, code))


def _number(product: object, combination: object) -> str:
    """A size or colour of a product; 0 where the product has none."""
    of = text(combination)
    return v.identifier(product) if of in ("", "0") else f"{v.identifier(product)}-{of}"


def _product(said: Json, told: ShopTold, _: float) -> Iterator[ShopEvent]:
    """Its `price` is without tax, which the resource does not say: an entry has no price."""
    name, changed = v.identifier(said.get("id")), v.time_s(said.get("date_upd"), told.zone)
    sku = text(said.get("reference")) or name
    barcodes = tuple(filter(None, (text(said.get("ean13")),)))
    gone, title = flag(said.get("active")) is False, _in_words(said.get("name"))
    version = v.version_of(changed)
    yield CatalogueEntry(told.source, name, version, changed, sku, title, gone=gone, barcodes=barcodes, stock_sku=name)


def _in_words(said: object) -> str:
    """A text, or the first of one in several languages."""
    if isinstance(said, list):
        return next((v.name(one.get("value")) for one in said if isinstance(one, dict)), "")
    return v.name(said)


def _stock(said: Json, told: ShopTold, received_at: float) -> Iterator[ShopEvent]:
    """It has no time: that of receipt stands for it."""
    item = _number(said.get("id_product"), said.get("id_product_attribute"))
    at = v.time_s(received_at, told.zone)
    quantity = v.milli(said.get("quantity"))
    yield StockLevel(told.source, v.identifier(said.get("id")), v.version_of(at), at, item, quantity)


RESOURCES: Mapping[str, Callable[[Json, ShopTold, float], Iterator[ShopEvent]]] = {
    "order": _order,
    "orders": _order,
    "product": _product,
    "products": _product,
    "stock_available": _stock,
    "stock_availables": _stock,
}
"""What is read, by the key that the Webservice puts around it."""
