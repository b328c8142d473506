"""How often shoppers came who agreed to statistics: nobody else is followed from one day to another."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from zoneinfo import ZoneInfo

from sqlalchemy import func
from sqlalchemy import select as select_columns
from sqlmodel import col

from engine.indicators.counts import Counts
from engine.indicators.presets import AGAIN_DAYS
from engine.storage.database import Database
from engine.storage.models.shoppers import ConsentTable, ShopperTable
from engine.storage.models.visits import VisitTable
from engine.vocabulary import Purpose


def returning_shoppers(db: Database, store: str, year: int, month: int, timezone: str, *, k: int, now: float) -> Counts:
    """Shoppers of a calendar month of the store, and days on which they came; nothing of fewer than `k`.

    Months do not overlap, so that no two answers differ by one person; of one that goes on nothing is said, as it would
    change with each who comes.
    """
    zone = ZoneInfo(timezone)
    begun = dt.datetime(year, month, 1, tzinfo=zone)
    ended = dt.datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone)
    if ended.timestamp() > now:
        return Counts()
    days: dict[str, set[dt.date]] = defaultdict(set)
    for shopper_id, started_at in _stays(db, store, begun.timestamp(), ended.timestamp()):
        days[shopper_id].add(dt.datetime.fromtimestamp(started_at, zone).date())
    if len(days) < k:
        return Counts()
    again = sum(len(own) >= AGAIN_DAYS for own in days.values())
    return Counts(shoppers=len(days), shoppers_again=again, shopper_days=sum(map(len, days.values())))


def _stays(db: Database, store: str, from_t: float, to_t: float) -> list[tuple[str, float]]:
    """Shopper and beginning of each stay that began in [from_t, to_t)."""
    visit, began = VisitTable, func.min(col(VisitTable.started_at))
    agreed = (
        select_columns(col(ConsentTable.shopper_id))
        .where(col(ConsentTable.purpose) == Purpose.STATISTICS, col(ConsentTable.granted))
        .distinct()
    )
    query = (
        select_columns(col(visit.shopper_id), began)
        .join(ShopperTable, col(ShopperTable.shopper_id) == col(visit.shopper_id))
        .where(col(visit.store) == store, col(visit.shopper_id).in_(agreed))
        .where(col(ShopperTable.objected_at).is_(None), col(ShopperTable.restricted_at).is_(None))
        .group_by(col(visit.shopper_id), col(visit.store_visit_id))
        .having(began >= from_t, began < to_t)
    )
    with db.read() as session:
        return [(str(who), float(t)) for who, t in session.connection().execute(query)]
