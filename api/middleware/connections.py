"""Connections bounded in number and in patience: callers who never finish a request do not keep others out.

uvicorn waits for ever for the rest of a request's head, and has no bound per address. Here a head must be complete
within `HEAD_S` and `HEAD_BYTES`, and a caller who reads nothing of an answer for `UNREAD_S` is let go; bodies have
their own time (`api.middleware.bodies`). Where there are too many connections the longest-waiting one gives way, of the
address that has most of them: those whose request is being answered, and live pages, never do.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Collection
from typing import Any, cast

from uvicorn.protocols.http.auto import AutoHTTPProtocol

from api.ratelimits import network_of

HEAD_S = 10.0
HEAD_BYTES = 65_536
UNREAD_S = 30.0
SPARE_FILES = 100  # of the process's open files, for the database and the broker


class Doorkeeper:
    """Counts the connections of one server. Used by its event loop alone."""

    def __init__(self, most: int, most_per_address: int, trusted: Collection[str]) -> None:
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._most = max(10, min(most, soft - SPARE_FILES))
        self._most_per_address, self._trusted = most_per_address, frozenset(trusted)
        self._of: dict[str, int] = {}
        self._waiting: dict[str, dict[Guarded, None]] = {}  # oldest first
        self._total = 0
        self.turned_away = 0

    def line(self, address: str) -> str:
        """What a caller's connections are counted by: all of its network has one share, and each proxy is itself."""
        return address if address in self._trusted else network_of(address)

    def enter(self, who: Guarded, address: str) -> bool:
        """Whether a new connection may stay; somebody who waits may have to give way to it."""
        crowded = self._of.get(address, 0) >= self._most_per_address and address not in self._trusted
        if (crowded and not self._give_way(address)) or (self._total >= self._most and not self._give_way(None)):
            self.turned_away += 1
            return False
        self._total += 1
        self._of[address] = self._of.get(address, 0) + 1
        return True

    def leave(self, who: Guarded, address: str) -> None:
        """A connection that had entered has gone."""
        self.wait(who, address, waits=False)
        self._total -= 1
        self._of[address] -= 1
        if not self._of[address]:
            del self._of[address]

    def wait(self, who: Guarded, address: str, *, waits: bool) -> None:
        """Whether a connection waits for its request to be complete."""
        waiting = self._waiting.setdefault(address, {})
        if waits:
            waiting.setdefault(who)
        else:
            waiting.pop(who, None)
        if not waiting:
            del self._waiting[address]

    def _give_way(self, address: str | None) -> bool:
        if address is None:
            address = max(self._waiting, key=lambda a: len(self._waiting[a]), default="")
        oldest = next(iter(self._waiting.get(address, ())), None)
        if oldest is None:
            return False
        self.turned_away += 1
        oldest.drop()
        return True


class Guarded(cast(Any, AutoHTTPProtocol)):  # type: ignore[misc]  # uvicorn's choice of parser
    """uvicorn's protocol with a door. `doorkeeper` is set by `make_protocol`."""

    doorkeeper: Doorkeeper
    _timer: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None
    _address = ""
    _inside = False
    _head_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A caller is here: time runs until the first request's head is complete."""
        super().connection_made(transport)
        self._address = self.doorkeeper.line(str(self.client[0]) if self.client else "")
        self._inside = self.doorkeeper.enter(self, self._address)
        if not self._inside:
            self.transport.abort()
            return
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Some of a request."""
        self._head_bytes += len(data)
        super().data_received(data)
        if self._is_busy():
            self._head_bytes = 0
        elif self._head_bytes > HEAD_BYTES:
            self.drop()
        self._watch()

    def handle_websocket_upgrade(self, *arguments: Any) -> None:
        """From here on the connection is another protocol's, which has its own pings."""
        self._go()
        super().handle_websocket_upgrade(*arguments)

    def handle_upgrade(self, *arguments: Any) -> None:
        """The same, under an older name."""
        self._go()
        super().handle_upgrade(*arguments)

    def connection_lost(self, exc: Exception | None) -> None:
        """The caller is gone."""
        self._go()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The caller reads slower than we write."""
        self._unread = self._unread or self.loop.call_later(UNREAD_S, self.drop)
        super().pause_writing()

    def resume_writing(self) -> None:
        """The caller has read enough for more to be written."""
        _cancel(self._unread)
        self._unread = None
        super().resume_writing()

    def drop(self) -> None:
        """Lets the caller go, now."""
        self._go()
        self.transport.abort()

    def _is_busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _watch(self) -> None:
        if not self._inside:
            return
        busy = self._is_busy()
        self.doorkeeper.wait(self, self._address, waits=not busy)
        if busy:
            _cancel(self._timer)
            self._timer = None
        elif self._timer is None:
            self._timer = self.loop.call_later(HEAD_S, self.drop)

    def on_response_complete(self) -> None:
        """An answer has gone out: the next request may come, within uvicorn's own time, and unless others need the
        room. Who hangs up first on a quiet connection should be the caller: what a sender posts at the moment in which
        we hang up is lost to it."""
        super().on_response_complete()
        self._head_bytes = 0
        if self._inside:
            self.doorkeeper.wait(self, self._address, waits=not self._is_busy())

    def _go(self) -> None:
        _cancel(self._timer)
        _cancel(self._unread)
        self._timer = self._unread = None
        if self._inside:
            self._inside = False
            self.doorkeeper.leave(self, self._address)


def make_protocol(doorkeeper: Doorkeeper) -> type[asyncio.Protocol]:
    """The protocol class of one server."""
    return cast(type[asyncio.Protocol], type("GuardedHere", (Guarded,), {"doorkeeper": doorkeeper}))


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
