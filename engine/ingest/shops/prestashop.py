"""PrestaShop's orders, credit slips, products and stock, in its Webservice's JSON (devdocs.prestashop-project.org).

The core sends no webhooks: a module, or a script on the hooks `actionOrderStatusPostUpdate` and
`actionUpdateQuantity`, posts the resource as the Webservice gives it. Times have no zone and currencies are numbers of
the shop's: the source's options `timezone` and `currencies` say what they mean. An order has its customer's number
only: the resource `customer`, posted beside it, has the mailbox. A credit slip says neither currency nor products: the
order beside it does, else the source's only currency is meant. Orders are fetched where `places` names their carrier.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.commerce.records import CatalogueEntry, Order, OrderLine, Purchase, Return, ShopEvent, StockLevel
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


@dataclass(frozen=True, slots=True)
class _Beside:
    """What else the message holds: when it came, mailboxes by customers' numbers, orders by theirs."""

    received_at: float
    emails: Mapping[str, object]
    orders: Mapping[str, Json]


def decode_prestashop(message: VendorMessage, told: ShopTold) -> ShopDecoded:
    """Resources, or lists of them. Raises MessageRefused, `bad_shape`, where there is none of those that are read."""
    body = json_object(message.body)
    found = [key for key in RESOURCES if key in body]
    if not found:
        raise MessageRefused(RecordRefusal.BAD_SHAPE, f"none of {', '.join(RESOURCES)} in the body")
    customers = (*_as_list(body.get("customer")), *_as_list(body.get("customers")))
    orders = (*_as_list(body.get("order")), *_as_list(body.get("orders")))
    emails = {name: one.get("email") for name, one in _by_number(customers).items()}
    beside, decoded = _Beside(message.received_at, emails, _by_number(orders)), ShopDecoded()
    for key in found:
        for one in _as_list(body[key]):
            v.add_whole(decoded, _read(key, one, told, beside))
    return decoded


def _by_number(said: Iterable[Any]) -> dict[str, Json]:
    return {number: one for one in said if isinstance(one, dict) and (number := text(one.get("id")))}


def _as_list(said: Any) -> list[Any]:
    return said if isinstance(said, list) else [] if said is None else [said]


def _read(resource: str, said: Any, told: ShopTold, beside: _Beside) -> Iterator[ShopEvent]:
    if not isinstance(said, dict):
        raise RecordUnusable(RecordRefusal.BAD_SHAPE)
    yield from RESOURCES[resource](said, told, beside)


def _order(said: Json, told: ShopTold, beside: _Beside) -> Iterator[ShopEvent]:
    code, name = v.currency(said.get("id_currency"), told), v.identifier(said.get("id"))
    placed, changed = v.time_s(said.get("date_add"), told.zone), v.time_s(said.get("date_upd"), told.zone)
    number = text(said.get("current_state"))
    state = told.states.get(number) or _STATES.get(number)
    if state is None:
        raise RecordUnusable(RecordRefusal.UNKNOWN_STATE)
    total = v.minor(said.get("total_paid_tax_incl") or said.get("total_paid"), code)
    lines = tuple(_line(row, code) for row in v.records(child(said, "associations").get("order_rows")))
    account = said.get("id_customer")
    who = told.customer(beside.emails.get(text(account)), account=account)
    version, store = v.version_of(changed, v.state_rank(state)), v.known_place([said.get("id_carrier")], told)
    yield Order(told.source, name, version, placed, state, code, total, lines, who, store)
    cancelled = state is OrderState.CANCELLED  # `valid` is 0 again then: whether it was paid before nobody can tell
    if state not in _UNPAID or cancelled or flag(said.get("valid")):
        web = SalesChannel.WEB
        yield Purchase(told.source, name, version, placed, web, code, total, lines, who, voided=cancelled)


def _line(row: Mapping[str, Any], code: str) -> OrderLine:
    amount = v.decimal(row.get("unit_price_tax_incl")) * v.decimal(row.get("product_quantity"))
    quantity = v.milli(row.get("product_quantity"))
    return OrderLine(v.identifier(row.get("id")), _sku(row), quantity, v.in_minor(amount, code))


def _sku(row: Mapping[str, Any]) -> str:
    return text(row.get("product_reference")) or _number(row.get("product_id"), row.get("product_attribute_id"))


def _number(product: object, combination: object) -> str:
    """A size or colour of a product; 0 where the product has none."""
    of = text(combination)
    return v.identifier(product) if of in ("", "0") else f"{v.identifier(product)}-{of}"


def _slip(said: Json, told: ShopTold, beside: _Beside) -> Iterator[ShopEvent]:
    """What came back of an order, or only money."""
    of, changed = v.identifier(said.get("id_order")), v.time_s(said.get("date_upd") or said.get("date_add"), told.zone)
    order = beside.orders.get(of, {})
    code = v.currency(order.get("id_currency") or _only_currency(told), told)
    rows = v.records(child(order, "associations").get("order_rows"))
    skus = {text(row.get("id")): _sku(row) for row in rows}
    details = v.records(child(said, "associations").get("order_slip_details"))
    lines = tuple(_back(detail, skus, code) for detail in details)
    total = v.minor(said.get("total_products_tax_incl") or 0, code)
    total += v.minor(said.get("total_shipping_tax_incl") or 0, code)
    at, name = v.time_s(said.get("date_add"), told.zone), v.identifier(said.get("id"))
    yield Return(told.source, name, v.version_of(changed), at, of, code, total, lines)


def _only_currency(told: ShopTold) -> str | None:
    known = set(told.currencies.values())
    return known.pop() if len(known) == 1 else None


def _back(detail: Mapping[str, Any], skus: Mapping[str, str], code: str) -> OrderLine:
    name = v.identifier(detail.get("id_order_detail"))
    amount = v.minor(detail.get("amount_tax_incl"), code)
    return OrderLine(name, skus.get(name, name), v.milli(detail.get("product_quantity")), amount)


def _product(said: Json, told: ShopTold, _: _Beside) -> Iterator[ShopEvent]:
    """Its `price` is without tax, which the resource does not say: an entry has no price."""
    name, changed = v.identifier(said.get("id")), v.time_s(said.get("date_upd"), told.zone)
    sku = text(said.get("reference")) or name
    barcodes = tuple(filter(None, (text(said.get("ean13")),)))
    gone, title = flag(said.get("active")) is False, _in_words(said.get("name"))
    version = v.version_of(changed)
    entry = CatalogueEntry(told.source, name, version, changed, sku, title, gone=gone, barcodes=barcodes)
    yield replace(entry, stock_sku=name, product=name)


def _in_words(said: object) -> str:
    """A text, or the first of one in several languages."""
    if isinstance(said, list):
        return next((v.name(one.get("value")) for one in said if isinstance(one, dict)), "")
    return v.name(said)


def _stock(said: Json, told: ShopTold, beside: _Beside) -> Iterator[ShopEvent]:
    """It has no time: that of receipt stands for it. Of a combination it says the number alone: its words stand in
    other resources. Line 0 of a product with combinations is their sum, which cannot be told from a product without."""
    item, combination = v.identifier(said.get("id_product")), text(said.get("id_product_attribute"))
    at = v.time_s(beside.received_at, told.zone)
    quantity = v.milli(said.get("quantity"))
    variant = "" if combination in ("", "0") else combination
    yield StockLevel(told.source, v.identifier(said.get("id")), v.version_of(at), at, item, quantity, variant=variant)


RESOURCES: Mapping[str, Callable[[Json, ShopTold, _Beside], Iterator[ShopEvent]]] = {
    "order": _order,
    "orders": _order,
    "order_slip": _slip,
    "order_slips": _slip,
    "product": _product,
    "products": _product,
    "stock_available": _stock,
    "stock_availables": _stock,
}
"""What is read, by the key that the Webservice puts around it."""
