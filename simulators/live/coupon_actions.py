"""What people do with a coupon on their phone: look at it, go for it, use it at the till, share it with a friend."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from simulators.live.browser import PREVIEW_BOTS, Browser, Refused, Wires, phone_agent
from simulators.live.clock import LiveClock
from simulators.live.counters import Tally
from simulators.people.journeys import Journey, Stop
from simulators.people.reactions import wish_of
from simulators.people.till import coupon_basket
from simulators.truth.witnessed import Opener
from simulators.world import World

FARM_AGENT = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Mobile Safari/537.36"
)

THINK_S = (1.0, 4.0)
"""Scenario seconds from looking at a coupon to going for what it is for."""


def elsewhere(person: str) -> dict[str, str]:
    """The header of somebody at an address of their own (of those kept for documentation, RFC 3849).

    A site that trusts its proxy at our address takes it from there; any other sees all friends at ours.
    """
    number = int(person.rsplit("-", 1)[1])
    return {"X-Forwarded-For": f"2001:db8::{number >> 16:x}:{number & 0xFFFF:x}"}


@dataclass(frozen=True, slots=True)
class Shop:
    """What all phones of a run share. `till_key` None: nobody redeems. `portal_secret` None: the controllers sign no
    redirect, and no phone is proved by one. `present`: who is signed in and still there."""

    world: World
    base_url: str
    till_key: str | None
    wires: Wires
    clock: LiveClock
    tally: Tally
    portal_secret: str | None = None
    present: dict[str, Browser] = field(default_factory=dict)


class Errands:
    """One shopper's errands. Every method raises Refused where the server says no; that is counted already."""

    def __init__(self, shop: Shop, shopper: int, browser: Browser, rng: np.random.Generator) -> None:
        self._shop, self._shopper, self._browser, self._rng = shop, shopper, browser, rng
        self._config = shop.world.scenario.phones
        self._witness, self._name = shop.tally.witness, self._journey.shopper.name
        self._deals: dict[str, str] = {}  # what each shared link is about

    @property
    def _journey(self) -> Journey:
        """As it is now: a coupon may change it."""
        return self._shop.world.journeys[self._shopper]

    async def look(self, voucher: dict[str, Any]) -> None:
        """Tells that the coupon was seen."""
        await self._browser.write("seen", f"/v1/me/vouchers/{voucher['voucher_id']}/seen")
        self._shop.tally.seen += 1
        self._witness.note(self._name, "seen", str(voucher["voucher_id"]))

    async def act_upon(self, voucher: dict[str, Any]) -> None:
        """Goes and gets what the coupon is for, and uses the coupon."""
        shop = self._shop
        wish = wish_of(shop.world.plan, voucher.get("offer") or {})
        if wish is not None:
            seconds = float(np.random.default_rng([shop.world.scenario.seed, 6, self._shopper]).uniform(*THINK_S))
            if not await shop.clock.until(shop.clock.now_s + seconds / self._config.haste):
                return
            what = shop.world.act_upon(self._shopper, shop.clock.now_s, wish)
            shop.tally.acted[what] += 1
            self._witness.note(self._name, "acted", f"{voucher['voucher_id']} {what}")
            if what in ("stays", "late"):
                return
        if shop.till_key is not None:
            await self.redeem(voucher)

    async def redeem(self, voucher: dict[str, Any]) -> None:
        """At the till where the shopper pays, or soon at any; nobody redeems who leaves without paying."""
        shop = self._shop
        if self._config.redeem_when == "soon":
            if not await self._hesitate(2.0, 8.0):
                return
        elif self._till() is None or not await shop.clock.until_told(self._pays_s):
            return
        paying = self._till()  # as it is now: another coupon may have led elsewhere meanwhile
        till = "till" if paying is None else paying.ref
        basket = coupon_basket(shop.world.plan, voucher.get("offer") or {}, self._journey.basket)
        headers = {"Authorization": f"Bearer {shop.till_key}"}
        register = Browser(shop.wires, shop.base_url, shop.tally, headers)
        body = {"code": voucher["code"], "store": shop.world.plan.store, "till": till, "basket": basket}
        await self._at_till(register, body, str(voucher.get("campaign_id", "")))
        shop.tally.redeemed += 1
        self._witness.note(self._name, "redeemed", f"{voucher['voucher_id']} {till}")

    async def _at_till(self, register: Browser, body: dict[str, Any], deal: str) -> None:
        """Uses the coupon, the witness looking on. Raises Refused."""
        said = "lost"
        try:
            await register.write("redeem", "/v1/till/redeem", body)
            said = "taken"
        except Refused as refusal:
            said = "lost" if refusal.code == "network" else "refused"
            raise
        finally:
            if said != "refused":
                self._witness.redemption(self._name, deal, sure=said == "taken")

    async def share(self, voucher: dict[str, Any]) -> None:
        """Shares the deal; a messenger's bot may fetch the link before the friend opens it."""
        shop = self._shop
        if not await self._hesitate(0.5, 3.0):
            return
        made = await self._browser.write("share", "/v1/me/shares", {"voucher_id": voucher["voucher_id"]})
        shop.tally.shares += 1
        path = urlsplit(str(made["url"])).path  # the server's public name may not be known here
        self._witness.note(self._name, "shared", f"{path} {voucher['voucher_id']}")
        self._deals[path] = str(voucher.get("campaign_id", ""))
        await self._let_others_open(path)

    async def _let_others_open(self, path: str) -> None:
        """Who opens the link, in this order. The first that is refused ends it."""
        shop, config = self._shop, self._config
        if self._rng.random() < config.preview_bot_share:
            agent = PREVIEW_BOTS[int(self._rng.integers(len(PREVIEW_BOTS)))]
            bot = Browser(shop.wires, shop.base_url, shop.tally, {"User-Agent": agent})
            await self._open("preview", "bot", path, bot.bare("preview", path))
            shop.tally.preview_bot_opens += 1
        if self._rng.random() < config.friend_open_share and await self._hesitate(0.5, 3.0):
            friend = self._witness.somebody("friend")
            await self._open("friend", friend, path, self._stranger(elsewhere(friend)).page("friend", path))
            shop.tally.friend_opens += 1
        if self._rng.random() < config.self_open_share:
            private = config.self_private_share > 0 and self._rng.random() < config.self_private_share
            window = self._browser.private_window() if private else self._browser
            await self._open("self", self._name, path, window.page("own link", path))
            shop.tally.self_opens += 1
        if self._rng.random() < config.neighbour_open_share:
            person, browser = self._neighbour()
            await self._open("neighbour", person, path, browser.page("neighbour", path))
            shop.tally.neighbour_opens += 1
        for _ in range(shop.world.scenario.attack.farm_opens_per_share):
            # no cookie is kept from one to the next
            farm = Browser(shop.wires, shop.base_url, shop.tally, {"User-Agent": FARM_AGENT})
            await self._open("farm", "farm", path, farm.page("share farm", path))
            shop.tally.farm_opens += 1

    def _neighbour(self) -> tuple[str, Browser]:
        """Somebody in the same shop: as often as not another shopper who is signed in, where there is one."""
        others = sorted(name for name in self._shop.present if name != self._name)
        if others and self._rng.random() < 0.5:
            name = others[int(self._rng.integers(len(others)))]
            return name, self._shop.present[name]
        return self._witness.somebody("neighbour"), self._stranger()

    def _stranger(self, origin: dict[str, str] | None = None) -> Browser:
        """The phone of somebody who was never here; in the shop, unless `origin` says where else."""
        shop = self._shop
        headers = {"User-Agent": phone_agent(self._rng), "Accept-Language": self._config.locale}
        return Browser(shop.wires, shop.base_url, shop.tally, headers | (origin or {}))

    async def _open(self, opener: Opener, person: str, path: str, request: Awaitable[Any]) -> None:
        """Awaits the request for the link's page with the witness looking on. Raises Refused."""
        opening = self._witness.opening(self._name, path, opener, person, self._deals[path])
        try:
            await request
            opening.answer = "shown"
        except Refused as refusal:
            opening.answer = "lost" if refusal.code == "network" else "refused"
            raise
        finally:
            self._witness.note(self._name, "opened", f"{path} {opener} {person} {opening.answer}")

    async def mute(self, voucher: dict[str, Any]) -> None:
        """Asks for no more offers of this store."""
        if not await self._hesitate(0.5, 3.0):
            return
        await self._browser.write("mute", "/v1/me/fewer", {"kind": "mute", "store": self._shop.world.plan.store})
        self._shop.tally.muted += 1
        self._witness.note(self._name, "muted")

    def _till(self) -> Stop | None:
        return next((s for s in self._journey.stops if s.kind == "till"), None)

    def _pays_s(self) -> float:
        till = self._till()
        return self._journey.end_s if till is None else till.until_s - 2.0

    async def _hesitate(self, from_s: float, to_s: float) -> bool:
        """People take their time. False when the run was stopped meanwhile."""
        return await self._shop.clock.pause(float(self._rng.uniform(from_s, to_s)) / self._config.haste)
