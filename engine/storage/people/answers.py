"""What shoppers answered when they were asked: the last word of one, and how many said yes and no to each wording."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from engine.privacy.consent import ConsentChoice
from engine.privacy.k_anonymity import whole_ks
from engine.storage.database import Database
from engine.storage.models.shoppers import ConsentCountTable, ConsentLogTable, ConsentTable
from engine.storage.upserts import upsert
from engine.vocabulary import Channel, Purpose


@dataclass(frozen=True, slots=True)
class Answer:
    """The last word on one purpose and channel, and when it was said (s UTC)."""

    granted: bool
    at: float


@dataclass(frozen=True, slots=True)
class AnswerCount:
    """How many people say yes and no to one wording of one consent, in whole steps of k."""

    text_version: str
    purpose: Purpose
    channel: Channel
    yes: int
    no: int

    @property
    def yes_share(self) -> float | None:
        """The share of yes, of the counts as they are shown; None where there are too few."""
        return self.yes / (self.yes + self.no) if self.yes + self.no else None


def last_answers(db: Database, shopper_id: str) -> dict[tuple[Purpose, Channel], Answer]:
    """What one shopper said last, by purpose and channel."""
    with db.read() as session:
        rows = session.exec(select(ConsentTable).where(col(ConsentTable.shopper_id) == shopper_id))
        return {(Purpose(r.purpose), Channel(r.channel)): Answer(r.granted, r.at) for r in rows}


def count_answers(db: Database, choices: Sequence[ConsentChoice], text_version: str) -> None:
    """Somebody answered of whom nothing is kept; who it was is not written down."""
    with db.write() as session:
        upsert(session, ConsentCountTable, [_make_row(text_version, c, c.granted, 1) for c in choices], add=("n",))


def recount_answers(
    session: Session, shopper_id: str, choices: Iterable[ConsentChoice], text_version: str, *, new: bool = False
) -> None:
    """The latest answer of a person to a wording counts, and none of theirs before: in the transaction that logs it,
    before it is logged. `new`: they have answered nothing yet."""
    if new:
        upsert(session, ConsentCountTable, [_make_row(text_version, c, c.granted, 1) for c in choices], add=("n",))
        return
    log = select(ConsentLogTable.purpose, ConsentLogTable.channel, ConsentLogTable.granted).where(
        col(ConsentLogTable.shopper_id) == shopper_id, col(ConsentLogTable.text_version) == text_version
    )
    before = {(p, c): granted for p, c, granted in session.exec(log.order_by(col(ConsentLogTable.id)))}
    rows = []
    for choice in choices:
        was = before.get((choice.purpose, choice.channel))
        if was is choice.granted:
            continue
        rows.append(_make_row(text_version, choice, choice.granted, 1))
        if was is not None:
            rows.append(_make_row(text_version, choice, was, -1))
    upsert(session, ConsentCountTable, rows, add=("n",))


def answer_counts(db: Database, k: int) -> list[AnswerCount]:
    """Yes and no by wording, newest first, each in whole steps of `k`.

    A step is taken when k people more, or fewer, stand behind a count than when it last took one, and is kept: who
    changes their answer to and fro at a border of k moves nothing, and no two looks differ by fewer than k.
    """
    counted: dict[tuple[str, str, str], dict[bool, int]] = {}
    with db.write() as session:
        for row in session.exec(select(ConsentCountTable).with_for_update()):
            row.shown += math.trunc((row.n - row.shown) / k) * k
            counted.setdefault((row.text_version, row.purpose, row.channel), {})[row.granted] = row.shown
    return [
        AnswerCount(version, Purpose(p), Channel(c), whole_ks(n.get(True, 0), k), whole_ks(n.get(False, 0), k))
        for (version, p, c), n in sorted(counted.items(), key=lambda item: item[0], reverse=True)
    ]


def _make_row(text_version: str, choice: ConsentChoice, granted: bool, n: int) -> dict[str, Any]:
    return {
        "text_version": text_version,
        "purpose": choice.purpose,
        "channel": choice.channel,
        "granted": granted,
        "n": n,
        "shown": 0,
    }
