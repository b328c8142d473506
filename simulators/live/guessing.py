"""Somebody at a till who guesses coupon codes."""

from __future__ import annotations

import httpx
import numpy as np

from simulators.live.browser import TIMEOUT, problem_code
from simulators.live.coupon_actions import Shop

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


async def guess_codes(shop: Shop) -> None:
    """Asks for random codes at the scenario's rate until the run ends; every answer is counted by its kind."""
    attack, rng = shop.world.scenario.attack, np.random.default_rng([shop.world.scenario.seed, 5])
    if not attack.code_guesses_per_minute or shop.till_key is None:
        return
    headers = {"Authorization": f"Bearer {shop.till_key}"}
    client = httpx.AsyncClient(transport=shop.wires, base_url=shop.base_url, headers=headers, timeout=TIMEOUT)
    pause_s = 60.0 / attack.code_guesses_per_minute
    store, basket = shop.world.plan.store, {"currency": shop.world.plan.currency, "lines": []}
    while await shop.clock.pause(float(rng.exponential(pause_s))):
        code = "".join(ALPHABET[i] for i in rng.integers(0, 32, 12).tolist())
        body = {"code": code, "store": store, "till": "guess", "basket": basket}
        try:
            response = await client.post("/v1/till/check", json=body)
        except httpx.TransportError as error:
            shop.tally.guesses[type(error).__name__] += 1
            continue
        answer = response.json() if response.is_success else {}
        outcome = str(answer.get("reason") or "hit") if answer else f"{response.status_code} {problem_code(response)}"
        shop.tally.guesses[outcome.rstrip()] += 1
