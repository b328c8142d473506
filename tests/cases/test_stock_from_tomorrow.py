"""A shop system whose clock was a day ahead told "3 left", and for a day nothing that came after it was believed: each
truth was older than the lie.

Input: stock a day, and four minutes, ahead of its receipt. Right: the first is refused by reason, and held; the second
is kept, and is no younger than its receipt.
"""

from __future__ import annotations

import json

import pytest

from engine.config import SourceConfig
from engine.ingest.decoders.heard import VendorMessage
from engine.ingest.sources.shops import ShopSource
from engine.vocabulary import RecordRefusal
from tests.payloads.shops_recorded import TOLD

NOW = 1_796_000_000.0


@pytest.mark.parametrize(("ahead_s", "kept"), [(86_400.0, 0), (240.0, 1)])
def test_stock_of_a_time_to_come(ahead_s: float, kept: int) -> None:
    config = SourceConfig(name="web", kind="shop", stores=("corner",), receiver=True)
    source = ShopSource("web", "shop", ("corner",), None, TOLD, config)
    said = {"kind": "stock", "id": "s", "at": NOW + ahead_s, "sku": "COAT", "quantity_milli": 3_000}
    decoded = source.decode(VendorMessage(json.dumps(said).encode(), NOW))
    assert len(decoded.events) == kept
    assert decoded.refused == ({} if kept else {RecordRefusal.BAD_TIME: 1})
