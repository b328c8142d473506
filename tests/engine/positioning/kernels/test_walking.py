"""Walks of several devices on three places and two blocks, every figure written down."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba", reason="the extra `fast` is not installed")

from engine.positioning.kernels.lanes import LANES
from engine.positioning.kernels.walking import shuffle, walk_rows

F = np.float32
FLOW = np.array([[-0.5, 0.25, 0.0], [0.5, -0.5, 0.5], [0.0, 0.25, -0.5]])
"""Half of each end goes to the middle in a step, and a quarter of the middle to each end."""


def walk() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    row, column = np.nonzero(FLOW)
    return (
        FLOW[row, column].astype(F),
        *(np.array(v, np.int32) for v in (column, np.concatenate([[0], np.cumsum(np.bincount(row))]), [1, 1, 1])),
    )


def room() -> np.ndarray:
    return np.full((2, (3 + 2 * LANES) * LANES), 5.0, F)


def test_each_device_takes_its_own_steps_in_whatever_order() -> None:
    rows = np.array([[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]], F)
    share, steps = np.array([1.0, 0.5, 1.0, 1.0], F), np.array([1, 2, 0, 2], np.int32)
    walk_rows(walk(), 2, rows, share, steps, np.array([3, 1, 0, 2]), room())
    assert rows.tolist() == [
        [0.5, 0.5, 0.0],
        # half steps: 1/8 3/4 1/8, then of the middle 3/4 - 3/16 + 1/16 and of each end 1/8 - 1/32 + 3/32
        [0.1875, 0.625, 0.1875],
        [1.0, 0.0, 0.0],
        [0.125, 0.5, 0.375],  # 0 1/2 1/2, then 1/8, 1/2 - 1/4 + 1/4, 1/2 - 1/4 + 1/8
    ]


def test_more_devices_than_go_side_by_side() -> None:
    n = 2 * LANES + 1
    rows = np.tile(np.array([1, 0, 0], F), (n, 1))
    walk_rows(walk(), 3, rows, np.ones(n, F), np.arange(n, dtype=np.int32) % 2, np.arange(n), room())
    assert rows[::2].tolist() == [[1.0, 0.0, 0.0]] * (LANES + 1)
    assert rows[1::2].tolist() == [[0.5, 0.5, 0.0]] * LANES


def test_who_pauses_shuffles_on_with_those_who_stop() -> None:
    """Cells 0 and 1 are block 0, cell 2 block 1. Device 0 takes no step, device 1 one."""
    block, within = np.array([0, 0, 1], np.int32), np.array([0.5, 1.5, 1.0], F)
    pause = np.array([[9, 9, 9], [0.5, 0.0, 0.25], [0.0, 0.5, 0.0]], F)
    stays, stopping = np.array([0.5, 1.0], F), np.array([[0.25, 0.125], [0.0, 0.5]], F)
    each, prior = np.array([[0.0625, 0.03125], [0.0, 0.25]], F), np.full((2, 3), -1.0, F)
    shuffle(
        *(walk(), 2, np.ones(2, F), np.array([0, 1], np.int32), np.array([1, 0]), room()),
        *(pause, np.array([1, 2]), stays, stopping, block, within, each, prior),
    )
    # device 0 before who walks: 0.25 + 0.125, 0 + 0.375, 0.125 + 0.125
    # device 1: 0, 0.5 and 0.5 stand before their step: 1/8, 1/2 - 1/4 + 1/4 and 1/2 - 1/4 + 1/8 after
    assert prior.tolist() == [[0.4375, 0.4375, 0.28125], [0.125, 0.5, 0.625]]
