"""Carries events to customer files: numbers them, and sends the first of every line, some at once.

Runs in every process that delivers; the database gives each line to one of them. A call that is cut off has had its
time before anything else of its shopper is sent.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import httpx

from engine.delivery.crm.answers import CrmAnswer, lose_patience, read_answer
from engine.delivery.crm.forms import CrmCall, CrmWire, as_call
from engine.delivery.patience import growing_pauses
from engine.delivery.senders import read_little
from engine.errors import StorageUnavailable
from engine.storage.crm.lines import DueEvent, note_failed, note_taken, take_due
from engine.storage.crm.numbers import has_unnumbered, number_events
from engine.storage.crm.receivers import ReceiverSpec, declare_receivers, receiver_taken_at
from engine.storage.database import Database
from engine.vocabulary import CrmKind, CrmTrouble

log = logging.getLogger("rayon.delivery")

POLL_S = 1.0
IDLE_S = 15.0  # where no receiver is declared: what ends is numbered all the same
BACK_OFF_MAX_S = 60.0
AT_ONCE = 8
CALL_S = 10.0
BUSY_S = 60.0
"""How long a line is left alone once its first event is on its way: longer than any call may take."""

Mailbox = Callable[[str], str]
"""(shopper) -> the mailbox that they have proved, empty where they have none. Blocks."""


@dataclass(frozen=True, slots=True)
class CrmSide:
    """A receiver that is sent to, and the connections to it."""

    name: str
    wire: CrmWire
    client: httpx.AsyncClient


class Courier:
    """Sends what waits, until it is taken."""

    def __init__(
        self,
        db: Database,
        sides: Mapping[str, CrmSide],
        mailbox: Mailbox,
        *,
        specs: Sequence[ReceiverSpec] = (),
        count: Callable[[str, str], None] = lambda receiver, outcome: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._db, self._sides, self._mailbox, self._count, self._clock = db, sides, mailbox, count, clock
        self._undeclared: Sequence[ReceiverSpec] | None = specs
        self._pause_s = POLL_S if specs else IDLE_S

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Looks every second until cancelled, for each receiver by itself: none waits for one that hangs. A database
        that is away is tried again with growing pauses."""
        async with asyncio.TaskGroup() as all_of_it:
            all_of_it.create_task(self._number(sleep))
            for side in self._sides.values():
                all_of_it.create_task(self._carry(side, sleep))

    async def step(self) -> int:
        """Numbers what was told, and sends one round to every receiver. How many calls. Raises StorageUnavailable."""
        await self._number_all()
        return sum(await asyncio.gather(*(self._round(side) for side in self._sides.values())))

    async def close(self) -> None:
        """Closes every connection."""
        for side in self._sides.values():
            await side.client.aclose()

    async def _number(self, sleep: Callable[[float], Awaitable[None]]) -> None:
        patiently = growing_pauses("customer files", 2 * POLL_S, BACK_OFF_MAX_S, sleep=sleep)
        while True:
            await patiently(self._number_all)
            await sleep(self._pause_s)

    async def _number_all(self) -> None:
        if self._undeclared is not None:
            await asyncio.to_thread(declare_receivers, self._db, self._undeclared, self._clock())
            self._undeclared = None
        while await asyncio.to_thread(has_unnumbered, self._db):
            await asyncio.to_thread(number_events, self._db, self._clock())

    async def _carry(self, side: CrmSide, sleep: Callable[[float], Awaitable[None]]) -> None:
        """AT_ONCE calls at most, a new one as soon as one is over: none waits for one that hangs."""
        patiently = growing_pauses(f"customer file {side.name}", 2 * POLL_S, BACK_OFF_MAX_S, sleep=sleep)
        under_way: set[asyncio.Task[None]] = set()
        try:
            while True:
                due: list[DueEvent] | None = await patiently(self._take, side, AT_ONCE - len(under_way))
                under_way |= {asyncio.create_task(self._send(side, one)) for one in due or ()}
                if not under_way:
                    await sleep(self._pause_s)
                    continue
                over, under_way = await asyncio.wait(
                    under_way, timeout=self._pause_s, return_when=asyncio.FIRST_COMPLETED
                )
                for task in over:
                    _look_at(task, side.name)
        finally:
            for task in under_way:
                task.cancel()

    async def _take(self, side: CrmSide, most: int) -> list[DueEvent]:
        if most == 0:
            return []
        return await asyncio.to_thread(take_due, self._db, side.name, self._clock(), most, BUSY_S)

    async def _round(self, side: CrmSide) -> int:
        due = await self._take(side, AT_ONCE)
        await asyncio.gather(*(self._send(side, one) for one in due))
        return len(due)

    async def _send(self, side: CrmSide, due: DueEvent) -> None:
        answer, now = await self._try(side, due), self._clock()
        if answer.trouble is None:
            await asyncio.to_thread(note_taken, self._db, due, now)
            self._count(side.name, "taken")
            return
        taken_at = await asyncio.to_thread(receiver_taken_at, self._db, side.name)
        answer = lose_patience(answer, due, now, taken_at)
        trouble = answer.trouble or CrmTrouble.BROKEN
        note = partial(note_failed, asked_s=answer.asked_s, dead=answer.dead)
        await asyncio.to_thread(note, self._db, due, now, trouble, answer.status)
        self._count(side.name, trouble)

    async def _try(self, side: CrmSide, due: DueEvent) -> CrmAnswer:
        """Every attempt ends with an answer: an event that meets a fault of ours holds up its own line alone."""
        event, email = due.event, ""
        try:
            if event.kind is CrmKind.PROFILE and event.shopper_id:
                email = await asyncio.to_thread(self._mailbox, event.shopper_id)
            call = as_call(side.wire, event, email, self._clock())
            return CrmAnswer(None) if call is None else await self._ask(side, call, due)
        except StorageUnavailable:
            raise  # nothing can be written down now; the line goes on when its time is up
        except Exception as fault:
            log.error("event %d for %s met a fault; it is a dead letter now", event.number, side.name, exc_info=fault)
            return CrmAnswer(CrmTrouble.REFUSED, dead=True)

    async def _ask(self, side: CrmSide, call: CrmCall, due: DueEvent) -> CrmAnswer:
        """One call. The answer's body is not read into anything, as it may say of whom it is, and no more of it than
        keeps the connection: what its head says holds, however the rest comes."""
        answer: httpx.Response | None = None
        asking = side.client.stream(call.method, call.url, content=call.content, headers=call.headers)
        try:
            async with asyncio.timeout(CALL_S), asking as answer:
                await read_little(answer)
        except (httpx.RequestError, TimeoutError) as error:
            log.info("customer file %s: %s", side.name, type(error).__name__)
        if answer is None:
            return CrmAnswer(CrmTrouble.UNREACHABLE)
        retry_after = answer.headers.get("Retry-After")
        return read_answer(answer.status_code, retry_after, self._clock(), side.wire.form, due.event.kind)


def _look_at(task: asyncio.Task[None], receiver: str) -> None:
    """What could not be written down, the database being away, is sent again once its line is free. Raises the rest."""
    try:
        task.result()
    except StorageUnavailable as error:
        log.warning("customer file %s: the database is away: %s", receiver, error)
