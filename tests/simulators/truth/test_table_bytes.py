"""Tables as bytes: what Python's own formatting and csv module would write."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from simulators.truth import table_bytes as module
from simulators.truth.table_bytes import fixed_cells, name_cells, table_bytes


def written(*columns: list[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(zip(*columns, strict=True))
    return out.getvalue().encode()


def formatted(value: float, decimals: int) -> str:
    return "" if value != value else f"{round(value * 10**decimals) / 10**decimals + 0.0:.{decimals}f}"


@pytest.mark.parametrize("decimals", [0, 2, 3])
def test_numbers_have_fixed_decimals(decimals: int) -> None:
    values = np.array([0.0, -0.0, -0.0004, 0.05, -0.05, 7.0, -12.345, 999.9996, 1772528400.1234, np.nan, 1e-9, -100.0])
    expected = [formatted(v, decimals) for v in values.tolist()]
    assert b"".join(table_bytes([fixed_cells(values, decimals)])).decode().split("\n")[:-1] == expected


@given(
    values=arrays.arrays(np.float64, st.integers(1, 30), elements=st.floats(-1e10, 1e10) | st.just(float("nan"))),
    decimals=st.integers(0, 4),
)
def test_any_number_is_written_as_numpy_rounds_and_python_formats_it(
    values: np.ndarray[tuple[int], np.dtype[np.float64]], decimals: int
) -> None:
    rounded = np.round(values, decimals) + 0.0
    expected = ["" if v != v else f"{v:.{decimals}f}" for v in rounded.tolist()]
    assert b"".join(table_bytes([fixed_cells(values, decimals)])).decode().split("\n")[:-1] == expected


def test_names_are_quoted_where_csv_wants_it() -> None:
    names = ["plain", "a,b", 'say "so"', "caf\u00e9", "", "two\nlines"]
    which = np.array([3, 0, 1, 2, 5, 4, 0])
    values = np.arange(7.0)
    got = b"".join(table_bytes([name_cells(names, which), fixed_cells(values, 1)]))
    assert got == written([names[i] for i in which], [f"{v:.1f}" for v in values])


def test_long_tables_come_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 3)
    pieces = list(table_bytes([fixed_cells(np.arange(7.0), 0)]))
    assert pieces == [b"0\n1\n2\n", b"3\n4\n5\n", b"6\n"]


def test_no_rows_are_no_bytes() -> None:
    assert list(table_bytes([fixed_cells(np.empty(0), 3), name_cells([], np.empty(0, np.int64))])) == []


def test_what_cannot_be_written_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        fixed_cells(np.array([1e17]), 0)
    with pytest.raises(ValueError, match="cannot be written"):
        name_cells(["a\0b"], np.array([0]))
