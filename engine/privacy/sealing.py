"""Bytes that only the holder of the day's key can read, or change unnoticed: AES-256-GCM (NIST SP 800-38D).

Sealed bytes are `RS1`, the beginning of the day (8 bytes, s UTC), a random nonce (12 bytes), then ciphertext and tag.
Store and day are authenticated with it. Compress before: sealed bytes do not shrink.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.privacy.day_keys import DayKeys
from engine.privacy.nights import SaltDay

MAGIC = b"RS1"
_NONCE = 12
_HEAD = len(MAGIC) + 8


class Sealed(ValueError):
    """Bytes that cannot be opened. `gone`: the key of the day that began at `begun_at` is not there; else they were
    changed."""

    def __init__(self, begun_at: int, *, gone: bool) -> None:
        super().__init__("the key of its day is gone" if gone else "damaged: it is not what was sealed")
        self.gone, self.begun_at = gone, begun_at


class Seal:
    """Seals and opens what belongs to one store. Used by one thread."""

    def __init__(self, store: str, keys: DayKeys) -> None:
        self._store, self._keys = store, keys
        self._day: SaltDay | None = None
        self._key = b""

    def close(self, plain: bytes, day: SaltDay) -> bytes:
        """The bytes, sealed under the key of `day`."""
        if day != self._day:
            self._day, self._key = day, self._keys.key(self._store, day)
        head, nonce = MAGIC + day.begins_at.to_bytes(8, "big"), os.urandom(_NONCE)
        return head + nonce + AESGCM(self._key).encrypt(nonce, plain, head + self._store.encode())

    def open(self, sealed: bytes) -> bytes:
        """The inverse. Bytes that were never sealed (of an earlier version) stay as they are. Raises Sealed."""
        if not sealed.startswith(MAGIC):
            return sealed
        head, nonce = sealed[:_HEAD], sealed[_HEAD : _HEAD + _NONCE]
        begun_at = int.from_bytes(head[len(MAGIC) :], "big")
        key = self._keys.find(self._store, begun_at)
        if key is None:
            raise Sealed(begun_at, gone=True)
        try:
            return AESGCM(key).decrypt(nonce, sealed[_HEAD + _NONCE :], head + self._store.encode())
        except (InvalidTag, ValueError) as error:
            raise Sealed(begun_at, gone=False) from error

    def destroy_others(self, day: SaltDay) -> int:
        """Everything of the store is sealed under the key of `day` now: destroys the keys of other days."""
        return self._keys.destroy_others(self._store, day)
