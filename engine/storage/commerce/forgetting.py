"""What is cut when a profile is erased, beside the events themselves: who came for an order."""

from __future__ import annotations

from sqlalchemy import update
from sqlmodel import Session

from engine.storage.models.commerce import PickupTable
from engine.storage.upserts import table_of


def forget_pickups(session: Session, shopper_id: str) -> None:
    """Orders stay, and say no more who came for them."""
    table = table_of(PickupTable)
    session.connection().execute(update(table).where(table.c.shopper_id == shopper_id).values(shopper_id=""))
