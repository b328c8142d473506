"""Who was at the till: a name that a use of a coupon has for a while. The use itself is an account, and stays."""

from __future__ import annotations

from sqlalchemy import func, select, update
from sqlalchemy.sql.elements import ColumnElement

from engine.storage.database import Database
from engine.storage.models.vouchers import RedemptionTable
from engine.storage.upserts import table_of

BATCH = 5_000  # rows of one transaction: tills write in between


def forget_cashiers(db: Database, before: float) -> int:
    """Uses of before (s UTC) no longer say who was at the till. How many did."""
    table, gone = table_of(RedemptionTable), 0
    while True:
        with db.write() as session:
            batch = select(table.c.redemption_id).where(_is_named(before)).limit(BATCH)
            cut = update(table).where(table.c.redemption_id.in_(batch)).values(cashier="")
            n = session.connection().execute(cut).rowcount
        gone += n
        if n < BATCH:
            return gone


def count_cashiers(db: Database, before: float) -> int:
    """How many still do."""
    with db.read() as session:
        found = select(func.count()).select_from(table_of(RedemptionTable)).where(_is_named(before))
        return int(session.connection().execute(found).scalar_one())


def _is_named(before: float) -> ColumnElement[bool]:
    table = table_of(RedemptionTable)
    return (table.c.redeemed_at < before) & (table.c.cashier != "")
