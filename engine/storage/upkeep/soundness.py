"""Whether a database is whole: its pages and indexes, and whether the journal fits the checkpoint."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import col, select

from engine.errors import OperatorError
from engine.offers.codes import code_digest, voucher_code
from engine.storage.database import Database, damage_problem
from engine.storage.models.running import CheckpointTable, JournalTable
from engine.storage.models.vouchers import DeliveryTable, VoucherTable
from engine.storage.upserts import unfill

MOST_SHOWN = 3
OTHER_KEY = "the site key is not the one that this database's coupons were made with"
RIGHT_KEY = "bring the right one back: `rayon restore`, or RAYON_SITE_KEY"


@dataclass(frozen=True, slots=True)
class StoredState:
    """What a store's engine would start from: number, time (s UTC) and bytes of each journal row since the checkpoint.
    All sealed as they are kept."""

    store: str
    checkpoint: bytes | None
    saved_at: float | None
    journal: list[tuple[int, float, bytes]]


def require_sound(db: Database, most_bytes: int | None = None) -> None:
    """Looks at every page of a SQLite file, unless it is larger than `most_bytes`. Raises OperatorError.

    PostgreSQL looks after its pages by itself.
    """
    if db.dialect != "sqlite":
        return
    with db.read() as session:
        connection = session.connection()
        size = connection.execute(text("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"))
        if most_bytes is not None and int(size.scalar_one()) > most_bytes:
            return
        found = [str(row[0]) for row in connection.execute(text("PRAGMA quick_check"))]
    if found != ["ok"]:
        raise OperatorError(
            [damage_problem("; ".join(line for said in found[:MOST_SHOWN] for line in said.splitlines()))]
        )


def stored_states(db: Database) -> list[StoredState]:
    """Checkpoint and journal of every store, by store."""
    with db.read() as session:
        saved = {row.store: row for row in session.exec(select(CheckpointTable))}
        stores = sorted({*saved, *session.exec(select(JournalTable.store).distinct())})
        out = []
        for store in stores:
            row = saved.get(store)
            upto = row.upto_id if row else 0
            mine = col(JournalTable.store) == store
            after = session.exec(
                select(JournalTable).where(mine, col(JournalTable.seq) > upto).order_by(col(JournalTable.seq))
            )
            journal = [(r.seq, r.now, r.payload) for r in after]
            blob, saved_at = (unfill(row.blob), row.saved_at) if row else (None, None)
            out.append(StoredState(store, blob, saved_at, journal))
        return out


def code_fits(db: Database, site_key: bytes) -> bool:
    """Whether the coupons there were made with this key; true where there are none to tell it by.

    The last that was delivered says it, or any where none was: a start waits for this.
    """
    with db.read() as session:
        last = select(DeliveryTable.voucher_id).order_by(col(DeliveryTable.delivery_id).desc()).limit(1)
        told = session.exec(last).first()
        found = None if told is None else session.get(VoucherTable, told)
        found = found or session.exec(select(VoucherTable).limit(1)).first()
        return found is None or found.code_hmac == code_digest(site_key, voucher_code(site_key, found.voucher_id))
