"""What comes in: new readings once, in order, on our clock, and scans of them."""

from __future__ import annotations

import numpy as np
import pytest

from engine.config import Config
from engine.ingest.decoders.native import Frame
from engine.records import Readings
from engine.runtime.intake import HeardStep, Intake
from engine.runtime.stored.packing import pack, unpack

T0 = 1_800_000_000.0
CONFIG = Config()


def readings(t: list[float], device: int = 7) -> Readings:
    n = len(t)
    none = np.full(n, np.nan, np.float32)
    rssi = np.full(n, -60, np.float32)
    return Readings(T0 + np.array(t), np.full(n, device, np.uint64), np.zeros(n, np.int32), rssi, none, none)


def frame(at: float, heard: Readings, between: Readings | None = None, *, replay: bool = False) -> Frame:
    return Frame("shop", "c1", T0 + at, T0 + at, heard, between or Readings.empty(), {}, replay)


def intake() -> Intake:
    return Intake(CONFIG.ingest, 2, CONFIG.positioning.window_s)


def total(parts: list[HeardStep]) -> tuple[int, int, int]:
    return (sum(p.new for p in parts), sum(p.used for p in parts), sum(len(p.scans) for p in parts))


def test_a_reading_becomes_part_of_one_scan_though_it_came_twice() -> None:
    made = intake()
    parts = [made.take([frame(k, readings([k - 0.5]))] * 2, T0 + k) for k in range(1, 10)]
    parts.append(made.take([], T0 + 600.0))
    windows = {np.floor((T0 + k - 0.5) / CONFIG.positioning.window_s) for k in range(1, 10)}
    assert total(parts) == (9, 9, len(windows))
    assert made.figures()["duplicates"] == 9


def test_access_points_hearing_each_other_are_kept_apart() -> None:
    heard = intake().take([frame(1.0, readings([0.5]), readings([0.25, 0.75], device=1))], T0 + 1.0)
    assert (heard.new, len(heard.ap_readings)) == (1, 2)
    assert set(heard.ap_readings.device.tolist()) == {1}


def test_what_comes_too_late_is_counted_not_used() -> None:
    made = intake()
    made.take([frame(60.0, readings([60.0]))], T0 + 60.0)
    late = made.take([frame(61.0, readings([1.0]))], T0 + 61.0)
    assert (late.new, late.used) == (1, 0)
    assert made.figures()["late"] == 1


def test_absence_of_our_own_is_no_silence() -> None:
    """After an outage the backlog is not late where the clock was told to wait."""
    told, untold = intake(), intake()
    for made in (told, untold):
        made.take([frame(1.0, readings([1.0]))], T0 + 1.0)
    told.listen_from(T0 + 300.0)
    assert told.take([], T0 + 300.5).clock < T0 + 2.0 < untold.take([], T0 + 300.5).clock


def test_a_recording_outlives_an_absence_of_our_own() -> None:
    """It is over, and who was in it leaves, where nothing comes for half a minute in which it could be heard."""
    told, untold = intake(), intake()
    for made in (told, untold):
        made.take([frame(1.0, readings([1.0]), replay=True)], T0 + 1.0)
    told.listen_from(T0 + 300.0)
    assert np.isinf(untold.take([], T0 + 300.5).clock)
    assert np.isfinite(told.take([], T0 + 305.0).clock)
    assert told.take([frame(5.0, readings([0.9, 5.0]), replay=True)], T0 + 305.0).new == 2
    assert told.late == 0
    assert np.isfinite(told.take([], T0 + 334.9).clock)
    assert np.isinf(told.take([], T0 + 335.1).clock)


@pytest.mark.parametrize("cut", [1, 4, 8])
def test_a_restored_intake_goes_on_to_the_bit(cut: int) -> None:
    given = [frame(k, readings([k - 0.5, k - 0.2])) for k in range(1, 10)]
    straight, first, second = intake(), intake(), intake()
    want = [straight.take([f], f.received_at) for f in given]
    got = [first.take([f], f.received_at) for f in given[:cut]]
    second.restore(unpack(pack(first.state())))
    got += [second.take([f], f.received_at) for f in given[cut:]]
    assert [(h.clock, h.new, h.used, h.scans.t.tobytes(), h.scans.rssi_dbm.tobytes()) for h in got] == [
        (h.clock, h.new, h.used, h.scans.t.tobytes(), h.scans.rssi_dbm.tobytes()) for h in want
    ]
    assert second.figures() == straight.figures()
