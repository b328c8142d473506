"""Small pure parts: the basket for a coupon, the tally, the live clock, frames."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import numpy as np
import pytest

from simulators.live.browser import phone_agent
from simulators.live.clock import LiveClock
from simulators.live.counters import Tally
from simulators.people.phones import colon_mac
from simulators.people.till import coupon_basket
from simulators.scenario.wire import WireConfig
from simulators.wires.native import Clocks, NativeWire
from simulators.world import Heard
from tests.simulators.made import small_plan


@pytest.mark.parametrize(
    ("offer", "expected"),
    [
        ({"kind": "percent", "applies_to": "product", "sku": "soap"}, {"bread": 1, "soap": 1}),
        ({"kind": "percent", "applies_to": "category", "category": "household"}, {"bread": 1, "soap": 1}),
        ({"kind": "percent", "applies_to": "category", "category": "grocery"}, {"bread": 1}),
        ({"kind": "buy_x_get_y", "applies_to": "product", "sku": "bread", "buy": 2, "get": 1}, {"bread": 3}),
        ({"kind": "amount", "applies_to": "basket", "min_basket_minor": 1000}, {"bread": 4}),
        ({"kind": "amount", "applies_to": "basket"}, {"bread": 1}),
        ({}, {"bread": 1}),
    ],
)
def test_the_basket_holds_what_the_offer_needs(offer: dict[str, Any], expected: dict[str, int]) -> None:
    plan = small_plan()
    basket = coupon_basket(plan, offer, [plan.product_by_sku["bread"]])
    assert basket["currency"] == "EUR"
    assert {line["sku"]: line["quantity"] for line in basket["lines"]} == expected
    assert all(line["unit_price_minor"] == 250 for line in basket["lines"])


def test_an_empty_basket_is_filled_for_the_coupon() -> None:
    assert [line["sku"] for line in coupon_basket(small_plan(), {}, [])["lines"]] == ["milk"]


def test_the_tally_sums_up() -> None:
    tally = Tally(shoppers=3, latencies_s=[0.1, 0.2, 0.9])
    tally.stream_opened()
    tally.stream_opened()
    tally.stream_closed()
    tally.errors["redeem 409 voucher_redeemed"] += 2
    summary = json.loads(json.dumps(tally.summary()))
    assert (summary["streams_opened"], summary["streams_open"], summary["streams_open_peak"]) == (2, 1, 2)
    assert summary["latency_ms_median"] == 200.0
    assert summary["latency_ms_p99"] == pytest.approx(886.0)
    assert summary["latencies_s"] == [0.1, 0.2, 0.9]
    assert summary["errors"] == {"redeem 409 voucher_redeemed": 2}
    assert Tally().summary()["latency_ms_median"] is None


def test_the_clock_waits_and_can_be_stopped() -> None:
    async def waits() -> tuple[bool, float, bool]:
        clock = LiveClock(run_s=100_000, speed=10)
        began = time.monotonic()
        reached = await clock.until(2.0)
        took_s = time.monotonic() - began
        asyncio.get_running_loop().call_later(0.05, clock.stop.set)
        return reached, took_s, await clock.until(90_000.0)

    reached, took_s, stopped = asyncio.run(waits())
    assert reached
    assert took_s > 0.19
    assert not stopped  # as said, long before that time came


def test_readings_of_a_fast_run_end_in_the_present() -> None:
    for speed, earlier_s in ((1, 0), (10, 90)):
        before = time.time()
        start_t = LiveClock(100, speed).start_t
        assert before <= start_t + earlier_s <= time.time()


def test_large_batches_are_cut_into_frames() -> None:
    n = 12_001
    zeros = np.zeros(n, np.int32)
    none = np.full(n, np.nan)
    heard = Heard(np.arange(n) / 1000, zeros, zeros, np.full(n, -60.0), none, none)
    clocks = Clocks(WireConfig(), np.random.default_rng(1))
    frames = NativeWire("s", ["02:00:00:00:00:01"], ["ap"], clocks).frames([heard], 1000.0, 1013.0)
    assert [f.readings for f in frames] == [5000, 5000, 2001]
    last = json.loads(frames[-1].payload)
    assert last["sent_at"] == 1013.0
    assert last["readings"][-1] == {"mac": "02:00:00:00:00:01", "ap": "ap", "t": 1012.0, "rssi": -60}


def test_phones_name_themselves_differently() -> None:
    rng = np.random.default_rng(1)
    agents = {phone_agent(rng) for _ in range(300)}
    assert len(agents) > 100
    assert all(a.startswith("Mozilla/5.0 (") and "Mobile" in a for a in agents)


def test_macs_in_any_spelling() -> None:
    assert {colon_mac(t) for t in ("02-AA-bb-cc-dd-EE", "02aabbccddee", "02:aa:bb:cc:dd:ee")} == {"02:aa:bb:cc:dd:ee"}
