"""The staff's page said that an order was ready since the day it was made: its `at` is that, for every e-shop.

In: an order of two days ago that the e-shop says is ready now, taken back, and ready again an hour later. Right: ready
since we heard so, each time; a correction while it waits moves nothing.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.commerce.records import Customer, Order, OrderLine
from engine.storage.clerks.pickups import follow_orders, waiting_pickups
from engine.storage.commerce.events import keep_events
from engine.storage.database import open_database
from engine.vocabulary import OrderState
from tests.databases import new_sqlite
from tests.engine.storage.scenes import NOW, SECRET, STORE

DAYS_S, HOUR_S = 2 * 86_400.0, 3_600.0
LINES = (OrderLine("1", "COAT-38", 1_000, 18_900),)
MADE = Order("web", "7", 1, NOW - DAYS_S, OrderState.PAID, "EUR", 18_900, LINES, Customer(email="e" * 64), STORE)


def test_ready_since_we_heard_so(tmp_path: Path) -> None:
    db = open_database(new_sqlite(tmp_path / "rayon.db"))

    def told(version: int, state: OrderState, at: float) -> list[float]:
        keep_events(db, [replace(MADE, version=version, state=state)], at)
        follow_orders(db, at + 30.0, secret=SECRET)
        return [one.ready_at for one in waiting_pickups(db, STORE)]

    assert told(1, OrderState.PAID, NOW - DAYS_S) == []
    assert told(2, OrderState.READY, NOW) == pytest.approx([NOW])
    assert told(3, OrderState.READY, NOW + 60.0) == pytest.approx([NOW])
    assert told(4, OrderState.PAID, NOW + 120.0) == []
    assert told(5, OrderState.READY, NOW + HOUR_S) == pytest.approx([NOW + HOUR_S])
    db.close()
