"""Whom is waited for, and how long what a source once showed is remembered: each bound, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from engine.ingest.time.frontiers import Frontiers
from engine.records import F64

REORDER_S = 5.0


def at(*t: float) -> F64:
    return np.array(t, np.float64)


def spoken(*words: float, behind_s: float = 0.0, reorder_s: float = REORDER_S) -> Frontiers:
    """One source that speaks at these times, of so many seconds ago."""
    made = Frontiers(reorder_s)
    for now in words:
        made.hear("a", at(now - behind_s), now - behind_s, now - behind_s, now)
    return made


@pytest.mark.parametrize(
    ("words", "known"),
    [
        ((0.0, 1.0, 2.0, 3.0), True),  # four words
        ((0.0, 1.0, 3.0), False),
        ((0.0, 0.5, 1.0, 1.5, 2.0), True),  # over two seconds
        ((0.0, 0.5, 1.0, 1.5, 1.75), False),
    ],
)
def test_four_words_over_two_seconds_make_a_source_known(words: tuple[float, ...], known: bool) -> None:
    made = spoken(*words)
    assert (made.common_frontier(words[-1], words[-1]) == words[-1]) == known


def test_a_word_of_more_than_a_second_ago_begins_again() -> None:
    assert np.isfinite(spoken(0.0, 1.0, 2.0, 3.0, behind_s=1.0).common_frontier(3.0, 3.0))
    assert not np.isfinite(spoken(0.0, 1.0, 2.0, 3.0, 4.0, behind_s=1.25).common_frontier(4.0, 4.0))
    made = spoken(0.0, 1.0, 2.0)
    made.hear("a", at(1.0), 1.0, 3.0, 3.0)
    for now in (4.0, 5.0, 6.0):
        made.hear("a", at(now), now, now, now)
        assert made.common_frontier(now, now) == -np.inf
    made.hear("a", at(7.0), 7.0, 7.0, 7.0)
    assert made.common_frontier(7.0, 7.0) > -np.inf


@pytest.mark.parametrize(("reorder_s", "soon"), [(10.0, True), (10.25, False)])
def test_who_waits_for_more_than_ten_seconds_waits(reorder_s: float, soon: bool) -> None:
    made = spoken(*map(float, range(8)), reorder_s=reorder_s)
    assert np.isfinite(made.common_frontier(7.0, 7.0)) == soon
    assert made.common_frontier(7.0, 2 * reorder_s - 0.5) == (7.0 if soon else -np.inf)
    assert np.isfinite(made.common_frontier(7.0, 2 * reorder_s))


def known(*words: float) -> Frontiers:
    """One source, long after habits were learnt."""
    return spoken(*(float(k) for k in range(-20, 0)), *words)


def test_a_source_of_four_words_a_second_is_silent_after_one() -> None:
    made = spoken(*(k / 4 for k in range(81)))
    assert made.common_frontier(21.0, 21.0) == 20.0, "a second is no silence"
    assert made.common_frontier(21.25, 21.25) == 21.25, "the clock, and no room that it never needed"


def test_a_gap_of_more_than_two_minutes_counts_as_two() -> None:
    made = known(0.0, 300.0)
    assert made.common_frontier(302.0, 540.0) == 300.0
    assert made.common_frontier(302.0, 540.25) == 302.0


def test_who_is_five_seconds_behind_is_not_waited_for() -> None:
    made = known(0.0)
    assert made.common_frontier(4.75, 0.5) == 0.0
    assert made.common_frontier(5.0, 0.5) == 5.0


def test_a_habit_is_remembered_for_two_to_four_minutes() -> None:
    made = Frontiers(REORDER_S)
    assert made.frontier_of("a", 1000.0) == 1000.0, "nobody knows it"
    made.hear("a", at(0.0), 0.0, 0.0, 0.0)
    made.hear("a", at(9.0), 9.0, 9.0, 9.0)
    made.hear("a", at(7.0), 10.0, 9.0, 10.0)  # two seconds before what it told
    for now, room_s in ((119.5, 2.5), (120.0, 2.5), (239.5, 2.5), (240.0, 0.0)):
        made.hear("a", at(now), now, now, now)
        assert made.frontier_of("a", 1000.0) == 1000.0 - room_s, now


def test_no_more_room_is_left_than_is_waited_for_anyway() -> None:
    made = Frontiers(REORDER_S)
    made.hear("a", at(10.0), 10.0, 10.0, 10.0)
    made.hear("a", at(6.0), 10.0, 10.0, 11.0)  # four seconds, and a quarter more
    assert made.frontier_of("a", 100.0) == 95.0
    made.hear("b", at(10.0), 10.0, 10.0, 10.0)
    made.hear("b", at(6.5), 10.0, 10.0, 11.0)
    assert made.frontier_of("b", 100.0) == 100.0 - 4.375


@pytest.mark.parametrize(
    ("t", "room_s"),
    [
        ((5.0, 10.0), 5.0),  # five seconds are worth waiting for: with the margin more than is waited for
        ((4.0, 8.0), 2.5),  # of two, one is: half
        ((4.0, 4.5, 8.0), 0.0),  # of three: less than half comes in time
        ((8.0, 9.0), 2.5),
        ((11.0,), 0.0),
    ],
)
def test_of_what_comes_too_late_anyway_nothing_is_learnt(t: tuple[float, ...], room_s: float) -> None:
    """The store's time is 10 s. The source is silent after that: what is left is how far behind it comes."""
    made = known()
    made.hear("a", at(*t), 10.0, 10.0, 10.0)
    assert made.common_frontier(50.0, 200.0) == 50.0 - room_s


def test_who_falls_silent_first_is_forgotten_first() -> None:
    made = Frontiers(REORDER_S)
    for k in range(1024):
        made.hear(f"s{k}", at(0.0), 0.0, 0.0, float(k))
    made.hear("s0", at(0.0), 0.0, 0.0, 2000.0)
    assert len(made.state()["names"]) == 1024
    made.hear("new", at(0.0), 0.0, 0.0, 2001.0)
    names = made.state()["names"]
    assert len(names) == 1024
    assert "s0" in names
    assert "s1" not in names
