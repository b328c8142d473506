"""One return stopped the points of everybody: its correction named another purchase than its first version had.

In: a return of r1, corrected to be of r2; or two returns whose names look like a name and its version; or a receipt
with lines called 1, 1 and 1#2. Right: what cannot be is set aside and said, everything else goes on, and a name is
nothing but a name.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlmodel import select

from engine.storage.commerce.events import keep_events
from engine.storage.database import Database
from engine.storage.loyalty.proof import prove
from engine.storage.models.ledger import LoyaltyWaitTable
from engine.vocabulary import EarnWait
from tests.engine.storage.programme.told import brought, earn, has_card, points, receipt
from tests.engine.storage.scenes import NOW, shopper


@pytest.fixture
def member(db: Database) -> str:
    who = shopper(db)
    has_card(db, who.shopper_id)
    return who.member_id


def test_a_return_of_another_purchase_waits_and_stops_nobody(db: Database, member: str) -> None:
    keep_events(db, [receipt("r1", 10_000), receipt("r2", 20_000), brought("b", "r1", (0, 5_000))], NOW)
    earn(db)
    keep_events(db, [brought("b", "r2", (0, 5_000), version=2), receipt("r3", 1_000)], NOW)
    earn(db, NOW + 1)
    assert points(db, member).available == 100 - 50 + 200 + 10
    with db.read() as session:
        assert session.exec(select(LoyaltyWaitTable.reason)).all() == [EarnWait.CONFLICT]
    assert prove(db).holds


def test_a_name_with_an_at_is_no_version_of_another(db: Database, member: str) -> None:
    keep_events(db, [receipt("r", 10_000), brought("b", "r", (0, 1_000)), brought("b@2", "r", (0, 1_000))], NOW)
    earn(db)
    keep_events(db, [brought("b", "r", (0, 5_000), version=2)], NOW)
    earn(db, NOW + 1)
    assert points(db, member).available == 100 - 50 - 10
    keep_events(db, [brought("b", "r", (0, 2_000), version=3)], NOW)
    earn(db, NOW + 2)
    assert points(db, member).available == 100 - 20 - 10


def test_lines_of_one_name_beside_one_that_looks_like_the_second(db: Database, member: str) -> None:
    said = receipt("r", 1_000, 1_000, 1_000)
    lines = tuple(replace(line, id=name) for line, name in zip(said.lines, ("1", "1", "1#2"), strict=True))
    keep_events(db, [replace(said, lines=lines)], NOW)
    earn(db)
    assert points(db, member).available == 30
