"""One controller came four seconds after the others, and its readings were dropped; or all waited five seconds for
nobody; or its first frame was dropped, as nobody had waited for one that nobody knew.

Input: two sources, of which one comes late: always, now and then, or from some time on. Right: nothing is late; where
both come in order, a scan is there as soon as both have spoken past its window.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.engine.runtime.clockwork import T0, World, run


def always(_: float) -> float:
    return 4.0


def now_and_then(t: float) -> float:
    return 4.0 * (int(t * 2) % 7 == 0)


def ever_later(t: float) -> float:
    return min(t / 15.0, 4.0)


def from_a_minute_on(t: float) -> float:
    return 4.0 * (t >= 60.0)


@pytest.mark.parametrize("delay", [always, now_and_then, ever_later, from_a_minute_on])
def test_nothing_is_late(delay: type) -> None:
    out = run(World(delays={"c2": delay}))
    assert out.late == 0
    assert out.used == run(World()).used


def test_nobody_waits_for_nobody() -> None:
    waited = np.array(run(World()).waited_s)
    habits_known = waited[60:-60]
    assert np.quantile(habits_known, 0.99) < 1.5  # a window of 1 s, and our turns of half a second


@pytest.mark.parametrize("from_s", [20.0, 60.3, 90.75])
def test_the_first_frame_of_one_that_nobody_knew_is_used(from_s: float) -> None:
    """It begins to speak when the others' habits are known and their windows are given away as they end."""
    on_time = World(seconds=120.0)
    late = [(at + 4.0, replace(f, received_at=f.received_at + 4.0)) for at, f in on_time.arrivals() if f.source == "c2"]
    begins = [(at, frame) for at, frame in late if frame.sent_at - T0 >= from_s]
    world = World(seconds=120.0, sources={}, silent=("c2",), extra=begins)
    out = run(world)
    heard_late = sum(len(frame.readings) for _, frame in begins)
    assert out.late == 0
    assert out.used == run(World(seconds=120.0, silent=("c2",))).used + heard_late
    t, device = (np.concatenate([getattr(step.scans, name) for step in out.steps]) for name in ("t", "device"))
    assert all((np.diff(t[device == who]) > 0).all() for who in np.unique(device))
