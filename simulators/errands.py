"""What people do with a coupon on their phone: look at it, use it at the till, share it with a friend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from simulators.browser import PREVIEW_BOTS, Browser, Wires, phone_agent
from simulators.clock import LiveClock
from simulators.journeys import Journey
from simulators.tally import Tally
from simulators.till import coupon_basket
from simulators.world import World

FARM_AGENT = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Mobile Safari/537.36"
)


@dataclass(frozen=True, slots=True)
class Shop:
    """What all phones of a run share. `till_key` None: nobody redeems."""

    world: World
    base_url: str
    till_key: str | None
    wires: Wires
    clock: LiveClock
    tally: Tally


class Errands:
    """One shopper's errands. Every method raises Refused where the server says no; that is counted already."""

    def __init__(self, shop: Shop, journey: Journey, browser: Browser, rng: np.random.Generator) -> None:
        self._shop, self._journey, self._browser, self._rng = shop, journey, browser, rng
        self._config = shop.world.scenario.phones

    async def look(self, voucher: dict[str, Any]) -> None:
        """Tells that the coupon was seen."""
        await self._browser.write("seen", f"/v1/me/vouchers/{voucher['voucher_id']}/seen")
        self._shop.tally.seen += 1

    async def redeem(self, voucher: dict[str, Any]) -> None:
        """At the till where the shopper pays, or soon at any; nobody redeems who leaves without paying."""
        shop, journey = self._shop, self._journey
        paying = [s for s in journey.stops if s.kind == "till"]
        if self._config.redeem_when == "soon":
            till = paying[0].ref if paying else "till"
            if not await self._hesitate(2.0, 8.0):
                return
        elif paying:
            till = paying[0].ref
            if not await shop.clock.until(paying[0].until_s - 2.0):
                return
        else:
            return
        basket = coupon_basket(shop.world.plan, voucher.get("offer") or {}, journey.basket)
        headers = {"Authorization": f"Bearer {shop.till_key}"}
        register = Browser(shop.wires, shop.base_url, shop.tally, headers)
        body = {"code": voucher["code"], "store": shop.world.plan.store, "till": till, "basket": basket}
        await register.write("redeem", "/v1/till/redeem", body)
        shop.tally.redeemed += 1

    async def share(self, voucher: dict[str, Any]) -> None:
        """Shares the deal; a messenger's bot may fetch the link before the friend opens it."""
        shop = self._shop
        if not await self._hesitate(0.5, 3.0):
            return
        made = await self._browser.write("share", "/v1/me/shares", {"voucher_id": voucher["voucher_id"]})
        shop.tally.shares += 1
        path = urlsplit(str(made["url"])).path  # the server's public name may not be known here
        if self._rng.random() < self._config.preview_bot_share:
            agent = PREVIEW_BOTS[int(self._rng.integers(len(PREVIEW_BOTS)))]
            await Browser(shop.wires, shop.base_url, shop.tally, {"User-Agent": agent}).bare("preview", path)
            shop.tally.preview_bot_opens += 1
        if self._rng.random() < self._config.friend_open_share and await self._hesitate(0.5, 3.0):
            headers = {"User-Agent": phone_agent(self._rng), "Accept-Language": self._config.locale}
            await Browser(shop.wires, shop.base_url, shop.tally, headers).page("friend", path)
            shop.tally.friend_opens += 1
        if self._rng.random() < self._config.self_open_share:
            await self._browser.page("own link", path)
            shop.tally.self_opens += 1
        if self._rng.random() < self._config.neighbour_open_share:
            headers = {"User-Agent": phone_agent(self._rng), "Accept-Language": self._config.locale}
            await Browser(shop.wires, shop.base_url, shop.tally, headers).page("neighbour", path)
            shop.tally.neighbour_opens += 1
        for _ in range(self._shop.world.scenario.attack.farm_opens_per_share):
            # no cookie is kept from one to the next
            await Browser(shop.wires, shop.base_url, shop.tally, {"User-Agent": FARM_AGENT}).page("share farm", path)
            shop.tally.farm_opens += 1

    async def mute(self, voucher: dict[str, Any]) -> None:
        """Asks for no more offers of this store."""
        if not await self._hesitate(0.5, 3.0):
            return
        await self._browser.write("mute", "/v1/me/fewer", {"kind": "mute", "store": self._shop.world.plan.store})
        self._shop.tally.muted += 1

    async def _hesitate(self, from_s: float, to_s: float) -> bool:
        """People take their time. False when the run was stopped meanwhile."""
        return await self._shop.clock.pause(float(self._rng.uniform(from_s, to_s)) / self._config.haste)
