"""What running components say of themselves, for the health page."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from engine.storage.database import Database
from engine.storage.leases import Lease, fence_all, read_leases
from engine.storage.models.running import StatusTable
from engine.storage.upserts import age_s, table_of, upsert
from engine.vocabulary import StoreTrouble

ENGINE = "engine"
LEDGER = "ledger"  # proved once a night
CRM = "crm"  # customer files, where any are declared
ALERTS = "alerts"  # for managers, beside what was learnt to find them; no part that could be silent
EVERY_STORE = "*"  # what belongs to no store: frames for stores without a floor plan, the broker, the database
SILENT_S = 8.0  # an engine reports every 3 s, while it waits for a radio map too: with the pages' 2 s all in 10 s
LEFT_S = 86_400.0  # so long somebody looks after an engine that died, though its stores have no floor plan here


@dataclass(frozen=True, slots=True)
class Status:
    """The last word of one component of one store, and when it spoke (s UTC)."""

    store: str
    component: str
    values: dict[str, Any]
    at: float


def put_status(
    db: Database, store: str, component: str, values: Mapping[str, Any], now: float, *, lease: Lease | None = None
) -> None:
    """Replaces what this component said before. `values` is JSON. Raises LeaseLost where `lease` is lost."""
    put_statuses(db, component, {store: values}, now, leases=[lease])


def put_statuses(
    db: Database,
    component: str,
    values: Mapping[str, Mapping[str, Any]],
    now: float,
    *,
    leases: Sequence[Lease | None] = (),
    same: Collection[str] = (),
) -> set[str]:
    """As `put_status`, of several stores in one transaction: each costs the disk a page, not a commit. Of the stores
    that are the `same` it is said that what stands there holds now. Returns those of them of which nothing stands
    there: somebody has forgotten it.

    Raises LeaseLost where one of `leases` is lost, and nothing is then written.
    """
    rows = [
        {"store": store, "component": component, "values_json": json.dumps(dict(said)), "at": now}
        for store, said in sorted(values.items())
    ]
    with db.write(survives_power_cut=False) as session:  # what speaks again within seconds
        fence_all(session, list(filter(None, leases)))
        upsert(session, StatusTable, rows, replace=("values_json", "at"))
        if same:
            table = table_of(StatusTable)
            mine = (table.c.component == component) & table.c.store.in_(sorted(same))
            said = session.connection().execute(update(table).where(mine).values(at=now).returning(table.c.store))
            return set(same) - set(said.scalars())
    return set()


def forget_word(session: Session, store: str, component: str) -> None:
    """Of a component that is there no more: it would be silent for ever."""
    row = session.get(StatusTable, (store, component))
    if row is not None:
        session.delete(row)


def forget_stores(db: Database, known: Collection[str], now: float) -> list[str]:
    """What engines said of stores that are none of these, where whoever ran them gave them back, or died more than
    LEFT_S ago: the engine of a machine that has other floor plans does not die unnoticed. On SQLite, which is for one
    machine, of all that are none of these. Returns the stores."""
    words = [row for row in get_status(db) if row.component == ENGINE and row.store not in {EVERY_STORE, *known}]
    if not words:
        return []
    leases = read_leases(db, [row.store for row in words]) if db.dialect != "sqlite" else {}
    held = {store for store, lease in leases.items() if lease.owner}
    gone = [row.store for row in words if row.store not in held or age_s(row.at, now) > LEFT_S]
    if not gone:
        return []
    with db.write() as session:
        for store in gone:
            forget_word(session, store, ENGINE)
    return gone


def get_status(db: Database) -> list[Status]:
    """The last word of every component, by store and name."""
    with db.read() as session:
        rows = session.exec(select(StatusTable).order_by(col(StatusTable.store), col(StatusTable.component)))
        return [Status(r.store, r.component, json.loads(r.values_json), r.at) for r in rows]


def is_silent(row: Status, now: float) -> bool:
    """Whether a component that speaks every few seconds has stopped doing so."""
    return age_s(row.at, now) > SILENT_S


def troubles_of(rows: Sequence[Status], now: float) -> dict[str, list[StoreTrouble]]:
    """Why stores are not live, by store; those of EVERY_STORE are of the whole engine. Nothing of stores that are."""
    found: dict[str, list[StoreTrouble]] = {}
    for row in rows:
        if row.component != ENGINE:
            continue
        if is_silent(row, now):
            found[row.store] = [StoreTrouble.ENGINE_SILENT]
        elif said := [trouble for trouble in StoreTrouble if row.values.get("troubles", {}).get(trouble)]:
            found[row.store] = said
    return found
