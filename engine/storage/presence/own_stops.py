"""Products that a shopper stops at, from the stops that are kept of who agreed to it; and their erasure.

What is erased is gone: no row says any more that they were there.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete
from sqlmodel import Session, col, select

from engine.presence.own.products import OwnProduct, SeenStop, own_products
from engine.storage.database import Database
from engine.storage.figures.segment_spans import look_again
from engine.storage.models.shoppers import ShopperTable
from engine.storage.models.visits import ProductStopTable
from engine.storage.upserts import table_of


def find_own_stops(db: Database, shopper_id: str, stores: Collection[str], now: float) -> list[tuple[str, OwnProduct]]:
    """(store, product), the strongest first. None while their data is at rest."""
    table = ProductStopTable
    with db.read() as session:
        profile = session.get(ShopperTable, shopper_id)
        if profile is None or profile.restricted_at is not None:
            return []
        mine = select(table).where(col(table.shopper_id) == shopper_id, col(table.store).in_(stores))
        rows = session.exec(mine).all()
    found = [
        (store, product)
        for store in sorted({row.store for row in rows})
        for product in own_products([SeenStop(r.sku, r.at, r.chance) for r in rows if r.store == store], now)
    ]
    return sorted(found, key=lambda pair: (-pair[1].weight, pair[0], pair[1].sku))


def erase_stops(db: Database, shopper_id: str, store: str, skus: Collection[str]) -> bool:
    """Their stops at these products so far are gone. Whether there were any."""
    with db.write() as session:
        if session.get(ShopperTable, shopper_id, with_for_update=True) is None:
            return False
        return erase_stops_in(session, shopper_id, store, skus)


def erase_stops_in(session: Session, shopper_id: str, store: str, skus: Collection[str]) -> bool:
    """The same in the caller's transaction."""
    table = table_of(ProductStopTable)
    mine = (table.c.shopper_id == shopper_id) & (table.c.store == store) & table.c.sku.in_(skus)
    gone = bool(session.connection().execute(delete(table).where(mine)).rowcount)
    if gone:
        look_again(session, [shopper_id])
    return gone
