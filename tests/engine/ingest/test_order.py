"""Order: against a naive reference, through silence, and over a restore."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ingest.order import Reorder
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


def test_silence_moves_the_watermark_at_the_pace_of_the_wall_clock() -> None:
    order = Reorder(5.0, quiet_s=10.0)
    order.push(made([(100.0, 1, 0)]), now=1000.0)
    assert len(order.release(now=1010.0)) == 0
    assert len(order.release(now=1014.9)) == 0
    assert order.watermark == pytest.approx(104.9)
    assert rows(order.release(now=1015.5)) == [(100.0, 1, 0)]
    order.push(made([(101.0, 1, 0)]), now=1015.6)
    assert order.watermark == pytest.approx(105.5)
    assert order.late == 0
    assert len(order.release(now=1015.7)) == 0


def test_a_source_that_reports_once_a_minute_is_not_silent_in_between() -> None:
    order = Reorder(5.0, quiet_s=10.0)
    for minute in range(20):
        now = 60.0 * minute
        order.push(made([(now - 60.0 + i, 1, 0) for i in range(60)]), now)
        order.release(now)
        before = order.late
        order.release(now + 59.0)
        assert order.late == before
    assert order.late <= 60  # the second report may suffer: until then the cadence is unknown


def test_a_wall_clock_that_goes_backwards_does_no_harm() -> None:
    order = Reorder(5.0, quiet_s=1.0)
    order.push(made([(100.0, 1, 0)]), now=1000.0)
    order.release(now=900.0)
    assert order.watermark == 100.0
    order.push(made([(101.0, 1, 0)]), now=899.0)
    assert order.watermark == 101.0


def test_flushing_nothing_gives_nothing() -> None:
    order = Reorder(5.0)
    assert len(order.flush()) == 0
    assert len(order.release(now=5.0)) == 0
