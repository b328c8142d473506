"""Phones whose owners opted out: counted in nothing, until they agree to something again.

To leave a phone out one has to know it: the list holds the stable pseudonyms of those who said no, and nothing else
about them.
"""

from __future__ import annotations

from sqlalchemy import delete
from sqlmodel import Session, col, select

from engine.records import DeviceId, device_from_hex, device_hex
from engine.storage.database import Database
from engine.storage.models.shoppers import DeviceLinkTable, OptOutTable, ShopperTable
from engine.storage.upserts import table_of, upsert


def list_opted_out(db: Database, store: str) -> frozenset[int]:
    """The stable pseudonyms of phones that are to be left out in this store: of those who opted out, and of profiles
    that are restricted. It moves with the version of links."""
    with db.read() as session:
        rows = session.exec(select(OptOutTable.device).where(col(OptOutTable.store) == store)).all()
        restricted = session.exec(
            select(DeviceLinkTable.device)
            .join(ShopperTable, col(ShopperTable.shopper_id) == col(DeviceLinkTable.shopper_id))
            .where(col(DeviceLinkTable.store) == store, col(ShopperTable.restricted_at).is_not(None))
        ).all()
        return frozenset(int(device_from_hex(device)) for device in {*rows, *restricted})


def note_opt_out(session: Session, store: str, device: DeviceId, at: float) -> None:
    """It is proved that whoever opts out has this phone. The caller moves the version of links."""
    upsert(session, OptOutTable, [{"store": store, "device": device_hex(device), "at": at}])


def note_opt_outs_of(session: Session, store: str, shopper_id: str, at: float) -> None:
    """The same of all phones that are proved to be this shopper's in this store."""
    mine = select(DeviceLinkTable.device).where(
        col(DeviceLinkTable.store) == store, col(DeviceLinkTable.shopper_id) == shopper_id
    )
    for device in session.exec(mine).all():
        note_opt_out(session, store, device_from_hex(device), at)


def forget_opt_out(session: Session, store: str, device: DeviceId) -> None:
    """Its owner agreed to something again."""
    table = table_of(OptOutTable)
    session.connection().execute(delete(table).where(table.c.store == store, table.c.device == device_hex(device)))
