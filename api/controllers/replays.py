"""Messages that came before, to the byte: who listened in on one cannot send it again, to whichever process."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from dataclasses import dataclass, field

import anyio.to_thread
from anyio import CapacityLimiter

from engine.storage.database import Database
from engine.storage.once.received import claim_messages, forget_messages, purge_messages

_DIGEST_BYTES = 16
_PURGE_EVERY_S = 600.0


@dataclass(slots=True)
class _Asked:
    digest: bytes
    answer: asyncio.Future[bool] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class SeenMessages:
    """Asked on the event loop. All that ask while one transaction is under way go into the next: many messages at once
    cost the disk few commits. Time is an argument.

    A process that dies between asking and handing over has lost that one message: when it comes again it is known.
    """

    def __init__(self, db: Database, key: bytes) -> None:
        self._db, self._key = db, key
        self._waiting: list[_Asked] = []
        self._task: asyncio.Task[None] | None = None
        self._thread = CapacityLimiter(1)  # of its own: whoever waits for the database keeps no page waiting
        self._purged_at = float("-inf")

    async def is_new(self, source: str, body: bytes, now: float) -> bool:
        """Whether this body was not seen from this source lately. It is from now on. Raises StorageUnavailable."""
        asked = _Asked(self._digest(source, body))
        self._waiting.append(asked)
        if self._task is None:
            self._task = asyncio.create_task(self._ask(now))
        return await asked.answer

    async def forget(self, source: str, body: bytes) -> None:
        """It was not taken after all: it may come again. Raises StorageUnavailable."""
        await anyio.to_thread.run_sync(forget_messages, self._db, [self._digest(source, body)], limiter=self._thread)

    async def _ask(self, now: float) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                if not 0 <= now - self._purged_at < _PURGE_EVERY_S:
                    await anyio.to_thread.run_sync(purge_messages, self._db, now, limiter=self._thread)
                    self._purged_at = now
                new = await anyio.to_thread.run_sync(
                    claim_messages, self._db, [asked.digest for asked in batch], now, limiter=self._thread
                )
            except Exception as error:  # noqa: BLE001 - each of those who asked is told
                _tell_all(batch, error)
            else:
                for asked, answer in zip(batch, new, strict=True):
                    if not asked.answer.done():
                        asked.answer.set_result(answer)
        self._task = None

    def _digest(self, source: str, body: bytes) -> bytes:
        return hmac.new(self._key, source.encode() + b"\0" + body, hashlib.sha256).digest()[:_DIGEST_BYTES]


def _tell_all(batch: list[_Asked], error: Exception) -> None:
    for asked in batch:
        if not asked.answer.done():
            asked.answer.set_exception(error)
