"""Whether shop events are sound by value, whichever decoder made them: currencies, amounts, names."""

from __future__ import annotations

from dataclasses import fields

from engine.commerce.records import (
    CatalogueEntry,
    OnlineBasket,
    Order,
    OrderLine,
    Purchase,
    Return,
    ShopEvent,
    StockLevel,
)
from engine.ingest.decoders.values import RecordUnusable
from engine.ingest.shops.heard import ShopDecoded
from engine.ingest.shops.plain import AMOUNT_MAX, MOST_LINES, text
from engine.plan.currencies import EXPONENTS
from engine.vocabulary import RecordRefusal

_VERSION_MAX = 2**62


def check_event(event: ShopEvent) -> None:
    """Raises RecordUnusable with the reason to count."""
    if not 0 <= event.version <= _VERSION_MAX:
        raise RecordUnusable(RecordRefusal.BAD_SHAPE)
    if isinstance(event, (Order, Purchase, Return, OnlineBasket)):
        _check_currency(event.currency)
        _check_amounts(event.total_minor)
        _check_lines(event.lines)
        if event.total_minor < 0:
            raise RecordUnusable(RecordRefusal.BAD_AMOUNT)
    elif isinstance(event, CatalogueEntry) and event.price_minor is not None:
        _check_currency(event.currency)
        _check_amounts(event.price_minor)
    for field in fields(event):
        said = getattr(event, field.name)
        if isinstance(said, str):
            _plain(said, needed=field.name in ("id", "sku"))
    for code in (*getattr(event, "vouchers", ()), *getattr(event, "barcodes", ())):
        _plain(code, needed=True)
    _check_amounts(getattr(event, "quantity_milli", 0))


AHEAD_S = 300.0
"""How far a sender's clock may be ahead of ours."""


def refuse_future(decoded: ShopDecoded, received_at: float) -> None:
    """Takes out stock of a time to come, and counts it: it would be the newest for ever, and never old."""
    late = received_at + AHEAD_S
    sound = [event for event in decoded.events if not isinstance(event, StockLevel) or event.at <= late]
    for _ in range(len(decoded.events) - len(sound)):
        decoded.refuse(RecordRefusal.BAD_TIME)
    decoded.events[:] = sound


def _check_lines(lines: tuple[OrderLine, ...]) -> None:
    if len(lines) > MOST_LINES:
        raise RecordUnusable(RecordRefusal.BAD_SHAPE)
    for line in lines:
        _plain(line.id, needed=True)
        _plain(line.sku, needed=True)
        _plain(line.category)
        _check_amounts(line.amount_minor, line.quantity_milli)


def _check_currency(currency: str) -> None:
    if currency not in EXPONENTS:
        raise RecordUnusable(RecordRefusal.UNKNOWN_CURRENCY)


def _check_amounts(*amounts: int) -> None:
    if any(abs(amount) > AMOUNT_MAX for amount in amounts):
        raise RecordUnusable(RecordRefusal.BAD_AMOUNT)


def _plain(said: str, *, needed: bool = False) -> None:
    if (said or needed) and not text(said):
        raise RecordUnusable(RecordRefusal.NO_ID)
