"""Heat's grid: whole squares from the store's origin, one flat order over levels, cells where their centres are."""

from __future__ import annotations

import numpy as np
import pytest
from shapely.geometry import box

from engine.plan.cells import Cells
from engine.plan.model import Level, Plan
from engine.presence.frames import heat_frames, squares_of_cells


def plan(*bounds: tuple[float, float, float, float]) -> Plan:
    levels = tuple(Level(str(i), i, str(i), 3.0, 3.0 * i, box(*b)) for i, b in enumerate(bounds))
    return Plan("s", "s", "UTC", "EUR", None, levels)


def cells(*places: tuple[int, float, float]) -> Cells:
    level, x, y = (np.array(c) for c in zip(*places, strict=True))
    none = np.empty(0, np.int32)
    return Cells(0.5, x.astype(float), y.astype(float), level.astype(np.int32), none, none, np.empty(0))


def test_frames_grow_to_whole_squares_and_follow_on_each_other() -> None:
    low, high = heat_frames(plan((-0.5, 1.0, 5.0, 4.5), (10.2, 20.0, 14.0, 22.0)), 2.0)
    assert (low.x0_m, low.y0_m, low.cols, low.rows, low.first) == (-2.0, 0.0, 4, 3, 0)
    assert (high.x0_m, high.y0_m, high.cols, high.rows, high.first) == (10.0, 20.0, 2, 1, 12)
    assert (low.size, high.size) == (12, 2)
    assert (low.level, high.level, high.heat_cell_m) == ("0", "1", 2.0)


def test_a_level_smaller_than_a_square_has_one() -> None:
    [frame] = heat_frames(plan((3.1, 3.1, 3.4, 3.4)), 1.0)
    assert (frame.x0_m, frame.y0_m, frame.cols, frame.rows) == (3.0, 3.0, 1, 1)


def test_cells_are_added_up_in_the_square_that_holds_their_centre() -> None:
    frames = heat_frames(plan((-0.5, 1.0, 5.0, 4.5), (10.2, 20.0, 14.0, 22.0)), 2.0)
    places = [(0, -0.25, 1.25), (0, 0.0, 0.0), (0, 4.75, 4.25), (0, 1.99, 2.0), (1, 10.25, 20.25), (1, 13.75, 21.75)]
    matrix = squares_of_cells(frames, cells(*places)).toarray()
    assert matrix.shape == (14, 6)
    # column by row: (x + 2) // 2 and y // 2; flat: row * 4 + col
    assert [int(np.flatnonzero(matrix[:, c])[0]) for c in range(6)] == [0, 1, 2 * 4 + 3, 1 * 4 + 1, 12, 13]
    assert matrix.sum() == 6
    np.testing.assert_array_equal(matrix @ np.arange(1.0, 7.0), np.bincount([0, 1, 11, 5, 12, 13], [1, 2, 3, 4, 5, 6]))


def test_who_is_beyond_the_border_counts_at_it() -> None:
    [frame] = heat_frames(plan((0.0, 0.0, 3.0, 2.0)), 1.0)
    matrix = squares_of_cells([frame], cells((0, -0.2, 0.5), (0, 3.2, 2.3), (0, 3.0, 2.0))).toarray()
    assert [int(np.flatnonzero(matrix[:, c])[0]) for c in range(3)] == [0, 5, 5]


@pytest.mark.parametrize("heat_cell_m", [0.5, 1.0, 3.0])
def test_every_cell_is_in_one_square_whatever_its_size(heat_cell_m: float) -> None:
    frames = heat_frames(plan((0.3, 0.3, 7.7, 5.1)), heat_cell_m)
    x, y = np.meshgrid(np.arange(0.35, 7.7, 0.3), np.arange(0.35, 5.1, 0.3))
    matrix = squares_of_cells(frames, cells(*((0, a, b) for a, b in zip(x.ravel(), y.ravel(), strict=True)))).toarray()
    np.testing.assert_array_equal(matrix.sum(axis=0), 1.0)
    for c, (a, b) in enumerate(zip(x.ravel(), y.ravel(), strict=True)):
        row, col = divmod(int(np.flatnonzero(matrix[:, c])[0]), frames[0].cols)
        assert frames[0].x0_m + col * heat_cell_m <= a + 1e-9 < frames[0].x0_m + (col + 1) * heat_cell_m + 1e-9
        assert frames[0].y0_m + row * heat_cell_m <= b + 1e-9 < frames[0].y0_m + (row + 1) * heat_cell_m + 1e-9
