"""Which segments shoppers belong to, from when to when; and whose are to be worked out again.

What is here was worked out by `engine.storage.segments`; a decision reads it, and whatever changes what is known of
somebody, or what they agree to, has it forgotten and worked out anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import delete
from sqlmodel import Session, col, select

from engine.storage.database import Database
from engine.storage.models.shoppers import SegmentLookTable, SegmentSpanTable
from engine.storage.upserts import table_of, upsert

NamedSpan = tuple[str, float, float]
"""A segment, since when, and until when (s UTC)."""


def spans_of(db: Database, shoppers: Collection[str]) -> dict[str, tuple[NamedSpan, ...]]:
    """Those of these shoppers, one statement for all. Who is in none is left out."""
    if not shoppers:
        return {}
    table = SegmentSpanTable
    mine = select(table).where(col(table.shopper_id).in_(sorted(shoppers)))
    found: dict[str, tuple[NamedSpan, ...]] = {}
    with db.read() as session:
        for row in session.exec(mine.order_by(col(table.segment), col(table.since))):
            found[row.shopper_id] = (*found.get(row.shopper_id, ()), (row.segment, row.since, row.until))
    return found


def put_spans(session: Session, shopper_id: str, spans: Iterable[NamedSpan], next_at: float) -> None:
    """What was worked out takes the place of what there was. The row of the look is locked."""
    table = table_of(SegmentSpanTable)
    session.connection().execute(delete(table).where(table.c.shopper_id == shopper_id))
    rows = [
        {"shopper_id": shopper_id, "segment": segment, "since": since, "until": until}
        for segment, since, until in spans
    ]
    upsert(session, SegmentSpanTable, rows, replace=("until",))
    upsert(session, SegmentLookTable, [{"shopper_id": shopper_id, "next_at": next_at}], replace=("next_at",))


def look_again(session: Session, shoppers: Iterable[str]) -> None:
    """Something more is known of these: their segments are worked out again, within seconds."""
    rows = [{"shopper_id": who, "next_at": 0.0} for who in sorted(set(shoppers))]
    upsert(session, SegmentLookTable, rows, replace=("next_at",))


def leave_segments(session: Session, *shoppers: str) -> None:
    """They are in none from now on, until theirs are worked out again."""
    look_again(session, shoppers)  # first: whoever works them out holds that row
    table = table_of(SegmentSpanTable)
    session.connection().execute(delete(table).where(table.c.shopper_id.in_(shoppers)))


def forget_segments(session: Session, shopper_id: str) -> None:
    """The profile is erased: nothing says any more that there were any."""
    leave_segments(session, shopper_id)
    table = table_of(SegmentLookTable)
    session.connection().execute(delete(table).where(table.c.shopper_id == shopper_id))
