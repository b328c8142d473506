"""Odoo's point of sale: `pos.order` records as its API reads them (`search_read`), or as an automation posts them.

`currency_id`, `product_id`, `partner_id` are pairs of a number and a name, or the number alone. `lines` hold the lines
themselves, not their numbers. A refund is an order below zero, which names the order that it refunds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from engine.commerce.records import OrderLine, Purchase, Return, ShopEvent
from engine.errors import MessageRefused
from engine.ingest.decoders.bodies import json_value
from engine.ingest.decoders.heard import VendorMessage
from engine.ingest.decoders.values import RecordUnusable
from engine.ingest.shops import values as v
from engine.ingest.shops.heard import ShopDecoded, ShopTold
from engine.ingest.shops.plain import text
from engine.vocabulary import RecordRefusal, SalesChannel

_UTC = ZoneInfo("UTC")
"""Odoo keeps its times so, and writes no zone."""
_REFERENCE = re.compile(r"\[([^\]]{1,64})\]")
_SOLD = frozenset(("paid", "done", "invoiced"))
MOST_ORDERS = 5_000


def decode_odoo(message: VendorMessage, told: ShopTold) -> ShopDecoded:
    """One message: an order, a list, or an answer of the API with its `result`."""
    said = json_value(message.body)
    if isinstance(said, dict):
        said = said.get("result", said.get("orders", said))
    listed = said if isinstance(said, list) else [said]
    if len(listed) > MOST_ORDERS:
        raise MessageRefused(RecordRefusal.TOO_LARGE, f"{len(listed)} orders, at most {MOST_ORDERS}")
    decoded = ShopDecoded()
    for one in listed:
        if isinstance(one, dict) and one.get("state") == "draft":
            decoded.ignored += 1
        else:
            v.add_whole(decoded, _read(one, told))
    return decoded


def _read(said: Any, told: ShopTold) -> Iterator[ShopEvent]:
    if not isinstance(said, dict):
        raise RecordUnusable(RecordRefusal.BAD_SHAPE)
    state = text(said.get("state", "paid"))
    if state not in _SOLD and state != "cancel":
        raise RecordUnusable(RecordRefusal.UNKNOWN_STATE)
    code, name = v.currency(_name(said.get("currency_id")), told), v.identifier(said.get("id"))
    at = v.time_s(said.get("date_order"), _UTC)
    changed = v.time_s(said.get("write_date") or said.get("date_order"), _UTC)
    total = v.minor(said.get("amount_total"), code)
    lines = tuple(_line(line, code) for line in v.records(said.get("lines")))
    voided = state == "cancel"
    version = v.version_of(changed, int(voided))
    if total < 0:
        of = said.get("refunded_order_id") or said.get("refunded_order_ids")
        purchase, back = _find_refunded(of), tuple(_positive(line) for line in lines)
        yield Return(told.source, name, version, at, purchase, code, 0 if voided else -total, back)
        return
    who = told.customer(said.get("email"), said.get("barcode"), account=_number(said.get("partner_id")))
    store = v.place(_number(said.get("config_id")), told)
    yield Purchase(told.source, name, version, at, SalesChannel.STORE, code, total, lines, who, store, voided=voided)


def _line(line: Mapping[str, Any], code: str) -> OrderLine:
    product = line.get("product_id")
    reference = _REFERENCE.match(_name(product)) if isinstance(product, list) else None
    sku = text(line.get("default_code")) or (text(reference[1]) if reference else "") or _number(product)
    amount = v.minor(line.get("price_subtotal_incl"), code)
    return OrderLine(v.identifier(line.get("id")), v.identifier(sku), v.milli(line.get("qty")), amount)


def _positive(line: OrderLine) -> OrderLine:
    return OrderLine(line.id, line.sku, -line.quantity_milli, -line.amount_minor, line.category)


def _find_refunded(said: object) -> str:
    """The number of the order; empty where the till names none."""
    return _number(said[0] if isinstance(said, list) and said and isinstance(said[0], list) else said)


def _number(pair: object) -> str:
    return text(pair[0]) if isinstance(pair, list) and pair else text(pair)


def _name(pair: object) -> str:
    return text(pair[1]) if isinstance(pair, list) and len(pair) == 2 else text(pair)
