"""Calls of controllers: never on the event loop's time, never for long, tried again where trying again can help."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any

import httpx
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from engine.errors import RayonError
from engine.vocabulary import LetOut

TRIES = 3
FIRST_WAIT_S = 0.2
MOST_BYTES = 1 << 20


class ControllerTrouble(RayonError):
    """A controller that did not let a phone out. `detail` is for the log, and holds no phone."""

    def __init__(self, outcome: LetOut, detail: str = "") -> None:
        self.outcome = outcome
        self.detail = detail
        super().__init__(f"{outcome}: {detail}" if detail else outcome)


class Controller:
    """One controller at `url`. Connections and cookies are kept from call to call; a session that ended is begun anew
    by whoever finds it ended, under `signing_in`."""

    def __init__(
        self, url: str, timeout_s: float, tls: ssl.SSLContext | None = None, *, first_wait_s: float = FIRST_WAIT_S
    ) -> None:
        self.url = url.rstrip("/")
        self.session: dict[str, str] = {}  # headers of the session that is on
        self.signing_in = asyncio.Lock()
        self._timeout_s = timeout_s
        self._first_wait_s = first_wait_s
        self._tls = tls
        self._client: httpx.AsyncClient | None = None

    async def json(
        self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """Status and JSON of an answer. Raises ControllerTrouble where none comes, or no JSON."""
        answer = await self.send(method, path, headers=headers, json=body)
        try:
            return answer.status_code, answer.json()
        except ValueError as error:
            if answer.status_code in (401, 403, 404):  # of a session that ended, or of a page that is not there
                return answer.status_code, {}
            raise ControllerTrouble(LetOut.BAD_ANSWER, f"{answer.status_code}, no JSON") from error

    async def send(self, method: str, path: str, **what: Any) -> httpx.Response:
        """The answer, below 500. What a controller does not answer, or answers with an error of its own, is asked again
        after a moment; then raises ControllerTrouble `controller_away`."""
        retrying = AsyncRetrying(
            retry=retry_if_exception(_is_passing),
            stop=stop_after_attempt(TRIES),
            wait=wait_random_exponential(multiplier=self._first_wait_s, max=1.0),
            reraise=True,
        )
        try:
            async for attempt in retrying:
                with attempt:
                    answer = await self._answer(method, path, **what)
                    if answer.status_code >= 500:
                        raise httpx.HTTPStatusError("its own error", request=answer.request, response=answer)
                    if len(answer.content) > MOST_BYTES:
                        raise ControllerTrouble(LetOut.BAD_ANSWER, "a megabyte and more")
                    return answer
        except httpx.HTTPError as error:
            raise ControllerTrouble(LetOut.CONTROLLER_AWAY, type(error).__name__) from error
        raise AssertionError("tenacity ends by an answer or an error")

    async def _answer(self, method: str, path: str, **what: Any) -> httpx.Response:
        """One attempt, in `timeout_s` for all of it: a controller that sends byte by byte has no more."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._http().request(method, self.url + path, **what)
        except TimeoutError as error:
            raise httpx.ReadTimeout("it does not end its answer") from error

    async def close(self) -> None:
        """Ends its connections."""
        if self._client is not None:
            await self._client.aclose()

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            verify: ssl.SSLContext | bool = self._tls if self._tls is not None else False  # plain http has none
            self._client = httpx.AsyncClient(
                verify=verify, timeout=self._timeout_s, trust_env=False, headers={"Accept": "application/json"}
            )
        return self._client


def _is_passing(error: BaseException) -> bool:
    return isinstance(error, httpx.TransportError | httpx.HTTPStatusError)
