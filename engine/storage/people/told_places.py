"""Places that shoppers tell ("I am here", a voucher's product at the till), on their way to the engine of the store.

Who asks has seen that the shopper agreed to `location_learning`; the engine looks again when it takes the place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import delete
from sqlmodel import Session, col, select

from engine.storage.database import Database
from engine.storage.models.labels import ToldPlaceTable
from engine.storage.models.shoppers import ShopperTable
from engine.storage.upserts import table_of
from engine.vocabulary import LabelKind

MOST_TAKEN = 200  # at once
MOST_WAITING = 20  # of one shopper: more are not kept


@dataclass(frozen=True, slots=True)
class ToldPlace:
    """A label of a shopper's own phone: a product's `sku`, or a place on a level. `label_id` makes it idempotent."""

    label_id: str
    store: str
    shopper_id: str
    at: float
    kind: LabelKind
    sku: str = ""
    level: str = ""
    x_m: float | None = None
    y_m: float | None = None


def tell_place(db: Database, told: ToldPlace) -> bool:
    """Keeps it for the engine; whether it was new, there was room, and its shopper's data is not restricted."""
    with db.write() as session:
        row = session.get(ShopperTable, told.shopper_id, with_for_update=True)
        if row is not None and row.restricted_at is not None:
            return False
        if session.get(ToldPlaceTable, told.label_id) is not None:
            return False
        own = select(ToldPlaceTable.label_id).where(col(ToldPlaceTable.shopper_id) == told.shopper_id)
        if len(session.exec(own.limit(MOST_WAITING)).all()) >= MOST_WAITING:
            return False
        session.add(ToldPlaceTable(**asdict(told)))
        return True


def told_places(db: Database, store: str) -> list[ToldPlace]:
    """What waits for a store, the oldest first, MOST_TAKEN at most."""
    with db.read() as session:
        rows = session.exec(
            select(ToldPlaceTable)
            .where(col(ToldPlaceTable.store) == store)
            .order_by(col(ToldPlaceTable.at), col(ToldPlaceTable.label_id))
            .limit(MOST_TAKEN)
        )
        return [_to_told_place(row) for row in rows]


def list_waiting_stores(db: Database) -> set[str]:
    """The stores that places wait for: one small read for many stores."""
    with db.read() as session:
        return set(session.exec(select(ToldPlaceTable.store).distinct()))


def drop_told_places(db: Database, label_ids: Sequence[str]) -> None:
    """Once the engine has them in its journal."""
    with db.write() as session:
        table = table_of(ToldPlaceTable)
        session.connection().execute(delete(table).where(table.c.label_id.in_(label_ids)))


def forget_told_places(session: Session, shopper_id: str) -> None:
    """Of a shopper who is erased, or does not agree any more."""
    table = table_of(ToldPlaceTable)
    session.connection().execute(delete(table).where(table.c.shopper_id == shopper_id))


def _to_told_place(row: ToldPlaceTable) -> ToldPlace:
    kind = LabelKind(row.kind)
    return ToldPlace(
        row.label_id, row.store, row.shopper_id, row.at, kind, row.sku, row.level, row.x_m, row.y_m
    )  # fmt: skip
