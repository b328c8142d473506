"""Access points that hear each other keep the running store's radio map true, over a restore to the bit."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest

from engine.config import Config
from engine.ingest.decoders.native import Frame, NativeDecoder
from engine.plan.cells import walkable_cells
from engine.positioning.learning.self_calibration import Fitted
from engine.privacy.pseudonyms import Pseudonyms
from engine.radio.radiomap import prior_map
from engine.records import Fixes, Readings
from engine.runtime.map_fits import FitGivenUp, FitsInPlace, FitsInThread
from engine.runtime.store_engine import StoreEngine
from engine.runtime.stored.packing import pack, unpack
from tests.engine.runtime.made import boutique, frames, payload, stands

PLAN = boutique()
T0 = 1_800_000_000.0
DURATION_S = 70.0


@cache
def decoded() -> list[Frame]:
    """Four devices, and every five seconds all access points of a level hear each other, 5 dB louder than phones."""
    decoder = NativeDecoder({"boutique": PLAN.ap_index}, Pseudonyms(b"0123456789abcdef", T0))
    out = []
    for k, (at, rows) in enumerate(frames(PLAN, stands(PLAN, 4, DURATION_S), DURATION_S)):
        heard = _between(at) if k % 10 == 0 else []
        given = payload(at, rows + heard, T0)
        out.append(decoder.decode("rayon/boutique/readings/c1", given, T0 + at + 0.05))
    return out


def _between(at: float) -> list[dict[str, object]]:
    pairs = [(a, b) for a in PLAN.access_points for b in PLAN.access_points if a.id != b.id and a.level == b.level]
    away = [float(np.hypot(a.x_m - b.x_m, a.y_m - b.y_m)) for a, b in pairs]
    rssi = [-35.0 - 26.0 * np.log10(d) for d in away]
    return [{"mac": a.id, "ap": b.id, "t": at, "rssi": round(r, 1)} for (a, b), r in zip(pairs, rssi, strict=True)]


def run(engine: StoreEngine, given: list[Frame]) -> list[bytes]:
    steps = [engine.step([frame], frame.received_at) for frame in given]
    return [step.fixes.posterior.tobytes() for step in steps]


def places(fixes: list[Fixes]) -> dict[tuple[int, float], tuple[float, float]]:
    """Where each device was at each time."""
    return {
        (int(d), float(t)): (float(x), float(y))
        for f in fixes
        for d, t, x, y in zip(f.device, f.t, f.x_m, f.y_m, strict=True)
    }


class Straight(NamedTuple):
    """What came of all frames, one by one, and the engine that made it: nobody steps it any further."""

    engine: StoreEngine
    fixes: list[Fixes]
    posteriors: list[bytes]


@cache
def straight() -> Straight:
    """Once for all tests that hold another way to it."""
    engine = StoreEngine(PLAN, Config())
    fixes = [engine.step([frame], frame.received_at).fixes for frame in decoded()]
    return Straight(engine, fixes, [f.posterior.tobytes() for f in fixes])


def given_prior() -> StoreEngine:
    """An engine that begins with the same map as the others, and keeps it."""
    return StoreEngine(PLAN, Config(), prior_map(PLAN, walkable_cells(PLAN, Config().positioning.cell_m)))


def test_new_maps_are_used_at_growing_intervals() -> None:
    kept = given_prior()
    learnt, prior = places(straight().fixes), places([kept.step([f], f.received_at).fixes for f in decoded()])
    apart_m = {(t - T0): float(np.hypot(x - prior[d, t][0], y - prior[d, t][1])) for (d, t), (x, y) in learnt.items()}
    assert straight().engine.counts["radio_maps"] == 2, "begun after 15 and 30 seconds, used 10 s later"
    assert max(m for t_s, m in apart_m.items() if t_s < 25.0) < 1e-3
    assert min(m for t_s, m in apart_m.items() if 25.5 < t_s < 30.0) > 0.01


class Rests(FitsInPlace):
    """Each fit owes so many seconds."""

    owed_s = 40.0


def test_a_fit_that_comes_due_during_a_rest_is_left_out() -> None:
    resting, given = StoreEngine(PLAN, Config(), fits=Rests()), decoded()
    run(resting, given)
    assert resting.counts["radio_maps"] == 1, "begun after 15 seconds; what is due after 30 would have to wait until 55"
    again = StoreEngine(PLAN, Config(), fits=Rests())
    again.restore(unpack(pack(resting.state())))
    assert again.state()["rests_until"] == pytest.approx(T0 + 55.0, abs=1.0)


@pytest.mark.parametrize("at_once", [3, 20])
def test_however_many_frames_a_step_takes_places_are_the_same(at_once: int) -> None:
    """Tracks are rounded and maps used at times that are set, not where a step happens to end. To the millimetre: the
    order of sums in a matrix product depends on its size."""
    given, many = decoded(), StoreEngine(PLAN, Config())
    batches = [given[k : k + at_once] for k in range(0, len(given), at_once)]
    single = places(straight().fixes)
    together = places([many.step(batch, batch[-1].received_at).fixes for batch in batches])
    assert together.keys() == single.keys()
    assert max(float(np.hypot(x - single[at][0], y - single[at][1])) for at, (x, y) in together.items()) < 1e-3


@pytest.mark.parametrize("cut", [20, 60, 110])
def test_a_restored_engine_goes_on_with_the_map_it_used(cut: int) -> None:
    given, first, second = decoded(), StoreEngine(PLAN, Config()), StoreEngine(PLAN, Config())
    after = run(first, given[:cut])
    second.restore(unpack(pack(first.state())))
    assert after + run(second, given[cut:]) == straight().posteriors
    assert second.counts == straight().engine.counts


def test_however_readings_come_in_maps_change_at_the_same_reading() -> None:
    """After an outage many frames come at once: they give the fixes that they would have given one by one."""
    given, crowded = decoded(), StoreEngine(PLAN, Config())
    parts = [given[i : i + 40] for i in range(0, len(given), 40)]
    got = [crowded.step(part, part[-1].received_at).fixes for part in parts]
    assert straight().engine.counts["radio_maps"] == 2

    one, other = places(straight().fixes), places(got)
    assert len(other) > 0.9 * len(one)  # the last windows stay open longer
    for key, place in other.items():
        assert place == pytest.approx(one[key], abs=1e-3)


class GivesUp(FitsInPlace):
    """The process is to stop before its second map is made."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def result(self) -> Fitted:
        self.asked += 1
        if self.asked == 2:
            raise FitGivenUp
        return super().result()


def test_a_step_that_was_given_up_is_done_by_the_next_process() -> None:
    """As if it had never been begun: the fit under way begins again."""
    given, stopped = decoded(), StoreEngine(PLAN, Config(), fits=GivesUp())
    got, state = [], pack(stopped.state())

    def until_given_up() -> None:
        nonlocal got, state
        for frame in given:
            got += run(stopped, [frame])
            state = pack(stopped.state())

    with pytest.raises(FitGivenUp):
        until_given_up()
    assert 0 < len(got) < len(given)
    after = StoreEngine(PLAN, Config())
    after.restore(unpack(state))
    assert got + run(after, given[len(got) :]) == straight().posteriors
    assert after.counts["radio_maps"] == 2


def test_where_maps_are_made_makes_no_difference() -> None:
    """The other one makes them in place."""
    assert run(StoreEngine(PLAN, Config(), fits=FitsInThread()), decoded()) == straight().posteriors


def test_a_frame_delivered_twice_teaches_once() -> None:
    once, twice = straight().engine, StoreEngine(PLAN, Config())
    for frame in decoded():
        twice.step([frame, frame], frame.received_at)
    assert once.state()["calibration"]["count"].sum() > 0
    assert np.array_equal(once.state()["calibration"]["count"], twice.state()["calibration"]["count"])


def test_a_map_that_was_given_is_kept() -> None:
    """What access points hear of each other changes nothing then."""
    hearing, deaf, given = given_prior(), given_prior(), decoded()
    without = [replace(frame, ap_readings=Readings.empty()) for frame in given]
    assert run(hearing, given) == run(deaf, without)
    assert "radio_maps" not in hearing.counts
