"""Fifty drawn disturbances of source and wall clocks: nearly everything is used all the same, others are unharmed."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.runtime.clockwork import EVERY_S, T0, Clock, Drifting, Outcome, Stepped, World, right, run
from tests.examples import examples

SECONDS = 120.0
LEAST = 0.95
FAR_S = st.one_of(
    st.floats(-60.0, 60.0),
    st.floats(-90_000.0, 90_000.0),
    st.floats(-T0, 9.7e10),
    st.just(-T0),  # a reboot without a clock
)
STEPS = st.builds(Stepped, st.floats(1.0, 100.0), FAR_S, st.one_of(st.just(np.inf), st.floats(1.0, 60.0)))
DRIFTS = st.builds(Drifting, st.floats(-500e-6, 500e-6))
WALLS = st.builds(Stepped, st.floats(1.0, 100.0), st.floats(-90_000.0, 90_000.0), st.floats(1.0, 60.0))


@cache
def undisturbed() -> Outcome:
    return run(World(seconds=SECONDS))


@examples(50)
@given(st.one_of(STEPS, DRIFTS), WALLS | st.just(right), st.sampled_from([np.inf, 41.0, 97.3]))
def test_nearly_everything_is_used_whatever_the_clocks_do(source: Clock, wall: Clock, restore_at: float) -> None:
    out, want = run(World({"c2": source}, wall, seconds=SECONDS), restore_at=restore_at), undisturbed()
    assert out.used >= LEAST * want.used
    assert out.scans >= LEAST * want.scans
    if wall is right and restore_at == np.inf:
        assert out.by_ap[0] == want.by_ap[0], "one source's clock is no other source's business"
    assert max(step.clock for step in out.steps if np.isfinite(step.clock)) <= T0 + SECONDS + 90_032.0


@pytest.mark.parametrize("delay_s", [4.0, 2.5])
def test_nothing_is_late_where_a_source_straggles(delay_s: float) -> None:
    chance = np.random.default_rng(3).uniform(0, delay_s, int(SECONDS / EVERY_S) + 2)
    for delay in (lambda _: delay_s, lambda t: float(chance[int(t / EVERY_S)])):
        out = run(World(delays={"c2": delay}, seconds=SECONDS))
        assert (out.late, out.used) == (0, undisturbed().used)


def test_sources_that_come_in_order_add_no_delay() -> None:
    """A scan is there at our turn (half a second) after the frame that ends its window, once habits are known."""
    settled = undisturbed().waited_s[60:-60]
    assert np.median(settled) < 0.8
    assert np.max(settled) < 1.2
