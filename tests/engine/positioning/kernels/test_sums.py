"""Sums over a scan's access points, cell by cell in plain loops."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba", reason="the extra `fast` is not installed")

from engine.positioning.kernels.sums import CHUNK, add_readings, add_silence, allocate_aligned, list_positive, pack

F = np.float32


def test_what_is_above_nought_is_listed() -> None:
    weights = np.array([[0.0, 0.5, -1.0, 1e-30], [0.0, 0.0, 0.0, 0.0]], F)
    assert list_positive(weights).tolist() == [[2, 1, 3, 0, 0], [0, 0, 0, 0, 0]]


@pytest.mark.parametrize("size", [1, 16, 1280])
def test_memory_begins_with_a_line_of_the_cache(size: int) -> None:
    room = allocate_aligned(size)
    assert len(room) == size
    assert room.ctypes.data % 64 == 0


def store(n_ap: int, n_cells: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(8)
    return (
        rng.normal(0, 15, (n_ap, n_cells)).astype(F),
        rng.uniform(0.01, 0.2, (n_ap, n_cells)).astype(F),
        rng.uniform(1.0, 2.2, (n_ap, n_cells)).astype(F),
    )


@pytest.mark.parametrize(("first", "last"), [(0, CHUNK), (CHUNK, CHUNK + 3)])
def test_a_piece_is_packed_with_noughts_behind_it(first: int, last: int) -> None:
    mean, weight, log_sigma = store(2, CHUNK + 3)
    packed, size = np.full(5 * CHUNK, 9.0, F), last - first
    pack(mean, weight, log_sigma, first, last, packed)
    rows = packed.reshape(5, CHUNK)
    assert rows[:2, :size].tolist() == mean[:, first:last].tolist()
    assert rows[2:4, :size].tolist() == weight[:, first:last].tolist()
    np.testing.assert_allclose(rows[4, :size], log_sigma[:, first:last].sum(axis=0), rtol=1e-6)
    assert not rows[:, size:].any()


@pytest.mark.parametrize("heard", [[], [2], [0, 3], [0, 1, 3], [0, 1, 2, 3]])
@pytest.mark.parametrize(("first", "last"), [(0, CHUNK), (CHUNK, CHUNK + 37)])
def test_readings_add_up_to_s_l_q_and_the_spreads(heard: list[int], first: int, last: int) -> None:
    """S = sum of v w, L of v w (z - m), Q of v w (z - m)²; of few heard their spreads, of many all less the others'."""
    n_ap, size = 4, last - first
    mean, weight, log_sigma = store(n_ap, CHUNK + 37)
    z, v = np.array([[0.0] * n_ap, [-3.0, 8.0, 0.5, -20.0]], F), np.zeros((2, n_ap), F)
    v[1, heard] = np.array([0.9, 0.4, 1.0, 0.1], F)[heard]
    packed, sums = np.zeros((2 * n_ap + 1) * CHUNK, F), np.full(4 * CHUNK, 5.0, F)
    pack(mean, weight, log_sigma, first, last, packed)
    add_readings(packed, log_sigma, z, v, list_positive(v), 1, first, last, sums)
    found = sums.reshape(4, CHUNK)[:, :size]
    for i in range(size):
        s = shift = square = spread = 0.0
        for a in heard:
            u, d = float(v[1, a]) * float(weight[a, first + i]), float(z[1, a]) - float(mean[a, first + i])
            s, shift, square, spread = s + u, shift + u * d, square + u * d * d, spread + float(log_sigma[a, first + i])
        np.testing.assert_allclose(found[:, i], [s, shift, square, spread], rtol=1e-5, atol=2e-5)


@pytest.mark.parametrize("silent", [[], [1], [0, 2], [0, 1, 2]])
def test_silence_adds_its_weights_of_logarithms(silent: list[int]) -> None:
    logs = -np.arange(1, 13, dtype=F).reshape(3, 4)  # rows -1 .. -4, -5 .. -8, -9 .. -12
    weight = np.zeros((1, 3), F)
    weight[0, silent] = np.array([1.0, 0.5, 0.25], F)[silent]
    sums = np.array([10.0, 20.0], F)
    add_silence(weight, logs, list_positive(weight), 0, 1, 3, sums)
    of_rows = {0: (-2.0, -3.0), 1: (-3.0, -3.5), 2: (-2.5, -2.75)}  # at cells 1 and 2, times their weights
    assert sums.tolist() == [10.0 + sum(of_rows[r][0] for r in silent), 20.0 + sum(of_rows[r][1] for r in silent)]
