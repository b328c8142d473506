"""Which keys open what: those of the database, looked at every few seconds, and the two of the environment."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.rights import ROLE_RIGHTS, SCOPE_RIGHTS
from engine.errors import StorageUnavailable
from engine.privacy.secrets import Secrets
from engine.storage.accounts.audit import Actor
from engine.storage.accounts.people import ConsoleAccount
from engine.storage.keys import EVERY_STORE, FINGERPRINT_CHARS, digest_of, list_keys
from engine.vocabulary import KeyScope, Right

if TYPE_CHECKING:
    from engine.storage.database import Database

LOOK_S = 5.0  # a key that was revoked opens nothing after so long


@dataclass(frozen=True, slots=True)
class Grant:
    """What a caller may do: `opens` holds rights and their store (`*`: every one), `scope` is a key's and no person's.

    `name` is who it was, for logs and audits: a person's account, or the fingerprint of a key, which is not the key.
    `line` is the same for a key and those that it was rotated from: who asks again under the next key is no other.
    `called` is what a key was called when it was made.
    """

    scope: KeyScope | None
    opens: tuple[tuple[frozenset[Right], str], ...]
    fingerprint: str
    name: str
    account_id: str = ""
    line: str = ""
    called: str = ""

    @property
    def actor(self) -> Actor:
        """The same, as the audit log has it."""
        return Actor(self.name, self.account_id)

    @property
    def store(self) -> str:
        """The one store it is for, which every key has (`*`: all of them); empty for several."""
        return self.opens[0][1] if len(self.opens) == 1 else ""

    def may(self, right: Right, store: str | None) -> bool:
        """Whether this caller has the right in `store`; None: in all of them, which is what belongs to no store."""
        return any(right in rights and where in (EVERY_STORE, store) for rights, where in self.opens)

    def may_somewhere(self, right: Right) -> bool:
        """Whether there is a store where this caller has the right."""
        return any(right in rights for rights, _ in self.opens)

    def covers(self, store: str | None) -> bool:
        """Whether it opens anything of `store`; None is what belongs to all stores. Whoever it does not cover is told
        that there is no such store."""
        return any(rights and where in (EVERY_STORE, store) for rights, where in self.opens)

    def where(self, right: Right) -> frozenset[str]:
        """The stores where this caller has the right; `*` is every one."""
        return frozenset(where for rights, where in self.opens if right in rights)


def grant_of(account: ConsoleAccount) -> Grant:
    """What a person may do by their roles."""
    opens = tuple((ROLE_RIGHTS[role], store) for role, store in account.roles)
    return Grant(None, opens, account.account_id, account.name, account.account_id)


class KeyRing:
    """The keys of one site. Thread-safe. Keys are compared by their hashes: no time of ours tells how near one was."""

    def __init__(self, db: Database, secrets: Secrets) -> None:
        self._db = db
        given: tuple[tuple[KeyScope, str], ...] = (("manager", secrets.manager_key), ("till", secrets.till_key))
        digests = {digest_of(key): scope for scope, key in given if key}
        self._given = {
            digest: _grant(scope, EVERY_STORE, digest, digest_fingerprint(digest)) for digest, scope in digests.items()
        }
        self._kept: dict[str, tuple[Grant, float | None]] = {}
        self._looked_at = -LOOK_S
        self._lock = threading.Lock()

    def find(self, key: str) -> Grant | None:
        """What the presented key opens now."""
        return self._of(digest_of(key))

    def find_fingerprint(self, fingerprint: str | None) -> Grant | None:
        """What the key of this fingerprint opens now: for cookies, which end with their key."""
        for digest in {*self._given, *self._look()} if fingerprint else ():
            if digest.startswith(str(fingerprint)) and len(str(fingerprint)) == FINGERPRINT_CHARS:
                return self._of(digest)
        return None

    def _of(self, digest: str) -> Grant | None:
        if digest in self._given:
            return self._given[digest]
        grant, ends_at = self._look().get(digest, (None, None))
        return grant if ends_at is None or time.time() < ends_at else None

    def _look(self) -> dict[str, tuple[Grant, float | None]]:
        with self._lock:
            now = time.monotonic()
            if now - self._looked_at >= LOOK_S:
                self._looked_at = now
                with suppress(StorageUnavailable):  # what was known last holds; the request itself will say so
                    keys = list_keys(self._db)
                    self._kept = {
                        k.digest: (_grant(k.scope, k.store, k.digest, k.line, k.name), k.ends_at) for k in keys
                    }
            return self._kept


def key_fingerprint(key: str) -> str:
    """A short name for a key, that says nothing of it."""
    return digest_fingerprint(digest_of(key))


def digest_fingerprint(digest: str) -> str:
    """The same for a key of which only the hash is known."""
    return digest[:FINGERPRINT_CHARS]


def _grant(scope: KeyScope, store: str, digest: str, line: str, called: str = "") -> Grant:
    fingerprint = digest[:FINGERPRINT_CHARS]
    return Grant(scope, ((SCOPE_RIGHTS[scope], store),), fingerprint, fingerprint, line=line, called=called)
