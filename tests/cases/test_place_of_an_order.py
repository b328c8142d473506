"""One order stopped click and collect: its pick-up place had a zero byte in it, which only the next table refused.

In: every text of every shop event with U+0000, a lone surrogate or 201 characters. Right: refused as it comes in and
counted, whichever field it is; nothing of it reaches a reader.
"""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from engine.commerce.records import (
    CatalogueEntry,
    Order,
    OrderLine,
    ProductView,
    Purchase,
    Return,
    ShopEvent,
    StockLevel,
)
from engine.ingest.decoders.values import RecordUnusable
from engine.ingest.shops.checks import check_event
from engine.vocabulary import OrderState, SalesChannel

LINES = (OrderLine("1", "COAT-38", 1_000, 18_900, "coats"),)
SOUND: tuple[ShopEvent, ...] = (
    Order("web", "7", 3, 1.0, OrderState.READY, "EUR", 18_900, LINES, store="corner", place="desk"),
    Purchase("web", "7", 3, 1.0, SalesChannel.STORE, "EUR", 18_900, LINES, store="corner"),
    Return("web", "7", 3, 1.0, "6", "EUR", 18_900, LINES),
    ProductView("web", "7", 3, 1.0, "COAT-38"),
    StockLevel("web", "7", 3, 1.0, "COAT-38", 1_000, "corner"),
    CatalogueEntry("web", "7", 3, 1.0, "COAT-38", "Coat", category="coats", stock_sku="C38"),
)


@pytest.mark.parametrize("event", SOUND, ids=lambda event: event.kind)
@pytest.mark.parametrize("odd", ["a\x00b", "a\ud800", "a" * 201])
def test_no_text_of_an_event_is_odd(event: ShopEvent, odd: str) -> None:
    check_event(event)
    texts = [field.name for field in fields(event) if type(getattr(event, field.name)) is str]
    assert "id" in texts
    for name in texts:
        with pytest.raises(RecordUnusable):
            check_event(replace(event, **{name: odd}))
