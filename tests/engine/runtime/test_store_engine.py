"""One store's chain: deterministic over a restore at any moment, and ready for the present after a fast recording."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from engine.config import Config, PositioningConfig
from engine.ingest.decoders.native import Frame, NativeDecoder
from engine.offers.campaigns import load_campaigns
from engine.presence.flows import OUTSIDE, FlowRow
from engine.privacy.pseudonyms import Pseudonyms
from engine.records import Readings
from engine.runtime.store_engine import Step, StoreEngine
from engine.runtime.stored.packing import pack, unpack
from tests.engine.positioning.stores import hall
from tests.engine.runtime.made import FLOORPLANS, boutique, frames, payload, stands

PLAN = boutique()
T0 = 1_800_000_000.0
DURATION_S = 40.0
PSEUDONYMS = Pseudonyms(b"0123456789abcdef", T0)


def decoded(origin: float = T0, lag_s: float = 0.05, speed: float = 1.0) -> list[Frame]:
    """The frames of four devices; received at `origin` plus their time divided by `speed`."""
    decoder = NativeDecoder({"boutique": PLAN.ap_index}, PSEUDONYMS)
    standing = stands(PLAN, 4, DURATION_S)
    return [
        decoder.decode("rayon/boutique/readings/c1", payload(at, rows, origin), origin + at / speed + lag_s)
        for at, rows in frames(PLAN, standing, DURATION_S)
    ]


def engine() -> StoreEngine:
    made = StoreEngine(PLAN, Config())
    made.set_campaigns(load_campaigns(FLOORPLANS / "boutique" / "campaigns.yaml", PLAN))
    made.set_linked([PSEUDONYMS(s.mac) for s in stands(PLAN, 4, DURATION_S)])
    return made


def told(step: Step) -> list[object]:
    """Everything a step says, comparable to the bit."""
    fixes = [getattr(step.fixes, name).tobytes() for name in type(step.fixes).__slots__]
    return [step.clock, fixes, step.visits, step.triggers, step.ended]


def run(target: StoreEngine, given: list[Frame]) -> Iterator[list[object]]:
    for frame in given:
        yield told(target.step([frame], frame.received_at))
    end = given[-1].received_at
    for later_s in (20.0, 200.0, 400.0):
        yield told(target.step([], end + later_s))


@pytest.mark.parametrize("cut", [1, 23, 57])
def test_a_restored_engine_goes_on_to_the_bit(cut: int) -> None:
    given = decoded()
    straight, first, second = engine(), engine(), engine()
    before = list(run(straight, given))
    after = [told(first.step([frame], frame.received_at)) for frame in given[:cut]]
    second.restore(unpack(pack(first.state())))
    after += list(run(second, given[cut:]))
    assert after == before
    assert straight.counts == second.counts
    assert second.drain() == straight.drain()


def test_the_chain_says_something_at_every_link() -> None:
    chain = engine()
    list(run(chain, decoded()))
    assert all(chain.counts[name] for name in ("readings", "readings_used", "fixes", "visits", "triggers"))
    statistics = chain.drain()
    assert statistics.heat
    assert statistics.zone_hours
    into, out = (sum(r.count for r in statistics.flows if end(r) == OUTSIDE) for end in (_from, _to))
    assert into == out == 4, "every device came in and left, once"
    assert any(_from(r) != OUTSIDE != _to(r) for r in statistics.flows)
    assert chain.figures()["devices"] == chain.figures()["tracks"] == 0, "everyone has left"


def _from(row: FlowRow) -> str:
    return row.from_zone


def _to(row: FlowRow) -> str:
    return row.to_zone


def test_a_frame_delivered_twice_counts_once() -> None:
    once, twice = engine(), engine()
    given = decoded()
    list(run(once, given))
    for frame in given:
        twice.step([frame, frame], frame.received_at)
    assert twice.counts["readings"] == once.counts["readings"]
    assert twice.figures()["duplicates"] == sum(len(frame.readings) for frame in given)


def test_only_linked_devices_trigger() -> None:
    chain = engine()
    chain.set_linked([])
    assert not [t for said in run(chain, decoded()) for t in said[3]]  # type: ignore[attr-defined]


def test_after_a_fast_recording_the_present_is_not_late() -> None:
    """Played at 20x, a recording leaves the store's time ahead of ours; a minute later live readings still count."""
    chain = StoreEngine(PLAN, Config())
    parts = [decoded(T0 + k * DURATION_S) for k in range(5)]
    played = [frame for part in parts for frame in part]
    for i, frame in enumerate(played):
        received = T0 + (i + 1) * 0.025
        last = chain.step(
            [Frame(frame.store, "tape", frame.sent_at, received, frame.readings, frame.ap_readings, {}, replay=True)],
            received,
        )
    assert last.clock > T0 + 190
    now = T0 + 45.0
    chain.step([], now)
    before = chain.counts["readings_used"]
    live = decoded(now)
    clocks = [chain.step([frame], frame.received_at).clock for frame in live]
    clocks.append(chain.step([], now + DURATION_S + 60).clock)
    assert chain.counts["readings_used"] - before >= sum(len(frame.readings) for frame in live)
    assert chain.figures()["late"] == 0
    assert np.isfinite(clocks[1:]).all()


@pytest.mark.parametrize(("share", "fixes"), [(1.0, 1), (0.5, 0)])
def test_how_vague_a_fix_may_be_is_configured(share: float, fixes: int) -> None:
    config = Config(positioning=PositioningConfig(vague_share=share))
    made = StoreEngine(hall(40.0, 25.0), config)
    one, none = np.ones(1, np.uint64), np.full(1, np.nan, np.float32)
    heard = Readings(np.full(1, T0), one, np.zeros(1, np.int32), np.full(1, -66, np.float32), none, none)
    frame = Frame("hall", "c1", T0, T0, heard, Readings.empty(), {})
    made.step([frame], T0)
    located = sum(len(made.step([], T0 + k).fixes) for k in range(1, 90))
    assert located == fixes
    assert made.figures()["no_fix"].get("too_vague", 0) == 1 - fixes
