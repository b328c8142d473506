"""What is left of a scan's ranges where it says itself that its device is, in plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from engine.plan.cells import walkable_cells
from engine.positioning.doubting.own_fit import OwnFit, own_fit, pairs
from engine.positioning.measurement.site import Site
from engine.positioning.measurement.site_build import site_of
from engine.positioning.settings import DEFAULT_SETTINGS
from engine.radio.radiomap import prior_map
from engine.records import F64, Scans
from tests.engine.positioning.stores import CORNERS, hall

HEIGHT2 = (2.8 - 1.2) ** 2


@pytest.fixture(scope="module")
def site() -> Site:
    plan = hall()
    cells = walkable_cells(plan, 1.0)
    return site_of(plan, cells, prior_map(plan, cells), DEFAULT_SETTINGS)


def distances(x: F64, y: F64) -> F64:
    return np.sqrt([(x - a) ** 2 + (y - b) ** 2 + HEIGHT2 for a, b in CORNERS]).T


def ranged(ranges: F64) -> Scans:
    r = ranges.astype(np.float32)
    nothing = np.full(r.shape, np.nan, np.float32)
    return Scans(np.arange(len(r), dtype=np.float64), np.ones(len(r), np.uint64), nothing, r, nothing, nothing)


def by_hand(ranges: list[float]) -> tuple[F64, F64]:
    """q (A,) and M (A, A) of one scan: 60 steps of Gauss and Newton, Student's t of 3 degrees at 1 m."""
    heard = [a for a, r in enumerate(ranges) if np.isfinite(r)]
    near = {a: 1.0 / max(ranges[a], 1.0) for a in heard}
    first = np.array([sum(near[a] * CORNERS[a][i] for a in heard) / sum(near.values()) for i in (0, 1)] + [0.0])
    pull, at, weight = np.diag([1 / 64, 1 / 64, 1 / 9]), first.copy(), dict.fromkeys(heard, 1.0)
    for step in range(60):
        normal, downhill = pull.copy(), pull @ (first - at)
        left, slope = {}, {}
        for a in heard:
            dx, dy = at[0] - CORNERS[a][0], at[1] - CORNERS[a][1]
            d = np.sqrt(dx**2 + dy**2 + HEIGHT2)
            left[a], slope[a] = ranges[a] - at[2] - d, np.array([dx / d, dy / d, 1.0])
            if step >= 4:
                weight[a] = min(4.0 / (3.0 + left[a] ** 2), 1.0)
            normal += weight[a] * np.outer(slope[a], slope[a])
            downhill += weight[a] * left[a] * slope[a]
        at = at + np.linalg.solve(normal, downhill)
    q, m = np.zeros(len(CORNERS)), np.zeros((len(CORNERS), len(CORNERS)))
    for a in heard:
        q[a], m[a, a] = np.sqrt(weight[a]) * left[a], 1.0
        for b in heard:
            m[a, b] -= np.sqrt(weight[a] * weight[b]) * slope[a] @ np.linalg.solve(normal, slope[b])
    return q, m


def test_what_is_left_and_its_freedom(site: Site) -> None:
    rng = np.random.default_rng(3)
    ranges = distances(np.array([4.0, 14.5, 9.0]), np.array([3.0, 8.0, 6.0])) + rng.normal(0.5, 0.4, (3, 5))
    ranges[1, 2] = np.nan
    ranges[2, 0] += 3.0  # behind a pillar
    fit = own_fit(site, ranged(ranges), DEFAULT_SETTINGS)
    hand = [by_hand(row) for row in ranges.tolist()]
    np.testing.assert_allclose(fit.left, [q for q, _ in hand], atol=1e-3)
    np.testing.assert_allclose(fit.squares, [q @ q for q, _ in hand], rtol=0.01)
    np.testing.assert_allclose(fit.freedom, [np.trace(m) for _, m in hand], rtol=1e-3)
    one, other = fit.take(np.array([0, 0, 1])), fit.take(np.array([1, 2, 2]))
    want = [(hand[i], hand[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
    np.testing.assert_allclose(one.product(other), [a[0] @ b[0] for a, b in want], atol=2e-3)
    np.testing.assert_allclose(one.shared_freedom(other), [np.trace(a[1] @ b[1]) for a, b in want], rtol=1e-3)


@pytest.mark.parametrize(("sigma_m", "rho"), [(0.3, 0.0), (0.3, 0.6), (0.8, 0.3)])
def test_it_tells_spread_and_correlation_wherever_the_device_went(site: Site, sigma_m: float, rho: float) -> None:
    rng, n = np.random.default_rng(7), 1500
    x, y = rng.uniform(2, 18, (2, n)), rng.uniform(2, 10, (2, n))
    one, more = rng.normal(0, sigma_m, (2, n, 5))
    errors = one, rho * one + np.sqrt(1 - rho**2) * more
    fits = [own_fit(site, ranged(distances(x[k], y[k]) + 1.0 + errors[k]), DEFAULT_SETTINGS) for k in (0, 1)]
    variance = fits[0].squares.sum() / fits[0].freedom.sum()
    assert variance == pytest.approx(sigma_m**2, rel=0.12)
    found = fits[0].product(fits[1]).sum() / fits[0].shared_freedom(fits[1]).sum() / variance
    assert found == pytest.approx(rho, abs=0.05)


def test_scans_that_follow_on_each_other_of_one_device() -> None:
    device = np.array([5, 7, 5, 9, 7, 5], np.uint64)
    assert sorted(map(tuple, pairs(device).tolist())) == [(0, 2), (1, 4), (2, 5)]
    assert pairs(device[:0]).shape == pairs(device[:2]).shape == (0, 2)


def test_no_scans(site: Site) -> None:
    fit = own_fit(site, ranged(np.empty((0, 5))), DEFAULT_SETTINGS)
    assert isinstance(fit, OwnFit)
    assert len(fit) == len(fit.freedom) == 0
