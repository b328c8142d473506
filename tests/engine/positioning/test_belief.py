"""What is new of a scan, and how exact it is, are two factors of one figure."""

from __future__ import annotations

import numpy as np
import pytest

from engine.positioning.belief import Belief, Estimate, Known, Quantity


@pytest.mark.parametrize(
    ("trust", "new", "exact"), [(0.0, 0.0, 1.0), (0.25, 0.25, 1.0), (1.0, 1.0, 1.0), (1.5, 1.0, 1.5), (4.0, 1.0, 4.0)]
)
def test_more_than_all_of_a_scan_is_exactness(trust: float, new: float, exact: float) -> None:
    both = np.array([[trust, 1.0]], np.float32)
    belief = Known(np.zeros((1, 2)), np.ones((1, 2)), both).belief(
        np.ones((1, 1), np.float32), np.ones((1, 4), np.float32)
    )
    assert belief.new_share.tolist() == [[new, 1.0]]
    assert belief.exactness.tolist() == [[exact, 1.0]]
    assert (belief.new_share * belief.exactness).tolist() == both.tolist()


def test_what_is_known_is_handed_on_as_it_is() -> None:
    mean, var, trust = np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]), np.array([[0.5, 2.0]], np.float32)
    cells, believed = np.array([[0.25, 0.75]], np.float32), np.array([[1.0, 0.5]], np.float32)
    belief = Known(mean, var, trust).belief(cells, believed)
    assert isinstance(belief, Belief)
    assert belief.cells is cells
    assert belief.believed is believed
    assert belief.offset_mean[0, Quantity.RANGE] == 2.0
    assert belief.offset_var[0, Quantity.RSSI] == 3.0
    assert belief.trust is trust


def test_rows_are_of_devices() -> None:
    estimate = Estimate(np.eye(3, dtype=np.float32), np.zeros((3, 2)), np.ones((3, 2)), *np.ones((2, 3), np.float32))
    assert estimate.take(np.array([2, 0])).posterior.tolist() == [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
