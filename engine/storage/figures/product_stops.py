"""Stops at products of shoppers who agreed that their visits and their shopping online are put together.

Nobody else's are kept. They are the only rows that say of a person at which product they were, live for
`retention.stops_days`, and go with the consent, the profile, or the wish to have them erased.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, or_, select

from engine.privacy.consent import JOINED, JOINED_WITH
from engine.storage.models.shoppers import ConsentTable, ShopperTable
from engine.storage.models.visits import ProductStopTable
from engine.storage.upserts import table_of


@dataclass(frozen=True, slots=True)
class StopRow:
    """A shopper's stop at a product at `at` (s UTC), with the chance that there was one."""

    shopper_id: str
    sku: str
    at: float
    chance: float


def keep_stops(session: Session, store: str, stops: Sequence[StopRow]) -> None:
    """Adds those of shoppers who agree to it now, each once. In the caller's transaction."""
    wanted = sorted({stop.shopper_id for stop in stops})
    if not wanted:
        return
    # Shared lock: an erasure running now either waits for this transaction, or is done and the profile is gone.
    willing = set(
        session.exec(
            select(ShopperTable.shopper_id)
            .where(col(ShopperTable.shopper_id).in_(wanted), _GRANTED, col(ShopperTable.restricted_at).is_(None))
            .order_by(col(ShopperTable.shopper_id))
            .with_for_update(read=True, of=ShopperTable)
        )
    )
    table = ProductStopTable
    mine = select(table.shopper_id, table.sku, table.at).where(
        col(table.store) == store, col(table.shopper_id).in_(willing), col(table.at) >= min(s.at for s in stops)
    )
    known = set(session.exec(mine))
    for stop in stops:
        name = (stop.shopper_id, stop.sku, stop.at)
        if stop.shopper_id in willing and name not in known:
            known.add(name)
            session.add(table(store=store, shopper_id=stop.shopper_id, sku=stop.sku, at=stop.at, chance=stop.chance))


def forget_stops(session: Session, shopper_id: str) -> None:
    """Deletes a shopper's. In the caller's transaction."""
    table = table_of(ProductStopTable)
    session.connection().execute(delete(table).where(table.c.shopper_id == shopper_id))


_other = aliased(ConsentTable)
_GRANTED = (
    select(ConsentTable.shopper_id)
    .where(
        col(ConsentTable.shopper_id) == col(ShopperTable.shopper_id),
        col(ConsentTable.purpose) == JOINED,
        col(ConsentTable.granted),
        select(_other.shopper_id)
        .where(
            col(_other.shopper_id) == col(ShopperTable.shopper_id),
            or_(*(col(_other.purpose) == purpose for purpose in sorted(JOINED_WITH))),
            col(_other.granted),
        )
        .exists(),
    )
    .exists()
)
