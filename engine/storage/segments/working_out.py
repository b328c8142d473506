"""The job that keeps segments up to date: who is looked at again, and what comes of it.

What shops tell and visits bring makes their shopper due within seconds; everybody is looked at once a day besides, for
what changes slowly. A span says when somebody belongs to a segment if nothing more happens, so that a window that moves
needs no look. Any number of processes may run it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable

from sqlalchemy import delete, literal
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, func, select

from engine.commerce.records import Customer, Return, ShopEvent
from engine.offers.segments.membership import spans_in
from engine.privacy.consent import allows_targeting
from engine.storage.commerce.events import find_event
from engine.storage.commerce.readings import note_read, unread_events
from engine.storage.database import Database, once_more
from engine.storage.figures.segment_spans import NamedSpan, look_again, put_spans
from engine.storage.loyalty.wallets import living
from engine.storage.models.identity import IdentifierTable
from engine.storage.models.ledger import LoyaltyCursorTable
from engine.storage.models.shoppers import ConsentTable, SegmentLookTable, SegmentSpanTable, ShopperTable
from engine.storage.models.visits import VisitTable
from engine.storage.people.shoppers import grants_of
from engine.storage.segments.facts import SegmentRules, facts_of
from engine.storage.upserts import named_lock, table_of, upsert
from engine.vocabulary import Purpose, ShopEventKind

READER, RULES, VISITS = "segments", "segments declared", "segments visits"
KINDS = (ShopEventKind.PURCHASE, ShopEventKind.RETURN, ShopEventKind.PRODUCT_VIEW, ShopEventKind.BASKET)
AGAIN_S = 86_400.0
BATCH = 50
READ = 200
MOST = 1_000
"""Of one run: other work of the process is not kept waiting for longer."""
_NOT_AGAIN = 253_402_300_799.0


def work_out_segments(db: Database, rules: SegmentRules, now: float, most: int = MOST) -> int:
    """Works out whose segments are due. How many shoppers were looked at."""
    _note_rules(db, rules)
    if not rules.segments:
        return 0
    for note in (_note_events, _note_visits):
        while note(db, now) == READ:
            pass
    done = 0
    while done < most:
        looked = _look(db, rules, now)
        done += looked
        if looked < BATCH:
            break
    return done


@once_more
def _note_rules(db: Database, rules: SegmentRules) -> None:
    """Where the rules are others than those of the last run, nobody is in a segment that is gone, and everybody who
    agreed to offers is looked at."""
    said = [[one.model_dump() for one in rules.segments], [[t.name, t.from_points] for t in rules.terms.tiers]]
    digest = int.from_bytes(hashlib.sha256(json.dumps([*said, rules.terms.tier_s]).encode()).digest()[:7], "big")
    with db.read() as session:
        known = session.get(LoyaltyCursorTable, RULES)
    if known is not None and known.seen == digest:
        return
    with db.write() as session:
        named_lock(session, RULES)
        spans = table_of(SegmentSpanTable)
        names = [one.name for one in rules.segments]
        session.connection().execute(delete(spans).where(spans.c.segment.not_in(names)))
        if names:
            _look_at_everybody(session)
        upsert(session, LoyaltyCursorTable, [{"name": RULES, "seen": digest}], replace=("seen",))


def _look_at_everybody(session: Session) -> None:
    who = (
        select(col(ConsentTable.shopper_id), literal(0.0))
        .where(col(ConsentTable.purpose) == Purpose.LOCATION_OFFERS, col(ConsentTable.granted))
        .distinct()
        .order_by(col(ConsentTable.shopper_id))
    )
    table = table_of(SegmentLookTable)
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    insert = dialect.insert(table).from_select(["shopper_id", "next_at"], who)
    session.connection().execute(
        insert.on_conflict_do_update(index_elements=["shopper_id"], set_={"next_at": insert.excluded.next_at})
    )


@once_more
def _note_events(db: Database, now: float) -> int:
    """Whoever shops told of since the last run is due."""
    with db.read() as session:  # most runs find nothing, and then keep no writer waiting
        if not unread_events(session, READER, KINDS, now, most=1):
            return 0
    with db.write() as session:
        read = unread_events(session, READER, KINDS, now, READ)
        look_again(session, _owners(session, [_customer(session, event) for _, event in read]))
        note_read(session, READER, read, now)
        return len(read)


def _customer(session: Session, event: ShopEvent) -> Customer:
    if isinstance(event, Return):
        found = find_event(session, event.source, ShopEventKind.PURCHASE, event.purchase_id)
        return getattr(found, "customer", Customer())
    return getattr(event, "customer", Customer())


def _owners(session: Session, customers: Iterable[Customer]) -> list[str]:
    digests = sorted({digest for who in customers for digest in (who.email, who.card, who.account) if digest})
    if not digests:
        return []
    mine = select(IdentifierTable.shopper_id).where(col(IdentifierTable.digest).in_(digests))
    return list(session.exec(mine.distinct()))


@once_more
def _note_visits(db: Database, now: float) -> int:
    """Whoever was in a store since the last run is due. What becomes visible late is found by the daily look."""
    with db.read() as session:
        cursor = session.get(LoyaltyCursorTable, VISITS)
        newest = session.exec(select(func.max(VisitTable.id))).one() or 0
        if cursor is not None and cursor.seen >= newest:
            return 0
    with db.write() as session:
        cursor = session.get(LoyaltyCursorTable, VISITS)
        if cursor is None:  # everybody is looked at anyway
            upsert(session, LoyaltyCursorTable, [{"name": VISITS, "seen": newest}])
            return 0
        table = VisitTable
        newer = select(col(table.id), col(table.shopper_id)).where(col(table.id) > cursor.seen)
        rows = session.exec(newer.order_by(col(table.id)).limit(READ)).all()
        if rows:
            look_again(session, [who for _, who in rows])
            upsert(session, LoyaltyCursorTable, [{"name": VISITS, "seen": rows[-1][0] or 0}], most=("seen",))
        return len(rows)


@once_more
def _look(db: Database, rules: SegmentRules, now: float) -> int:
    """Whoever is due, each under the lock of their row: what becomes known meanwhile makes them due again."""
    table = SegmentLookTable
    due = select(table.shopper_id).where(col(table.next_at) <= now).order_by(col(table.next_at))
    with db.read() as session:
        if session.exec(due.limit(1)).first() is None:
            return 0
    with db.write() as session:
        shoppers = session.exec(due.limit(BATCH).with_for_update(skip_locked=True)).all()
        for who in shoppers:
            spans = _spans_of(session, who, rules, now)
            put_spans(session, who, spans or (), _NOT_AGAIN if spans is None else now + AGAIN_S)
        return len(shoppers)


def _spans_of(session: Session, shopper_id: str, rules: SegmentRules, now: float) -> Collection[NamedSpan] | None:
    """None for who is in none until something changes: gone, restricted, joined another, or agrees to no offers."""
    profile, grants = session.get(ShopperTable, shopper_id), grants_of(session, shopper_id)
    if profile is None or profile.restricted_at is not None or not allows_targeting(grants):
        return None
    if living(session, shopper_id) != shopper_id:
        return None
    facts = facts_of(session, shopper_id, grants, rules, now)
    return [(one.name, since, until) for one in rules.segments for since, until in spans_in(one, facts, now)]
