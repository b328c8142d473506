"""Stock as it stands: by store, product and variant, the newest that was told, with its time.

Shop events are the record; these tables are made of them, so that a question costs a look. Of one event the highest
version holds, whatever its time; between events about the same place and product, the one that happened last.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, and_, col, or_, select

from engine.commerce.records import CatalogueEntry, StockLevel
from engine.commerce.stock import Article, Stock, newest
from engine.storage.commerce.readings import note_read, unread_events
from engine.storage.database import Database
from engine.storage.models.commerce import StockItemTable, StockLevelTable
from engine.storage.upserts import named_lock, upsert
from engine.storage.versions import bump
from engine.vocabulary import ShopEventKind

READER = "stock"
AT_ONCE = 500
_KINDS = (ShopEventKind.CATALOGUE, ShopEventKind.STOCK)


def follow_stock(db: Database, now: float) -> int:
    """Takes over what shop systems told of stock and catalogue since the last look. How many. Safe from several
    processes at once."""
    taken = 0
    while True:
        with db.write() as session:
            named_lock(session, READER)
            read = unread_events(session, READER, _KINDS, now, AT_ONCE)
            if not read:
                return taken
            upsert(
                session,
                StockItemTable,
                [_item(event) for _, event in read if isinstance(event, CatalogueEntry)],
                replace=("item", "sku", "product", "variant", "name"),
            )
            levels = [(event, at) for at, event in read if isinstance(event, StockLevel)]
            moved = {event.store for event, received_at in levels if _put(session, event, received_at)}
            note_read(session, READER, read, now)
            session.flush()
            bump(session, (moved | _stores(session, read)) - {""}, "stock")
        taken += len(read)
        if len(read) < AT_ONCE:
            return taken


def stock_of(db: Database, sku: str) -> list[Stock]:
    """Everywhere, of a product and of all its sizes and colours; `sku` may be the name of one of them, or what they
    have in common. By store and article."""
    with db.read() as session:
        family = _family(session, [sku])
        rows = _rows(session, or_(*_members(family), col(StockLevelTable.item) == sku))
        return newest(_stock(level, item) for level, item in rows)


def stock_here(db: Database, store: str, skus: Collection[str]) -> dict[str, tuple[Stock, ...]]:
    """What is told of these products in one store, by the name that was asked: of one size where it names one."""
    found: dict[str, tuple[Stock, ...]] = {}
    with db.read() as session:
        for sku in sorted(skus):
            named = or_(
                col(StockItemTable.sku) == sku, col(StockItemTable.product) == sku, col(StockLevelTable.item) == sku
            )
            rows = _rows(session, named, col(StockLevelTable.store) == store)
            if levels := newest(_stock(level, item) for level, item in rows):
                found[sku] = tuple(levels)
    return found


def _put(session: Session, event: StockLevel, received_at: float) -> bool:
    """Whether it is newer than what stands."""
    key = (event.source, event.sku, event.variant, event.store)
    row = session.get(StockLevelTable, key)
    at = min(event.at, received_at)  # a sender's clock that is ahead makes nothing younger than it is
    if row is None:
        source, item, variant, store = key
        row = StockLevelTable(
            source=source,
            item=item,
            variant=variant,
            store=store,
            quantity_milli=event.quantity_milli,
            at=at,
            event=event.id,
            version=event.version,
        )
        session.add(row)
        return True
    newer = event.version > row.version if row.event == event.id else (at, event.version) > (row.at, row.version)
    if newer:
        row.quantity_milli, row.at, row.event, row.version = event.quantity_milli, at, event.id, event.version
    return newer


def _item(entry: CatalogueEntry) -> dict[str, str]:
    return {
        "source": entry.source,
        "entry": entry.id,
        "item": entry.stock_sku or entry.sku,
        "sku": entry.sku,
        "product": entry.product or entry.sku,
        "variant": entry.variant,
        "name": entry.name,
    }


def _stores(session: Session, read: Iterable[tuple[float, object]]) -> set[str]:
    """Where there is stock of what a catalogue has just named."""
    named = {(e.source, e.stock_sku or e.sku) for _, e in read if isinstance(e, CatalogueEntry)}
    if not named:
        return set()
    level = StockLevelTable
    found = select(level.store, level.source, level.item).where(col(level.item).in_({item for _, item in named}))
    return {store for store, source, item in session.exec(found) if (source, item) in named}


def _family(session: Session, skus: Collection[str]) -> list[tuple[str, str]]:
    """The products, each by its source, that these are or belong to."""
    item = StockItemTable
    named = select(item.source, item.product).where(or_(col(item.sku).in_(skus), col(item.product).in_(skus)))
    return sorted(set(session.exec(named)))


def _members(family: Collection[tuple[str, str]]) -> list[ColumnElement[bool]]:
    item = StockItemTable
    return [and_(col(item.source) == source, col(item.product) == product) for source, product in family]


def _rows(session: Session, *wanted: ColumnElement[bool]) -> list[tuple[StockLevelTable, StockItemTable | None]]:
    level, item = StockLevelTable, StockItemTable
    named = and_(col(item.source) == col(level.source), col(item.item) == col(level.item))
    found = select(level, item).join(item, named, isouter=True).where(*wanted)
    return [(level, item) for level, item in session.exec(found)]


def _stock(level: StockLevelTable, item: StockItemTable | None) -> Stock:
    article = Article(level.item if item is None else item.sku, level.variant)
    label = level.variant or ("" if item is None else item.variant)
    name = "" if item is None else item.name
    return Stock(level.store, article, level.quantity_milli, level.at, level.source, label, name)
