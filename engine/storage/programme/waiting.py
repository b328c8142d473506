"""What shop systems told that waits: for whoever looks after them, by source and reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlmodel import col

from engine.storage.commerce.events import unknown_products
from engine.storage.commerce.held import held_counts
from engine.storage.database import Database
from engine.storage.models.commerce import ShopEventTable
from engine.storage.models.ledger import LoyaltyWaitTable


@dataclass(frozen=True, slots=True)
class SourceWaits:
    """`held`: messages that could not be used, by reason; `events`: kept purchases and returns that have not come to
    the ledger yet, by `EarnWait`; `products`: sold, and in no catalogue of the source."""

    held: Mapping[str, int] = field(default_factory=dict)
    events: Mapping[str, int] = field(default_factory=dict)
    products: tuple[str, ...] = ()


def source_waits(db: Database) -> dict[str, SourceWaits]:
    """Of every source that something waits of."""
    held, events = held_counts(db), _events(db)
    with db.read() as session:
        told = session.execute(select(col(ShopEventTable.source)).distinct()).scalars().all()
        products = {source: tuple(unknown_products(session, source)) for source in told}
    found = {
        source: SourceWaits(held.get(source, {}), events.get(source, {}), products.get(source, ()))
        for source in sorted({*held, *events, *products})
    }
    return {source: waits for source, waits in found.items() if waits != SourceWaits()}


def _events(db: Database) -> dict[str, dict[str, int]]:
    table = LoyaltyWaitTable
    counted = select(col(table.source), col(table.reason), func.count()).group_by(col(table.source), col(table.reason))
    found: dict[str, dict[str, int]] = {}
    with db.read() as session:
        for source, reason, n in session.execute(counted.order_by(col(table.source), col(table.reason))):
            found.setdefault(source, {})[reason] = int(n)
    return found
