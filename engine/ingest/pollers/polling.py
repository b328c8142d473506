"""Asks every source that has a `url`, each in its own rhythm, and hands what it says to the broker like a receiver.

A thread of its own with one event loop: nobody else waits for a slow controller. Only the engine that runs a source's
first store asks; one that waits for the store asks nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential

from engine.ingest.decoders.heard import VendorMessage
from engine.ingest.pollers.answers import TIMEOUT_S, Asker, LoginExpired, SourceAway
from engine.ingest.pollers.frames import listen_to_frames
from engine.ingest.pollers.omada import ask_omada
from engine.ingest.pollers.plain import ask_plain, listen_to_lines
from engine.ingest.pollers.unifi import ask_unifi
from engine.ingest.sources.declared import Source
from engine.ingest.sources.envelope import request_topic, seal_request

log = logging.getLogger(__name__)
ASKERS: dict[str, Asker] = {
    "unifi": ask_unifi,
    "omada": ask_omada,
    "cisco-spaces": listen_to_lines,
    "aruba-central": listen_to_frames,
}
"""By kind; all others are asked by one GET."""
STREAMS = frozenset(("cisco-spaces", "aruba-central"))
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 300.0
_GROWING = wait_exponential(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S)
LOCKED_OUT_S = 60.0
"""A wrong password is tried again so seldom: controllers lock accounts."""


@dataclass(slots=True)
class PollState:
    """How asking goes: `problem` is empty while it goes well."""

    problem: str = ""
    asked_at: float = 0.0
    answers: int = 0


class Pollers:
    """`deliver` hands a payload to the broker and says whether it has it; `ours` says whether we run a store; `key`
    seals what is handed over."""

    def __init__(
        self,
        sources: Sequence[Source],
        deliver: Callable[[str, bytes], bool],
        ours: Callable[[str], bool],
        key: bytes = b"",
    ) -> None:
        self._sources = [source for source in sources if source.config.url is not None]
        self._deliver, self._ours, self._key = deliver, ours, key
        self.states = {source.name: PollState() for source in self._sources}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._begun = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins to ask. Without anything to ask nothing is started."""
        if self._sources:
            self._thread = threading.Thread(target=self._run, name="pollers", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ends; what was asked for and not answered is let go."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._begun.wait(TIMEOUT_S)
        if self._loop is not None and thread.is_alive():
            self._loop.call_soon_threadsafe(self._cancel)
        thread.join(2 * TIMEOUT_S)

    def _run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):  # by `stop`
            asyncio.run(self._ask_all())

    async def _ask_all(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._tasks = [asyncio.create_task(self._ask_for_ever(source)) for source in self._sources]
        self._begun.set()
        await asyncio.gather(*self._tasks)

    def _cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _ask_for_ever(self, source: Source) -> None:
        """Whatever goes wrong with one source, the others are asked on: what is nobody's doing but ours is said so."""
        verify = source.told.options.get("verify", "yes") != "no"
        plain = {"Accept-Encoding": "identity"}
        went_well = False

        async def ask() -> None:
            nonlocal went_well
            async with httpx.AsyncClient(timeout=TIMEOUT_S, verify=verify, headers=plain) as client:
                while True:
                    went_well |= await self._ask_in_turn(client, source)

        def begin_anew(attempt: RetryCallState) -> None:
            nonlocal went_well
            if went_well:
                attempt.attempt_number = 1
            went_well = False

        tell = partial(self._is_our_fault, source)
        await AsyncRetrying(wait=_GROWING, after=begin_anew, before_sleep=tell)(ask)

    async def _ask_in_turn(self, client: httpx.AsyncClient, source: Source) -> bool:
        """Asks until it goes well, after growing pauses, and sleeps until the next time. Whether it was ours to ask."""
        began = 0.0

        async def ask() -> bool:
            nonlocal began
            began = time.monotonic()
            ours = self._ours(source.stores[0])
            if ours:
                await self._ask(client, source)
            return ours

        def begin_anew(attempt: RetryCallState) -> None:
            if time.monotonic() - began > LONGEST_WAIT_S:  # it spoke for long: a stream that broke
                attempt.attempt_number = 1

        again, tell = retry_if_exception_type(SourceAway), partial(self._went_wrong, source)
        if not await AsyncRetrying(retry=again, wait=_pause_s, after=begin_anew, before_sleep=tell)(ask):
            await asyncio.sleep(FIRST_WAIT_S)
            return False
        self._went_well(source)
        await asyncio.sleep(max(source.config.every_s - (time.monotonic() - began), 0.0))
        return True

    async def _ask(self, client: httpx.AsyncClient, source: Source) -> None:
        state = self.states[source.name]
        state.asked_at = time.time()
        async for body in ASKERS.get(source.kind, ask_plain)(client, source):
            if not self._ours(source.stores[0]):
                return
            message = VendorMessage(body, time.time(), target=f"/{source.name}", method="GET")
            topic = request_topic(source.stores[0], source.name)
            if not await asyncio.to_thread(self._deliver, topic, seal_request(message, source.name, self._key)):
                raise SourceAway("the broker does not take what it said")
            state.answers += 1
            if source.kind in STREAMS:
                self._went_well(source)

    def _went_well(self, source: Source) -> None:
        state = self.states[source.name]
        if state.problem:
            log.info("%s answers again", source.name)
        state.problem = ""

    def _went_wrong(self, source: Source, attempt: RetryCallState) -> None:
        state, away = self.states[source.name], _fault_of(attempt)
        if state.problem != str(away):
            log.warning("%s cannot be asked: %s", source.name, away)
        state.problem = str(away)

    def _is_our_fault(self, source: Source, attempt: RetryCallState) -> None:
        fault = _fault_of(attempt)
        problem = f"a fault of Rayon's own, not of the controller: {type(fault).__name__}, see the log"
        state = self.states[source.name]
        if state.problem != problem:
            log.error("%s cannot be asked: please report this fault", source.name, exc_info=fault)
        state.problem = problem


def _fault_of(attempt: RetryCallState) -> BaseException | None:
    return None if attempt.outcome is None else attempt.outcome.exception()


def _pause_s(attempt: RetryCallState) -> float:
    """Growing, and no less than the source or a wrong password ask for."""
    away = _fault_of(attempt)
    asked_s = away.retry_after_s if isinstance(away, SourceAway) else 0.0
    return max(_GROWING(attempt), LOCKED_OUT_S if isinstance(away, LoginExpired) else 0.0, asked_s)
