"""5,394 random MACs cost 200 MB of memory and 122 MB of database.

Input: phones that stand in the store, and random addresses, each heard once or for two seconds, 83 a second (50,000 in
ten minutes). Right: no track for them beyond the first 400, nothing kept of them, and the phones' fixes as without.
`python -m tests.soak.flood` is the long form: all 50,000, with memory and database measured.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from engine.config import Config
from engine.ingest.decoders.native import Frame, NativeDecoder
from engine.privacy.pseudonyms import Pseudonyms
from engine.records import Readings
from engine.runtime.newcomers import FREE_TRACKS
from engine.runtime.store_engine import StoreEngine
from engine.runtime.stored.packing import pack
from tests.engine.runtime.made import boutique, frames, payload, stands

PLAN = boutique()
T0 = 1_800_000_000.0
PER_SECOND = 84
PHONES = 6


def phones(duration_s: float) -> Iterator[Frame]:
    decoder = NativeDecoder({PLAN.store: PLAN.ap_index}, Pseudonyms(b"0123456789abcdef", T0))
    for at, rows in frames(PLAN, stands(PLAN, PHONES, duration_s), duration_s):
        topic = f"rayon/{PLAN.store}/readings/c1"
        yield decoder.decode(topic, payload(at, rows, T0), T0 + at + 0.05)


def strangers(duration_s: float, again_s: float = 0.0) -> Iterator[Frame]:
    """Made-up addresses, each heard by three access points at once, and once more `again_s` later if that is not 0."""
    rng = np.random.default_rng(8)
    left = np.empty(0, np.uint64)
    for second in range(int(duration_s)):
        new = rng.integers(1, 2**63, PER_SECOND).astype(np.uint64)
        device = np.repeat(np.concatenate([new, left]), 3)
        left = new if again_s else left
        n = len(device)
        ap = np.tile(np.arange(3, dtype=np.int32), n // 3)
        t = T0 + second + rng.uniform(0, 1, n // 3).repeat(3)
        nothing = np.full(n, np.nan, np.float32)
        heard = Readings(t, device, ap, rng.uniform(-90, -50, n).astype(np.float32), nothing, nothing)
        yield Frame(PLAN.store, "c1", T0 + second + 1.0, T0 + second + 1.0, heard, Readings.empty(), {})


def together(duration_s: float, again_s: float = 0.0) -> list[Frame]:
    return sorted([*phones(duration_s), *strangers(duration_s, again_s)], key=lambda f: f.received_at)


def followed(engine: StoreEngine, given: list[Frame], mine: set[int]) -> int:
    """How many fixes of our phones come out."""
    return sum(d in mine for frame in given for d in engine.step([frame], frame.received_at).fixes.device.tolist())


@pytest.mark.parametrize("again_s", [0.0, 1.0])
def test_made_up_addresses_cost_nothing_and_the_phones_are_followed(again_s: float) -> None:
    alone = list(phones(40.0))
    mine = {d for frame in alone for d in frame.readings.device.tolist()}
    quiet, flooded = StoreEngine(PLAN, Config()), StoreEngine(PLAN, Config())
    assert followed(flooded, together(40.0, again_s), mine) >= followed(quiet, alone, mine) > 0
    assert FREE_TRACKS <= flooded.figures()["tracks"] <= FREE_TRACKS + PHONES
    assert flooded.figures()["held_back"] > 1500
    at = T0 + 40.0
    while not flooded.settled and at < T0 + 60.0:  # nothing comes any more, and the store's time goes on
        at += 0.2
        flooded.step([], at)
    assert flooded.settled
    assert len(pack(flooded.state())) < 3_000_000


def test_who_stays_gets_a_track_and_more_than_the_limit_do_not() -> None:
    config = Config.model_validate({"ingest": {"devices_per_store": FREE_TRACKS + 50}})
    engine = StoreEngine(PLAN, config)
    rng = np.random.default_rng(9)
    device = np.repeat(rng.integers(1, 2**63, FREE_TRACKS + 100).astype(np.uint64), 3)
    n = len(device)
    nothing, ap = np.full(n, np.nan, np.float32), np.tile(np.arange(3, dtype=np.int32), n // 3)
    for second in range(16):
        t = np.full(n, T0 + second)
        heard = Readings(t, device, ap, np.full(n, -60, np.float32), nothing, nothing)
        engine.step([Frame(PLAN.store, "c1", T0 + second, T0 + second, heard, Readings.empty(), {})], T0 + second)
        if second == 4:
            assert engine.figures()["tracks"] == FREE_TRACKS
    assert engine.figures()["tracks"] == FREE_TRACKS + 50
    engine.step([], T0 + 400)
    engine.step([], T0 + 800)
    assert engine.figures()["tracks"] == 0
