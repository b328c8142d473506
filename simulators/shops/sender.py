"""Posts a shop's messages to a running site: in their order, and again when they are not taken."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote

import httpx
from tenacity import RetryCallState, Retrying, retry_if_result, stop_after_attempt, wait_exponential

from engine.errors import OperatorError, Problem
from simulators.shops.posting import ShopPosting, headers_of

RETRIES = 5
FIRST_WAIT_S, MOST_WAIT_S = 0.5, 20.0
TAKEN = (200, 202)
AGAIN = (429, 500, 502, 503, 504)
"""Answers after which a shop system sends the same once more."""


class ShopSender:
    """A site and the secrets of its sources, by name. `clock` says at what time signatures are made, `wait` sleeps."""

    def __init__(
        self,
        client: httpx.Client,
        secrets: Mapping[str, str],
        clock: Callable[[], float] = time.time,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client, self._secrets, self._clock, self._wait = client, secrets, clock, wait
        self.answers: Counter[str] = Counter()

    def send_all(self, postings: Iterable[ShopPosting], sent: Callable[[], None] = lambda: None) -> dict[str, int]:
        """Sends them one after another; how many were answered with what. Raises OperatorError for a site that is not
        there, or that knows none of these sources."""
        for posting in postings:
            self.answers[self._send(posting)] += 1
            sent()
        return dict(sorted(self.answers.items()))

    def _send(self, posting: ShopPosting) -> str:
        """The code that it was taken with."""
        trying = Retrying(
            retry=retry_if_result(_comes_again),
            stop=stop_after_attempt(RETRIES + 1),
            wait=wait_exponential(multiplier=FIRST_WAIT_S, max=MOST_WAIT_S),
            sleep=self._wait,
            before_sleep=self._count_again,
            retry_error_callback=lambda last: None if last.outcome is None else last.outcome.result(),
        )
        found: httpx.Response | None = trying(self._post, posting)
        if found is not None and found.status_code in TAKEN:
            return str(found.status_code)
        if found is not None and found.status_code not in AGAIN:
            raise _refuse(posting, found)
        answer = "no answer" if found is None else str(found.status_code)
        raise OperatorError(
            [Problem(f"/in/{posting.source}", "(answer)", f"{answer}, {RETRIES} times over", "is the site running?")]
        )

    def _count_again(self, _: RetryCallState) -> None:
        self.answers["again"] += 1

    def _post(self, posting: ShopPosting) -> httpx.Response | None:
        """The answer; None where nobody answers."""
        headers = headers_of(posting, self._secrets[posting.source], self._clock())
        try:
            return self._client.post(f"/in/{quote(posting.source)}", content=posting.body, headers=headers)
        except httpx.TransportError:
            return None


def _comes_again(answer: httpx.Response | None) -> bool:
    return answer is None or answer.status_code in AGAIN


def _refuse(posting: ShopPosting, answer: httpx.Response) -> OperatorError:
    fix = "declare the sources as docs/guides/shop.md says, with the secret that is given here"
    reason = f"answers {answer.status_code} to a {posting.kind} message: {answer.text[:200]}"
    return OperatorError([Problem(f"/in/{posting.source}", "(answer)", reason, fix)])
