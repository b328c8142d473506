"""The key pairs that push services know us by (VAPID, RFC 8292), made at the first start and rotated on request.

Private halves are sealed (AES-256-GCM) under a key derived from the site's, so that all processes of a site share one
pair, a backup has it, and the database alone is of no use to anybody.
"""

from __future__ import annotations

import base64
import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlmodel import Session, col, select

from engine.storage.database import Database
from engine.storage.models.sending.push import PushKeyTable
from engine.storage.upserts import named_lock

PURPOSE = "push keys"
"""What the sealing key is derived for."""
KEPT = 4
"""Pairs kept: browsers that subscribed under an older one are pushed to until their page is opened again."""
FRESH_S = 60.0
_NONCE = 12


@dataclass(frozen=True, slots=True)
class PushKey:
    """A pair. `public` is what a browser is told (`applicationServerKey`), `private` the 32 bytes of the scalar."""

    key_id: str
    public: str
    made_at: float
    private: bytes = field(repr=False, default=b"")


class PushKeyRing:
    """The pairs of a site, read anew every minute: a rotation reaches every process. Thread-safe."""

    def __init__(self, db: Database, seal: bytes, clock: Callable[[], float] = time.time) -> None:
        self._db, self._seal, self._clock = db, seal, clock
        self._keys: list[PushKey] = []
        self._read_at = -FRESH_S

    def keys(self) -> list[PushKey]:
        """All of them, the present one first. Raises StorageUnavailable."""
        now = self._clock()
        if not self._keys or now - self._read_at >= FRESH_S:
            self._keys, self._read_at = load_push_keys(self._db, self._seal, now), now
        return self._keys


def load_push_keys(db: Database, seal: bytes, now: float) -> list[PushKey]:
    """All pairs, the present one first; the first is made where there is none.

    Those of another site key cannot be opened and are left out; where none is left, a new one is made.
    """
    with db.write() as session:
        named_lock(session, "push_keys")
        keys = _open_all(session, seal)
        return keys or [_make(session, seal, now)]


def rotate_push_key(db: Database, seal: bytes, now: float) -> PushKey:
    """A new pair, which browsers are told from now on. The oldest beyond `KEPT` are deleted."""
    with db.write() as session:
        named_lock(session, "push_keys")
        made = _make(session, seal, now)
        for row in _rows(session)[KEPT:]:
            session.delete(row)
        return made


def _make(session: Session, seal: bytes, now: float) -> PushKey:
    pair = ec.generate_private_key(ec.SECP256R1())
    private = pair.private_numbers().private_value.to_bytes(32, "big")
    point = pair.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    public = base64.urlsafe_b64encode(point).rstrip(b"=").decode()
    key_id = hashlib.sha256(point).hexdigest()[:8]
    nonce = os.urandom(_NONCE)
    sealed = nonce + AESGCM(seal).encrypt(nonce, private, public.encode())
    session.add(PushKeyTable(key_id=key_id, public=public, sealed=sealed, made_at=now))
    session.flush()
    return PushKey(key_id, public, now, private)


def _rows(session: Session) -> list[PushKeyTable]:
    return list(session.exec(select(PushKeyTable).order_by(col(PushKeyTable.made_at).desc(), col(PushKeyTable.key_id))))


def _open_all(session: Session, seal: bytes) -> list[PushKey]:
    found = []
    for row in _rows(session):
        try:
            private = AESGCM(seal).decrypt(row.sealed[:_NONCE], row.sealed[_NONCE:], row.public.encode())
        except InvalidTag:
            continue
        found.append(PushKey(row.key_id, row.public, row.made_at, private))
    return found
