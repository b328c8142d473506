"""Columns in few bytes: to the bit what they were, whatever they hold."""

from __future__ import annotations

from typing import Any

import numpy as np
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
