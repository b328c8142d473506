"""Heat of an hour in one value: nothing is lost, and sums are those of the rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.presence.heat import HeatRow
from engine.presence.local_hours import hours_in
from engine.storage.database import Database
from engine.storage.figures.heatsums import heat_rows, heat_sums
from engine.storage.figures.squares import DENSE, NONE, HeatSquares, add_squares, unpack_squares
from engine.storage.figures.stamps import figures_stamp
from engine.storage.journal import save_checkpoint

PLACE = st.integers(-(2**20), 2**20)
AMOUNT = st.floats(0, 1e9, allow_subnormal=False)
ROWS = st.lists(st.builds(HeatRow, st.just(0.0), st.just("eg"), PLACE, PLACE, AMOUNT, AMOUNT), max_size=30)


@given(ROWS)
def test_what_was_packed_comes_back_to_the_bit(rows: list[HeatRow]) -> None:
    squares = HeatSquares.of(rows)
    again = unpack_squares(squares.pack())
    for name in HeatSquares.__slots__:
        assert np.array_equal(getattr(again, name), getattr(squares, name))


@given(ROWS)
def test_squares_add_up_as_rows_do(rows: list[HeatRow]) -> None:
    sums: dict[tuple[int, int], float] = {}
    for r in rows:
        sums[r.row, r.col] = sums.get((r.row, r.col), 0.0) + r.person_s
    found = HeatSquares.of(rows).rows(0.0, "eg")
    assert [(r.row, r.col) for r in found] == sorted(sums)
    assert [r.person_s for r in found] == pytest.approx([sums[at] for at in sorted(sums)])


def test_far_apart_squares_need_no_grid_between_them() -> None:
    far = [HeatRow(0.0, "eg", 0, 0, 1.0, 1.0), HeatRow(0.0, "eg", DENSE, 1, 2.0, 1.0)]
    assert HeatSquares.of(far).rows(0.0, "eg") == far
    assert add_squares([]) is NONE


def test_hours_are_added_to_and_summed(db: Database) -> None:
    rows = [HeatRow(3600.0 * h, level, 3, 4, 10.0, 2.0) for h in range(3) for level in ("eg", "og")]
    save_checkpoint(db, "s", 0, b"", rows, [], [], 0.0)
    assert figures_stamp(db, "s") == 1
    save_checkpoint(db, "s", 1, b"", [HeatRow(3600.0, "eg", 3, 4, 5.0, 1.0)], [], [], 0.0)
    save_checkpoint(db, "s", 2, b"", [], [], [], 0.0)  # the state alone
    assert (figures_stamp(db, "s"), figures_stamp(db, "other")) == (2, 0)
    assert [r.person_s for r in heat_rows(db, "s", from_t=0.0, to_t=1e5)] == [10.0, 10.0, 15.0, 10.0, 10.0, 10.0]
    assert heat_sums(db, "s", hours_in("UTC"), from_t=0.0, to_t=1e5) == [
        HeatRow(0.0, "eg", 3, 4, 35.0, 7.0),
        HeatRow(0.0, "og", 3, 4, 30.0, 6.0),
    ]
    [only, _] = heat_sums(db, "s", hours_in("UTC"), from_t=0.0, to_t=1e5, hours=[7200.0])
    assert only.person_s == 10.0
