"""A row in every table that `engine/storage/people/held.py` says to lead to a person, added tomorrow or not."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Column, Float, Integer, Table, Text, insert, select

from engine.storage.database import Database
from engine.storage.models import metadata
from engine.storage.people.held import WITHIN, Row, find_held, ways_to
from engine.vocabulary import CrmKind
from tests.engine.storage.scenes import NOW

Names = dict[str, set[Any]]

SOURCES = {
    "voucher": ("voucher", "voucher_id"),
    "slot": ("cap_count", "slot"),
    "share": ("share", "token"),
    "device": ("device_link", "device"),
    "crm": ("crm_subject", "crm_ref"),
    "entry": ("ledger_posting", "entry_id"),
    "identifier": ("identifier", "digest"),
    "purchase": ("loyalty_purchase", "purchase_id"),
    "opening": ("share_visit", "id"),
}
"""In which column of what is held of a person their names of a kind stand, but for those of the profile itself."""


WORDS = {("crm_event", "kind"): str(min(CrmKind))}
"""What erasing asks of a column besides whose row it is."""


def led_to() -> list[Table]:
    """The tables that lead to a person, those first that hold by which names the others do."""
    sources = [table for table, _ in SOURCES.values()]
    return sorted((t for t in metadata.sorted_tables if ways_to(t)), key=lambda t: t.name not in sources)


def plant(db: Database, who: str, member: str) -> Names:
    """Fills each of these tables that has no row of the person yet, with a row for each column that leads there, made
    of no more than the types of the columns. Gives all names of the person, by kind."""
    held = find_held(db, who)
    for table in led_to():
        if table.name not in held:
            held[table.name] = _fill(db, table, names_of(held, who, member))
    return names_of(held, who, member)


def names_of(held: dict[str, list[Row]], who: str, member: str) -> Names:
    """What is held of a person, as the names by which it is found; one to be given where a kind has none."""
    found: Names = {"shopper": {who}, "member": {member}}
    for kind, (table, column) in SOURCES.items():
        found[kind] = {row[column] for row in held.get(table, [])} or {f"the-{kind}"}
    return found


def ways_left(db: Database, names: Names) -> set[tuple[str, str]]:
    """The columns, as (table, column), in which one of these names still stands."""
    return {(t.name, way.name) for t in led_to() for way, kind in ways_to(t) if _stands(db, t, way, names[kind])}


def _stands(db: Database, table: Table, way: Column[Any], names: set[Any]) -> bool:
    within = (table.name, way.name) in WITHIN
    with db.read() as session:
        values = session.connection().execute(select(way)).scalars()
        return any(value in names or (within and any(name in value for name in names)) for value in values)


def _fill(db: Database, table: Table, names: Names) -> list[Row]:
    given = {column: f"the-{kind}" for kind, (source, column) in SOURCES.items() if source == table.name}
    rows = []
    for n, (way, kind) in enumerate((way, kind) for way, kind in ways_to(table) if way.name not in given):
        of_table = {column.name: _value(table, column, n) for column in table.columns}
        rows.append(of_table | ({} if n else given) | {way.name: min(names[kind])})
    with db.write() as session:
        session.connection().execute(insert(table), rows)
    return rows[:1]  # the one that gives the names of this table


def _value(table: Table, column: Column[Any], n: int) -> Any:
    if (table.name, column.name) in WORDS:
        return WORDS[table.name, column.name]
    match column.type:
        case Boolean():
            return False
        case Float():
            return NOW + n
        case Integer():
            return 1_000_000 + n
        case Text():
            return "{}"
    return f"{column.name}-{n}"
