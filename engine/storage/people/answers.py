"""What shoppers answered when they were asked: the last word of one, and how many said yes and no to each wording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import col, select

from engine.privacy.consent import ConsentChoice
from engine.privacy.k_anonymity import whole_ks
from engine.storage.database import Database
from engine.storage.models.shoppers import ConsentCountTable, ConsentTable
from engine.storage.upserts import upsert
from engine.vocabulary import Channel, Purpose


@dataclass(frozen=True, slots=True)
class Answer:
    """The last word on one purpose and channel, and when it was said (s UTC)."""

    granted: bool
    at: float


@dataclass(frozen=True, slots=True)
class AnswerCount:
    """How often one wording of one consent got a yes and a no, in whole steps of k."""

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
    """Somebody answered; who it was is not written down."""
    rows = [
        {"text_version": text_version, "purpose": c.purpose, "channel": c.channel, "granted": c.granted, "n": 1}
        for c in choices
    ]
    with db.write() as session:
        upsert(session, ConsentCountTable, rows, add=("n",))


def answer_counts(db: Database, k: int) -> list[AnswerCount]:
    """Yes and no by wording, newest first, each in whole steps of `k`: one answer more changes nothing that is shown
    but every k-th time, and then says that k people gave it."""
    counted: dict[tuple[str, str, str], dict[bool, int]] = {}
    with db.read() as session:
        for row in session.exec(select(ConsentCountTable)):
            counted.setdefault((row.text_version, row.purpose, row.channel), {})[row.granted] = row.n
    return [
        AnswerCount(version, Purpose(p), Channel(c), whole_ks(n.get(True, 0), k), whole_ks(n.get(False, 0), k))
        for (version, p, c), n in sorted(counted.items(), key=lambda item: item[0], reverse=True)
    ]
