"""The locator: accuracy on simulated walks, causality, honesty of sigma, checkpoints, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from engine.plan.cells import walkable_cells
from engine.plan.model import Plan
from engine.positioning.locator import Locator
from engine.positioning.windows import ScanWindows
from engine.radio.radiomap import prior_map
from engine.records import Readings, Scans
from tests.engine.positioning.stores import Walk, hall, hear, locate_readings, shelved, two_levels, walk

METHODS = ["bayes", "trilateration"]


def crowd(plan: Plan, n: int = 6, seconds: float = 180.0) -> tuple[Readings, dict[int, Walk]]:
    rng = np.random.default_rng(5)
    walks = {i: walk(rng, seconds) for i in range(1, n + 1)}
    parts = [hear(plan, w, rng, i, offset_db=float(rng.normal(0, 5))) for i, w in walks.items()]
    both = Readings.concat(parts)
    return both.take(np.argsort(both.t, kind="stable")), walks


def errors(fixes: object, walks: dict[int, Walk]) -> np.ndarray:
    out = np.empty(len(fixes.t))  # type: ignore[attr-defined]
    for i, device in enumerate(fixes.device.tolist()):  # type: ignore[attr-defined]
        w = walks[device]
        x, y = np.interp(fixes.t[i], w.t, w.x_m), np.interp(fixes.t[i], w.t, w.y_m)  # type: ignore[attr-defined]
        out[i] = np.hypot(fixes.x_m[i] - x, fixes.y_m[i] - y)  # type: ignore[attr-defined]
    return out


def scans_of(plan: Plan, readings: Readings, window_s: float = 3.0) -> Scans:
    return ScanWindows(len(plan.access_points), window_s).push(readings, np.inf)


def test_accuracy_on_a_store_whose_radio_the_locator_does_not_know() -> None:
    plan = shelved()
    cells = walkable_cells(plan, 0.5)
    readings, walks = crowd(plan)
    scans = scans_of(plan, readings)
    tracked = errors(Locator(plan, cells).locate(scans), walks)
    plain = errors(Locator(plan, cells, method="trilateration").locate(scans), walks)
    assert np.median(tracked) < 2.2  # 1.5 m when this was written
    assert np.percentile(tracked, 90) < 4.5
    assert np.median(tracked) < np.median(plain)


def test_sigma_says_the_truth_about_the_error() -> None:
    plan = shelved()
    readings, walks = crowd(plan)
    fixes = Locator(plan, walkable_cells(plan, 0.5)).locate(scans_of(plan, readings))
    share = errors(fixes, walks) / fixes.sigma_m
    assert 0.45 < np.mean(share < 1) < 0.9
    assert np.mean(share < 2) > 0.88


def test_looking_back_from_fifteen_seconds_later_is_better() -> None:
    plan = shelved()
    cells = walkable_cells(plan, 0.5)
    readings, walks = crowd(plan, 4)
    causal = locate_readings(Locator(plan, cells), readings, 5, 3.0).fixes
    smooth = locate_readings(Locator(plan, cells), readings, 5, 3.0, lag_s=15.0).fixes
    assert len(smooth.t) == len(causal.t)
    assert errors(smooth, walks).mean() < 0.92 * errors(causal, walks).mean()


@pytest.mark.parametrize("lag_s", [0.0, 6.0])
def test_a_fix_uses_no_reading_later_than_its_time_plus_the_lag(lag_s: float) -> None:
    plan = shelved()
    cells = walkable_cells(plan, 0.5)
    readings, _ = crowd(plan, 2, 90.0)
    whole = locate_readings(Locator(plan, cells), readings, 5, 3.0, lag_s=lag_s).fixes
    for cut in (30.0, 60.0):
        part = readings.take(readings.t <= cut)
        early = locate_readings(Locator(plan, cells), part, 5, 3.0, lag_s=lag_s).fixes
        fixed = np.flatnonzero(early.t <= cut - lag_s - 3.0)
        same = [np.flatnonzero((whole.t == early.t[i]) & (whole.device == early.device[i]))[0] for i in fixed]
        assert len(fixed) > 5
        np.testing.assert_allclose(whole.x_m[same], early.x_m[fixed], atol=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_every_scan_with_a_reading_gets_a_fix_whose_posterior_sums_to_one(method: str) -> None:
    plan = shelved()
    cells = walkable_cells(plan, 0.5)
    locator = Locator(plan, cells, method=method)
    scans = Scans.empty(n_ap=5)
    rssi = np.full((4, 5), np.nan, np.float32)
    rssi[0, 0], rssi[1, :2], rssi[2] = -40, (-119, -1), -70
    n = np.full((4, 5), np.nan, np.float32)
    scans = Scans(np.zeros(4), np.arange(4, dtype=np.uint64), rssi, n, n, np.zeros((4, 5), np.float32))
    fixes = locator.locate(scans)
    assert fixes.device.tolist() == [0, 1, 2]
    assert locator.refused == {"no_reading": 1}
    np.testing.assert_allclose(fixes.posterior.sum(axis=1), 1.0, atol=1e-4)
    assert fixes.n_ap.tolist() == [1, 2, 5]
    assert np.isfinite(fixes.cov_m2).all()
    assert (np.linalg.eigvalsh(fixes.cov_m2) > 0).all()
    # one strong reading: near that access point
    assert np.hypot(fixes.x_m[0] - 1, fixes.y_m[0] - 1) < 8


def test_a_second_of_silence_or_an_hour_makes_no_odds_to_correctness() -> None:
    plan = hall()
    cells = walkable_cells(plan, 0.5)
    locator = Locator(plan, cells)
    rng = np.random.default_rng(1)
    here = Walk(np.zeros(1), np.array([5.0]), np.array([5.0]))
    for t in (0.0, 0.0, 0.2, 3.0, 63.0, 3663.0):
        scan = scans_of(plan, hear(plan, here, rng))
        fixes = locator.locate(Scans(np.full(1, t), scan.device, *(getattr(scan, n) for n in Scans.__slots__[2:])))
        assert np.isfinite(fixes.posterior).all()
        assert np.hypot(fixes.x_m[0] - 5, fixes.y_m[0] - 5) < 5


def test_older_scans_than_the_last_fix_are_refused_and_counted() -> None:
    plan = hall()
    locator = Locator(plan, walkable_cells(plan, 0.5))
    readings, _ = crowd(plan, 1, 30.0)
    scans = scans_of(plan, readings)
    locator.locate(scans.take(np.array([3])))
    assert len(locator.locate(scans.take(np.array([1, 5])))) == 1
    assert locator.refused == {"out_of_order": 1}


def test_fixes_come_in_the_order_of_their_scans() -> None:
    """A device's second scan, given before its first, is taken in a second round."""
    plan = hall()
    cells = walkable_cells(plan, 1.0)
    rssi = prior_map(plan, cells).mean_dbm[:, [50, 60, 70]].T.astype(np.float32)
    none = np.full_like(rssi, np.nan)
    t, device = np.array([0.0, 3.0, 0.0]), np.array([2, 1, 1], np.uint64)
    fixes = Locator(plan, cells).locate(Scans(t, device, rssi, none, none, np.zeros_like(rssi)))
    assert (fixes.t.tolist(), fixes.device.tolist()) == ([0.0, 3.0, 0.0], [2, 1, 1])


@pytest.mark.parametrize("method", METHODS)
def test_a_restored_locator_goes_on_to_the_bit(method: str) -> None:
    plan = shelved()
    cells = walkable_cells(plan, 0.5)
    readings, _ = crowd(plan, 4, 60.0)
    scans = scans_of(plan, readings)
    half = np.arange(len(scans) // 2)
    rest = scans.take(np.arange(len(scans) // 2, len(scans)))
    one = Locator(plan, cells, method=method)
    one.locate(scans.take(half))
    one.forget(np.array([2, 99], np.uint64))
    two = Locator(plan, cells, method=method)
    two.restore(one.state())
    a, b = one.locate(rest), two.locate(rest)
    for name in ("t", "device", "x_m", "y_m", "cov_m2", "posterior"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


def test_state_holds_only_what_a_checkpoint_can_pack_and_is_small() -> None:
    plan = hall(40.0, 25.0)
    locator = Locator(plan, walkable_cells(plan, 0.5))
    readings, _ = crowd(plan, 3, 20.0)
    locator.locate(scans_of(plan, readings))
    tracks = locator.state()["tracks"]
    assert all(isinstance(v, np.ndarray) for v in tracks.values())
    assert sum(v.nbytes for v in tracks.values()) / 3 < 64 * 1024


def test_state_of_another_store_is_refused() -> None:
    small, large = hall(10.0, 10.0), hall()
    with pytest.raises(ValueError, match="another plan"):
        Locator(large, walkable_cells(large, 0.5)).restore(Locator(small, walkable_cells(small, 0.5)).state())


def test_a_radio_map_of_another_store_is_refused() -> None:
    small, large = hall(10.0, 10.0), hall()
    other = prior_map(small, walkable_cells(small, 0.5))
    with pytest.raises(ValueError, match="cells"):
        Locator(large, walkable_cells(large, 0.5), other)


def test_unknown_methods_are_refused_with_the_known_ones() -> None:
    plan = hall()
    with pytest.raises(ValueError, match="bayes, trilateration"):
        Locator(plan, walkable_cells(plan, 0.5), method="magic")


@pytest.mark.parametrize("method", METHODS)
def test_the_level_is_found(method: str) -> None:
    plan = two_levels()
    cells = walkable_cells(plan, 0.5)
    at = np.array([(2.0, 2.0), (18.0, 10.0), (10.0, 6.0)])
    for level, base in ((0, 0), (1, 3)):
        rssi = np.full((3, 6), np.nan, np.float32)
        for a, ap in enumerate(plan.access_points):
            d = np.sqrt(((at - (ap.x_m, ap.y_m)) ** 2).sum(axis=1) + 1.6**2)
            rssi[:, a] = -40 - 25 * np.log10(d) - (0 if base <= a < base + 3 else 20)
        n = np.full((3, 6), np.nan, np.float32)
        scans = Scans(np.zeros(3), np.arange(3, dtype=np.uint64), rssi, n, n, np.zeros((3, 6), np.float32))
        assert Locator(plan, cells, method=method).locate(scans).level.tolist() == [level] * 3


@pytest.mark.parametrize("method", METHODS)
def test_ranges_are_used_and_a_long_one_does_not_break_the_fix(method: str) -> None:
    plan = hall()
    cells = walkable_cells(plan, 0.5)
    place = np.array([13.0, 4.0])
    ranges = np.array([[np.sqrt(((place - (p.x_m, p.y_m)) ** 2).sum() + 1.6**2) for p in plan.access_points]])
    odd = ranges.copy()
    odd[0, 2] += 12  # behind a metal shelf
    n = np.full((1, 5), np.nan, np.float32)
    for z, limit in ((ranges, 0.7), (odd, 1.6 if method == "bayes" else 5.0)):
        scans = Scans(np.zeros(1), np.zeros(1, np.uint64), n, z.astype(np.float32), n, np.zeros((1, 5), np.float32))
        fixes = Locator(plan, cells, method=method).locate(scans)
        assert np.hypot(fixes.x_m[0] - 13, fixes.y_m[0] - 4) < limit


def test_a_phone_that_is_ten_db_off_is_located_as_well_as_any() -> None:
    plan = shelved()
    cells = walkable_cells(plan, 0.5)
    medians = []
    for offset in (0.0, -10.0):
        rng = np.random.default_rng(9)
        w = walk(rng, 240.0)
        fixes = Locator(plan, cells).locate(scans_of(plan, hear(plan, w, rng, offset_db=offset)))
        medians.append(np.median(errors(fixes, {1: w})))
    assert medians[1] < medians[0] + 0.5


def test_scans_far_apart_still_locate() -> None:
    """Cloud feeds come every thirty seconds."""
    plan = shelved()
    rng = np.random.default_rng(4)
    w = walk(rng, 600.0)
    readings = hear(plan, w, rng)
    sparse = readings.take(readings.t % 30 < 1)
    fixes = Locator(plan, walkable_cells(plan, 0.5)).locate(scans_of(plan, sparse))
    assert np.median(errors(fixes, {1: w})) < 3.5


def test_it_knows_whom_it_has_located_from_the_first_on() -> None:
    plan = hall(6.0, 4.0)
    locator, n_ap = Locator(plan, walkable_cells(plan, 1.0)), len(plan.access_points)
    rssi, nothing = np.full((2, n_ap), -60.0, np.float32), np.full((2, n_ap), np.nan, np.float32)
    everybody = np.array([7, 8, 9], np.uint64)
    assert locator.knows(everybody).tolist() == [False, False, False]
    locator.locate(Scans(np.array([1.0, 1.0]), np.array([8, 9], np.uint64), rssi, nothing, nothing, 0.0 * rssi))
    assert locator.knows(everybody).tolist() == [False, True, True]
    locator.forget(np.array([8], np.uint64))
    assert locator.knows(everybody).tolist() == [False, False, True]
