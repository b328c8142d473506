"""Rows of pairs that hear each other, and the law that they are told in, by values worked out by hand."""

from __future__ import annotations

import numpy as np

from engine.radio.hanging.links import (
    LinkFeatures,
    LinkLaw,
    design,
    foresee,
    learn,
    links_of_plan,
    prior_law,
    told_places,
)
from engine.radio.pathloss import Geometry
from engine.records import Hearings
from tests.engine.positioning.stores import two_levels
from tests.engine.radio.made import hall

THREE = hall((0.0, 0.0), (10.0, 0.0), (0.0, 1.0), p0=-40.0)


def hearings(*rows: tuple[int, int, float]) -> Hearings:
    """(who was heard, who listened, dBm) each."""
    heard, ap, rssi = zip(*rows, strict=True)
    level = np.array(rssi, np.float32)
    nothing = np.full_like(level, np.nan)
    return Hearings(np.zeros(len(level)), np.array(heard, np.int32), np.array(ap, np.int32), level, nothing)


def test_both_ways_of_a_pair_are_one_row_and_repeats_are_averaged() -> None:
    links = links_of_plan(THREE, hearings((0, 1, -60.0), (0, 1, -62.0), (1, 0, -70.0), (2, 1, -55.0), (0, 2, np.nan)))
    assert links.ends.tolist() == [[0, 1], [1, 2]]
    assert links.rssi_dbm.tolist() == [-65.5, -55.0], "the mean of -61 and -70; one way alone"
    sends, hears = links.own[:, :3], links.own[:, 3:]
    assert sends.tolist() == [[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]
    assert hears.tolist() == [[0.5, 0.5, 0.0], [0.0, 1.0, 0.0]]
    assert links.of((2,)).tolist() == [False, True]


def test_pairs_on_two_levels_are_no_rows() -> None:
    assert len(links_of_plan(two_levels(), hearings((0, 3, -60.0), (1, 1, -60.0)))) == 0


def test_what_matters_between_two_is_the_same_both_ways() -> None:
    told = told_places(THREE)
    assert told.features[0, 1].tolist() == [10.0, 0.0, 0.0], "10 m: 10 dB of distance"
    np.testing.assert_array_equal(told.features, told.features.swapaxes(0, 1))
    one = np.array([[2.0]])
    near, far = (
        LinkFeatures.of(Geometry(d * one, 4 * one, 0 * one, 0 * one, 0 * one)).variance[0, 0] for d in (1.0, 2.0)
    )
    assert near == 4 * far, "a place that is off by so much matters half as much twice as far away"


def test_a_law_foresees_as_bayes_rule_has_it() -> None:
    law = LinkLaw(np.array([-50.0, 2.0]), np.diag([9.0, 0.25]), 0.0)
    rows = np.array([[1.0, -10.0], [1.0, -12.0]])
    z, variance = np.array([-71.0, -74.5]), np.array([4.0, 6.0])
    after = learn(law, rows, z, variance)
    whole = rows @ law.covariance @ rows.T + np.diag(variance)
    gain = law.covariance @ rows.T @ np.linalg.inv(whole)
    np.testing.assert_allclose(after.mean, law.mean + gain @ (z - rows @ law.mean), atol=1e-9)
    np.testing.assert_allclose(after.covariance, law.covariance - gain @ rows @ law.covariance, atol=1e-9)
    here = foresee(law, rows[None], z, variance[None])[0]
    # learn's nats have the coefficients' own determinant beside what foresee says
    np.testing.assert_allclose(after.nats, here + 0.5 * np.linalg.slogdet(law.covariance)[1], atol=1e-9)
    off = foresee(law, np.stack([rows, rows]), z + np.array([0.0, 30.0]), np.stack([variance, 4 * variance]))
    assert off[0] < off[1], "what is far off is likelier of a wider spread"


def test_one_odd_row_does_not_bend_the_law() -> None:
    law = prior_law(THREE)
    links = links_of_plan(THREE, hearings((0, 1, -60.0), (1, 0, -60.0), (2, 1, -60.0), (2, 0, -38.0)))
    rows = design(told_places(THREE).features[*links.ends.T], links, np.arange(3))
    assert rows.shape == (3, 4 + 6)
    plain = learn(law, rows, links.rssi_dbm, np.full(3, 4.0)).mean
    odd = learn(law, rows, links.rssi_dbm - np.array([0.0, 0.0, 60.0]), np.array([4.0, 4.0, 4.0])).mean
    alone = learn(law, rows[:2], links.rssi_dbm[:2], np.full(2, 4.0)).mean
    assert abs((odd - alone)[1]) < abs((odd - plain)[1]) + 1.0
    np.testing.assert_array_equal(law.of(np.array([0, 2])).mean, law.mean[[0, 1, 2, 3, 4, 6, 7, 9]])
