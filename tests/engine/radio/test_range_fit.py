"""The bias and spread of ranges by hand: quantiles with weights, and access points drawn to the store's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.radio.pathloss import DEFAULT_PRIOR
from engine.radio.range_fit import fit_ranges, weighted_quantile
from engine.radio.reach import Reach
from tests.engine.radio.made import evidence


def test_a_quantile_lies_between_the_middles_of_the_weights() -> None:
    values, even = np.array([3.0, 1.0, 2.0]), np.ones(3)
    assert weighted_quantile(values, even, 0.5) == 2.0
    assert weighted_quantile(values, even, 1 / 6) == 1.0  # the middle of the first third
    assert weighted_quantile(values, even, 1 / 3) == pytest.approx(1.5)
    assert weighted_quantile(values, even, 0.0) == 1.0
    assert weighted_quantile(values, even, 1.0) == 3.0
    # weights 1 (of 1.0), 2 (of 2.0), 1 (of 3.0): middles at 1/8, 1/2, 7/8
    heavy = np.array([1.0, 1.0, 2.0])
    assert weighted_quantile(values, heavy, 0.5) == pytest.approx(2.0)
    assert weighted_quantile(values, heavy, 0.3125) == pytest.approx(1.5)


def test_the_fit_written_out() -> None:
    error = np.array([0.1, 0.4, 0.9, 1.5, 2.2, 3.0, -0.2, 0.6])
    ap, crowd = [0, 0, 0, 0, 1, 1, 1, 0], np.array([1.0, 2, 1, 1, 4, 1, 1, 2])
    ev = evidence(ap, distance_m=5.0, range_m=5.0 + error, crowd=crowd, kind=[0, 1] * 4)
    reach = Reach(1.0, believed=0.6)
    assert reach.share == pytest.approx(0.6, abs=1e-9)
    fit = fit_ranges(ev, 3, replace(DEFAULT_PRIOR, range_sigma_m=1.5), reach)
    shared = weighted_quantile(error, 1 / crowd, 0.4)
    bias = [shared] * 3
    for a in (0, 1):
        own = np.array(ap) == a
        shadows = (1 / crowd[own]).sum() * 0.6**2
        share = shadows / (shadows + (2.5 / 1.0) ** 2)
        bias[a] = shared + share * (weighted_quantile(error[own], 1 / crowd[own], 0.4) - shared)
    np.testing.assert_allclose(fit.bias_m, bias, rtol=1e-9)  # the third, of which nothing is known, has the store's
    spread = 1.4826 * np.median(np.abs(error - np.array(bias)[ap]))
    assert fit.sigma_m == pytest.approx(max(1.0, (spread + 1.5) / 2))
    assert fit.known


def test_the_spread_has_a_floor() -> None:
    ev = evidence([0] * 4, distance_m=5.0, range_m=[5.3, 5.3, 5.3, 5.3])
    fit = fit_ranges(ev, 1, DEFAULT_PRIOR, Reach(1.0))
    np.testing.assert_allclose(fit.bias_m, [0.3], atol=1e-9)
    assert fit.sigma_m == 1.0


def test_ranges_between_access_points_and_missing_ones_tell_nothing() -> None:
    ev = evidence([0, 0, 1], kind=[2, 0, 1], range_m=[9.0, np.nan, np.nan])
    fit = fit_ranges(ev, 2, DEFAULT_PRIOR, Reach(1.0))
    assert not fit.known
    assert fit.bias_m.tolist() == [0.4, 0.4]
    assert fit.sigma_m == 1.0
