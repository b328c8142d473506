"""Grid Bayes against its equations, written out cell by cell in `tiny`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.positioning.bayes import (
    bayes,
    covered_share,
    measurements,
    moments,
    shift_shares,
    update_belief,
    weigh_readings,
)
from engine.positioning.belief import Belief
from engine.positioning.measurement.site_build import mates_of
from engine.positioning.settings import DEFAULT_SETTINGS
from tests.engine.positioning.tiny import (
    CENTRE_DBM,
    MEAN_DBM,
    NAN,
    OFFSET_VAR,
    SIGMA_DB,
    bayes_by_hand,
    scans,
    site,
)

PRIOR = np.array([[0.3, 0.1, 0.2, 0.1, 0.25, 0.05], [0.05, 0.15, 0.3, 0.2, 0.2, 0.1]], np.float32)
BELIEVED = np.array([[1.0, 1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 0.4, 1.0, 0.7, 1.0, 1.0]], np.float32)
UNIFORM = np.repeat(SIGMA_DB[:, None], 6, axis=1)
UNEVEN = UNIFORM + np.array([0.0, 0.5, -0.5, 1.0, 0.2, -0.8])
SILENCE = np.log(0.1 + 0.04 * np.arange(54).reshape(9, 6) % 0.85)


def believed(trust: float = 1.0, offset_db: float = 0.0, offset_m: float = 0.0, var: np.ndarray = OFFSET_VAR) -> Belief:
    means = np.tile([offset_db, offset_m], (2, 1))
    return Belief(PRIOR, means, np.tile(var, (2, 1)), np.full((2, 2), trust, np.float32), BELIEVED)


HEARD = [[-50.0, -66.0, -58.0], [-61.0, -55.0, -71.0]]
PARTLY = [[-50.0, NAN, -58.0], [-61.0, -55.0, NAN]]
ODD = [[-50.0, -30.0, -58.0], [-75.0, -52.0, -60.0]]
METRES = [[2.4, 4.0, 3.1], [9.5, 2.0, NAN]]


@pytest.mark.parametrize("sigma", [UNIFORM, UNEVEN], ids=["uniform", "uneven"])
@pytest.mark.parametrize(
    ("rssi", "ranges", "belief"),
    [
        (HEARD, None, believed()),
        (HEARD, None, believed(trust=0.4, offset_db=5.0)),
        (PARTLY, None, believed(trust=0.7, offset_db=-4.0)),
        (PARTLY, None, believed(offset_db=40.0)),  # beyond the strongest phone that silence is known of
        (ODD, None, believed(var=np.array([4.0, 1.0]))),
        (HEARD, METRES, believed(trust=0.6, offset_db=2.0, offset_m=0.5)),
    ],
    ids=["heard", "near in time", "partly", "a strong phone", "odd", "with ranges"],
)
def test_posterior_offset_and_what_was_foreseen_are_the_equations(
    sigma: np.ndarray, rssi: list[list[float]], ranges: list[list[float]] | None, belief: Belief
) -> None:
    store, given = site(sigma, silence=SILENCE), scans(rssi, ranges, age=[[0.0, 1.0, 3.0], [2.0, 0.0, 6.0]])
    got = bayes(store, given, belief, DEFAULT_SETTINGS)
    assert got.posterior.dtype == np.float32
    for i in range(2):
        want = bayes_by_hand(store, given, i, belief, DEFAULT_SETTINGS, sigma)
        np.testing.assert_allclose(got.posterior[i], want.posterior, rtol=3e-5, atol=1e-8)
        np.testing.assert_allclose(got.offset_mean[i], want.offset_mean, rtol=2e-5, atol=2e-5)
        np.testing.assert_allclose(got.offset_var[i], want.offset_var, rtol=1e-4)
        assert got.log_likelihood[i] == pytest.approx(want.log_likelihood, abs=3e-5)


def test_silence_goes_by_how_much_stronger_a_phone_is_than_most_of_the_store() -> None:
    """Its tables are of phones as strong as most there, and of others by so many dB: here most are 6 dB too strong."""
    store, given = replace(site(silence=SILENCE), offset_mean=np.array([6.0, 0.0])), scans(PARTLY)
    belief = believed(offset_db=2.0)
    got = bayes(store, given, belief, DEFAULT_SETTINGS).posterior
    for i in range(2):
        want = bayes_by_hand(store, given, i, belief, DEFAULT_SETTINGS, UNIFORM).posterior
        np.testing.assert_allclose(got[i], want, rtol=3e-5, atol=1e-8)
    other = bayes(site(silence=SILENCE), given, belief, DEFAULT_SETTINGS).posterior
    assert np.abs(got - other).max() > 1e-3


def test_half_the_trust_is_half_the_evidence() -> None:
    """With the tails switched off and the offset known, the log of likelihoods is in proportion to the trust."""
    calm, sure = replace(DEFAULT_SETTINGS, tail_dof=1e9), np.array([1e-9, 1e-9])
    ratios = []
    for trust in (1.0, 0.5):
        belief = replace(believed(trust, var=sure), believed=np.ones((2, 6), np.float32))
        found = bayes(site(), scans(HEARD), belief, calm).posterior / PRIOR
        ratios.append(np.log(found[:, 1:] / found[:, :1]))
    np.testing.assert_allclose(ratios[1], 0.5 * ratios[0], rtol=1e-4, atol=1e-5)
    by_hand = -0.5 * ((np.array(HEARD)[:, :, None] - MEAN_DBM) ** 2 / SIGMA_DB[:, None] ** 2).sum(axis=1)
    np.testing.assert_allclose(ratios[0], by_hand[:, 1:] - by_hand[:, :1], rtol=1e-4, atol=1e-4)


def test_a_range_whose_own_sigma_is_larger_counts_less_and_a_smaller_one_no_more() -> None:
    ranges = [[2.4, 4.0, 3.1], [2.4, 4.0, 3.1]]
    for said in ([[2.0, 3.0, 4.0], [2.0, 3.0, 4.0]], [[0.1, 0.2, 0.3], [0.5, NAN, 9.0]]):
        given = scans([[NAN] * 3] * 2, ranges, range_sigma=said)
        got = bayes(site(silence=SILENCE), given, believed(), DEFAULT_SETTINGS)
        for i in range(2):
            want = bayes_by_hand(site(silence=SILENCE), given, i, believed(), DEFAULT_SETTINGS, UNIFORM)
            np.testing.assert_allclose(got.posterior[i], want.posterior, rtol=3e-5)
            np.testing.assert_allclose(got.offset_mean[i], want.offset_mean, rtol=1e-4, atol=1e-5)


def test_what_is_not_measured_keeps_its_offset() -> None:
    belief = believed(offset_db=1.0, offset_m=0.7)
    found = bayes(site(), scans(HEARD), belief, DEFAULT_SETTINGS)
    np.testing.assert_array_equal(found.offset_mean[:, 1], [0.7, 0.7])
    np.testing.assert_array_equal(found.offset_var[:, 1], [OFFSET_VAR[1]] * 2)
    np.testing.assert_array_equal(belief.offset_mean[:, 0], [1.0, 1.0])  # what was given stays as it was


def test_the_first_pass_says_what_was_measured_and_where_the_scan_alone_would_put_it() -> None:
    kinds, alone = weigh_readings(site(), scans(ODD, METRES), believed(), DEFAULT_SETTINGS)
    assert [k.quantity for k in kinds] == [0, 1]
    np.testing.assert_allclose(kinds[0].z, np.array(ODD) - CENTRE_DBM, rtol=1e-6)
    assert kinds[0].v[0, 1] < 0.5  # 36 dB from where the two others say
    assert (kinds[0].v <= 1).all()
    assert kinds[1].v[1, 2] == 0  # unheard
    assert kinds[1].heard.tolist() == [[True] * 3, [True, True, False]]
    assert alone.shape == (2, 3)
    np.testing.assert_allclose(alone.sum(axis=1), 1.0, rtol=1e-6)
    taken = [k.take(np.array([1])) for k in kinds]
    one = Belief(PRIOR[1:], np.zeros((1, 2)), OFFSET_VAR[None], np.ones((1, 2), np.float32), BELIEVED[1:])
    second = update_belief(site(), scans(ODD[1:], METRES[1:]), one, DEFAULT_SETTINGS, taken)
    whole = bayes(site(), scans(ODD, METRES), believed(), DEFAULT_SETTINGS)
    np.testing.assert_allclose(second.posterior[0], whole.posterior[1], rtol=1e-5)


def test_what_is_impossible_by_the_scan_alone_stays_possible_to_the_float() -> None:
    """Cells 80 nats and more below the best count alike: exp(-80) is what float32 still holds."""
    far = scans([[-50.0, -66.0, -58.0], [-20.0, -110.0, -20.0]])
    found = bayes(site(), far, believed(var=np.array([1e-6, 1e-6])), replace(DEFAULT_SETTINGS, tail_dof=1e9))
    assert (found.posterior > 0).all()
    worst = found.posterior[1].argmin()
    assert found.posterior[1, worst] / PRIOR[1, worst] == pytest.approx(np.exp(-80.0), rel=1.0)
    np.testing.assert_allclose(found.posterior.sum(axis=1), 1.0, rtol=1e-6)


def test_an_offset_lies_between_its_two_nearest_shifts() -> None:
    shifts = np.array([-16.0, -8.0, 0.0, 8.0])
    got = shift_shares(np.array([-8.0, -6.0, 3.0, 99.0, -99.0]), shifts)
    want = [[0, 1, 0, 0], [0, 0.75, 0.25, 0], [0, 0, 0.625, 0.375], [0, 0, 0, 1], [1, 0, 0, 0]]
    np.testing.assert_allclose(got, want, atol=1e-6)


def test_covered_share_is_the_inverse_participation_ratio() -> None:
    rows = np.array([[1, 0, 0, 0], [0.25, 0.25, 0.25, 0.25], [0.5, 0.5, 0, 0], [0.7, 0.1, 0.1, 0.1]], np.float32)
    np.testing.assert_allclose(covered_share(rows), [0.25, 1.0, 0.5, 1 / (4 * 0.52)], rtol=1e-6)


def test_moments_are_those_of_the_masses_and_of_the_square_within_a_cell() -> None:
    p = np.array([[0.4, 0.3, 0.1, 0.1, 0.06, 0.04], [0, 0, 1, 0, 0, 0]])
    store = site()
    level, mean, cov = moments(store, p.astype(np.float32))
    x, y = store.cells.x_m, store.cells.y_m
    for i in range(2):
        mx, my = (p[i] * x).sum(), (p[i] * y).sum()
        within = 2.0**2 / 12  # a cell of 2 m, evenly
        want = [
            [(p[i] * (x - mx) ** 2).sum() + within, (p[i] * (x - mx) * (y - my)).sum()],
            [(p[i] * (x - mx) * (y - my)).sum(), (p[i] * (y - my) ** 2).sum() + within],
        ]
        np.testing.assert_allclose(mean[i], [mx, my], rtol=1e-6)
        np.testing.assert_allclose(cov[i], want, rtol=1e-5, atol=1e-6)
    assert level.tolist() == [0, 0]
    assert level.dtype == np.int32
    np.testing.assert_allclose(cov[1], np.eye(2) / 3, atol=1e-6)  # who is in one cell for certain: that cell's square


def test_moments_are_of_the_most_probable_level_alone() -> None:
    store = site(level=(0, 0, 0, 1, 1, 1))
    p = np.array([[0.1, 0.2, 0.15, 0.3, 0.15, 0.1], [0.0, 0.8, 0.0, 0.2, 0.0, 0.0]], np.float32)
    level, mean, cov = moments(store, p)
    assert level.tolist() == [1, 0]  # of the first 0.45 lie below and 0.55 above
    np.testing.assert_allclose(mean[1], [13.0, 5.0], rtol=1e-6)
    share = np.array([0.3, 0.15, 0.1]) / 0.55
    x = np.array([11.0, 13.0, 15.0])
    np.testing.assert_allclose(mean[0], [(share * x).sum(), 7.0], rtol=1e-6)
    spread = (share * x**2).sum() - (share * x).sum() ** 2
    np.testing.assert_allclose(cov[0], [[spread + 1 / 3, 0.0], [0.0, 1 / 3]], rtol=1e-5, atol=1e-5)


MATES = replace(site(), mates=mates_of(np.array([[11.0, 5.0, 2.8], [11.4, 5.0, 2.8], [13.0, 3.0, 2.5]])))
EVERYBODY = replace(believed(), believed=np.ones((2, 6), np.float32))


def test_access_points_that_hang_together_share_a_vote() -> None:
    """Of two whose errors correlate by 0.7, each has 1 / 1.7 of its weight; alone in a scan it has all of it."""
    given = scans([[-50.0, -66.0, -58.0], [-61.0, NAN, -71.0]])
    apart, shared = (measurements(s, given, EVERYBODY, DEFAULT_SETTINGS)[0] for s in (site(), MATES))
    np.testing.assert_array_equal(MATES.mates, [[0, 1, 0], [1, 0, 0], [0, 0, 0]])
    np.testing.assert_allclose(shared.v, apart.v * [[1 / 1.7, 1 / 1.7, 1.0], [1.0, 1.0, 1.0]], rtol=1e-6)


def test_no_mates_where_all_hang_apart() -> None:
    assert mates_of(np.array([[0.0, 0.0, 2.8], [1.0, 0.0, 2.8]])) is None
    assert mates_of(np.empty((0, 3))) is None
