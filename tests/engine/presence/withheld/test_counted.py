"""Counts told in blocks: k people behind each, in whole ks, nothing lost, and nobody's question moves a border."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from engine.presence.withheld.counted import CountedEvent, ToldBlock, WaitingCount, people_behind, tell_blocks

STEP_S = 900.0
EVENTS = st.lists(st.tuples(st.integers(0, 40_000), st.integers(0, 12)), max_size=80)


def events_of(made: list[tuple[int, int]]) -> list[CountedEvent]:
    return [CountedEvent(float(t), f"s{who}") for t, who in sorted(made)]


@given(EVENTS, st.integers(2, 8))
def test_blocks_have_k_people_and_whole_ks(made: list[tuple[int, int]], k: int) -> None:
    events = events_of(made)
    blocks, waiting = tell_blocks(events, WaitingCount(), k, STEP_S)
    for block in blocks:
        behind = {e.who for e in events if block.since <= e.at < block.until}
        assert len(behind) >= k
        assert block.n % k == 0 < block.n == block.amount
        assert block.until % STEP_S == 0
    assert all(a.until <= b.since for a, b in pairwise(blocks))
    rest = sum(e.at >= waiting.since for e in events)
    assert sum(b.n for b in blocks) + waiting.n + rest == len(events)


@given(EVENTS, st.integers(0, 45))
def test_when_somebody_asks_moves_no_block(made: list[tuple[int, int]], cut: int) -> None:
    events, at = events_of(made), cut * STEP_S
    first, waiting = tell_blocks([e for e in events if e.at < at], WaitingCount(), 4, STEP_S)
    then, last = tell_blocks([e for e in events if e.at >= waiting.since], waiting, 4, STEP_S)
    assert ([*first, *then], last) == tell_blocks(events, WaitingCount(), 4, STEP_S)


def test_what_is_left_goes_with_the_next_block() -> None:
    events = [CountedEvent(10.0 * i, f"s{i % 5}", 50) for i in range(7)]
    blocks, waiting = tell_blocks(events, WaitingCount(), 5, STEP_S)
    assert blocks == [ToldBlock(0.0, STEP_S, 5, 250)]
    assert waiting == WaitingCount(STEP_S, 2, 100)


def test_who_is_known_for_a_stay_only_counts_on_one_day() -> None:
    day = [CountedEvent(3600.0 * i, f"?{i}") for i in range(30)]
    assert people_behind(day) == 24
    assert people_behind([*day, CountedEvent(0.0, "s1")]) == 25


def test_a_block_begins_with_the_step_of_its_first_event_and_not_before_the_last_one_ended() -> None:
    events = [CountedEvent(2000.0 + i, f"s{i}") for i in range(5)]
    assert tell_blocks(events, WaitingCount(), 5, STEP_S)[0] == [ToldBlock(1800.0, 2700.0, 5, 5)]
    assert tell_blocks(events, WaitingCount(1900.0, 0, 0), 5, STEP_S)[0][0].since == 1900.0
    at_the_end = [CountedEvent(2700.0, f"s{i}") for i in range(5)]
    assert tell_blocks(at_the_end, WaitingCount(), 5, STEP_S)[0] == [ToldBlock(2700.0, 3600.0, 5, 5)]


def test_what_waits_goes_with_its_amount_in_proportion() -> None:
    """Three of before with 90 and five of 10 are eight with 140: five go with 87.5, rounded to 88."""
    events = [CountedEvent(10.0, f"s{i}", 10) for i in range(5)]
    blocks, waiting = tell_blocks(events, WaitingCount(0.0, 3, 90), 5, STEP_S)
    assert blocks == [ToldBlock(0.0, STEP_S, 5, 88)]
    assert waiting == WaitingCount(STEP_S, 3, 52)


def test_as_many_events_of_fewer_people_wait() -> None:
    events = [CountedEvent(10.0 + i, f"s{i % 4}") for i in range(9)]
    assert tell_blocks(events, WaitingCount(), 5, STEP_S) == ([], WaitingCount())
    days = [CountedEvent(86_400.0 * i, f"?{n}") for i in range(2) for n in range(3)]
    assert people_behind(days) == 3
    assert people_behind([]) == 0
