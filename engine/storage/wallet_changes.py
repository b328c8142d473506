"""News of coupons for the pages that show them: used, taken back, withdrawn, over.

A row is written in the transaction that changes the voucher and read after it. Ids become visible in their order, as
those of the outbox do, so that a reader with a cursor misses none. What nobody reads within a day goes: a page that
opens later asks for the coupons themselves.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from engine.records import WalletChange
from engine.storage.database import Database
from engine.storage.models.commerce import AskedOrderTable
from engine.storage.models.vouchers import VoucherTable
from engine.storage.models.wallet import WalletChangeTable
from engine.storage.upserts import named_lock, table_of
from engine.vocabulary import WalletChangeKind

KEPT_S = 86_400.0


def note_changes(
    session: Session, vouchers: Iterable[VoucherTable], kind: WalletChangeKind, at: float, amount_minor: int = 0
) -> None:
    """Writes down what became of these vouchers; `amount_minor` is what came off, or went back. The last lock of the
    caller's transaction."""
    rows = [
        WalletChangeTable(
            shopper_id=voucher.shopper_id,
            voucher_id=voucher.voucher_id,
            kind=kind,
            at=at,
            amount_minor=amount_minor,
            currency=voucher.currency,
        )
        for voucher in vouchers
    ]
    if rows:
        named_lock(session, "wallet")
        session.add_all(rows)
        session.flush()


def note_order(session: Session, row: AskedOrderTable, now: float) -> None:
    """The same of an order that was asked for. The last lock of the caller's transaction."""
    session.flush()
    named_lock(session, "wallet")
    session.add(
        WalletChangeTable(
            shopper_id=row.shopper_id,
            voucher_id=row.request_id,
            kind=WalletChangeKind.ORDER,
            at=now,
            amount_minor=0,
            currency="",
        )
    )
    session.flush()


def changes_after(db: Database, after_id: int, limit: int = 500) -> list[WalletChange]:
    """What happened since that change, in its order."""
    with db.read() as session:
        rows = session.exec(
            select(WalletChangeTable)
            .where(col(WalletChangeTable.change_id) > after_id)
            .order_by(col(WalletChangeTable.change_id))
            .limit(limit)
        )
        return [_change(row) for row in rows]


def latest_change(db: Database) -> int:
    """The id of the newest change, 0 where there is none: where a reader begins."""
    with db.read() as session:
        return session.exec(select(func.max(WalletChangeTable.change_id))).one() or 0


def forget_changes(session: Session, shopper_id: str) -> None:
    """The shopper is erased."""
    table = table_of(WalletChangeTable)
    session.connection().execute(delete(table).where(table.c.shopper_id == shopper_id))


def purge_changes(db: Database, now: float) -> int:
    """Forgets what is a day old. How many rows."""
    with db.write() as session:
        table = table_of(WalletChangeTable)
        return int(session.connection().execute(delete(table).where(table.c.at <= now - KEPT_S)).rowcount)


def _change(row: WalletChangeTable) -> WalletChange:
    assert row.change_id is not None
    kind = WalletChangeKind(row.kind)
    return WalletChange(row.change_id, row.shopper_id, row.voucher_id, kind, row.at, row.amount_minor, row.currency)
