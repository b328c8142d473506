"""Posts a shop's messages to a running site: in their order, and again when they are not taken."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote

import httpx

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
        waits_s, answer = FIRST_WAIT_S, "no answer"
        for attempt in range(RETRIES + 1):
            if attempt:
                self.answers["again"] += 1
                self._wait(waits_s)
                waits_s = min(2 * waits_s, MOST_WAIT_S)
            try:
                found = self._post(posting)
            except httpx.TransportError:
                continue
            answer = str(found.status_code)
            if found.status_code in TAKEN:
                return answer
            if found.status_code not in AGAIN:
                raise _refused(posting, found)
        raise OperatorError(
            [Problem(f"/in/{posting.source}", "(answer)", f"{answer}, {RETRIES} times over", "is the site running?")]
        )

    def _post(self, posting: ShopPosting) -> httpx.Response:
        headers = headers_of(posting, self._secrets[posting.source], self._clock())
        return self._client.post(f"/in/{quote(posting.source)}", content=posting.body, headers=headers)


def _refused(posting: ShopPosting, answer: httpx.Response) -> OperatorError:
    fix = "declare the sources as docs/guides/shop.md says, with the secret that is given here"
    reason = f"answers {answer.status_code} to a {posting.kind} message: {answer.text[:200]}"
    return OperatorError([Problem(f"/in/{posting.source}", "(answer)", reason, fix)])
