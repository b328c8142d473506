"""Access keys: made once and shown once, kept as hashes, per store and scope, rotated with an overlap.

A key holds 192 bits of chance, so that its SHA-256 tells nothing and needs no salt: it is found by its hash.
"""

from __future__ import annotations

import hashlib
import secrets as randomness
from dataclasses import dataclass
from typing import get_args

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from engine.errors import NotFound
from engine.storage.database import Database
from engine.storage.models.accounts import ConsoleAccountTable
from engine.storage.models.keys import AccessKeyTable
from engine.storage.upserts import named_lock, table_of
from engine.vocabulary import KeyScope

SCOPES: tuple[KeyScope, ...] = get_args(KeyScope)
FIRST: tuple[KeyScope, ...] = ("manager", "till", "health")
"""Those that a new site gets a key of by itself."""
EVERY_STORE = "*"
ERASED_AS = "#"
"""Before the id of an account that was erased, where its name stood."""
FINGERPRINT_CHARS = 16
"""Of a key's hash: how logs and histories call it."""


@dataclass(frozen=True, slots=True)
class AccessKey:
    """What a key opens: `scope` in `store` (`*`: every one), until `ends_at` (s UTC; None: for good).

    `held_by` is the id of the account that has it, empty where nobody said. `line` is one name for it and all keys that
    it was rotated from: the fingerprint of the first.
    """

    key_id: str
    digest: str
    scope: KeyScope
    store: str
    name: str
    made_at: float
    ends_at: float | None
    held_by: str = ""
    line: str = ""

    def holds(self, now: float) -> bool:
        """Whether it opens anything now."""
        return self.ends_at is None or now < self.ends_at


def digest_of(key: str) -> str:
    """The hash that a key is known by."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def add_key(
    db: Database, scope: KeyScope, now: float, *, store: str = EVERY_STORE, name: str = "", held_by: str = ""
) -> tuple[str, str]:
    """Makes a key, for the account `held_by` where it is one's.

    Returns (its id, the key itself, which is nowhere else from now on). Raises NotFound for an account that is closed
    or erased: it would have a key that works.
    """
    with db.write() as session:
        return _add(session, scope, now, store, name, held_by)


def add_first_keys(db: Database, now: float) -> dict[KeyScope, str]:
    """A new site's: a key of each of FIRST, by scope. All are made, or none."""
    with db.write() as session:
        return {scope: _add(session, scope, now, EVERY_STORE, "first", "")[1] for scope in FIRST}


def _add(
    session: Session, scope: KeyScope, now: float, store: str, name: str, held_by: str, line: str = ""
) -> tuple[str, str]:
    if held_by:
        named_lock(session, "accounts")
        account = session.get(ConsoleAccountTable, held_by)
        if account is None or account.disabled_at is not None:
            raise NotFound("no such account, or a closed one")
    key_id = randomness.token_hex(4)
    key = f"rayon-{scope}-{key_id}-{randomness.token_urlsafe(24)}"
    digest = digest_of(key)
    row = AccessKeyTable(
        key_id=key_id, digest=digest, scope=scope, store=store, name=name, held_by=held_by, line=line, made_at=now
    )
    session.add(row)
    session.flush()
    return key_id, key


def list_keys(db: Database) -> list[AccessKey]:
    """All of them, oldest first, those that ended too."""
    with db.read() as session:
        rows = session.exec(select(AccessKeyTable).order_by(col(AccessKeyTable.made_at), col(AccessKeyTable.key_id)))
        return [_key(row) for row in rows]


def end_key(db: Database, key_id: str, at: float) -> AccessKey:
    """Ends a key at `at` (s UTC), or earlier where it ended earlier. Raises NotFound."""
    with db.write() as session:
        return _end(session, key_id, at)


def _end(session: Session, key_id: str, at: float) -> AccessKey:
    row = session.get(AccessKeyTable, key_id, with_for_update=True)
    if row is None:
        raise NotFound(f"no key {key_id}")
    row.ends_at = at if row.ends_at is None else min(row.ends_at, at)
    session.flush()
    return _key(row)


def rotate_key(db: Database, key_id: str, now: float, overlap_s: float) -> tuple[str, str]:
    """A new key that opens the same; the old one goes on for `overlap_s`. Returns (id, key).

    Raises NotFound, also for a key that has ended: what was revoked is not brought back, nor is the key of an account
    that is closed or erased meanwhile.
    """
    with db.write() as session:
        named_lock(session, "accounts")  # before the key's row, as for whoever closes an account
        old = session.get(AccessKeyTable, key_id, with_for_update=True)
        if old is not None and old.ends_at is not None and old.ends_at <= now:
            raise NotFound(f"key {key_id} has ended; `rayon keys add` makes another")
        kept = _end(session, key_id, now + overlap_s)
        return _add(session, kept.scope, now, kept.store, kept.name, kept.held_by, kept.line)


def end_keys_of(session: Session, account_id: str, now: float) -> None:
    """Ends every key that this account has, inside the caller's transaction and under its lock on accounts."""
    table = table_of(AccessKeyTable)
    open_ones = (table.c.held_by == account_id) & (func.coalesce(table.c.ends_at, now + 1.0) > now)
    session.connection().execute(update(table).where(open_ones).values(ends_at=now))


def key_holders(session: Session) -> dict[str, str]:
    """The names of the accounts that have keys, by the keys' fingerprints; none of a key whose holder nobody said. An
    account that was erased has its number, as in histories: its keys stay one person's."""
    account = ConsoleAccountTable
    known = select(AccessKeyTable.digest, AccessKeyTable.held_by, account.name).where(col(AccessKeyTable.held_by) != "")
    found = session.exec(known.join(account, col(AccessKeyTable.held_by) == col(account.account_id), isouter=True))
    return {digest[:FINGERPRINT_CHARS]: name or ERASED_AS + held_by for digest, held_by, name in found}


def _key(row: AccessKeyTable) -> AccessKey:
    scope = next(s for s in SCOPES if s == row.scope)
    line = row.line or row.digest[:FINGERPRINT_CHARS]
    return AccessKey(row.key_id, row.digest, scope, row.store, row.name, row.made_at, row.ends_at, row.held_by, line)
