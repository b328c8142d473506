"""Who stood at a product when an engine began, or came back to its broker, got the coupon five seconds late: no source
was believed for ten seconds, however regularly all of them spoke.

Input: two sources in order, an engine that begins with them, and one that is restored in mid-way. Right: after three
seconds nothing waits any more. A source that comes four seconds late has its words used all the same.
"""

from __future__ import annotations

import numpy as np

from tests.engine.runtime.clockwork import T0, Outcome, World, run

KNOWN_BY_S = 3.0


def longest_s(out: Outcome, from_s: float, to_s: float) -> float:
    """Of what phones said in between, in any step up to then: how long it waited for its scan."""
    t = np.concatenate([step.scans.t for step in out.steps]) - T0
    waited = np.array(out.waited_s)
    return float(waited[(from_s <= t) & (t < to_s)].max())


def test_whoever_comes_in_order_is_waited_for_no_longer() -> None:
    out = run(World(seconds=30.0))
    assert longest_s(out, KNOWN_BY_S, 20.0) <= 2.0  # a window of 1 s, and turns of half a second
    assert longest_s(out, 0.0, KNOWN_BY_S) <= KNOWN_BY_S + 1.0


def test_nor_after_a_restart() -> None:
    out = run(World(seconds=60.0), restore_at=30.25)
    assert longest_s(out, 30.25 + KNOWN_BY_S, 50.0) <= 2.0


def test_one_that_straggles_from_the_first_word_is_used() -> None:
    out = run(World(seconds=60.0, delays={"c2": lambda _: 4.0}))
    assert (out.late, out.used) == (0, run(World(seconds=60.0)).used)
