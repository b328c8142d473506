"""Our own clock was an hour ahead for half a minute, and the store gave no fix in the twenty minutes after it.

Input: the machine's clock steps an hour ahead after 20 s and back after 50 s; two sources with right clocks. Right: at
least 0.95 of the undisturbed fixes, and afterwards the store's time is ours again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from engine.ingest.decoders.native import Frame
from engine.ingest.time.wall import HOLD_S, SteadyClock
from engine.runtime.store_engine import Step
from tests.cases import shop
from tests.cases.shop import NOW

HOUR_S = 3600.0


def wall_ahead_s(at: float, by_s: float) -> float:
    return by_s if 20.0 <= at < 50.0 else 0.0


def told(by_s: float) -> Iterator[tuple[float, Frame]]:
    for at, frame in shop.live(90.0):
        yield at, replace(frame, received_at=frame.received_at + wall_ahead_s(at, by_s))


@pytest.mark.parametrize("by_s", [HOUR_S, -HOUR_S, 365 * 24 * HOUR_S])
def test_the_store_goes_on_while_our_clock_is_wrong_and_after_it(by_s: float) -> None:
    chain, plain = shop.engine(), shop.engine()
    steps: list[Step] = [chain.step([f], NOW + at + wall_ahead_s(at, by_s)) for at, f in told(by_s)]
    want = [plain.step([f], NOW + at) for at, f in shop.live(90.0)]
    assert len(shop.fixes_of(steps)) >= 0.95 * len(shop.fixes_of(want))
    assert steps[-1].clock == pytest.approx(want[-1].clock, abs=6.0)


@pytest.mark.parametrize("by_s", [HOUR_S, -HOUR_S])
def test_time_spent_is_counted_on_once_our_clock_is_put_right(by_s: float) -> None:
    """Whoever was there when it was put back stood for no time until the wrong hour had come again."""
    chain, plain = shop.engine(), shop.engine()
    for at, frame in shop.live(50.0):
        ahead_s = by_s if at < 15.0 else 0.0
        chain.step([replace(frame, received_at=frame.received_at + ahead_s)], NOW + at + ahead_s)
        plain.step([frame], NOW + at)
    person_s, want_s = (sum(row.person_s for row in one.drain().heat) for one in (chain, plain))
    assert person_s >= 0.85 * want_s


def test_and_the_process_does_not_even_see_a_clock_that_is_wrong_for_half_a_minute() -> None:
    truth, wall = [0.0], [0.0]
    clock = SteadyClock(lambda: NOW + truth[0] + wall[0], lambda: truth[0])
    seen = []
    for k in range(200):
        truth[0], wall[0] = k / 2, wall_ahead_s(k / 2, HOUR_S)
        seen.append(clock() - NOW - k / 2)
    assert np.max(np.abs(seen)) == pytest.approx(0.0, abs=1e-6)


def test_but_a_clock_that_is_put_right_for_good_is_followed() -> None:
    truth, wall = [0.0], [0.0]
    clock = SteadyClock(lambda: NOW + truth[0] + wall[0], lambda: truth[0])
    clock()
    wall[0] = HOUR_S
    for k in range(int(HOLD_S) + 2):
        truth[0] = float(k)
        shown = clock()
    assert shown == pytest.approx(NOW + truth[0] + HOUR_S)
