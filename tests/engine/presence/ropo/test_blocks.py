"""Blocks of known and expected steps: whole ks, k people, nothing lost."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from engine.presence.local_hours import hours_in
from engine.presence.ropo.blocks import (
    ChanceEvent,
    ChanceSum,
    ToldChance,
    WaitingChance,
    day_end,
    hides,
    lay_days,
    sum_of,
    tell_chances,
)

K = 10
DAY = 86_400.0
LOCAL = hours_in("Europe/Paris")
END = day_end(LOCAL)
MARCH = LOCAL.midnight(LOCAL.clock(1_772_000_000.0).date())


def drawn(n: int, rng: np.random.Generator, days: int = 20) -> list[ChanceEvent]:
    return [
        ChanceEvent(MARCH + float(rng.uniform(0, days * DAY)), f"s{i % (n // 2)}", float(rng.uniform(0.2, 1.0)))
        for i in range(n)
    ]


def test_blocks_are_whole_ks_and_what_is_left_waits() -> None:
    events = drawn(200, np.random.default_rng(1))
    blocks, waiting = tell_chances(events, WaitingChance(), K, END)
    assert blocks
    assert all(block.n % K == 0 and block.n > 0 for block in blocks)
    left = sum_of([e for e in events if e.at >= waiting.since])
    total = sum_of(events)
    assert sum(b.n for b in blocks) + waiting.n + left.n == pytest.approx(total.n)
    assert sum(b.ambiguous for b in blocks) + waiting.ambiguous + left.ambiguous == pytest.approx(total.ambiguous)
    assert total.n - sum(b.n for b in blocks) < 3 * K


def test_days_told_one_by_one_are_those_told_at_once() -> None:
    events = sorted(drawn(200, np.random.default_rng(2)), key=lambda e: e.at)
    at_once, _ = tell_chances(events, WaitingChance(), K, END)
    one_by_one: list[ToldChance] = []
    waiting = WaitingChance()
    for day in range(1, 25):
        until = MARCH + day * DAY
        told, waiting = tell_chances([e for e in events if waiting.since <= e.at < until], waiting, K, END)
        one_by_one += told
    assert one_by_one == at_once


def test_one_person_often_or_ten_with_a_trace_hide_nobody() -> None:
    alone = [ChanceEvent(MARCH + i, "one", 1.0) for i in range(50)]
    traces = [ChanceEvent(MARCH, f"s{i}", 0.05) for i in range(500)]
    one_of_many = [*[ChanceEvent(MARCH + i, "one") for i in range(30)], *traces[:9]]
    for events in (alone, traces, one_of_many):
        assert tell_chances(events, WaitingChance(), K, END)[0] == []


def test_a_block_is_laid_over_its_days_in_whole_ks() -> None:
    block = ToldChance(MARCH + 3600, MARCH + 4 * DAY, 3 * K, 6.0)
    rows = lay_days(block, LOCAL, K)
    assert sum(n for _, n, _ in rows) == 3 * K
    assert {n % K for _, n, _ in rows} == {0}
    assert sum(a for _, _, a in rows) == pytest.approx(6.0)
    assert {day for day, _, _ in rows} <= {MARCH + i * DAY for i in range(4)}
    long = lay_days(ToldChance(MARCH - 200 * DAY, MARCH, 100 * K, 0.0), LOCAL, K)
    assert len(long) <= 62


def test_the_interval_has_what_is_not_known_of_each_and_of_all() -> None:
    assert ChanceSum(40.0, 0.0).spread.figure() == ChanceSum(40.0).spread.figure()
    known = ChanceSum(40.0, 0.0).spread.figure()
    assert (known.low, known.high) == (40.0, 40.0)
    guessed = ChanceSum(40.0, 10.0).spread.figure()
    assert guessed.low < 40.0 - 1.6 * 10.0**0.5 < guessed.value < guessed.high


def certain(n: int, day: int = 0, first: int = 0) -> list[ChanceEvent]:
    """People who surely did something, one a minute from ten in the morning on."""
    return [ChanceEvent(MARCH + day * DAY + 36_000 + 60 * i, f"s{first + i}") for i in range(n)]


def likely(n: int, chance: float) -> list[ChanceEvent]:
    return [ChanceEvent(MARCH + 36_000 + 60 * i, f"s{i}", chance) for i in range(n)]


def test_a_block_goes_from_its_first_event_to_the_end_of_the_day_in_which_k_are_reached() -> None:
    assert tell_chances(certain(9), WaitingChance(), K, END) == ([], WaitingChance())
    [block], waiting = tell_chances(certain(12) + certain(3, day=1, first=20), WaitingChance(), K, END)
    assert block == ToldChance(MARCH + 36_000, MARCH + DAY, 10, 0.0)
    assert waiting == WaitingChance(MARCH + DAY, 2.0, 0.0)


def test_what_waited_goes_with_the_next_block_and_its_time_is_not_counted_twice() -> None:
    """8 of before and 10 of now are 18 people: 10 are told, 8 wait on, and of the ambiguous 9 a share of 8 / 18."""
    [block], waiting = tell_chances(certain(10), WaitingChance(MARCH + 40_000, 8.0, 9.0), K, END)
    assert (block.since, block.until, block.n, block.ambiguous) == (MARCH + 40_000, MARCH + DAY, 10, pytest.approx(5.0))
    assert (waiting.since, waiting.n, waiting.ambiguous) == (MARCH + DAY, pytest.approx(8.0), pytest.approx(4.0))


@pytest.mark.parametrize(("n", "chance", "told"), [(20, 0.5, 10), (19, 0.5, 0), (39, 0.51, 10), (40, 0.51, 20)])
def test_what_is_expected_comes_to_k_by_the_sum_of_chances(n: int, chance: float, told: int) -> None:
    """20 halves are ten people; 39 times 0.51 is 19.9 and goes as ten."""
    blocks, _ = tell_chances(likely(n, chance), WaitingChance(), K, END)
    assert sum(block.n for block in blocks) == told
    assert sum(b.ambiguous for b in blocks) == pytest.approx(told * (1.0 - chance)), "of a told chance p, 1 - p"


@pytest.mark.parametrize(("chance", "found"), [(0.1, True), (0.09, False)])
def test_who_is_part_of_it_by_a_tenth_is_one_of_the_people(chance: float, found: bool) -> None:
    assert hides(likely(K + 1, chance), K) is found
    assert hides(likely(K, 1.0), K)
    assert not hides(likely(K - 1, 1.0), K)


def test_chances_of_one_person_add_up_before_they_are_counted() -> None:
    """Two of 0.06 are one person; who comes twice counts by both in Kish's number."""
    assert hides([*likely(K, 0.06), *likely(K, 0.06)], K)
    twice = [*likely(K, 1.0), ChanceEvent(MARCH, "s0", 1.0)]  # (9 + 2)² = 121 < 10 (9 + 4)
    assert not hides(twice, K)
    assert hides([*twice, ChanceEvent(MARCH, "s10", 1.0)], K)  # (10 + 2)² = 144 > 10 (10 + 4)


def test_a_day_ends_at_the_next_midnight_of_the_store() -> None:
    paris = hours_in("Europe/Paris")
    sunday = paris.midnight(dt.date(2026, 3, 29))  # 23 hours long
    end = day_end(paris)
    assert [end(t) - sunday for t in (sunday - 1.0, sunday, sunday + 22.9 * 3600, sunday + 23 * 3600)] == [
        0.0, 23 * 3600, 23 * 3600, 47 * 3600,
    ]  # fmt: skip


def test_days_of_a_block_are_those_it_has_time_in_sixty_two_at_most() -> None:
    assert lay_days(ToldChance(MARCH + 3600, MARCH + DAY, K, 4.0), LOCAL, K) == [(MARCH, K, 4.0)]
    two = lay_days(ToldChance(MARCH + 3600, MARCH + 2 * DAY, 4 * K, 8.0), LOCAL, K)
    assert two == [(MARCH, 2 * K, 4.0), (MARCH + DAY, 2 * K, 4.0)]
    one_of_two = lay_days(ToldChance(MARCH + 3600, MARCH + 2 * DAY, K, 4.0), LOCAL, K)
    assert [(n, ambiguous) for _, n, ambiguous in one_of_two] == [(K, 4.0)], "the day that gets none has no row"
    winter = LOCAL.midnight(dt.date(2026, 1, 31))
    long = lay_days(ToldChance(winter - 200 * DAY, winter, 124 * K, 62.0), LOCAL, K)
    assert [n for _, n, _ in long] == [2 * K] * 62
    assert (long[0][0], long[-1][0]) == (winter - 62 * DAY, winter - DAY)


def test_sums_add_up_and_their_interval_has_all_three_variances() -> None:
    assert ChanceSum(3.0, 1.0) + ChanceSum(4.0, 0.5) == ChanceSum(7.0, 1.5)
    assert sum_of(likely(4, 0.25)) == ChanceSum(1.0, 0.75)
    spread = ChanceSum(40.0, 10.0).spread
    assert (spread.value, spread.known_var, spread.common_var, spread.sample_var, spread.chance_var) == (
        40.0, 10.0, pytest.approx(49.0), 40.0, 0.0,
    )  # fmt: skip
