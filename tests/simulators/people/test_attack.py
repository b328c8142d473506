"""Attacks: forged readings beside the real ones, codes that are guessed, farms that open shared links."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from engine.files import read_readings, read_truth
from engine.offers.codes import parse_code
from simulators.live.clock import LiveClock
from simulators.live.counters import Tally
from simulators.live.guessing import ALPHABET, guess_codes
from simulators.live.phone import run_phones
from simulators.live.run import run_live
from simulators.truth.recording import record
from simulators.world import TICK_S, World
from tests.simulators.live.test_phones_bad_server import Discard, Flaky, flaky
from tests.simulators.made import scenario, small_plan

__all__ = ["flaky"]

FORGED = {"forged_devices": 8, "forged_every_s": 3.0}
NOBODY = {"arrivals_per_hour": 0}
PEOPLE = {"arrivals_per_hour": 0, "start_inside": 10}


def lived(world: World, url: str) -> Tally:
    """A live run with phones against a server, without a broker."""
    phones = lambda w, clock, tally: run_phones(w, url, "key", clock, tally)  # noqa: E731
    return asyncio.run(run_live(world, Discard(), phones=phones))


def test_forged_phones_are_heard_and_the_real_ones_as_ever(tmp_path: Path) -> None:
    plain = World(scenario(people=PEOPLE), small_plan(), 120.0)
    attacked = World(scenario(people=PEOPLE, attack=FORGED), small_plan(), 120.0)
    for name, world in (("plain", plain), ("attacked", attacked)):
        record(world, tmp_path / name)
    good, bad = (read_readings(tmp_path / name / "readings.csv") for name in ("plain", "attacked"))
    forged = np.char.startswith(bad.device, "forged-")
    assert Counter(zip(bad.t[~forged], bad.device[~forged], bad.ap[~forged], strict=True)) == Counter(
        zip(good.t, good.device, good.ap, strict=True)
    )
    assert len(set(bad.device[forged].tolist())) == 8
    rounds = len({(d, round(t)) for d, t in zip(bad.device[forged].tolist(), bad.t[forged].tolist(), strict=True)})
    assert rounds == pytest.approx(8 * 120 / 3, rel=0.1)
    assert not any(d.startswith("forged-") for d in read_truth(tmp_path / "attacked" / "truth.csv").device.tolist())
    macs = attacked.device_macs()
    assert len(set(macs)) == len(macs) == len(attacked.device_names())


def test_forged_phones_jump_between_products() -> None:
    world = World(scenario(people=PEOPLE, attack=FORGED), small_plan(), 400.0)
    forger = world._forger
    seen = set()
    for k in range(world.ticks):
        t_s, forged = forger.times(k * TICK_S, (k + 1) * TICK_S)
        at = forger.places(t_s, forged)
        seen |= {(i, round(x, 2), round(y, 2)) for i, x, y in zip(forged.tolist(), at.x_m, at.y_m, strict=True)}
    spots = {
        (round(s.x_m, 2), round(s.y_m, 2))
        for s in (world.store.ways.spot(f"product {p.sku}") for p in world.plan.products)
    }
    assert {(x, y) for _, x, y in seen} == spots
    assert len(seen) > 8 * 2


def test_codes_are_guessed_at_the_rate_asked_and_answers_counted(flaky: tuple[Flaky, str]) -> None:
    server, url = flaky
    world = World(scenario(people=NOBODY, attack={"code_guesses_per_minute": 600}), small_plan(), 4.0)
    tally = asyncio.run(
        run_live(world, Discard(), phones=lambda w, clock, tally: run_phones(w, url, "key", clock, tally))
    )
    # ten a second for four seconds; this server knows no such page
    assert set(tally.guesses) == {"404"}
    assert 15 < tally.guesses["404"] < 75
    assert server.redeemed == []


def test_without_a_till_nobody_can_guess() -> None:
    from simulators.live.browser import Wires
    from simulators.live.coupon_actions import Shop

    async def tried() -> Tally:
        world = World(scenario(people=NOBODY, attack={"code_guesses_per_minute": 600}), small_plan(), 1.0)
        tally, wires = Tally(), Wires()
        await guess_codes(Shop(world, "http://127.0.0.1:9", None, wires, LiveClock(1.0, 1.0), tally))
        await wires.close_all()
        return tally

    assert not asyncio.run(tried()).guesses


def test_guesses_are_what_a_till_would_take_for_a_code() -> None:
    rng = np.random.default_rng(1)
    texts = ["".join(ALPHABET[i] for i in rng.integers(0, 32, 12).tolist()) for _ in range(2000)]
    well_formed = sum(parse_code(t) is not None for t in texts)
    # one check symbol in 37 fits
    assert well_formed / 2000 == pytest.approx(1 / 37, abs=0.015)


def test_a_farm_opens_every_shared_link(flaky: tuple[Flaky, str]) -> None:
    server, url = flaky
    habits = {"redeem_share": 0.0, "share_share": 1.0, "friend_open_share": 0.0, "preview_bot_share": 0.0, "haste": 8.0}
    script = {"name": "vip", "sku": "milk", "start_inside": True, "phone": "http"}
    chosen = scenario(
        people={"arrivals_per_hour": 0}, phones=habits, scripted=[script], attack={"farm_opens_per_share": 12}
    )
    world = World(chosen, small_plan(), 7.0)
    tally = asyncio.run(
        run_live(world, Discard(), phones=lambda w, clock, tally: run_phones(w, url, "key", clock, tally))
    )
    assert tally.farm_opens == len(server.share_opens) == 12
    assert len(set(server.share_opens)) == 1
