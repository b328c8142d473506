"""Our clock was two days ahead for a minute; then no order was read for two days.

In: one order that came while the clock was ahead, and others after it was set right. Right: all are read.
"""

from __future__ import annotations

from dataclasses import replace

from engine.storage.clerks.pickups import follow_orders, waiting_pickups
from engine.storage.database import Database
from tests.engine.storage.clerks.test_pickups import READY, told
from tests.engine.storage.scenes import NOW, SECRET, STORE


def test_what_comes_after_it_is_read(db: Database) -> None:
    assert told(db, replace(READY, id="before")) == 1
    assert told(db, replace(READY, id="ahead"), at=NOW + 172_800) == 1
    assert told(db, replace(READY, id="after"), at=NOW + 60) >= 1
    assert follow_orders(db, NOW + 61, secret=SECRET) == 0
    assert {one.order_id for one in waiting_pickups(db, STORE)} == {"before", "ahead", "after"}
