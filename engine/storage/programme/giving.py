"""Points from elsewhere come to the ledger once their owner is known: one transaction each, once."""

from __future__ import annotations

from sqlmodel import Session

from engine.commerce.records import Customer
from engine.loyalty.ledger import PROGRAMME, earn
from engine.storage.commerce.given import list_due_given, lock_given
from engine.storage.database import Database, once_more
from engine.storage.loyalty.ledger import post_in
from engine.storage.loyalty.standing import digest_of
from engine.storage.programme.earning import member_of
from engine.vocabulary import EntryKind, GivenState

BATCH = 100


def post_given(db: Database, now: float, most: int = 2_000) -> int:
    """Posts what is due; what has no owner yet waits for one. How many were looked at."""
    done = 0
    while done < most:
        with db.read() as session:
            names = list_due_given(session, BATCH)
        looked = sum(_post_one(db, source, ref, now) for source, ref in names)
        done += looked
        if not looked:
            break
    return done


@once_more
def _post_one(db: Database, source: str, ref: str, now: float) -> bool:
    with db.write() as session:
        row = lock_given(session, source, ref)
        if row is None:
            return False
        member = _owner(session, row.digest)
        if member is None:
            row.state = GivenState.WAITING
            return True
        key = f"given:{digest_of([source, ref])}"
        kind, note = EntryKind(row.kind), source
        post_in(session, earn(key, PROGRAMME, kind, member, row.points, now, note, expires_at=row.expires_at))
        row.state = GivenState.POSTED
        return True


def _owner(session: Session, digest: str) -> str | None:
    """Digests of cards and mailboxes never meet: whichever it is, it is found."""
    return member_of(session, "", Customer(email=digest, card=digest))
