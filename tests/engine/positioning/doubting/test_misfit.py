"""How much wider a fix is than its posterior, in plain loops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.positioning.belief import Belief, Estimate
from engine.positioning.doubting.misfit import PERIOD_S, ScanMisfit, StoreMisfit, range_spread, scan_misfit
from engine.positioning.doubting.range_noise import RangeNoise
from engine.positioning.measurement.expectation import Expectation
from engine.positioning.settings import DEFAULT_SETTINGS
from engine.records import F64
from tests.engine.positioning.tiny import MEAN_DBM, NAN, OFFSET_VAR, RANGE_M, RANGE_SIGMA_M, SIGMA_DB, scans, site

POSTERIOR = np.array([[0.1, 0.5, 0.1, 0.1, 0.1, 0.1]], np.float32)
OFFSET_DB = 2.0


def wider(heard: list[float], trust: float = 0.4, believed: F64 | None = None) -> float:
    """Of one scan, found at the second cell, by a phone 2 dB too strong."""
    everybody = np.ones((1, 6)) if believed is None else believed
    belief = Belief(
        POSTERIOR, np.zeros((1, 2)), OFFSET_VAR[None], np.full((1, 2), trust, np.float32), everybody.astype(np.float32)
    )
    estimate = Estimate(POSTERIOR, np.array([[OFFSET_DB, 0.0]]), OFFSET_VAR[None], *np.zeros((2, 1), np.float32))
    return float(scan_misfit(site(), scans([heard]), belief, estimate, DEFAULT_SETTINGS).wider[0])


def by_hand(off_db: list[float], believed: tuple[float, ...] = (1.0, 1.0, 1.0)) -> float:
    squares = freedom = 0.0
    for a, off in enumerate(off_db):
        r2 = (off / SIGMA_DB[a]) ** 2
        w = believed[a] * min(5.0 / (4.0 + r2), 1.0)
        squares, freedom = squares + w * r2, freedom + w * (1.0 - 2.0 / len(off_db))
    return (10.0 + squares) / (10.0 + freedom)


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
    assert wider(only) == pytest.approx(1.0, rel=1e-5)


def test_squares_and_freedom_are_told_apart_by_kind() -> None:
    belief = Belief(
        POSTERIOR, np.zeros((1, 2)), OFFSET_VAR[None], np.ones((1, 2), np.float32), np.ones((1, 6), np.float32)
    )
    estimate = Estimate(POSTERIOR, np.zeros((1, 2)), OFFSET_VAR[None], *np.zeros((2, 1), np.float32))
    off_m = [2.0, -3.0, 1.0]
    told = [float(RANGE_M[a, 1] + off) for a, off in enumerate(off_m)]
    found = scan_misfit(site(), scans([[NAN] * 3], [told]), belief, estimate, DEFAULT_SETTINGS)
    r2 = [(off / RANGE_SIGMA_M[a]) ** 2 for a, off in enumerate(off_m)]
    weight = [min(4.0 / (3.0 + (2.0 if off > 0 else 1.0) * r), 1.0) for off, r in zip(off_m, r2, strict=True)]
    assert found.squares[0] == pytest.approx([0.0, sum(w * r for w, r in zip(weight, r2, strict=True))], rel=1e-5)
    assert found.freedom[0] == pytest.approx([0.0, sum(weight) / 3], rel=1e-5)
    assert found.heard.tolist() == [3.0]


def test_ranges_known_to_be_exact_and_new_are_held_to_that() -> None:
    def found(trust: float, noise: RangeNoise | None) -> ScanMisfit:
        new = np.full((1, 2), trust, np.float32)
        belief = Belief(POSTERIOR, np.zeros((1, 2)), OFFSET_VAR[None], new, np.ones((1, 6), np.float32))
        estimate = Estimate(POSTERIOR, np.zeros((1, 2)), OFFSET_VAR[None], *np.zeros((2, 1), np.float32))
        told = [float(RANGE_M[a, 1] + off) for a, off in enumerate((0.3, -0.2, 0.1))]
        return scan_misfit(site(), scans([[NAN] * 3], [told]), belief, estimate, DEFAULT_SETTINGS, noise=noise)

    usual, exact = found(0.5, None), found(4.0, RangeNoise(np.array([1.5]), np.array([0.25]), np.array([4.0])))
    np.testing.assert_allclose(exact.squares, 4.0 * usual.squares, rtol=1e-5)
    np.testing.assert_allclose(exact.freedom, usual.freedom, rtol=1e-5)
    assert (usual.unit[0], exact.unit[0]) == (1.0, pytest.approx(0.6 ** (0.25 - 1.0)))
    fit = (10.0 + exact.squares.sum()) / (10.0 + exact.freedom.sum())
    assert exact.wider[0] == pytest.approx(fit * exact.unit[0])  # three access points: no more than six


def minutes(store: StoreMisfit, fit: float, scans_: int, since: float = 0.0) -> float:
    """So many scans, one a second, of ranges and RSSI that fit so; the time after the last."""
    t = since + np.arange(scans_, dtype=np.float64)
    free = np.full((scans_, 2), 2.0)
    store.take_in(t, ScanMisfit(fit * free, free, np.full(scans_, 4.0), np.ones(scans_)))
    return since + scans_


def wider_at(store: StoreMisfit, t: float) -> tuple[float, float]:
    rssi, ranges = store.wider(np.array([t, t]), np.array([False, True])).tolist()
    return rssi, ranges


def test_a_store_nobody_has_heard_of_is_as_its_map_says() -> None:
    assert wider_at(StoreMisfit(), 1e9) == (0.9, 0.6)


def test_a_store_whose_ranges_fit_well_has_narrower_fixes_and_one_whose_fit_ill_wider() -> None:
    good, ill = StoreMisfit(), StoreMisfit()
    after = minutes(good, 0.5, 600)
    minutes(ill, 2.0, 600)
    fit = (100.0 + 0.5 * 1200) / (100.0 + 1200)
    assert wider_at(good, 1.0) == (0.9, 0.6), "the period under way says nothing yet"
    minutes(good, 0.5, 1, after + PERIOD_S)
    minutes(ill, 2.0, 1, after + PERIOD_S)
    assert wider_at(good, after + PERIOD_S) == pytest.approx((0.9, 0.6 * fit**2)), "RSSI says nothing"
    assert wider_at(ill, after + PERIOD_S)[1] > 2.0


def test_a_store_forgets_what_its_radio_was_like() -> None:
    store = StoreMisfit()
    after = minutes(store, 2.0, 5000)
    assert wider_at(store, after)[1] > 2.0
    after = minutes(store, 0.5, 50_000, after)
    assert wider_at(store, after)[1] == pytest.approx(0.6 * 0.5**2, rel=0.1)


def test_a_scan_goes_by_what_was_heard_before_its_period_however_scans_are_batched() -> None:
    rng = np.random.default_rng(1)
    t = 1e9 + np.sort(rng.uniform(0.0, 300.0, 200))
    free = rng.uniform(0.0, 3.0, (200, 2))
    told = ScanMisfit(free * rng.uniform(0.0, 4.0, (200, 2)), free, np.full(200, 4.0), np.ones(200))
    whole, parts = StoreMisfit(), StoreMisfit()
    order = rng.permutation(200)
    whole.take_in(t[order], told.take(order))
    ranged = rng.random(200) < 0.5
    for cut in np.array_split(np.arange(200), 7):
        parts.take_in(t[cut], told.take(cut))
        at_once = parts.wider(t[cut], ranged[cut])
        np.testing.assert_allclose(at_once, whole.wider(t, ranged)[cut], err_msg="and so for who asks later")
    again = StoreMisfit()
    again.restore(whole.state())
    assert wider_at(again, t[-1]) == wider_at(whole, t[-1])


def test_ranges_of_a_wider_map_make_no_fix_surer() -> None:
    """Spreads of 1, 1.5 and 2 m beside the plan's 1 m; a map is never taken for surer than a plan."""
    np.testing.assert_allclose(range_spread(site()), (1.0 + 1.5**2 + 2.0**2) / 3, rtol=1e-6)
    sure = Expectation.of(RANGE_M, np.full(RANGE_M.shape, 0.5))
    assert range_spread(replace(site(), range_thin=sure)) == 1.0
