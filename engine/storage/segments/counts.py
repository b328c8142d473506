"""How many people are in each segment, as it is told: in whole ks, and no oftener than figures are let out."""

from __future__ import annotations

import math
from collections.abc import Collection

from sqlalchemy import func
from sqlmodel import Session, col, select

from engine.storage.database import Database
from engine.storage.models.shoppers import SegmentCountTable, SegmentSpanTable, ShopperTable
from engine.storage.upserts import named_lock, upsert


def segment_counts(db: Database, names: Collection[str], *, k: int, block_s: float, now: float) -> dict[str, int]:
    """People by segment; 0 is none, or fewer than `k`. Who objects to statistics is counted nowhere.

    A count moves at a multiple of `block_s` at most, by whole ks, and only once it differs by `k` people from what was
    told last, which is kept: no two looks differ by fewer, and who goes in and out at a border of k moves nothing.
    """
    until = now // block_s * block_s
    told = _read_told(db, names)
    if k > 1 and all(name in told and told[name].at >= until for name in names):
        return {name: told[name].shown for name in names}
    with db.write() as session:
        named_lock(session, "segment counts")
        exact = _exact(session, names, now)
        found: dict[str, int] = {}
        rows = []
        for name in names:
            row = session.get(SegmentCountTable, name, populate_existing=True)
            shown, at = (row.shown, row.at) if row else (0, 0.0)
            if k == 1:
                shown = exact.get(name, 0)
            elif at < until:
                shown += math.trunc((exact.get(name, 0) - shown) / k) * k
            found[name] = shown
            rows.append({"segment": name, "shown": shown, "at": max(at, until)})
        upsert(session, SegmentCountTable, rows, replace=("shown", "at"))
        return found


def _read_told(db: Database, names: Collection[str]) -> dict[str, SegmentCountTable]:
    with db.read() as session:
        rows = session.exec(select(SegmentCountTable).where(col(SegmentCountTable.segment).in_(names)))
        return {row.segment: row for row in rows}


def _exact(session: Session, names: Collection[str], now: float) -> dict[str, int]:
    span = SegmentSpanTable
    people = (
        select(span.segment, func.count(func.distinct(col(span.shopper_id))))
        .join(ShopperTable, col(ShopperTable.shopper_id) == col(span.shopper_id))
        .where(col(span.segment).in_(names), col(span.since) <= now, col(span.until) > now)
        .where(col(ShopperTable.objected_at).is_(None), col(ShopperTable.restricted_at).is_(None))
    )
    return {name: int(n) for name, n in session.exec(people.group_by(col(span.segment)))}
