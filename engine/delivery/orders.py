"""Asks the e-shop for orders: signed webhooks, one name at every attempt, patient for a day.

A 2xx means that the e-shop has the request, no more: its answer comes as an order that names it. Everything else is
tried again, since a wrong address or secret is mended by people.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from engine.delivery import webhooks
from engine.delivery.patience import running_from
from engine.storage.database import Database
from engine.storage.ordering import outbox
from engine.storage.ordering.outbox import DueOrder

log = logging.getLogger("rayon.delivery.orders")

SEND_S = 10.0
"""All that one attempt may take, from the connection to the last header: also of an e-shop that sends one byte a
second."""
HOLD_S = 4 * SEND_S
"""So long a request is its worker's alone."""


class OrderSender:
    """Hands requests over. Thread-safe; several processes may send at once."""

    def __init__(
        self,
        db: Database,
        url: str,
        secret: bytes,
        tls: ssl.SSLContext,
        open_sealed: Callable[[str], str],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._db, self._url, self._secret = db, url, secret
        self._tls, self._open, self._monotonic = tls, open_sealed, monotonic

    def send_due(self, now: float) -> int:
        """Sends one request that is due, and the next while the e-shop takes them. How many it took. Blocks: call it on
        a thread."""
        taken, clock = 0, running_from(now, self._monotonic)
        while due := outbox.take_due(self._db, clock(), HOLD_S, limit=1):
            (order,) = due
            if not self._send(order, clock()):
                outbox.put_off(self._db, order.request_id, clock())
                return taken
            outbox.mark_taken(self._db, order.request_id, clock())
            taken += 1
        return taken

    def _send(self, order: DueOrder, now: float) -> bool:
        content, headers = webhooks.sign_call(self._secret, order.request_id, now, self._body(order))
        try:
            status = asyncio.run(self._ask(content, headers))
        except (httpx.RequestError, TimeoutError) as error:
            log.warning("the e-shop was not reached: %s", type(error).__name__)
            return False
        if not httpx.codes.is_success(status):
            log.warning("the e-shop answered %d", status)
        return httpx.codes.is_success(status)

    async def _ask(self, content: bytes, headers: Mapping[str, str]) -> int:
        """The answer's status. Nothing of its body is read: one that never ends would hold up all that wait. Raises
        TimeoutError after SEND_S, and httpx.RequestError."""
        async with (
            asyncio.timeout(SEND_S),
            httpx.AsyncClient(verify=self._tls, timeout=SEND_S, follow_redirects=False) as client,
            client.stream("POST", self._url, content=content, headers=headers) as answer,
        ):
            return answer.status_code

    def _body(self, order: DueOrder) -> dict[str, Any]:
        wish = order.wish
        return {
            "type": "order.requested",
            "timestamp": dt.datetime.fromtimestamp(order.asked_at, dt.UTC).isoformat(timespec="milliseconds"),
            "data": {
                "request": order.request_id,
                "sku": wish.article.sku,
                "variant": wish.article.variant,
                "quantity_milli": 1_000,
                "way": str(wish.way),
                "store": wish.to_store,
                "asked_in": wish.store,
                "language": order.language,
                "customer": {str(kind): self._open(sealed) for kind, sealed in order.sealed},
            },
        }
