"""Whom is waited for: in order, straggling, silent, rare, hopeless; and over a restore."""

from __future__ import annotations

import numpy as np
import pytest

from engine.ingest.time.frontiers import LEARN_REORDERS, REMEMBER_S, Frontiers
from engine.records import F64
from engine.runtime.stored.packing import pack, unpack

REORDER_S = 5.0
LEARNT_S = LEARN_REORDERS * REORDER_S


def at(*t: float) -> F64:
    return np.array(t, np.float64)


def regular(until: int, frontiers: Frontiers | None = None) -> Frontiers:
    """Two sources that tell once a second what they have heard since, from second 0 on."""
    made = frontiers or Frontiers(REORDER_S)
    for k in range(1, until + 1):
        for source in ("a", "b"):
            made.hear(source, at(k - 0.9, k - 0.1), float(k), k - 1.0, float(k))
    return made


def test_nobody_is_believed_while_habits_are_unknown() -> None:
    assert regular(3).common_frontier(3.0, 3.0) == -np.inf
    assert Frontiers(REORDER_S).common_frontier(9.0, 9.0) == -np.inf


def test_who_speaks_as_it_hears_is_known_soon() -> None:
    made = regular(4)
    assert made.common_frontier(4.0, 4.0) == pytest.approx(4.0)
    made.hear("c", at(4.5), 5.0, 4.0, 5.0)  # one more is no reason to begin again
    assert made.common_frontier(5.0, 5.0) == pytest.approx(4.0)
    slow = Frontiers(REORDER_S)
    for k in range(9):
        slow.hear("a", at(k / 10.0), k / 10.0, 0.0, k / 10.0)
    assert slow.common_frontier(0.8, 0.8) == -np.inf  # many words, of no time at all


@pytest.mark.parametrize("behind_s", [1.5, 100.0])
def test_who_tells_of_times_gone_by_is_watched_for_longer(behind_s: float) -> None:
    made = Frontiers(REORDER_S)
    for k in range(1, 10):
        made.hear("a", at(k - behind_s - 0.1), k - behind_s, k - behind_s, float(k))
    assert made.common_frontier(9.0, 9.0) == -np.inf
    assert made.common_frontier(LEARNT_S + 1.0, LEARNT_S + 1.0) > -np.inf


def test_nobody_is_believed_before_all_whom_we_know_have_spoken_again() -> None:
    made = regular(20)
    made.listen_from(20.0)
    for k in range(21, 29):
        made.hear("a", at(k - 0.5), float(k), k - 1.0, float(k))
    assert made.common_frontier(28.0, 28.0) == -np.inf
    assert regular(8).common_frontier(8.0, 8.0) > -np.inf


def test_where_some_are_declared_to_come_late_they_are_waited_for() -> None:
    made = regular(20, Frontiers(60.0))
    assert made.common_frontier(20.0, 20.0) == -np.inf


def test_a_checkpoint_of_before_knows_no_rhythm() -> None:
    state = regular(4).state()
    other = Frontiers(REORDER_S)
    other.restore(state | {"rows": state["rows"][:, :11]})
    assert other.common_frontier(4.0, 4.0) == -np.inf
    assert other.common_frontier(LEARNT_S + 1.0, LEARNT_S + 1.0) > -np.inf


def test_what_all_have_spoken_past_is_not_waited_for() -> None:
    made = regular(20)
    assert made.common_frontier(20.0, 20.0) == pytest.approx(20.0)
    made.hear("a", at(20.5), 21.0, 20.0, 21.0)
    assert made.common_frontier(21.0, 21.0) == pytest.approx(20.0)  # b has not


def test_a_source_that_falls_silent_is_waited_for_twice_its_gap() -> None:
    made = regular(20)
    for k in range(21, 25):
        made.hear("a", at(k - 0.5), float(k), k - 1.0, float(k))
    assert made.common_frontier(22.0, 22.0) == pytest.approx(20.0)
    assert made.common_frontier(24.0, 24.0) == pytest.approx(24.0)


def test_room_is_left_for_the_disorder_a_source_showed() -> None:
    made = regular(20)
    made.hear("b", at(18.0), 20.0, 20.0, 20.5)
    assert made.common_frontier(20.5, 20.5) == pytest.approx(20.0 - 2.0 * 1.25)
    regular(20 + 2 * int(REMEMBER_S) + 1, made)
    end = 20 + 2 * REMEMBER_S + 1
    assert made.common_frontier(end, end) == pytest.approx(end)  # and not for ever


def test_who_speaks_rarely_is_not_waited_for_but_left_room() -> None:
    made = regular(40)
    made.hear("rare", at(39.6), 40.0, 40.0, 40.0)
    for k in range(41, 61):
        made.hear("a", at(k - 0.5), float(k), float(k), float(k))
        made.hear("b", at(k - 0.5), float(k), float(k), float(k))
    assert made.common_frontier(60.0, 60.0) == pytest.approx(60.0 - 1.25 * 0.4)


def test_who_is_too_late_anyway_is_not_waited_for() -> None:
    made = regular(40)
    for k in range(41, 46):
        for source in ("a", "b"):
            made.hear(source, at(k - 0.1), float(k), float(k) - 0.1, float(k))
        made.hear("ages ago", at(k - 1000.0, k - 999.0), k - 999.0, float(k), float(k))
    assert made.common_frontier(45.0, 45.0) == pytest.approx(45.0, abs=0.2)


def test_after_an_absence_habits_are_watched_anew() -> None:
    made = regular(20)
    made.listen_from(20.0)
    assert made.common_frontier(20.0, 20.0) == -np.inf
    assert made.common_frontier(30.0, 20.0 + LEARNT_S) > -np.inf


def test_our_own_clock_that_is_put_back_does_not_make_it_wait_for_ever() -> None:
    made = regular(20)
    made.listen_from(3600.0)
    assert made.common_frontier(20.0, 20.0) == -np.inf
    assert made.common_frontier(20.0, 20.0 + LEARNT_S) > -np.inf


def test_a_restored_one_says_the_same() -> None:
    made = regular(20)
    made.hear("b", at(18.3), 20.0, 20.0, 20.5)
    other = Frontiers(REORDER_S)
    other.restore(unpack(pack(made.state())))
    assert other.common_frontier(20.5, 20.5) == made.common_frontier(20.5, 20.5)
    assert pack(regular(30, other).state()) == pack(regular(30, made).state())


def test_memory_is_bounded() -> None:
    made = Frontiers(REORDER_S)
    for k in range(1500):
        made.hear(f"s{k}", at(float(k)), float(k), float(k), float(k))
    assert len(made.state()["names"]) <= 1024
    assert "s1499" in made.state()["names"]
