"""The first answer to a write, given again byte for byte to whoever repeats it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlmodel import Session, col

from engine.storage.database import Database
from engine.storage.models.running import IdempotencyTable, RequestState
from engine.storage.upserts import age_s, database_time, table_of, upsert

RENEWED_S = 1.0  # a request in flight says so often that it is still being worked on
ABANDONED_S = 4.0  # one that has not said so for so long died with its process: the next one may try again
KEEP_S = 86_400.0  # how long a first answer is kept
SIGN_IN_KEEP_S = 600.0  # that of a sign-in: an answer that got lost is asked for again within minutes
SHOPPER = "shopper:"
MOST_OF_A_SHOPPER, MOST_OF_A_CALLER = 200, 20_000
"""Answers kept of one shopper, and of one key or address: whoever makes more loses their own oldest."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """Never seen: do it, `keep` it meanwhile, then `finish` or `abandon`."""


@dataclass(frozen=True, slots=True)
class Replay:
    """Done before: this was the answer. `salt` leads to the session that it made, if it made one."""

    status: int
    media_type: str
    body: bytes
    salt: str = ""


@dataclass(frozen=True, slots=True)
class InFlight:
    """Another request with this key is being worked on."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The key was used with another body."""


def begin(
    db: Database, scope: str, key: str, body_hash: str, now: float | None = None, *, keep_s: float = KEEP_S
) -> Fresh | Replay | InFlight | Mismatch:
    """Takes the key for this request, or says what became of it before. Of many at once, one gets Fresh.

    The scope's first word is the caller, of whom so many answers are kept and no more.
    Who got it calls `keep` every RENEWED_S, then `finish` or `abandon`. `now` is the database's time unless it is
    given: API servers on several hosts must agree on who died.
    """
    with db.write() as session:
        now = database_time(session) if now is None else now
        caller = scope.partition(" ")[0]
        row = {"scope": scope, "key": key, "body_hash": body_hash, "state": RequestState.NEW, "at": now}
        row["caller"] = caller
        upsert(session, IdempotencyTable, [row])
        stored = session.get_one(IdempotencyTable, (scope, key), with_for_update=True)
        done = stored.state == RequestState.DONE
        too_old = now - stored.at >= keep_s if done else age_s(stored.at, now) >= ABANDONED_S
        if stored.state == RequestState.NEW or too_old:
            stored.state, stored.body_hash, stored.at = RequestState.IN_FLIGHT, body_hash, now
            stored.status = stored.media_type = stored.body = None
            stored.session_id = stored.salt = ""
            session.flush()
            _make_room(session, caller)
            return Fresh()
        if stored.body_hash != body_hash:
            return Mismatch()
        if stored.state == RequestState.DONE:
            return Replay(stored.status or 0, stored.media_type or "", stored.body or b"", stored.salt)
        return InFlight()


def _make_room(session: Session, caller: str) -> None:
    """Forgets a caller's oldest answers where there are too many. Requests in flight are nobody's answer yet."""
    most = MOST_OF_A_SHOPPER if caller.startswith(SHOPPER) else MOST_OF_A_CALLER
    table = table_of(IdempotencyTable)
    newest = select(table.c.at).where(table.c.caller == caller).order_by(table.c.at.desc())
    oldest_kept = session.connection().execute(newest.offset(most - 1).limit(1)).scalar_one_or_none()
    if oldest_kept is not None:
        old = (table.c.caller == caller) & (table.c.at < oldest_kept) & (table.c.state == RequestState.DONE)
        session.connection().execute(delete(table).where(old))


def keep(db: Database, scope: str, key: str, now: float | None = None) -> None:
    """Says that the request with this key is still being worked on."""
    with db.write() as session:
        stored = session.get(IdempotencyTable, (scope, key), with_for_update=True)
        if stored is not None and stored.state == RequestState.IN_FLIGHT:
            stored.at = database_time(session) if now is None else now


def finish(
    db: Database,
    scope: str,
    key: str,
    status: int,
    media_type: str,
    body: bytes,
    *,
    session_id: str = "",
    salt: str = "",
) -> None:
    """Keeps the answer for all who ask again; where it made a session, as long as that lives."""
    with db.write() as session:
        stored = session.get(IdempotencyTable, (scope, key), with_for_update=True)
        if stored is not None:
            stored.state, stored.status, stored.media_type, stored.body = RequestState.DONE, status, media_type, body
            stored.session_id, stored.salt = session_id, salt


def abandon(db: Database, scope: str, key: str) -> None:
    """Nothing was done: the next request with this key is the first again."""
    with db.write() as session:
        session.connection().execute(
            delete(table_of(IdempotencyTable)).where(
                col(IdempotencyTable.scope) == scope,
                col(IdempotencyTable.key) == key,
                col(IdempotencyTable.state) != RequestState.DONE,
            )
        )


def forget_visitor(session: Session, visitor: str) -> None:
    """Whoever was recognised is so no more: what clerks were answered of them is given to nobody again."""
    scope = col(IdempotencyTable.scope)
    session.connection().execute(
        delete(table_of(IdempotencyTable)).where(scope.contains(f"/visitors/{visitor}/", autoescape=True))
    )


def purge(db: Database, now: float) -> int:
    """Forgets answers older than a day, and sign-ins older than minutes. How many."""
    with db.write() as session:
        table = table_of(IdempotencyTable)
        old = (table.c.at < now - KEEP_S) | ((table.c.session_id != "") & (table.c.at < now - SIGN_IN_KEEP_S))
        return int(session.connection().execute(delete(table).where(old)).rowcount)
