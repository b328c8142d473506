"""Two blocks of four cells, every mass written down: who stops, who goes, and what is kept."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba", reason="the extra `fast` is not installed")

from engine.positioning.kernels.keeping import AT_ONCE, keep, pool, set_out, split

F = np.float32
BLOCK = np.array([0, 1, 0, 1], np.int32)
CELLS, ENDS = np.array([0, 2, 1, 3], np.int32), np.array([0, 2, 4], np.int32)
"""Cells 0 and 2 are block 0, cells 1 and 3 block 1."""


def rows(*values: list[float]) -> np.ndarray:
    return np.array(values, F)


def test_masses_are_summed_over_the_cells_of_a_block() -> None:
    out = np.full((2, 2), 9.0, F)
    pool(rows([1.0, 2.0, 4.0, 8.0], [0.5, 0.0, 0.0, 0.25]), CELLS, ENDS, out)
    assert out.tolist() == [[5.0, 10.0], [0.5, 0.25]]


def test_some_stop_and_some_set_out() -> None:
    """Of device 1's row: 0.5 of block 0 and 0.25 of block 1 stop, and a quarter of who pauses goes."""
    pause, walk = rows([9.0] * 4, [0.25, 0.125, 0.125, 0.0]), rows([9.0, 9.0], [0.5, 0.25])
    moving, stopping = np.zeros((1, 2), F), np.zeros((1, 2), F)
    set_out(
        *(pause, walk, np.array([1]), CELLS, ENDS, np.array([2.0, 4.0], F)),
        *(np.array([0.25], F), rows([0.5, 0.25]), np.array([0.5], F), moving, stopping),
    )
    # who walks on: half of 0.5, and a quarter of 0.375 that paused there; three quarters of 0.25, and of 0.125
    assert moving.tolist() == [[0.25 + 0.09375, 0.1875 + 0.03125]]
    assert stopping.tolist() == [[0.25 * 0.5 / 2.0, 0.0625 * 0.5 / 4.0]]  # for each cell; half of them are kept


def test_who_walks_is_the_part_of_the_prediction_that_walked() -> None:
    prior, walking = rows([0.5, 0.25, 0.0, 1.0]), np.zeros((1, 4), F)
    split(rows([0.4, 0.3, 0.0, 0.3]), prior, rows([0.25, 0.125]), BLOCK, walking)
    np.testing.assert_allclose(walking, [[0.5 * 0.4, 0.5 * 0.3, 0.0, 0.125 * 0.3]], rtol=1e-6)
    assert prior.min() > 0  # what nobody expected is no longer nought: it is divided by


def kept(posterior: np.ndarray, xy: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n = posterior.shape[1]
    block, cells, ends = np.zeros(n, np.int32), np.arange(n, dtype=np.int32), np.array([0, n], np.int32)
    pause, walk, figures = np.zeros((1, n), F), np.zeros((1, 1), F), np.zeros((1, 7), F)
    prior, each = np.full((1, n), 0.5, F), np.full((1, 1), 0.125, F)
    keep(posterior, prior, each, block, cells, ends, np.array([0]), pause, walk, xy, figures)
    return pause, walk, figures


def test_what_is_kept_adds_up_to_the_posterior() -> None:
    pause, walk, figures = np.full((3, 4), 7.0, F), np.full((3, 2), 7.0, F), np.zeros((1, 7), F)
    xy = rows(
        [1.0, 2.0, 3.0, 4.0], [0.0, 1.0, 0.0, 1.0], [1.0, 4.0, 9.0, 16.0], [0.0, 2.0, 0.0, 4.0], [0.0, 1.0, 0.0, 1.0]
    )
    p = rows([0.125, 0.5, 0.125, 0.25])
    keep(
        *(p, rows([0.5, 1.0, 0.25, 0.5]), rows([0.25, 0.5]), BLOCK, CELLS, ENDS, np.array([2])),
        *(pause, walk, xy, figures),
    )
    # of each cell walk 0.25 / 0.5, 0.5 / 1, 0.25 / 0.25 and 0.5 / 0.5 of its mass
    assert walk[2].tolist() == [0.0625 + 0.125, 0.25 + 0.25]
    assert pause[2].tolist() == [0.0625, 0.25, 0.0, 0.0]
    assert (pause[:2] == 7.0).all()
    assert (walk[:2] == 7.0).all()
    x, y, xx, cross, yy, squares, likeliest = figures[0].tolist()
    assert (x, y, xx, cross, yy) == (2.5, 0.75, 7.25, 2.0, 0.75)
    assert squares == 2 * 0.125**2 + 0.5**2 + 0.25**2
    assert likeliest == 1


@pytest.mark.parametrize("at", [0, AT_ONCE - 1, AT_ONCE, AT_ONCE + 40])
def test_the_highest_cell_is_found_in_whatever_part_it_is(at: int) -> None:
    posterior = np.full((1, AT_ONCE + 41), 0.25, F)
    posterior[0, at] = 0.5
    _, walk, figures = kept(posterior, np.zeros((5, AT_ONCE + 41), F))
    assert figures[0, 6] == at
    assert walk[0, 0] == 0.25 * posterior.sum()


def test_of_two_that_are_as_high_the_first_is_likeliest() -> None:
    posterior = np.full((1, 5), 0.125, F)
    posterior[0, [2, 4]] = 0.25
    assert kept(posterior, np.zeros((5, 5), F))[2][0, 6] == 2
