"""The proof of the ledger: every entry sums to zero and says what it said, and balances equal their recomputation.

Triggers keep rows from being changed; this finds what went around them: a copy that was mended by hand, a disk that
lied, a mistake of ours.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import func
from sqlmodel import Session, col, select

from engine.loyalty.ledger import HELD, content_digest
from engine.records import LedgerEntry, Posting
from engine.storage.database import Database
from engine.storage.models.ledger import LedgerEntryTable, LedgerPostingTable
from engine.storage.status import EVERY_STORE, LEDGER, get_status, put_status
from engine.vocabulary import Account, EntryKind, LedgerFault

NIGHT_S = 20 * 3600.0
CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class LedgerProof:
    """How many entries were gone through, and how often each fault was found; none where all is well."""

    entries: int
    faults: dict[LedgerFault, int]

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


Holding = tuple[str, str, str, str]
"""Programme, member, account, lot."""


def prove(db: Database) -> LedgerProof:
    """Goes through all entries, oldest first. Who writes meanwhile is not disturbed, nor taken for a fault.

    Balances are sums over postings; they equal what the entries come to where every posting is of an entry.
    """
    faults: Counter[LedgerFault] = Counter()
    held: defaultdict[Holding, int] = defaultdict(int)
    number = 0
    with db.read() as session:
        for entry, content in _entries(session):
            number += 1
            if sum(p.amount for p in entry.postings) or len(entry.postings) < 2:
                faults[LedgerFault.UNBALANCED] += 1
            if content_digest(entry) != content:
                faults[LedgerFault.ALTERED] += 1
            for p in entry.postings:
                held[entry.programme, p.member, p.account, p.lot] += p.amount
    below = {(who[0], who[1]) for who, n in held.items() if who[2] in HELD and who[3] and n < 0}
    owned = {(who[0], who[1]) for who, n in held.items() if who[2] == Account.OWED and n > 0}
    if wrong := len(below | owned):
        faults[LedgerFault.BELOW_ZERO] += wrong
    if stray := _stray(db):
        faults[LedgerFault.BALANCE_DIFFERS] += stray
    return LedgerProof(number, dict(faults))


def prove_nightly(db: Database, now: float) -> int:
    """Proves the ledger, unless that was done within 20 h, and says on the health page what came of it. Returns how
    many faults there are, so that whoever keeps house logs them."""
    said = [row for row in get_status(db) if row.component == LEDGER]
    if said and now - said[0].at < NIGHT_S:
        return 0
    proof = prove(db)
    put_status(db, EVERY_STORE, LEDGER, {"entries": proof.entries, "ledger_faults": proof.faults}, now)
    return sum(proof.faults.values())


def _entries(session: Session) -> Iterator[tuple[LedgerEntry, str]]:
    """All entries with their postings and the digest that was written with them."""
    after = 0
    while True:
        newer = select(LedgerEntryTable).where(col(LedgerEntryTable.id) > after)
        rows = session.exec(newer.order_by(col(LedgerEntryTable.id)).limit(CHUNK)).all()
        if not rows:
            return
        ids = [row.id or 0 for row in rows]
        mine = select(LedgerPostingTable).where(col(LedgerPostingTable.entry_id).in_(ids))
        ordered = session.exec(mine.order_by(col(LedgerPostingTable.entry_id), col(LedgerPostingTable.id)))
        postings = {i: list(found) for i, found in groupby(ordered, key=lambda p: p.entry_id)}
        for row in rows:
            yield _entry(row, postings.get(row.id or 0, [])), row.content
        after = ids[-1]
        session.expunge_all()


def _entry(row: LedgerEntryTable, postings: list[LedgerPostingTable]) -> LedgerEntry:
    moved = tuple(Posting(Account(p.account), p.member, p.amount, p.lot) for p in postings)
    return LedgerEntry(row.key, row.programme, EntryKind(row.kind), row.at, moved, row.reverses, row.note)


def _stray(db: Database) -> int:
    """Postings that balances count and no entry of their programme has. As a posting is written with its entry, there
    are none but by a fault, whoever writes meanwhile."""
    posting, entry = LedgerPostingTable, LedgerEntryTable
    with db.read() as session:
        number = session.exec(
            select(func.count())
            .select_from(posting)
            .join(entry, col(entry.id) == col(posting.entry_id), isouter=True)
            .where(col(entry.id).is_(None) | (col(entry.programme) != col(posting.programme)))
        ).one()
        return int(number)
