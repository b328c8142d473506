"""Phones over real HTTP: those with the page open, those that wake by push, and those that sleep."""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np
from httpx_sse import aconnect_sse

from tests.push_services import Browser, PushService

ASLEEP, PUSH, PAGE = "asleep", "push", "page"
KINDS = (ASLEEP, PUSH, PAGE)
POCKETED = 0.1
"""Of the phones with the page, the share in a pocket: the stream is open, and nobody looks."""
TWICE = 0.1
"""Of messages, the share that comes twice, and of acknowledgements, the share that is said twice."""
CONSENTS = [{"purpose": "location_offers", "channel": channel, "granted": True} for channel in ("page", "push")]


@dataclass
class Seen:
    """What phones had on their screens, by voucher the channels; when each message reached a phone, s UTC, as (voucher,
    kind of phone, channel, time): nothing is on its screen then."""

    screens: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    came: list[tuple[str, str, str, float]] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def took_s(self, issued_at: Mapping[str, float]) -> dict[tuple[str, str], list[float]]:
        """By kind of phone and channel how long messages took from the decision to the phone."""
        took: dict[tuple[str, str], list[float]] = defaultdict(list)
        for voucher, kind, channel, at in self.came:
            took[kind, channel].append(at - issued_at[voucher])
        return took


class Phone:
    """One phone; `kind` says what its owner does with it. Every phone agreed to page and push."""

    def __init__(self, url: str, store: str, number: int, seen: Seen, rng: np.random.Generator) -> None:
        self.kind, self._store, self._seen, self._rng = KINDS[number % len(KINDS)], store, seen, rng
        address = f"198.51.{100 + number // 250}.{1 + number % 250}"  # as a proxy of the shop passes it on
        headers = {"User-Agent": "Mozilla/5.0 (Linux; Android 15)", "X-Forwarded-For": address}
        self._http = httpx.AsyncClient(base_url=url, headers=headers, timeout=60, verify=False)
        self.shopper_id = ""
        self._reads: Browser | None = None

    async def arrive(self, service: PushService, name: str) -> None:
        """Signs in and lets itself be pushed to."""
        said = await self._http.post("/v1/sessions", json={"store": self._store, "consents": CONSENTS})
        said.raise_for_status()
        self.shopper_id = said.json()["shopper_id"]
        self._reads = service.subscribe(name)
        offer = (await self._http.get("/v1/me/push")).json()
        body = {"endpoint": self._reads.endpoint, "public_key": offer["public_key"]}
        body |= {"keys": {"p256dh": self._reads.p256dh, "auth": self._reads.auth}}
        (await self._http.put("/v1/me/push", json=body)).raise_for_status()

    async def look(self) -> None:
        """Keeps the page open until cancelled, and shows what comes; one in a pocket shows nothing."""
        async with aconnect_sse(self._http, "GET", "/v1/me/stream?lang=fr", timeout=None) as stream:
            async for event in stream.aiter_sse():
                if event.event != "voucher":
                    continue
                card = json.loads(event.data)
                self._seen.came.append((card["voucher_id"], self.kind, PAGE, time.time()))
                if self._rng.random() >= POCKETED:
                    await self._show(card)

    async def _show(self, card: dict[str, Any]) -> None:
        await asyncio.sleep(self._rng.exponential(2.0))
        for _ in range(2 if self._rng.random() < TWICE else 1):
            said = await self._http.post(f"/v1/me/deliveries/{card['delivery_id']}/ack")
            if said.is_success:
                self._seen.screens[card["voucher_id"]].add(PAGE)
            else:
                self._seen.refused[f"page {said.json()['code']}"] += 1

    async def wake(self, body: bytes) -> None:
        """What the service worker does with a push; a phone that sleeps does nothing."""
        assert self._reads is not None
        said = self._reads.read(body)
        voucher = said["url"].partition("#")[2]
        self._seen.came.append((voucher, self.kind, PUSH, time.time()))
        if self.kind == ASLEEP:
            return
        await asyncio.sleep(self._rng.exponential(10.0))
        for _ in range(2 if self._rng.random() < TWICE else 1):
            if not await self._tell(said["token"], "showing"):
                self._seen.refused["push not_relevant"] += 1
                continue
            self._seen.screens[voucher].add(PUSH)
            await self._tell(said["token"], "shown")

    async def _tell(self, token: str, event: str) -> bool:
        said = await self._http.post("/v1/push/ack", json={"token": token, "event": event})
        return said.is_success and said.json()["relevant"] is True

    async def leave(self) -> None:
        """Closes the phone's connections."""
        await self._http.aclose()


async def hand_out(service: PushService, phones: dict[str, Phone]) -> None:
    """Gives each message that the push service took to its phone, until cancelled."""
    given = 0
    async with asyncio.TaskGroup() as waking:
        while True:
            for message in service.got[given:]:
                waking.create_task(phones[message.path].wake(message.body))
                given += 1
            await asyncio.sleep(0.01)
