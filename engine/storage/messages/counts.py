"""How often shoppers were told something, or not, and why: sums that no person stands out of, and the latest alone."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass

from sqlmodel import col, select

from engine.storage.database import Database
from engine.storage.models.sending.messages import MessageTable
from engine.vocabulary import Channel, MessageKind, MessageOutcome, MessageReason

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class MessageFate:
    """What became of messages of a kind. `channel` is None in silence."""

    kind: MessageKind
    outcome: MessageOutcome
    reason: MessageReason
    channel: Channel | None


def message_counts(
    db: Database, store: str, *, from_t: float, to_t: float, k: int, block_s: float, now: float
) -> dict[MessageFate, int]:
    """Occasions of the days of [from_t, to_t) by their fate, in whole ks of distinct shoppers a day: two periods that
    overlap differ by what is told of whole days, and by nothing else. Today counts up to the last multiple of
    `block_s`, so that nobody sees at whose message a figure moves. With a k of 1 everything to the second."""
    message, until = MessageTable, to_t
    if k > 1:
        until = min(math.ceil(to_t / DAY_S) * DAY_S, now // block_s * block_s)
    days = select(message).where(
        col(message.store) == store,
        col(message.at) >= from_t // DAY_S * DAY_S,
        col(message.at) < until,
    )
    people: dict[tuple[float, MessageFate], set[str]] = defaultdict(set)
    with db.read() as session:
        for row in session.exec(days):
            people[row.at // DAY_S, _fate(row)].add(row.shopper_id)
    counts: Counter[MessageFate] = Counter()
    for (_, fate), who in people.items():
        counts[fate] += len(who) // k * k
    return {fate: n for fate, n in counts.items() if n}


def latest_messages(
    db: Database, store: str, *, from_t: float, to_t: float, limit: int = 50
) -> list[tuple[float, MessageFate]]:
    """When and what was decided in [from_t, to_t), the newest first: who it was is not said."""
    message = MessageTable
    mine = (col(message.store) == store, col(message.at) >= from_t, col(message.at) < to_t)
    rows = select(message).where(*mine).order_by(col(message.at).desc(), col(message.message_id)).limit(limit)
    with db.read() as session:
        return [(row.at, _fate(row)) for row in session.exec(rows)]


def _fate(row: MessageTable) -> MessageFate:
    channel = Channel(row.channel) if row.channel else None
    return MessageFate(MessageKind(row.kind), MessageOutcome(row.outcome), MessageReason(row.reason), channel)
