"""What goes when a profile is erased, beside the events themselves: who came for an order, what was asked for, and what
clerks know."""

from __future__ import annotations

from sqlalchemy import delete, update
from sqlmodel import Session

from engine.storage.models.commerce import AskedOrderTable, PickupTable
from engine.storage.models.shoppers import RecognitionTable, StaffNoteTable
from engine.storage.upserts import table_of


def forget_desk(session: Session, shopper_id: str) -> None:
    """Orders stay, and say no more who came for them; choices, notes and what was asked for go: what the e-shop has not
    been told yet it never is."""
    for model in (RecognitionTable, StaffNoteTable, AskedOrderTable):
        gone = table_of(model)
        session.connection().execute(delete(gone).where(gone.c.shopper_id == shopper_id))
    table = table_of(PickupTable)
    session.connection().execute(update(table).where(table.c.shopper_id == shopper_id).values(shopper_id=""))
