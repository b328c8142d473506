"""The live page stream: one poll of the outbox feeds every open page of this process.

A delivery is sent to all open pages of its shopper and stays pending until one of them says that it was really shown.
A page that reconnects gets everything still pending again, so nothing depends on a connection staying up.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.delivery.patience import growing_pauses
from engine.records import Delivery, WalletChange

POLL_S = 0.2  # how long a voucher waits at most before it is on its way
QUEUE_EVENTS = 64  # a page this far behind is cut off; it reconnects and gets what is still pending
BACK_OFF_MAX_S = 10.0
SAID_AGAIN_S = 20.0  # how often other processes are told again which pages are open here
SESSIONS_S = 2.0  # how often it is asked whether those who read are still signed in


@dataclass(frozen=True, slots=True)
class Pending:
    """A delivery waiting for its page, and what the page shows of it."""

    delivery: Delivery
    payload: dict[str, Any]


FetchAll = Callable[[float, int], Sequence[Pending]]
"""(now, after_id) -> a batch of pending deliveries with larger ids, ascending; ids become visible in their order."""
FetchChanges = Callable[[int], Sequence[WalletChange]]
"""(after_id) -> a batch of what became of coupons, ascending; ids become visible in their order."""
FetchBack = Callable[[float], Sequence[Pending]]
"""(now) -> what other channels gave back to the page a moment ago; the same again for some seconds."""
FetchRegrouped = Callable[[int], Sequence[tuple[int, frozenset[str]]]]
"""(after_id) -> ids, ascending, and shoppers of profiles that became one or two; ids become visible in their order."""
FetchOne = Callable[[str, float], Sequence[Pending]]
"""(shopper_id, now) -> all pending deliveries of that shopper, ascending."""
FetchEnded = Callable[[Collection[str], float], Collection[str]]
"""(session_ids, now) -> those that are signed in no more."""
NotePages = Callable[[Collection[str], Collection[str], float], None]
"""(opened, closed, now): tells other processes which shoppers have a page open here, and which none any more."""


@dataclass(eq=False)
class PageStream:
    """One open page. `None` in the queue ends it. `session_id` is its browser's, empty where that has none."""

    shopper_id: str
    session_id: str = ""
    queue: asyncio.Queue[Pending | WalletChange | None] = field(default_factory=lambda: asyncio.Queue(QUEUE_EVENTS))
    sent: dict[int, float] = field(default_factory=dict)  # delivery id -> when it expires
    open: bool = True
    early: list[Pending] | None = None
    """What comes while it is read what is pending, and follows that; None afterwards."""

    def offer(self, pending: Pending) -> None:
        """Queues the delivery once. A queue that is full ends the stream."""
        if self.early is not None:
            self.early.append(pending)
            return
        delivery = pending.delivery
        if not self.open or delivery.delivery_id in self.sent:
            return
        if self.queue.full():
            self.end()
            return
        self.sent[delivery.delivery_id] = delivery.expires_at
        self.queue.put_nowait(pending)

    def tell(self, change: WalletChange) -> None:
        """Queues what became of a coupon. A queue that is full ends the stream: the page then asks for its coupons."""
        if not self.open:
            return
        if self.queue.full():
            self.end()
            return
        self.queue.put_nowait(change)

    def end(self) -> None:
        """Makes the reader stop, after at most one more event."""
        self.open = False
        if self.queue.full():
            self.queue.get_nowait()  # still pending in the outbox: the page gets it when it reconnects
        self.queue.put_nowait(None)

    def forget_expired(self, now: float) -> None:
        """Drops ids that the outbox will not show again."""
        self.sent = {i: expires_at for i, expires_at in self.sent.items() if expires_at > now}


class OpenPage:
    """A page's stream while it is open. Not a generator: a loop that ends closes all of those at once, and one that is
    closed before what waits in it makes that fail."""

    def __init__(self, hub: PageHub, stream: PageStream) -> None:
        self._hub, self._stream = hub, stream

    async def __aenter__(self) -> PageStream:
        try:
            await self._hub.open(self._stream)
        except BaseException:
            self._hub.forget(self._stream)
            raise
        return self._stream

    async def __aexit__(self, *_: object) -> None:
        self._hub.forget(self._stream)


class PageHub:
    """All open pages of this process. Every method runs on the event loop.

    `fetch_changes` is followed from `latest_change` on while any page is open, and so is `fetch_regrouped`: a page of a
    profile that has joined another, or is its own again, ends, and comes back as whose it is by then.
    """

    def __init__(
        self,
        fetch_all: FetchAll,
        fetch_one: FetchOne,
        clock: Callable[[], float] = time.time,
        *,
        fetch_back: FetchBack = lambda _: (),
        fetch_changes: FetchChanges = lambda _: (),
        latest_change: Callable[[], int] = lambda: 0,
        fetch_ended: FetchEnded = lambda ids, now: (),
        fetch_regrouped: FetchRegrouped = lambda _: (),
        latest_regrouped: Callable[[], int] = lambda: 0,
        note_pages: NotePages | None = None,
    ) -> None:
        self._fetch_ended, self._asked_at = fetch_ended, 0.0
        self._note_pages, self._said, self._said_at = note_pages, frozenset[str](), 0.0
        self._fetch_back = fetch_back
        self._fetch_regrouped, self._latest_regrouped = fetch_regrouped, latest_regrouped
        self._after_regrouped: int | None = None
        self._fetch_changes, self._latest_change = fetch_changes, latest_change
        self._after_change: int | None = None
        self._fetch_all = fetch_all
        self._fetch_one = fetch_one
        self._clock = clock
        self._streams: dict[str, set[PageStream]] = {}
        self._after_id = 0
        self._closing = asyncio.Event()

    @property
    def open_pages(self) -> int:
        """How many pages are open now."""
        return sum(len(streams) for streams in self._streams.values())

    @property
    def closing(self) -> bool:
        """Whether every open page is to end."""
        return self._closing.is_set()

    def shoppers(self) -> frozenset[str]:
        """Who has a page open in this process."""
        return frozenset(self._streams)

    def page(self, shopper_id: str, session_id: str = "") -> OpenPage:
        """`async with hub.page(...) as stream:` opens a stream for one page, everything pending first; it ends with
        the browser's session. Entering raises StorageUnavailable."""
        return OpenPage(self, PageStream(shopper_id, session_id))

    async def open(self, stream: PageStream) -> None:
        """Lets it have what is pending, and then what comes."""
        if self._closing.is_set():
            stream.end()
        stream.early = []
        self._streams.setdefault(stream.shopper_id, set()).add(stream)  # before reading: nothing falls in between
        if self._after_regrouped is None:
            self._after_regrouped = await asyncio.to_thread(self._latest_regrouped)
        if self._after_change is None:
            self._after_change = await asyncio.to_thread(self._latest_change)
        waiting = await asyncio.to_thread(self._fetch_one, stream.shopper_id, self._clock())
        early, stream.early = stream.early, None
        for pending in (*waiting, *early):
            stream.offer(pending)

    def forget(self, stream: PageStream) -> None:
        """Nothing is offered to it any more."""
        streams = self._streams[stream.shopper_id]
        streams.discard(stream)
        if not streams:
            del self._streams[stream.shopper_id]

    async def run(self) -> None:
        """Polls until closed or cancelled. A database that is away is tried again with growing pauses."""
        closing = self._closing
        patiently = growing_pauses(
            "outbox", 2 * POLL_S, BACK_OFF_MAX_S, sleep=self._pause, stop=lambda _: closing.is_set()
        )
        while not closing.is_set():
            await patiently(self._look)
            await self._pause(POLL_S)

    def close(self) -> None:
        """Ends every open page; pages opened from now on end at once. On the event loop."""
        self._closing.set()
        for streams in self._streams.values():
            for stream in streams:
                stream.end()

    async def _pause(self, pause_s: float) -> None:
        """Waits, but not once the hub is closed."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), pause_s)

    async def _look(self) -> None:
        """Reads what is new, batch by batch, and hands it out; nothing where no page is open."""
        await self._say_who_reads()
        if not self._streams:
            self._after_change = self._after_regrouped = None  # who opens a page asks for the coupons as they are then
            return
        await self._look_for_regrouped()
        now = self._clock()
        await self._end_signed_out(now)
        while rows := await asyncio.to_thread(self._fetch_all, now, self._after_id):
            self._offer(rows)
            self._after_id = rows[-1].delivery.delivery_id
        self._offer(await asyncio.to_thread(self._fetch_back, now))
        await self._look_for_changes()
        for streams in self._streams.values():
            for stream in streams:
                stream.forget_expired(now)

    async def _say_who_reads(self) -> None:
        """Tells other processes who has come and gone, and now and then who is still there."""
        if self._note_pages is None:
            return
        now, reading = self._clock(), self.shoppers()
        again = now - self._said_at >= SAID_AGAIN_S
        opened, closed = reading if again else reading - self._said, self._said - reading
        if opened or closed:
            await asyncio.to_thread(self._note_pages, opened, closed, now)
        self._said, self._said_at = reading, now if again else self._said_at

    async def _end_signed_out(self, now: float) -> None:
        """Ends the pages of browsers that were signed out, wherever that was done."""
        if now - self._asked_at < SESSIONS_S:
            return
        self._asked_at = now
        reading = [s for streams in self._streams.values() for s in streams if s.session_id]
        if reading:
            ended = set(await asyncio.to_thread(self._fetch_ended, {s.session_id for s in reading}, now))
            for stream in reading:
                if stream.session_id in ended:
                    stream.end()

    def _offer(self, rows: Sequence[Pending]) -> None:
        """To the open pages of each one's shopper that have not had it yet."""
        for pending in rows:
            for stream in self._streams.get(pending.delivery.shopper_id, ()):
                stream.offer(pending)

    async def _look_for_changes(self) -> None:
        """The same for what became of coupons."""
        while self._after_change is not None:
            changes = await asyncio.to_thread(self._fetch_changes, self._after_change)
            if not changes:
                return
            for change in changes:
                for stream in self._streams.get(change.shopper_id, ()):
                    stream.tell(change)
            self._after_change = changes[-1].change_id

    async def _look_for_regrouped(self) -> None:
        """Ends the pages of profiles that became one or two."""
        while self._after_regrouped is not None:
            found = await asyncio.to_thread(self._fetch_regrouped, self._after_regrouped)
            if not found:
                return
            for _, shoppers in found:
                for stream in [s for who in shoppers for s in self._streams.get(who, ())]:
                    stream.end()
            self._after_regrouped = found[-1][0]
