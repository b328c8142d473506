"""A prediction of two devices on four cells and two blocks, written out share by share."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba", reason="the extra `fast` is not installed")

from engine.positioning.kernels.foreseeing import MOST_STOP, foresee
from engine.positioning.kernels.lanes import LANES
from engine.positioning.motion import pull

F = np.float32
BLOCK, SIZE = np.array([0, 0, 1, 1], np.int32), np.array([2.0, 2.0], F)
WITHIN, OFTEN = np.array([0.5, 1.5, 1.0, 1.0], F), np.array([1.0, 3.0], F)
PAUSE = np.array([[9.0] * 4, [0.25, 0.0, 0.125, 0.125], [0.0, 0.0, 0.0, 0.5]], F)
WALK = np.array([[9.0] * 2, [0.25, 0.25], [0.5, 0.0]], F)
SLOT = np.array([2, 1])
TO_PAUSE, TO_WALK = np.array([0.5, 0.25], F), np.array([0.0, 0.5], F)
KEPT, ANYWHERE = np.array([1.0, 0.5], F), np.array([0.0, 0.03125], F)


def entries(flow: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    row, column = np.nonzero(flow)
    ends = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(flow)))])
    return flow[row, column].astype(F), *(np.array(v, np.int32) for v in (column, ends, [1] * len(flow)))


CELLS = np.array([[-0.5, 0.5, 0, 0], [0.5, -0.5, 0, 0], [0, 0, -0.5, 0.5], [0, 0, 0.5, -0.5]])
BLOCKS = np.array([[-0.5, 0.5], [0.5, -0.5]])


def predict(steps: tuple[int, int], walk_steps: tuple[int, int], often: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    prior, each, ones = np.full((2, 4), -1.0, F), np.full((2, 2), -1.0, F), np.ones(2, F)
    foresee(
        *(entries(CELLS), 1, ones, np.array(steps, np.int32)),
        *(entries(BLOCKS), 1, ones, np.array(walk_steps, np.int32), np.array([1, 0])),
        *(np.zeros((2, (4 + 2 * LANES) * LANES), F), np.zeros((4, (2 + 2 * LANES) * LANES), F)),
        *(PAUSE, WALK, SLOT, BLOCK, SIZE, WITHIN, often, TO_PAUSE, TO_WALK, KEPT, ANYWHERE, prior, each),
    )
    return prior, each


def by_hand(n: int, steps: int, walk_steps: int, often: np.ndarray) -> tuple[list[float], list[float]]:
    pause, walk = PAUSE[SLOT[n]].astype(float), WALK[SLOT[n]].astype(float)
    stop = [walk[k] * min(float(TO_PAUSE[n]) * float(often[k]), 0.95) for k in (0, 1)]
    on = [walk[k] - stop[k] + float(TO_WALK[n]) * sum(pause[c] for c in range(4) if BLOCK[c] == k) for k in (0, 1)]
    still = [
        float(KEPT[n]) * (pause[c] * (1 - float(TO_WALK[n])) + stop[BLOCK[c]] / 2 * float(WITHIN[c])) for c in range(4)
    ]
    for _ in range(walk_steps):
        on = [(on[0] + on[1]) / 2] * 2
    for _ in range(steps):
        still = [(still[0] + still[1]) / 2] * 2 + [(still[2] + still[3]) / 2] * 2
    of_cell = [float(KEPT[n]) * on[k] / 2 for k in (0, 1)]
    more = float(ANYWHERE[n])
    return [still[c] + of_cell[BLOCK[c]] + more for c in range(4)], [of + more for of in of_cell]


@pytest.mark.parametrize("steps", [(0, 0), (1, 0), (2, 1)])
@pytest.mark.parametrize("walk_steps", [(0, 0), (0, 3), (1, 1)])
def test_who_stops_goes_walks_and_shuffles(steps: tuple[int, int], walk_steps: tuple[int, int]) -> None:
    prior, each = predict(steps, walk_steps, OFTEN)
    for n in range(2):
        wanted, walks = by_hand(n, steps[n], walk_steps[n], OFTEN)
        np.testing.assert_allclose(prior[n], wanted, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(each[n], walks, rtol=1e-6, atol=1e-8)


def test_without_a_step_in_figures() -> None:
    """Device 0, row 2: half of those who walk in block 0 stop, 0.25, of whom 0.125 come to each of its cells, by 0.5
    and 1.5; the other 0.25 walk on, 0.125 in each cell. Nobody who pauses goes, and all are kept."""
    prior, each = predict((0, 0), (0, 0), OFTEN)
    assert prior[0].tolist() == [0.1875, 0.3125, 0.0, 0.5]
    assert each[0].tolist() == [0.125, 0.0]
    assert prior[0].sum() == 1.0
    assert prior[1].sum() == pytest.approx(0.5 + 4 * 0.03125)  # half is kept, and comes anywhere


@pytest.mark.parametrize(("often", "stopped"), [(1.89, 0.945), (1.91, 0.95), (40.0, 0.95)])
def test_never_do_all_stop(often: float, stopped: float) -> None:
    assert float(MOST_STOP) == pytest.approx(0.95) == pull.MOST_STOP
    _, each = predict((0, 0), (0, 0), np.array([often, 1.0], F))
    assert each[0, 0] == pytest.approx(0.5 * (1 - stopped) / 2, rel=1e-5)
