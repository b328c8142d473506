"""Where a shopper was a moment ago, for the way that their own page shows: one row each, and none for long."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import delete
from sqlmodel import Session, col, select

from engine.storage.database import Database
from engine.storage.models.shoppers import DeviceLinkTable
from engine.storage.models.visits import LastPlaceTable
from engine.storage.upserts import table_of, upsert

KEPT_S = 600.0


@dataclass(frozen=True, slots=True)
class LastPlace:
    """A fix of a shopper: level's id, metres, radial standard deviation, when (s UTC), and the zones they are in, each
    with since when (s UTC)."""

    store: str
    shopper_id: str
    level: str
    x_m: float
    y_m: float
    sigma_m: float
    at: float
    zones: tuple[tuple[str, float], ...] = ()


def note_places(db: Database, places: Sequence[LastPlace]) -> None:
    """Keeps the newest place of each, of those who are linked now: who withdrew meanwhile leaves no row."""
    if not places:
        return
    with db.write(survives_power_cut=False) as session:
        linked = set(
            session.exec(
                select(DeviceLinkTable.shopper_id).where(
                    col(DeviceLinkTable.shopper_id).in_(sorted({p.shopper_id for p in places})),
                    col(DeviceLinkTable.store).in_(sorted({p.store for p in places})),
                )
            )
        )
        rows = [asdict(p) | {"zones": json.dumps(p.zones)} for p in places if p.shopper_id in linked]
        upsert(session, LastPlaceTable, rows, replace=("level", "x_m", "y_m", "sigma_m", "at", "zones"))


def last_place(db: Database, store: str, shopper_id: str, since: float) -> LastPlace | None:
    """Where they were last, after `since` (s UTC)."""
    with db.read() as session:
        row = session.get(LastPlaceTable, (store, shopper_id))
        if row is None or row.at <= since:
            return None
        zones = tuple((str(zone), float(t)) for zone, t in json.loads(row.zones))
        return LastPlace(**row.model_dump(exclude={"zones"}), zones=zones)


def forget_places(session: Session, shopper_id: str) -> None:
    """The shopper is linked to no phone any more."""
    table = table_of(LastPlaceTable)
    session.connection().execute(delete(table).where(table.c.shopper_id == shopper_id))


def purge_places(db: Database, now: float) -> int:
    """Forgets what is ten minutes old. How many rows."""
    with db.write() as session:
        table = table_of(LastPlaceTable)
        return int(session.connection().execute(delete(table).where(table.c.at <= now - KEPT_S)).rowcount)
