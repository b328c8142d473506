"""Lazy steps of a walk against its matrix, written out, whatever pieces and rows abreast they are taken in."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba", reason="the extra `fast` is not installed")

from engine.positioning.kernels.lanes import LANES
from engine.positioning.kernels.steps import ABREAST, shares_of, walk_on

PLACES = 11


def corridor() -> np.ndarray:
    """A step moves a quarter of each place to each neighbour; what would leave at an end stays."""
    flow = np.zeros((PLACES, PLACES))
    for i in range(PLACES - 1):
        flow[i + 1, i] += 0.25
        flow[i, i] -= 0.25
        flow[i, i + 1] += 0.25
        flow[i + 1, i + 1] -= 0.25
    return flow


def entries(flow: np.ndarray, *, abreast: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Values, columns, ends, and how many rows from each on are alike: the inner nine of a corridor, or by itself."""
    row, column = np.nonzero(flow)
    ends = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=PLACES))])
    inner = [1, *range(PLACES - 2, 0, -1), 1]
    alike = inner if abreast else [1] * PLACES
    as_ints = [np.array(v, np.int32) for v in (column, ends, alike)]
    return flow[row, column].astype(np.float32), *as_ints


@pytest.mark.parametrize("abreast", [True, False])
@pytest.mark.parametrize("far", [1, 3, 4, 5, PLACES, 64])
@pytest.mark.parametrize("steps", [0, 1, 2, 5])
def test_steps_are_products_with_the_matrix(abreast: bool, far: int, steps: int) -> None:
    assert PLACES - 2 > 2 * ABREAST  # twice abreast, and one that is left
    flow, rng = corridor(), np.random.default_rng(5)
    mass, shares = rng.random((PLACES, LANES)).astype(np.float32), rng.random((steps, LANES)).astype(np.float32)
    wanted = mass.astype(np.float64)
    for share in shares.astype(np.float64):
        wanted = wanted + share * (flow @ wanted)
    before, spare = mass.sum(axis=0), np.zeros_like(mass)
    moved = walk_on(entries(flow, abreast=abreast), mass, spare, shares, far)
    np.testing.assert_allclose(moved, wanted, rtol=2e-6, atol=1e-7)
    np.testing.assert_allclose(moved.sum(axis=0), before, rtol=2e-6)  # walking loses nobody


def test_one_step_of_one_who_stands_in_the_middle() -> None:
    mass, spare = np.zeros((PLACES, LANES), np.float32), np.zeros((PLACES, LANES), np.float32)
    mass[5, :3] = 1.0
    shares = np.zeros((1, LANES), np.float32)
    shares[0, :3] = [1.0, 0.5, 0.0]
    moved = walk_on(entries(corridor(), abreast=True), mass, spare, shares, 4)
    assert moved[4:7, :3].T.tolist() == [[0.25, 0.5, 0.25], [0.125, 0.75, 0.125], [0.0, 1.0, 0.0]]


def test_whoever_is_done_stays() -> None:
    share, steps = np.array([0.5, 0.25, 0.75, 1.0], np.float32), np.array([2, 0, 1, 9], np.int32)
    told = shares_of(share, steps, np.array([2, 0, 1]))  # the fourth is not asked about
    assert told.shape == (2, LANES)
    assert told[:, :3].tolist() == [[0.75, 0.5, 0.0], [0.0, 0.5, 0.0]]
    assert not told[:, 3:].any()
    assert shares_of(share, steps, np.array([1])).shape == (0, LANES)
