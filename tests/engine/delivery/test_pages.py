"""The page hub against an outbox written out in the test: what is pending is a list of rows, nothing more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from engine.delivery.pages import QUEUE_EVENTS, SAID_AGAIN_S, PageHub, PageStream, Pending
from engine.errors import StorageUnavailable
from engine.records import Delivery


class Outbox:
    """Rows by id, with the two questions that the hub asks."""

    def __init__(self) -> None:
        self.rows: list[Pending] = []
        self.looks = 0
        self.away = False
        self.batch = 3

    def add(self, shopper: str, expires_at: float = 100.0) -> int:
        number = len(self.rows) + 1
        delivery = Delivery(number, f"v{number}", shopper, "page", 0.0, expires_at, "pending", 0.0)
        self.rows.append(Pending(delivery, {}))
        return number

    def fetch_all(self, now: float, after_id: int) -> Sequence[Pending]:
        self.looks += 1
        if self.away:
            raise StorageUnavailable("away")
        live = [r for r in self.rows if r.delivery.expires_at > now and r.delivery.delivery_id > after_id]
        return live[: self.batch]

    def fetch_one(self, shopper: str, now: float) -> Sequence[Pending]:
        if self.away:
            raise StorageUnavailable("away")
        return [r for r in self.rows if r.delivery.shopper_id == shopper and r.delivery.expires_at > now]


def run(story: Callable[[PageHub, Outbox], Awaitable[None]]) -> None:
    """Runs `story` beside a polling hub."""

    async def beside() -> None:
        outbox = Outbox()
        hub = PageHub(outbox.fetch_all, outbox.fetch_one, clock=lambda: 0.0)
        task = asyncio.create_task(hub.run())
        await asyncio.sleep(0)
        try:
            await asyncio.wait_for(story(hub, outbox), 60)
        finally:
            hub.close()
            await asyncio.wait_for(task, 60)

    asyncio.run(beside())


async def ids(page: PageStream, n: int) -> list[int]:
    """The next n delivery ids."""
    out = []
    for _ in range(n):
        pending = await asyncio.wait_for(page.queue.get(), 60)
        assert isinstance(pending, Pending)
        out.append(pending.delivery.delivery_id)
    return out


@asynccontextmanager
async def nothing_more(outbox: Outbox, *streams: PageStream) -> AsyncIterator[None]:
    """After what happens inside, and two more looks begun, so that one is over: nothing has come."""
    yield
    await looked(outbox, 2)
    assert all(s.queue.empty() for s in streams)


async def looked(outbox: Outbox, more: int) -> None:
    """Waits for so many more looks at the outbox."""
    until = outbox.looks + more
    while outbox.looks < until:
        await asyncio.sleep(0.01)


def test_pending_first_then_what_comes_each_once() -> None:
    async def story(hub: PageHub, outbox: Outbox) -> None:
        outbox.add("ana")
        async with hub.page("ana") as page:
            assert await ids(page, 1) == [1]
            outbox.add("ben")
            outbox.add("ana")
            assert await ids(page, 1) == [3]
            async with nothing_more(outbox, page):
                pass

    run(story)


def test_a_batch_larger_than_one_read() -> None:
    async def story(hub: PageHub, outbox: Outbox) -> None:
        async with hub.page("ana") as page:
            for _ in range(10):
                outbox.add("ana")
            assert await ids(page, 10) == list(range(1, 11))

    run(story)


def test_two_pages_of_one_shopper() -> None:
    async def story(hub: PageHub, outbox: Outbox) -> None:
        async with hub.page("ana") as one, hub.page("ana") as two, hub.page("ben") as other:
            assert hub.open_pages == 3
            async with nothing_more(outbox, other):
                outbox.add("ana")
                assert await ids(one, 1) == await ids(two, 1) == [1]
        assert hub.open_pages == 0

    run(story)


def test_one_poll_for_all_and_none_for_nobody() -> None:
    async def story(hub: PageHub, outbox: Outbox) -> None:
        other = Outbox()
        beside = PageHub(other.fetch_all, other.fetch_one, clock=lambda: 0.0)  # tells when a poll would have been
        task = asyncio.create_task(beside.run())
        async with beside.page("x"):
            await looked(other, 3)
            assert outbox.looks == 0
            async with hub.page("a"), hub.page("b"), hub.page("c"):
                await looked(outbox, 1)
                outbox.looks = other.looks = 0
                await looked(other, 6)
            assert outbox.looks < 12  # one poll a page would be 18
        beside.close()
        await task

    run(story)


def test_a_page_that_does_not_read_is_cut_off_and_loses_nothing() -> None:
    """Memory is bounded; what it missed is still pending when it comes back."""

    async def story(hub: PageHub, outbox: Outbox) -> None:
        async with hub.page("ana") as slow:
            for _ in range(QUEUE_EVENTS + 5):
                outbox.add("ana")
            while slow.open:
                await asyncio.sleep(0.01)
            assert slow.queue.qsize() <= QUEUE_EVENTS
            said = [await slow.queue.get() for _ in range(slow.queue.qsize())]
            assert said[-1] is None
        outbox.rows = outbox.rows[-5:]
        async with hub.page("ana") as back:
            assert await ids(back, 5) == list(range(QUEUE_EVENTS + 1, QUEUE_EVENTS + 6))

    run(story)


def test_what_comes_while_a_page_reads_what_is_pending_follows_that() -> None:
    """Whoever polls for all pages is ahead of what this one had missed."""

    async def story(hub: PageHub, outbox: Outbox) -> None:
        async with hub.page("ben"):
            outbox.add("ana")
            await looked(outbox, 2)  # it is behind those who poll
            reading, go_on, fetch_one = threading.Event(), threading.Event(), outbox.fetch_one

            def slowly(shopper: str, now: float) -> Sequence[Pending]:
                rows = list(fetch_one(shopper, now))
                reading.set()
                assert go_on.wait(60)
                return rows

            hub._fetch_one = slowly
            page = hub.page("ana")
            entering = asyncio.create_task(page.__aenter__())
            assert await asyncio.to_thread(reading.wait, 60)
            outbox.add("ana")
            await looked(outbox, 2)
            go_on.set()
            assert await ids(await entering, 2) == [1, 2]
            await page.__aexit__()

    run(story)


def test_an_absent_database_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    async def story(hub: PageHub, outbox: Outbox) -> None:
        async with hub.page("ana") as page:
            outbox.away = True
            await looked(outbox, 2)
            outbox.away = False
            outbox.add("ana")
            assert await ids(page, 1) == [1]
        outbox.away = True
        with pytest.raises(StorageUnavailable):
            async with hub.page("ana"):
                pass
        assert hub.open_pages == 0

    run(story)
    assert "outbox: database away" in caplog.text


def test_closing_ends_open_and_new_pages() -> None:
    async def story(hub: PageHub, outbox: Outbox) -> None:
        async with hub.page("ana") as page:
            hub.close()
            assert await page.queue.get() is None
        async with hub.page("ben") as late:
            assert await late.queue.get() is None

    run(story)


def test_what_expired_is_forgotten() -> None:
    stream = PageStream("ana")
    stream.sent = {1: 10.0, 2: 20.0}
    stream.forget_expired(10.0)
    assert stream.sent == {2: 20.0}


def test_pages_of_profiles_that_became_one_end() -> None:
    """They come back, as whose they are by then; other pages stay."""

    async def story() -> None:
        outbox, news = Outbox(), [(1, frozenset({"old", "other"}))]
        hub = PageHub(
            outbox.fetch_all,
            outbox.fetch_one,
            clock=lambda: 0.0,
            fetch_regrouped=lambda after_id: [n for n in news if n[0] > after_id],
            latest_regrouped=lambda: len(news),
        )
        task = asyncio.create_task(hub.run())
        async with hub.page("kept") as kept, hub.page("joined") as joined, hub.page("other") as other:
            news.append((2, frozenset({"kept", "joined"})))
            for page in (kept, joined):
                assert await asyncio.wait_for(page.queue.get(), 60) is None
            number = outbox.add("other")
            assert await ids(other, 1) == [number]
        hub.close()
        await asyncio.wait_for(task, 60)

    asyncio.run(story())


def test_other_processes_are_told_who_comes_goes_and_stays() -> None:
    told: list[tuple[set[str], set[str]]] = []
    now = [1_000.0]

    async def story() -> None:
        outbox = Outbox()
        hub = PageHub(
            outbox.fetch_all,
            outbox.fetch_one,
            clock=lambda: now[0],
            note_pages=lambda opened, closed, _: told.append((set(opened), set(closed))),
        )
        await hub._look()
        assert told == [], "no page, nobody to tell of"
        async with hub.page("ana"), hub.page("ana"):
            await hub._look()
            async with hub.page("ben"):
                await hub._look()
                await hub._look()
            now[0] += SAID_AGAIN_S
            await hub._look()
        await hub._look()

    asyncio.run(story())
    assert told == [({"ana"}, set()), ({"ben"}, set()), ({"ana"}, {"ben"}), (set(), {"ana"})]


def test_a_loop_that_ends_while_a_page_is_open_says_nothing() -> None:
    """A loop closes all generators that are left, in any order: a page that hangs on another one would fail."""
    said: list[dict[str, Any]] = []
    outbox = Outbox()
    hub = PageHub(outbox.fetch_all, outbox.fetch_one, clock=lambda: 0.0)

    async def told() -> AsyncIterator[PageStream]:
        async with hub.page("ana") as page:
            yield page

    async def left_open() -> AsyncIterator[PageStream]:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context))
        left = told()
        await anext(left)
        return left

    with asyncio.Runner() as runner:
        left = runner.run(left_open())
        assert hub.shoppers() == {"ana"}
    del left
    assert (said, hub.shoppers()) == ([], frozenset())
