"""Order: against a naive reference, through silence, and over a restore."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ingest.time.order import Reorder
from engine.records import Readings
from tests.engine.ingest.made import made, rows

BATCHES = st.lists(
    st.lists(st.tuples(st.integers(0, 400).map(lambda t: t / 10), st.integers(1, 4), st.integers(0, 3)), max_size=12),
    max_size=12,
)


def naive(
    batches: list[list[tuple[float, int, int]]], reorder_s: float
) -> tuple[list[list[tuple[float, int, int]]], int]:
    """What is released after each batch, and how many readings were late: sorting lists, nothing else."""
    held: list[tuple[float, int, int]] = []
    watermark = bound = -np.inf
    late, out = 0, []
    for batch in batches:
        for reading in batch:
            if reading[0] < bound:
                late += 1
            else:
                held.append(reading)
                watermark = max(watermark, reading[0])
        bound = max(bound, watermark - reorder_s)
        out.append(sorted(reading for reading in held if reading[0] < bound))
        held = [reading for reading in held if reading[0] >= bound]
    return out, late


@given(BATCHES, st.sampled_from([0.0, 1.0, 5.0]))
def test_it_is_a_sorted_buffer_that_drops_the_late(
    batches: list[list[tuple[float, int, int]]], reorder_s: float
) -> None:
    order = Reorder(reorder_s)
    expected, late = naive(batches, reorder_s)
    for batch, released in zip(batches, expected, strict=True):
        order.push(made(batch), now=0.0)
        assert rows(order.release(now=0.0)) == released
    assert order.late == late


@given(BATCHES)
def test_nothing_is_lost_and_all_of_it_is_in_order(batches: list[list[tuple[float, int, int]]]) -> None:
    order = Reorder(2.0)
    parts = []
    for batch in batches:
        order.push(made(batch), now=0.0)
        parts.append(order.release(now=0.0))
    parts.append(order.flush())
    assert len(order) == 0
    t = Readings.concat(parts).t
    assert len(t) + order.late == sum(map(len, batches))
    assert np.all(np.diff(t) >= 0)


@given(BATCHES, st.integers(0, 11))
def test_a_restored_one_goes_on_to_the_bit(batches: list[list[tuple[float, int, int]]], cut: int) -> None:
    order = Reorder(2.0)
    for i, batch in enumerate(batches):
        if i == cut:
            restored = Reorder(2.0)
            restored.restore(order.state())
            order = restored
        order.push(made(batch), now=float(i))
        assert rows(order.release(now=float(i))) == naive(batches[: i + 1], 2.0)[0][-1]


def test_the_bound_is_exact() -> None:
    order = Reorder(5.0)
    order.push(made([(100.0, 1, 0), (95.0, 1, 0), (94.999, 1, 0)]), now=0.0)
    assert rows(order.release(now=0.0)) == [(94.999, 1, 0)]
    assert order.released_to == 95.0
    order.push(made([(95.0, 2, 0), (94.9999, 2, 0)]), now=0.0)
    assert order.late == 1
    assert rows(order.flush()) == [(95.0, 1, 0), (95.0, 2, 0), (100.0, 1, 0)]


def live(quiet_s: float = 10.0) -> Reorder:
    """A store that reported four times a second until its time 100 s, at our 1000 s: its cadence is known."""
    order = Reorder(5.0, quiet_s=quiet_s)
    for i in range(-400, 1):
        order.push(made([(100.0 + i / 4, 1, 0)]), now=1000.0 + i / 4)
        order.release(now=1000.0 + i / 4)
    return order


def test_silence_moves_the_watermark_at_the_pace_of_the_wall_clock() -> None:
    order = live()
    assert len(order.release(now=1010.0)) == 0
    assert len(order.release(now=1014.0)) == 16  # the silence began ten seconds after the last reading
    assert order.watermark == pytest.approx(104.0)
    assert rows(order.release(now=1015.5))[-1] == (100.0, 1, 0)
    order.push(made([(101.0, 1, 0)]), now=1015.6)
    assert order.watermark == pytest.approx(105.5)
    assert order.late == 0
    assert len(order.release(now=1015.7)) == 0


def test_our_own_absence_is_no_silence_and_the_backlog_after_it_is_not_late() -> None:
    order = live()
    for now in range(1001, 1061):  # a minute without the broker
        order.listen_from(float(now))
        order.release(float(now))
    assert order.watermark == 100.0
    for second in range(1, 61):
        order.push(made([(100.0 + second, 1, 0)]), now=1060.0 + second / 100)
        order.release(1060.0 + second / 100)
    assert order.late == 0
    assert len(order.release(1074.0)) > 0  # and a minute is not mistaken for the store's cadence


def test_without_that_the_backlog_would_be_late() -> None:
    order = live()
    order.release(1060.0)
    order.push(made([(101.0, 1, 0)]), now=1060.0)
    assert order.late == 1


def test_a_source_that_reports_once_a_minute_is_not_silent_in_between() -> None:
    order = Reorder(5.0, quiet_s=10.0)
    for minute in range(20):
        for part in range(6):  # of a report that takes a few seconds
            now = 60.0 * minute + part
            order.push(made([(60.0 * minute - 60.0 + 10 * part + i, 1, 0) for i in range(10)]), now)
            order.release(now)
        order.release(now + 54.0)
    assert order.late < 60  # the second report suffers: until then the cadence is unknown
    assert len(order) <= 10


def test_a_wall_clock_that_goes_backwards_does_no_harm() -> None:
    order = live(quiet_s=1.0)
    order.release(now=900.0)
    assert order.watermark == 100.0
    order.push(made([(101.0, 1, 0)]), now=899.0)
    assert order.watermark == 101.0


def test_flushing_nothing_gives_nothing() -> None:
    order = Reorder(5.0)
    assert len(order.flush()) == 0
    assert len(order.release(now=5.0)) == 0


def test_between_bursts_a_source_is_silent_after_its_gap_and_half_of_it_again() -> None:
    order = Reorder(5.0, quiet_s=10.0)
    for minute in range(3):
        order.push(made([(100.0 + 60 * minute, 1, 0)]), now=1000.0 + 60 * minute)
    order.release(now=1120.0 + 89.9)
    assert order.watermark == 220.0
    order.release(now=1120.0 + 97.0)
    assert order.watermark == pytest.approx(220.0 + 7.0)  # 90 s of no cadence, then the clock's pace
    order.release(now=1120.0 + 99.5)
    assert order.watermark == pytest.approx(220.0 + 9.5)


def test_a_cadence_that_ended_is_forgotten_by_half_in_two_minutes() -> None:
    order = Reorder(5.0, quiet_s=1.0)
    order.push(made([(0.0, 1, 0)]), now=0.0)
    order.push(made([(60.0, 1, 0)]), now=60.0)  # a gap of 60 s
    for i in range(1, 7):
        order.push(made([(60.0 + 20 * i, 1, 0)]), now=60.0 + 20 * i)  # two minutes of 20 s
    order.release(now=180.0 + 44.9)
    assert order.watermark == 180.0
    order.release(now=180.0 + 45.5)  # 1.5 x 30 s
    assert order.watermark == pytest.approx(180.5)


def test_a_long_pause_is_a_closed_store_and_counts_as_two_minutes() -> None:
    order = Reorder(5.0, quiet_s=1.0)
    order.push(made([(0.0, 1, 0)]), now=0.0)
    order.push(made([(9000.0, 1, 0)]), now=9000.0)
    order.release(now=9000.0 + 179.0)
    assert order.watermark == 9000.0
    order.release(now=9000.0 + 181.0)
    assert order.watermark == pytest.approx(9001.0)
