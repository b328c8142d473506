"""A track that went wrong, against the equation in plain loops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.positioning.bayes import bayes
from engine.positioning.belief import Belief
from engine.positioning.doubting.relocating import find_again
from engine.positioning.settings import DEFAULT_SETTINGS
from engine.records import F64
from tests.engine.positioning.tiny import MEAN_DBM, OFFSET_VAR, SIGMA_DB, scans, site

SETTINGS = replace(DEFAULT_SETTINGS, tail_dof=1e9, lost_per_s=0.01)  # readings all count alike
TRUST = 0.3
HEARD = np.array([-49.0, -69.0, -58.0])  # of the first cell
WRONG = np.array([[0.001, 0.001, 0.496, 0.001, 0.005, 0.496]], np.float32)
RIGHT = np.array([[0.496, 0.001, 0.001, 0.496, 0.005, 0.001]], np.float32)


def belief(prior: F64 | np.ndarray) -> Belief:
    new = np.full((1, 2), TRUST, np.float32)
    return Belief(prior.astype(np.float32), np.zeros((1, 2)), OFFSET_VAR[None], new, np.ones((1, 6), np.float32))


def found(prior: np.ndarray, dt: float, n_cells: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Posterior before and after."""
    given, b = scans([HEARD.tolist()]), belief(prior)
    estimate = bayes(site(), given, b, SETTINGS)
    after = find_again(site(), given, b, estimate, np.array([dt]), n_cells, SETTINGS)
    assert after.offset_mean is estimate.offset_mean
    return estimate.posterior[0], after.posterior[0]


def in_full() -> F64:
    """Likelihood of the scan at each cell, its offset unknown."""
    out = []
    for c in range(6):
        cov = np.diag(SIGMA_DB**2) + OFFSET_VAR[0]
        d = HEARD - MEAN_DBM[:, c]
        out.append(np.exp(-0.5 * d @ np.linalg.solve(cov, d)))
    return np.array(out)


@pytest.mark.parametrize("n_cells", [6, 60])
def test_of_a_wrong_track_so_much_is_elsewhere_as_the_scan_says_in_full(n_cells: int) -> None:
    before, after = found(WRONG, 3.0, n_cells)
    log = in_full()
    stray = 0.03
    there, here = stray * log.sum() / n_cells, (1 - stray) * (log @ WRONG[0])
    share = there / (there + here)
    assert share > stray
    np.testing.assert_allclose(after, (1 - share) * before + share * log / log.sum(), rtol=2e-4)
    assert after.sum() == pytest.approx(1.0, rel=1e-5)


def test_a_track_that_foresees_its_scan_and_a_first_scan_are_left_alone() -> None:
    for prior, dt in ((RIGHT, 3.0), (WRONG, 0.0)):
        before, after = found(prior, dt)
        np.testing.assert_array_equal(before, after)
