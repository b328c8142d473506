"""One controller came four seconds after the others, and its readings were dropped; or all waited five seconds for
nobody.

Input: two sources, of which one comes late: always, or now and then. Right: nothing is late; where both come in order,
a scan is there as soon as both have spoken past its window.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.engine.runtime.clockwork import World, run


def always(_: float) -> float:
    return 4.0


def now_and_then(t: float) -> float:
    return 4.0 * (int(t * 2) % 7 == 0)


def ever_later(t: float) -> float:
    return min(t / 15.0, 4.0)


@pytest.mark.parametrize("delay", [always, now_and_then, ever_later])
def test_nothing_is_late(delay: type) -> None:
    out = run(World(delays={"c2": delay}))
    assert out.late == 0
    assert out.used == run(World()).used


def test_nobody_waits_for_nobody() -> None:
    waited = np.array(run(World()).waited_s)
    habits_known = waited[60:-60]
    assert np.quantile(habits_known, 0.99) < 1.5  # a window of 1 s, and our turns of half a second
