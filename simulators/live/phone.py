"""A shopper's phone over real HTTP: signs in, listens, acknowledges, and goes on its owner's errands."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import numpy as np
from httpx_sse import ServerSentEvent

from engine.privacy.proofs import sign_redirect
from simulators.live.browser import Browser, Refused, Wires, phone_agent, problem_code
from simulators.live.clock import LiveClock
from simulators.live.counters import Tally
from simulators.live.coupon_actions import Errands, Shop
from simulators.live.guessing import guess_codes
from simulators.people.journeys import Journey
from simulators.people.responses import SHOPS, Reaction, reaction, target_of
from simulators.truth.witnessed import Asked
from simulators.world import World

SIGN_IN_WITHIN_S = 4.0
"""People open the sign-in page within this time of connecting."""

REOPEN_S = 1.0
GRACE_S = 5.0
"""What is under way when a run ends gets this long to finish."""

ASKING_AT_ONCE = 32


async def run_phones(
    world: World, base_url: str, till_key: str | None, clock: LiveClock, tally: Tally, portal_secret: str | None = None
) -> None:
    """All phones of the run that anybody uses, until everybody has left or, a little after, the clock stopped.

    `portal_secret` is the store's: with it the controllers sign the addresses that they send phones to.
    """
    shop = Shop(world, base_url, till_key, Wires(), clock, tally, portal_secret)
    users = [Phone(shop, i) for i in phone_users(world)]
    phones = {asyncio.create_task(phone.live()) for phone in users}
    phones.add(asyncio.create_task(guess_codes(shop)))
    stopping = asyncio.create_task(_wait_for_stop(clock))
    pending = set(phones)
    try:
        while pending and not clock.stop.is_set():
            done, pending = await asyncio.wait(pending | {stopping}, return_when=asyncio.FIRST_COMPLETED)
            pending.discard(stopping)
            _raise_bugs(done)
        if pending:
            await asyncio.wait(pending, timeout=GRACE_S + 1.0)
        if tally.witness.asks:
            await _ask_all(users, phones)
    finally:
        for task in (*phones, stopping):
            task.cancel()
        await asyncio.wait({*phones, stopping})
        await shop.wires.close_all()
    _raise_bugs(phones)


async def _ask_all(users: list[Phone], phones: set[asyncio.Task[None]]) -> None:
    """Once nothing moves any more, every phone that signed in asks for its points."""
    for task in phones:
        task.cancel()
    await asyncio.wait(phones)
    turns = asyncio.Semaphore(ASKING_AT_ONCE)
    await asyncio.gather(*(phone.ask_points(turns) for phone in users))


async def _wait_for_stop(clock: LiveClock) -> None:
    await clock.stop.wait()


def phone_users(world: World) -> list[int]:
    """Who uses a connected phone: scripted shoppers as told, those who shop by `sign_in_share`, nobody else."""
    rng = np.random.default_rng([world.scenario.seed, 1])
    wants = rng.random(len(world.shoppers)) < world.scenario.phones.sign_in_share
    out = []
    for i, shopper in enumerate(world.shoppers):
        uses = shopper.script.phone == "http" if shopper.script else bool(wants[i]) and shopper.kind in SHOPS
        if uses and world.phones.connected[i] and world.journeys[i].start_s < world.run_s:
            out.append(i)
    return out


class Phone:
    """One phone, from sign-in to leaving the store."""

    def __init__(self, shop: Shop, index: int) -> None:
        self._shop, self._index = shop, index
        self._rng = np.random.default_rng([shop.world.scenario.seed, 2, index])
        self._config = shop.world.scenario.phones
        headers = {"User-Agent": phone_agent(self._rng), "Accept-Language": self._config.locale}
        self._browser = Browser(shop.wires, shop.base_url, shop.tally, headers)
        # deliveries: a stream that is opened again repeats what was not acknowledged
        self._received: set[int] = set()
        self._acknowledged: set[int] = set()
        self._last_event_id = ""
        self._signed_in = False
        self._errands = Errands(shop, index, self._browser, self._rng)

    @property
    def _journey(self) -> Journey:
        """As it is now: a coupon may change it."""
        return self._shop.world.journeys[self._index]

    async def live(self) -> None:
        """Everything this phone does. What the server refuses is counted, and ends what it was part of."""
        clock = self._shop.clock
        if not await clock.until(self._journey.start_s):
            return
        if not await clock.pause(float(self._rng.uniform(0.2, SIGN_IN_WITHIN_S)) / self._config.haste):
            return
        try:
            consenting = await self._sign_in()
        except Refused:
            return
        if not consenting:
            return
        self._shop.present[self._journey.shopper.name] = self._browser
        chores: set[asyncio.Task[None]] = set()
        listening = asyncio.create_task(self._listen(chores))
        try:
            await clock.until_told(lambda: self._journey.end_s)
        finally:
            del self._shop.present[self._journey.shopper.name]
            listening.cancel()
            try:
                await asyncio.wait({listening, *chores}, timeout=GRACE_S)
            finally:  # also where the run's own patience ends first: what went on would use wires that are closed
                for chore in chores:
                    chore.cancel()
                await asyncio.wait({listening, *chores})
        _raise_bugs({listening, *chores})

    async def _sign_in(self) -> bool:
        """Whether the shopper consented to offers, and so has a page to listen on."""
        world, tally = self._shop.world, self._shop.tally
        store, sent = world.plan.store, self._redirect()
        asked = await self._browser.page("sign-in page", f"/w/{store}", {**sent, "lang": self._config.locale})
        tally.sign_in_pages += 1
        agrees = bool(self._rng.random() < self._config.consent_share) or self._journey.shopper.script is not None
        consents = [
            {"purpose": "location_offers", "channel": "page", "granted": agrees},
            {"purpose": "statistics", "channel": "any", "granted": agrees and bool(self._rng.random() < 0.5)},
        ]
        if "location_learning:any" in asked.text:  # labels are drawn of who agrees
            consents.append({"purpose": "location_learning", "channel": "any", "granted": agrees})
        body = {"store": store, **sent, "locale": self._config.locale, "consents": consents}
        await self._browser.write("sign in", "/v1/sessions", body)
        self._signed_in = agrees  # without any consent there is no profile, and so nobody who has points
        tally.witness.note(self._journey.shopper.name, "signed in", "agrees to offers" if agrees else "no offers")
        if not agrees:
            tally.signed_in_without_consent += 1
            return False
        tally.signed_in += 1
        await self._browser.page("shopper's page", "/me")
        return True

    def _redirect(self) -> dict[str, str]:
        """What the controller puts into the address that it sends this phone to."""
        store, mac = self._shop.world.plan.store, self._shop.world.phones.mac[self._index]
        if self._shop.portal_secret is None:
            return {"client_mac": mac}
        t = int(time.time())
        signature = sign_redirect(self._shop.portal_secret.encode(), store, mac, t)
        return {"client_mac": mac, "portal_t": str(t), "portal_sig": signature}

    async def ask_points(self, turns: asyncio.Semaphore) -> None:
        """Notes what the site says of the shopper's points; nothing where nobody signed in."""
        if not self._signed_in:
            return
        witness, name = self._shop.tally.witness, self._journey.shopper.name
        async with turns:
            witness.asked[name] = Asked(time.time())
            with contextlib.suppress(Refused):  # counted; it stays without an answer
                said = await self._browser.ask("points", "/v1/me/points")
                witness.asked[name] = Asked(witness.asked[name].t, int(said["pending"]), int(said["available"]))

    async def _listen(self, chores: set[asyncio.Task[None]]) -> None:
        """Keeps a stream open, opening it again as a browser does; each coupon becomes a task in `chores`."""
        wanted = True
        while wanted:
            try:
                wanted = await self._one_stream(chores)
            except httpx.TransportError as error:
                self._shop.tally.errors[f"stream {type(error).__name__}"] += 1
            await asyncio.sleep(REOPEN_S * float(self._rng.uniform(0.5, 1.5)))

    async def _one_stream(self, chores: set[asyncio.Task[None]]) -> bool:
        """One connection, until it ends. False where the server says that there is no point in trying again."""
        tally = self._shop.tally
        async with self._browser.stream("/v1/me/stream", self._last_event_id) as source:
            response = source.response
            if not response.is_success:
                await response.aread()
                tally.errors[f"stream {response.status_code} {problem_code(response)}".rstrip()] += 1
                return response.status_code in (429, 503)
            tally.stream_opened()
            try:
                async for event in source.aiter_sse():
                    self._last_event_id = event.id or self._last_event_id
                    self._take(event, chores)
            finally:
                tally.stream_closed()
        return True

    def _take(self, event: ServerSentEvent, chores: set[asyncio.Task[None]]) -> None:
        arrived_t = time.time()
        if event.event != "voucher" or not event.data:
            return
        voucher = json.loads(event.data)
        if voucher["delivery_id"] not in self._received:
            self._received.add(voucher["delivery_id"])
            self._shop.tally.vouchers_received += 1
            self._shop.tally.witness.note(
                self._journey.shopper.name,
                "coupon",
                f"{voucher['voucher_id']} {voucher.get('campaign_id', '')}".rstrip(),
            )
            if voucher.get("caused_by_t") is not None:
                self._shop.tally.latencies_s.append(arrived_t - float(voucher["caused_by_t"]))
        chores.add(asyncio.create_task(self._use(voucher)))

    async def _use(self, voucher: dict[str, Any]) -> None:
        """Acknowledges, looks at the coupon, and the first time perhaps goes for it, redeems and shares."""
        delivery_id = voucher["delivery_id"]
        try:
            await self._browser.write("acknowledge", f"/v1/me/deliveries/{delivery_id}/ack")
        except Refused:
            return
        if delivery_id in self._acknowledged:
            return
        self._acknowledged.add(delivery_id)
        self._shop.tally.acknowledged += 1
        shop = self._shop
        does = reaction(self._config, target_of(voucher.get("offer") or {}), shop.world.scenario.seed, self._index)
        self._tell(does)
        shares = self._rng.random() < self._config.share_share
        if not does.opens:
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(_count_refusals(self._errands.look, voucher))
            if does.buys:
                group.create_task(_count_refusals(self._errands.act_upon, voucher))
            if shares:
                group.create_task(_count_refusals(self._errands.share, voucher))
            if does.mutes:
                group.create_task(_count_refusals(self._errands.mute, voucher))

    def _tell(self, does: Reaction) -> None:
        """For the true uplift: of coupons for what `responses` names, how many buy, and would have anyway."""
        if does.target in self._config.responses:
            told = {"coupons": True, "bought": does.buys, "would_have_anyway": does.would_buy_without}
            self._shop.tally.responses.update(f"{does.target} {what}" for what, so in told.items() if so)


async def _count_refusals(errand: Callable[[dict[str, Any]], Awaitable[None]], voucher: dict[str, Any]) -> None:
    """A refusal ends this errand only; it is in the tally already."""
    try:
        await errand(voucher)
    except Refused:
        return


def _raise_bugs(tasks: set[asyncio.Task[None]]) -> None:
    """A task that failed for another reason than being ended is our mistake, and must be seen."""
    for task in tasks:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error
