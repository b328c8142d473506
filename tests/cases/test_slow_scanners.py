"""Beacons heard every 2 to 96 s flip to unknown (bermuda #542): one timeout for all devices, however seldom they scan.

Input: a phone stands for 15 min, heard every 31, 60, 119 or 125 s by four access points; a campaign for the whole store
with `min_dwell_s` 20. Right: one trigger, at least 90 % of its time, one visit.
"""

from __future__ import annotations

import numpy as np
import pytest

from engine.config import Config
from engine.ingest.decoders.native import Frame
from engine.offers.campaigns import Campaign
from engine.records import Readings, StoreVisit, Trigger
from engine.runtime.store_engine import StoreEngine
from tests.api.site import campaign
from tests.engine.runtime.made import boutique

PLAN = boutique()
T0 = 1_800_000_000.0
STANDS_S = 900.0
DEVICE = 7


def everywhere() -> Campaign:
    return campaign("all", place={"store": True}, min_dwell_s=20.0)


def heard(at: float) -> Frame:
    """Four access points hear the phone at once, 2 m from the first product."""
    n = 4
    rssi = np.array([-50.0, -58.0, -61.0, -66.0], np.float32)
    none = np.full(n, np.nan, np.float32)
    device = np.full(n, DEVICE, np.uint64)
    readings = Readings(np.full(n, at), device, np.arange(n, dtype=np.int32), rssi, none, none)
    return Frame("boutique", "c1", at, at, readings, Readings.empty(), {})


def stand(times: list[float], look_s: float = 1.0) -> tuple[StoreEngine, list[Trigger], list[StoreVisit]]:
    """The engine looks at the clock every `look_s`; the phone is heard at `times`, then no more."""
    chain = StoreEngine(PLAN, Config())
    chain.set_campaigns([everywhere()])
    chain.set_linked([DEVICE])
    triggers, stays, coming = [], [], sorted(times)
    for now in np.arange(T0, T0 + times[-1] + 600.0, look_s):
        due = [T0 + t for t in coming if now - look_s < T0 + t <= now]
        step = chain.step([heard(t) for t in due], float(now))
        triggers += step.triggers
        stays += step.ended
    return chain, triggers, stays


def check(times: list[float], share: float) -> None:
    chain, triggers, stays = stand(times)
    assert len(triggers) == 1
    assert [s.last_seen_at - s.started_at for s in stays] == [pytest.approx(times[-1] - times[0])]
    person_s = sum(row.person_s for row in chain.drain().heat)
    assert person_s >= share * (times[-1] - times[0]) * (1 - 1e-6)


@pytest.mark.parametrize("every_s", [10.0, 31.0, 60.0, 90.0, 119.0, 125.0, 170.0])
def test_a_phone_is_followed_at_its_own_rhythm(every_s: float) -> None:
    times = np.arange(0.0, STANDS_S, every_s).tolist()
    check(times, 0.99)
    assert times[-1] >= 0.9 * STANDS_S, "so that it is 90 % of all the time that it stood there"


@pytest.mark.parametrize("seed", [1, 2])
def test_however_irregular_it_is(seed: int) -> None:
    gaps = np.random.default_rng(seed).uniform(31.0, 119.0, 12)
    check([0.0, *np.cumsum(gaps).tolist()], 0.9)


def test_beyond_the_limit_it_is_said_to_be_not_followed() -> None:
    chain, triggers, _ = stand(np.arange(0.0, 8000.0, 200.0).tolist(), look_s=10.0)
    assert not triggers
    assert chain.figures()["heard_once_share"] == 1.0
