"""Sends pushes and webhooks over https: bounded in number, patient within a message's time, and no longer."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential_jitter

from engine.delivery.web_push import GONE, TAKEN, retry_after_s

log = logging.getLogger("rayon.delivery")

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 15.0
CALL_TIMEOUT_S = 10.0
LONGEST_HOLD_S = 300.0  # nobody's Retry-After keeps us from a host for longer: then it is tried again
READ_BYTES = 65_536
AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Call:
    """A POST that is worth making until `ends_at` (s UTC). `dress(now)` gives the body and headers of one attempt."""

    url: str
    ends_at: float
    dress: Callable[[float], tuple[bytes, dict[str, str]]]


class TryAgain(Exception):
    """The other side is busy, broken or away: `after_s` is what it asked for, if it did."""

    def __init__(self, status: int, after_s: float | None = None) -> None:
        super().__init__(f"status {status}" if status else "unreachable")
        self.status, self.after_s = status, after_s


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of a call: the last status (0: nobody answered)."""

    status: int

    @property
    def taken(self) -> bool:
        """The other side has it now."""
        return self.status in TAKEN or self.status == 204

    @property
    def gone(self) -> bool:
        """There is nobody any more."""
        return self.status in GONE

    @property
    def busy(self) -> bool:
        """It was asked to wait longer than the message is worth."""
        return self.status == 429


class Poster:
    """Makes calls. What one host asks for with Retry-After holds for all calls to it, for LONGEST_HOLD_S at most."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client, self._clock, self._sleep = client, clock, sleep
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._not_before: dict[str, float] = {}

    async def post(self, call: Call) -> Sent:
        """Makes the call, again where the other side is busy or broken, until it is taken, refused or too late."""
        host = urlsplit(call.url).netloc.rpartition("@")[2]  # it is logged

        def too_late(attempt: RetryCallState) -> bool:
            return self._clock() + attempt.upcoming_sleep >= call.ends_at

        attempts = AsyncRetrying(
            retry=retry_if_exception_type(TryAgain),
            wait=self._pause,
            stop=too_late,
            sleep=self._sleep,
            retry_error_callback=_last,
        )
        waits_s = self._not_before.get(host, 0.0) - self._clock()
        if waits_s > 0:
            if self._clock() + waits_s >= call.ends_at:
                return Sent(429)
            await self._sleep(waits_s)
        sent: Sent = await attempts(self._once, call, host)
        return sent

    async def aclose(self) -> None:
        """Closes every connection."""
        await self._client.aclose()

    async def _once(self, call: Call, host: str) -> Sent:
        async with self._slots:
            body, headers = call.dress(self._clock())
            try:
                # one time for all of it: a header that comes byte by byte would hold a slot for ever
                async with (
                    asyncio.timeout(CALL_TIMEOUT_S),
                    self._client.stream("POST", call.url, content=body, headers=headers) as answer,
                ):
                    await read_little(answer)
            except (httpx.RequestError, TimeoutError) as error:
                log.info("%s: %s", host, error or type(error).__name__)
                raise TryAgain(0) from error
        if answer.status_code == 429 or answer.status_code >= 500:
            after_s = retry_after_s(answer.headers.get("Retry-After"), self._clock())
            if after_s is not None:
                after_s = min(after_s, LONGEST_HOLD_S)
                self._not_before[host] = self._clock() + after_s
            raise TryAgain(answer.status_code, after_s)
        return Sent(answer.status_code)

    def _pause(self, attempt: RetryCallState) -> float:
        error = attempt.outcome.exception() if attempt.outcome else None
        asked = error.after_s if isinstance(error, TryAgain) else None
        grown = wait_exponential_jitter(multiplier=FIRST_PAUSE_S, max=LONGEST_PAUSE_S, jitter=FIRST_PAUSE_S / 2)(
            attempt
        )
        return grown if asked is None else max(asked, 0.0)


async def read_little(answer: httpx.Response) -> None:
    """Reads what is short, so that the connection is kept; of the rest nothing is wanted."""
    if answer.is_stream_consumed:
        return
    read = 0
    async for part in answer.aiter_raw():
        read += len(part)
        if read > READ_BYTES:
            return


def _last(attempt: RetryCallState) -> Sent:
    error = attempt.outcome.exception() if attempt.outcome else None
    return Sent(error.status if isinstance(error, TryAgain) else 0)
