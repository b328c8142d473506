"""Whether a shopper is told something: decided once for each occasion, under the lock of their caps.

The shopper's row is the lock, as it is where coupons are claimed: whatever is said takes its slot before the next thing
is decided, whichever process decides it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, col, select

from engine.offers.messages.choose import Chosen, Listener, MessageRules, Occasion, choose
from engine.offers.wishes import NO_WISHES, About
from engine.storage.cap_counts import CapsOwner, count_slot, lock_person
from engine.storage.database import Database
from engine.storage.loyalty.wallets import living
from engine.storage.messages.bought import find_bought_since
from engine.storage.messages.reach import reach_of
from engine.storage.messages.slots import held_slots
from engine.storage.models.sending.messages import MessageTable
from engine.storage.models.shoppers import ShopperTable
from engine.storage.people.shoppers import grants_of
from engine.storage.people.wishes import wishes_of
from engine.storage.sending.marks import find_last_complaint
from engine.storage.upserts import Moment
from engine.vocabulary import Channel, MessageKind, MessageOutcome, MessageReason

T = TypeVar("T")
MOST = 200  # of what waits, in one look
LOOKED_AT = 500
UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Telling:
    """What decisions stand on: the rules, the key that phones are counted under, and each store's clock."""

    rules: MessageRules
    secret: bytes = field(repr=False)
    zones: Mapping[str, ZoneInfo] = field(default_factory=dict)

    def zone_of(self, store: str) -> ZoneInfo:
        """The clock of a store; UTC for one that is not known."""
        return self.zones.get(store, UTC)


def decide_in(
    session: Session, occasion: Occasion, telling: Telling, now: float, words: Mapping[str, Any] | None = None
) -> Chosen | None:
    """Decides in the caller's transaction, and writes it down with what its `words` need. The same occasion has the
    decision that it had. None for a shopper who is gone, or whose data are at rest: of them nothing is written."""
    who = living(session, occasion.shopper_id)
    shopper = session.get(ShopperTable, who, with_for_update=True)
    if shopper is None or shopper.restricted_at is not None:
        return None
    message_id = _name(occasion.kind, occasion.name)
    known = session.get(MessageTable, message_id)
    if known is not None:
        return _to_chosen(known)
    about = {"sku": occasion.about.sku, "categories": sorted(occasion.about.categories), "words": dict(words or {})}
    row = MessageTable(
        message_id=message_id,
        shopper_id=who,
        store=occasion.store,
        visit_id=occasion.visit_id,
        kind=occasion.kind,
        outcome=MessageOutcome.LATER,
        reason=MessageReason.OK,
        at=occasion.at,
        until=occasion.until,
        not_before=now,
        about=json.dumps(about, ensure_ascii=False),
    )
    session.add(row)
    return _decide(session, row, telling, now)


def skip_decided(db: Database, found: Iterable[T], named: Callable[[T], tuple[MessageKind, str]]) -> Iterator[T]:
    """Those of which nothing was decided yet: looks that cost a statement for some hundreds, where deciding locks
    people. Whoever takes the first so many has the next ones once those are decided."""
    rest = iter(found)
    while some := {_name(*named(one)): one for one in islice(rest, LOOKED_AT)}:
        with db.read() as session:
            mine = select(MessageTable.message_id).where(col(MessageTable.message_id).in_(list(some)))
            known = set(session.exec(mine))
        yield from [one for name, one in some.items() if name not in known]


def waits_no_longer(now: Moment) -> tuple[ColumnElement[bool], ...]:
    """That a message waited for its time, which has come."""
    return (col(MessageTable.outcome) == MessageOutcome.LATER, col(MessageTable.not_before) <= now)


def decide_waiting(db: Database, telling: Telling, now: float) -> int:
    """Decides anew what waited for its time. How many were said now. Safe from several processes at once."""
    with db.read() as session:
        due = select(MessageTable.message_id, MessageTable.shopper_id).where(*waits_no_longer(now))
        waiting = session.exec(due.order_by(col(MessageTable.not_before)).limit(MOST)).all()
    said = 0
    for message_id, who in waiting:
        with db.write() as session:
            shopper = session.get(ShopperTable, who, with_for_update=True)
            row = session.get(MessageTable, message_id, with_for_update=True, populate_existing=True)
            if row is None or row.outcome != MessageOutcome.LATER or row.not_before > now or row.shopper_id != who:
                continue
            if shopper is None or shopper.restricted_at is not None:
                row.outcome, row.reason = MessageOutcome.SILENCE, MessageReason.NO_CONSENT
                continue
            said += _decide(session, row, telling, now).outcome is MessageOutcome.NOW
    return said


def _decide(session: Session, row: MessageTable, telling: Telling, now: float) -> Chosen:
    """Decides of a row whose shopper is locked, and takes the slot where it is said now."""
    person = lock_person(session, row.shopper_id, "", telling.secret)  # of no visit: those caps are of coupons
    listener = _listener(session, row.shopper_id, person, telling, now)
    chosen = choose(_occasion(row), listener, telling.rules, now, telling.zone_of(row.store))
    row.outcome, row.reason = chosen.outcome, chosen.reason
    row.channel, row.route = chosen.channel or "", ",".join(chosen.route)
    row.not_before = chosen.not_before if chosen.outcome is MessageOutcome.LATER else now
    if chosen.outcome is MessageOutcome.NOW:
        row.said_at, row.holds_slot = now, True
        count_slot(session, person, row.message_id, ("", row.kind), now)
    session.flush()
    return chosen


def _listener(session: Session, who: str, person: CapsOwner, telling: Telling, now: float) -> Listener:
    return Listener(
        grants_of(session, who),
        reach_of(session, who),
        held_slots(session, who, person, now),
        wishes_of(session, [who]).get(who, NO_WISHES),
        find_bought_since(session, who, now - telling.rules.limits.bought_s),
        find_last_complaint(session, who),
    )


def _occasion(row: MessageTable) -> Occasion:
    about = json.loads(row.about)
    goods = About(about["sku"], frozenset(about["categories"]))
    kind = MessageKind(row.kind)
    return Occasion(row.message_id, kind, row.shopper_id, row.store, row.at, row.until, row.visit_id, goods)


def _to_chosen(row: MessageTable) -> Chosen:
    channel = Channel(row.channel) if row.channel else None
    route = tuple(Channel(name) for name in row.route.split(",") if name)
    return Chosen(MessageOutcome(row.outcome), MessageReason(row.reason), channel, route, row.not_before)


def _name(kind: MessageKind, name: str) -> str:
    """The same occasion has the same id, and no one can read it."""
    return hashlib.sha256(f"message|{kind}|{name}".encode()).hexdigest()[:24]
