"""A till's clock was years ahead, and what it told of shoppers was never old enough to be forgotten.

Input: a purchase of the year 2999, told today, of somebody who agreed to customer files. Wrong: its row, with the
digests of who it was, and the event for customer files outlive every period. Right: both go as if it were of the day
on which it came.
"""

from __future__ import annotations

from pathlib import Path

from sqlmodel import select

from engine.commerce.records import Customer, Purchase
from engine.storage.commerce.events import keep_events
from engine.storage.crm.numbers import number_events
from engine.storage.database import Database
from engine.storage.models.commerce import ShopEventTable
from engine.storage.models.identity import IdentifierTable
from engine.storage.models.sending.crm import CrmEventTable
from engine.vocabulary import CrmKind, Purpose, SalesChannel
from tests.engine.storage.crm.people import declare, shopper
from tests.engine.storage.retention.test_in_time import PERIODS, run
from tests.engine.storage.scenes import NOW

YEAR_2999 = 32_472_144_000.0
HERS = "e" * 64


def test_what_comes_from_the_future_is_as_old_as_its_coming(db: Database, tmp_path: Path) -> None:
    declare(db, "crm")
    who = shopper(db, Purpose.CRM, Purpose.CRM_SHOPPING)
    with db.write() as session:
        session.add(IdentifierTable(kind="email", digest=HERS, shopper_id=who, sealed="", verified_at=NOW))
    sold = Purchase("till", "1", 1, YEAR_2999, SalesChannel.STORE, "EUR", 100, (), Customer(email=HERS))
    keep_events(db, [sold], NOW)
    number_events(db, NOW)
    assert "shop_events" not in run(db, tmp_path, PERIODS.shop_events_days - 0.1)
    with db.read() as session:
        orders = session.exec(select(CrmEventTable).where(CrmEventTable.kind == CrmKind.ORDER)).all()
    assert [row.at for row in orders] == [NOW]
    assert run(db, tmp_path, PERIODS.crm_events_days + 0.1)["crm_events"] >= len(orders)
    run(db, tmp_path, PERIODS.shop_events_days + PERIODS.crm_events_days)
    with db.read() as session:
        assert session.exec(select(ShopEventTable)).all() == []
        assert session.exec(select(CrmEventTable).where(CrmEventTable.kind == CrmKind.ORDER)).all() == []
