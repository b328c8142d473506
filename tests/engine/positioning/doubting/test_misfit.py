"""How much wider a fix is than its posterior, in plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from engine.positioning.belief import Belief, Estimate
from engine.positioning.doubting.misfit import widening
from engine.positioning.settings import DEFAULT_SETTINGS
from engine.records import F64
from tests.engine.positioning.tiny import MEAN_DBM, NAN, OFFSET_VAR, SIGMA_DB, scans, site

POSTERIOR = np.array([[0.1, 0.5, 0.1, 0.1, 0.1, 0.1]], np.float32)
OFFSET_DB = 2.0


def wider(heard: list[float], trust: float = 0.4, believed: F64 | None = None) -> float:
    """Of one scan, found at the second cell, by a phone 2 dB too strong."""
    everybody = np.ones((1, 6)) if believed is None else believed
    belief = Belief(
        POSTERIOR, np.zeros((1, 2)), OFFSET_VAR[None], np.full((1, 2), trust, np.float32), everybody.astype(np.float32)
    )
    estimate = Estimate(POSTERIOR, np.array([[OFFSET_DB, 0.0]]), OFFSET_VAR[None], np.zeros(1, np.float32))
    return float(widening(site(), scans([heard]), belief, estimate, DEFAULT_SETTINGS)[0])


def by_hand(off_db: list[float], believed: tuple[float, ...] = (1.0, 1.0, 1.0)) -> float:
    squares = freedom = 0.0
    for a, off in enumerate(off_db):
        r2 = (off / SIGMA_DB[a]) ** 2
        w = believed[a] * min(5.0 / (4.0 + r2), 1.0)
        squares, freedom = squares + w * r2, freedom + w * (1.0 - 2.0 / len(off_db))
    return 0.9 * (10.0 + squares) / (10.0 + freedom)


def heard(off_db: list[float]) -> list[float]:
    return [float(MEAN_DBM[a, 1] + OFFSET_DB + off) for a, off in enumerate(off_db)]


@pytest.mark.parametrize("off_db", [[0.0, 0.0, 0.0], [3.0, -4.0, 5.0], [9.0, -9.0, 20.0]])
def test_residuals_at_the_likeliest_cell_say_how_well_it_fits(off_db: list[float]) -> None:
    assert wider(heard(off_db)) == pytest.approx(by_hand(off_db), rel=1e-5)


def test_how_new_a_scan_is_does_not_matter_and_who_is_not_believed_hardly_does() -> None:
    off_db = [3.0, -4.0, 15.0]
    assert wider(heard(off_db), trust=0.1) == pytest.approx(wider(heard(off_db), trust=1.0), rel=1e-5)
    doubted = np.array([[1.0, 1.0, 0.1, 1.0, 1.0, 1.0]])
    assert wider(heard(off_db), believed=doubted) == pytest.approx(by_hand(off_db, (1.0, 1.0, 0.1)), rel=1e-5)
    assert wider(heard(off_db), believed=doubted) < wider(heard(off_db))


def test_two_access_points_have_no_freedom_to_fit_ill() -> None:
    only = [*heard([0.0, 0.0]), NAN]
    assert wider(only) == pytest.approx(0.9, rel=1e-5)
