"""Hearings that wait for a fit: adding one does not copy the others."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from engine.positioning.learning.unsummed import BLOCK_ROWS, WIDTH, Unsummed
from engine.records import F64


def _rows(first: int, last: int) -> F64:
    return np.column_stack([np.arange(first, last, dtype=np.float64)] * WIDTH)


def test_rows_come_back_in_their_order_however_they_came() -> None:
    waiting = Unsummed()
    ends = [0, 1, 3, BLOCK_ROWS - 1, BLOCK_ROWS, BLOCK_ROWS, 3 * BLOCK_ROWS + 7]
    for first, last in pairwise(ends):
        waiting.add(_rows(first, last))
    assert len(waiting) == ends[-1]
    assert np.array_equal(waiting.whole(), _rows(0, ends[-1]))


def test_what_is_taken_waits_no_longer() -> None:
    waiting = Unsummed()
    waiting.add(_rows(0, BLOCK_ROWS + 5))
    assert np.array_equal(waiting.take_before(BLOCK_ROWS + 2.0), _rows(0, BLOCK_ROWS + 2))
    waiting.add(_rows(BLOCK_ROWS + 5, BLOCK_ROWS + 6))
    assert np.array_equal(waiting.whole(), _rows(BLOCK_ROWS + 2, BLOCK_ROWS + 6))
    assert len(Unsummed().whole()) == len(Unsummed().take_before(1.0)) == 0


def test_a_block_stays_where_it_is_while_others_come() -> None:
    waiting = Unsummed()
    waiting.add(_rows(0, 1))
    first = waiting._blocks[0]
    for at in range(1, 2 * BLOCK_ROWS, 97):
        waiting.add(_rows(at, at + 97))
    assert waiting._blocks[0] is first
    assert np.array_equal(first, _rows(0, BLOCK_ROWS))
