"""What a phone's browser and a till do on the wire: own cookies, idempotency keys, patience with a busy server."""

from __future__ import annotations

import uuid
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpcore
import httpx
import numpy as np
from httpx_sse import EventSource, aconnect_sse
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    retry_if_result,
    stop_after_attempt,
    wait_exponential,
)

from engine.vocabulary import ProblemCode
from simulators.live.connects import Connects
from simulators.live.counters import Tally

ATTEMPTS = 4
FIRST_RETRY_S = 0.3
LONGEST_RETRY_S = 5.0
TIMEOUT = httpx.Timeout(10.0, read=20.0)

PREVIEW_BOTS = (
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "WhatsApp/2.24.11.79 A",
    "Twitterbot/1.0",
    "TelegramBot (like TwitterBot)",
)


_ANDROIDS = ("Pixel 7", "Pixel 8", "SM-A546B", "SM-S918B", "moto g54", "22101316G", "CPH2531", "FP5")


def phone_agent(rng: np.random.Generator) -> str:
    """A phone browser's name for itself; real ones differ by model and version, and so do these, in some hundreds."""
    version = int(rng.integers(112, 132))
    if rng.random() < 0.4:
        ios = f"{rng.integers(15, 18)}_{rng.integers(0, 8)}"
        return (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS {ios} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            f"Version/{ios.replace('_', '.')} Mobile/15E148 Safari/604.1"
        )
    android = int(rng.integers(11, 16))
    if rng.random() < 0.15:
        return f"Mozilla/5.0 (Android {android}; Mobile; rv:{version}.0) Gecko/{version}.0 Firefox/{version}.0"
    model = _ANDROIDS[int(rng.integers(len(_ANDROIDS)))]
    return (
        f"Mozilla/5.0 (Linux; Android {android}; {model}) AppleWebKit/537.36 (KHTML, like Gecko) "
        f"Chrome/{version}.0.0.0 Mobile Safari/537.36"
    )


class Refused(Exception):
    """The server said no, or nothing at all: `kind` is `step status code` for counting."""

    def __init__(self, kind: str, code: str) -> None:
        super().__init__(kind)
        self.kind, self.code = kind, code


class Wires(httpx.AsyncHTTPTransport):
    """One connection pool under many browsers: closing a browser leaves it open. `close_all` ends it."""

    def __init__(self) -> None:
        super().__init__(verify=False)  # of a pool that is never used: it need not read the authorities
        self._connects = Connects()
        # httpx hands no backend on to its pool, so the pool is made here
        self._pool = httpcore.AsyncConnectionPool(
            max_connections=None, max_keepalive_connections=64, network_backend=self._connects
        )

    async def aclose(self) -> None:
        """A browser is closed: the wires are others' too."""

    async def close_all(self) -> None:
        """Closes every connection, and those that are on their way."""
        await self._pool.aclose()
        await self._connects.close_left()


class Browser:
    """One cookie jar and user agent. Every refusal and failure is counted in `tally.errors` and raised as Refused."""

    def __init__(self, wires: Wires, base_url: str, tally: Tally, headers: dict[str, str]) -> None:
        self._client = httpx.AsyncClient(transport=wires, base_url=base_url, headers=headers, timeout=TIMEOUT)
        self._tally = tally
        self._made_of = (wires, base_url, tally, headers)

    def private_window(self) -> Browser:
        """The same browser on the same device, knowing none of its cookies."""
        return Browser(*self._made_of)

    async def page(self, step: str, path: str, params: dict[str, str] | None = None) -> httpx.Response:
        """A page as a person opens it."""
        headers = {
            "Accept": "text/html,application/xhtml+xml",
            "Sec-Fetch-Mode": "navigate",
            "Sec-Fetch-Dest": "document",
            "Sec-Fetch-Site": "none",
        }
        return await self._patiently(step, "GET", path, params=params, headers=headers)

    async def bare(self, step: str, path: str) -> httpx.Response:
        """A page as a bot fetches it."""
        return await self._patiently(step, "GET", path)

    async def ask(self, step: str, path: str) -> dict[str, Any]:
        """A GET that answers JSON."""
        response = await self._patiently(step, "GET", path, headers={"Accept": "application/json"})
        answer = response.json()
        return answer if isinstance(answer, dict) else {}

    async def write(self, step: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """A POST with a fresh Idempotency-Key, kept over repetitions: what did arrive is not done twice."""
        headers = {"Idempotency-Key": str(uuid.uuid4()), "Accept": "application/json"}
        response = await self._patiently(step, "POST", path, json=body, headers=headers)
        answer = response.json() if response.content else {}
        return answer if isinstance(answer, dict) else {}

    def stream(self, path: str, last_event_id: str) -> AbstractAsyncContextManager[EventSource]:
        """An open event stream. Pings come more often than every minute."""
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        return aconnect_sse(self._client, "GET", path, headers=headers, timeout=httpx.Timeout(10.0, read=60.0))

    async def _patiently(self, step: str, method: str, path: str, **more: Any) -> httpx.Response:
        again = AsyncRetrying(
            retry=retry_if_exception_type(httpx.TransportError) | retry_if_result(_is_busy),
            wait=_wait_s,
            stop=stop_after_attempt(ATTEMPTS),
            retry_error_callback=_last,
        )
        try:
            response: httpx.Response = await again(self._client.request, method, path, **more)
        except httpx.TransportError as error:
            raise self._refuse(f"{step} {type(error).__name__}", "network") from error
        if response.is_success or response.is_redirect:
            return response
        code = problem_code(response)
        raise self._refuse(f"{step} {response.status_code} {code}", code)

    def _refuse(self, kind: str, code: str) -> Refused:
        self._tally.errors[kind] += 1
        return Refused(kind, code)


def problem_code(response: httpx.Response) -> str:
    """The stable code of a problem document; empty where the answer is none."""
    if "json" not in response.headers.get("content-type", ""):
        return ""
    body = response.json()
    return str(body.get("code", "")) if isinstance(body, dict) else ""


def _is_busy(response: httpx.Response) -> bool:
    """Whether it says to come again; also where the first of two equal requests, given up here, is still worked on."""
    return response.status_code in (429, 503) or problem_code(response) == ProblemCode.IDEMPOTENCY_IN_FLIGHT


_DOUBLING_S = wait_exponential(multiplier=FIRST_RETRY_S)


def _wait_s(attempt: RetryCallState) -> float:
    """Doubles with each attempt, and is at least what a busy server asks for, up to a longest."""
    outcome = attempt.outcome
    asked_s = 0.0 if outcome is None or outcome.failed else _retry_after_s(outcome.result())
    return min(max(_DOUBLING_S(attempt), asked_s), LONGEST_RETRY_S)


def _last(attempt: RetryCallState) -> httpx.Response | None:
    """What the last attempt came to: its response, or what it raised."""
    return None if attempt.outcome is None else attempt.outcome.result()


def _retry_after_s(response: httpx.Response) -> float:
    text = response.headers.get("retry-after", "")
    return float(text) if text.isdigit() else 0.0
