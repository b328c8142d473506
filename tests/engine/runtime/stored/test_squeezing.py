"""Columns in few bytes: to the bit what they were, whatever they hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine.runtime.stored.packing import pack
from engine.runtime.stored.squeezing import squeeze, unsqueeze

DTYPES = st.sampled_from([np.float64, np.float32, np.int32, np.uint64])
TENTHS = st.lists(st.integers(-2000, 2000).map(lambda k: k / 10) | st.just(float("nan")), max_size=30)


@example(np.array([-np.nan]))  # found by `make explore`
@given(DTYPES.flatmap(lambda dtype: hnp.arrays(dtype, st.integers(0, 20))))
def test_any_column_survives_to_the_bit(column: np.ndarray[Any, Any]) -> None:
    back = unsqueeze(squeeze(column))
    assert (back.dtype, back.tobytes()) == (column.dtype, column.tobytes())


@given(TENTHS, st.sampled_from([np.float32, np.float64]))
def test_columns_of_few_digits_survive(values: list[float], dtype: Any) -> None:
    column = np.array(values, dtype)
    assert unsqueeze(squeeze(column)).tobytes() == column.tobytes()


def test_readings_of_a_second_take_some_four_bytes_each() -> None:
    rng = np.random.default_rng(5)
    n = 684
    t = np.round(1_772_528_400 + rng.uniform(0, 0.5, n), 3)
    device = rng.choice(rng.integers(1, 2**63, 150).astype(np.uint64), n)
    rssi = rng.integers(-95, -40, n).astype(np.float32)
    nothing = np.full(n, np.nan, np.float32)
    columns = [t, device, rng.integers(0, 12, n).astype(np.int32), rssi, nothing, nothing]
    assert len(pack([squeeze(c) for c in columns])) < 1_300 + 4 * n
    assert len(pack(columns)) > 6 * n


@pytest.mark.parametrize(
    ("most", "bytes_each"), [(255, 1), (256, 2), (65_535, 2), (65_536, 4), (2**32 - 1, 4), (2**32, 8)]
)
def test_whole_numbers_take_as_few_bytes_as_the_largest_needs(most: int, bytes_each: int) -> None:
    kept = squeeze(np.array([3, most, 2]))
    assert kept["whole"].dtype.itemsize == bytes_each
    assert unsqueeze(kept).tolist() == [3, most, 2]


@pytest.mark.parametrize(
    ("values", "per", "least", "steps"),
    [
        ([2.0, 1.0, 2.0], 1.0, 1.0, [2, 1, 2]),
        ([1.5, np.nan, 1.25], 100.0, 125.0, [26, 0, 1]),
        ([-0.5, -0.1, -0.5], 10.0, -5.0, [1, 5, 1]),
        ([1.25, 0.125, 1.25], 1000.0, 125.0, [1126, 1, 1126]),
        ([np.nan, np.nan], 1.0, 0.0, [0, 0]),
        ([2.0**53 - 1, 1.0], 1.0, 1.0, [2**53 - 1, 1]),
    ],
)
def test_few_digits_are_steps_from_the_smallest(
    values: list[float], per: float, least: float, steps: list[int]
) -> None:
    kept = squeeze(np.array(values))
    assert (kept["per"], kept["least"], kept["steps"].tolist()) == (per, least, steps)


def test_what_only_rises_is_kept_by_how_much() -> None:
    kept = squeeze(np.array([10.5, 10.5, 12.0, 400.0]))
    assert (kept["per"], kept["rise"].tolist()) == (10.0, [1, 0, 15, 3880])
    assert "steps" not in kept
    assert squeeze(np.array([np.nan, 3.0]))["rise"].tolist() == [0, 1]


@pytest.mark.parametrize("values", [[1 / 3], [2.0**53], [0.0001], [-0.0, 1.0], [np.inf], [-1, 2]])
def test_what_does_not_fit_is_kept_as_it_is(values: list[float]) -> None:
    column = np.array(values)
    assert squeeze(column) is column


def test_names_are_kept_once_each() -> None:
    kept = squeeze(np.array([9, 7, 9], np.uint64))
    assert (kept["of"].tolist(), kept["at"].tolist(), kept["at"].dtype) == ([7, 9], [1, 0, 1], np.uint8)
    empty = np.empty(0, np.uint64)
    assert squeeze(empty) is empty
