"""Blocks of known and expected steps: whole ks, k people, nothing lost."""

from __future__ import annotations

import numpy as np
import pytest

from engine.presence.local_hours import hours_in
from engine.presence.ropo.blocks import (
    ChanceEvent,
    ChanceSum,
    ToldChance,
    WaitingChance,
    day_end,
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
