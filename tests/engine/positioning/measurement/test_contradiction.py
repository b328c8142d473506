"""Which access points contradict the others, against the equation in plain loops; doubts in time; stuck values."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from engine.positioning.measurement.contradiction import (
    Voices,
    after_evidence,
    after_time,
    contradictions,
    repeats,
)
from engine.positioning.measurement.expectation import Expectation
from engine.records import F64
from tests.engine.positioning.tiny import CENTRE_DBM, MEAN_DBM, RANGE_M, RANGE_SIGMA_M, SIGMA_DB

NAN = np.float32(np.nan)


def likelihood(z: F64, mean: F64, variance: F64, offset_var: float) -> float:
    """N(z; mean, diag(variance) + s² 11'), one value an access point."""
    return float(multivariate_normal(mean, np.diag(variance) + offset_var).pdf(z)) if len(z) else 1.0


@pytest.mark.parametrize("uneven", [False, True])
def test_evidence_is_what_a_bad_one_says_over_what_the_others_foresee(uneven: bool) -> None:
    sigma = np.repeat(SIGMA_DB[:, None], 6, axis=1) + (np.linspace(-0.5, 1.0, 6) if uneven else 0.0)
    spread = np.repeat(RANGE_SIGMA_M[:, None], 6, axis=1)
    z = [np.array([[-51.0, -64.0, -30.0]]) - CENTRE_DBM, np.array([[2.4, 9.5, 3.1]])]
    full, believed = np.array([[1.0, 0.5, 1.0]]), [np.array([[1.0, 0.9, 0.2]]), np.array([[0.6, 1.0, 1.0]])]
    means, sigmas, s2 = [MEAN_DBM - CENTRE_DBM, RANGE_M], [sigma, spread], [36.0, 1.44]
    kinds = [
        Voices.of(
            Expectation.of(m, s), values.astype(np.float32), full.astype(np.float32), b.astype(np.float32),
            np.array([v], np.float32), span,
        )
        for m, s, values, b, v, span in zip(means, sigmas, z, believed, s2, (60.0, 50.0), strict=True)
    ]  # fmt: skip
    got = contradictions(kinds)
    for kind in (0, 1):
        for a in range(3):
            top = below = 0.0
            for c in range(6):
                others = joint = 1.0
                for k in (0, 1):
                    rest = np.arange(3) != a
                    variance = sigmas[k][:, c] ** 2 / (full[0] * believed[k][0])
                    alone = likelihood(z[k][0, rest], means[k][rest, c], variance[rest], s2[k])
                    variance[a] = sigmas[k][a, c] ** 2 / (full[0, a])
                    others *= alone
                    joint *= likelihood(z[k][0], means[k][:, c], variance, s2[k]) if k == kind else alone
                # the spreads of the others, the same with and without `a`, are left out where they differ by cell
                scale = np.prod([sigmas[0][b, c] for b in range(3) if b != a]) if uneven else 1.0
                top, below = top + joint * scale, below + others * scale
            want = np.log(1 / (60.0, 50.0)[kind]) - np.log(top / below)
            assert got[kind][0, a] == pytest.approx(want, abs=2e-3), (kind, a)


def test_who_was_not_heard_is_not_judged() -> None:
    spread = np.repeat(SIGMA_DB[:, None], 6, axis=1)
    z = np.array([[9.0, -4.0, 0.0], [9.0, 0.0, 4.0]], np.float32)
    full = np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 1.0]], np.float32)
    kind = Voices.of(Expectation.of(MEAN_DBM - CENTRE_DBM, spread), z, full, full, np.full(2, 36.0, np.float32), 60.0)
    assert (contradictions([kind])[0] != 0).tolist() == [[True, True, False], [True, False, True]]


def test_doubt_returns_to_the_share_of_all_and_follows_bayes() -> None:
    bad = np.array([[0.9, 0.01], [0.9, 0.01]], np.float32)
    later = after_time(bad, np.array([0.0, 60.0]), 0.01, 60.0)
    np.testing.assert_allclose(later, [[0.9, 0.01], [0.01 + 0.89 * np.exp(-1), 0.01]], rtol=1e-6)
    told = after_evidence(np.array([0.5, 0.2, 0.2], np.float32), np.array([np.log(3.0), 0.0, 90.0], np.float32))
    np.testing.assert_allclose(told, [0.75, 0.2, 1 - 1e-6], rtol=1e-5)


def test_a_value_that_repeats_while_the_others_change_is_evidence_that_it_is_stuck() -> None:
    run = np.zeros((1, 4), np.float32)
    first = np.array([[-40.0, -60.0, -61.0, NAN]], np.float32)
    run = repeats(run, first, np.zeros((1, 4), np.float32))
    assert run.tolist() == [[0, 0, 0, 0]]
    run = repeats(run, np.array([[-40.0, -62.0, -60.0, -70.0]], np.float32), np.nan_to_num(first))
    assert run[0].tolist() == pytest.approx([np.log(4), 0, 0, 0])  # none of two repeats: one in four by Laplace's rule
    same = np.array([[-40.0, -62.0, -60.0, -70.0]], np.float32)
    run = repeats(run, same, same)  # all repeat: nobody is odd
    assert run[0].tolist() == pytest.approx([np.log(4), 0, 0, 0])
    run = repeats(run, np.array([[NAN, -63.0, -60.0, -70.0]], np.float32), same)  # unheard: it stays as it was
    assert run[0, 0] == pytest.approx(np.log(4))
    assert repeats(run, np.array([[-41.0, -63.0, -60.0, -70.0]], np.float32), same)[0, 0] == 0
