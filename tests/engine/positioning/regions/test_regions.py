"""Tracking in parts of a large store gives what tracking over all of its cells gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.plan.cells import walkable_cells
from engine.positioning.locator import Locator
from engine.positioning.offline import locate_scans
from engine.positioning.regions import regions
from engine.positioning.regions.footprint import array_bytes
from engine.positioning.regions.regions import EVERYWHERE
from engine.positioning.tracking import EverywhereTracking
from engine.records import Scans
from engine.runtime.stored.packing import pack, unpack
from tests.engine.positioning.regions.large import floor_of_hypermarket, hypermarket, scans
from tests.engine.positioning.regions.wide import dense, heard_at, off_m, regional, regions_of, rows_of, walked, wide
from tests.engine.positioning.stores import hall

KIB, MIB = 2**10, 2**20


def test_a_walk_through_the_store_is_located_as_over_all_cells() -> None:
    heard = walked(16, 30, seed=5)
    part, whole = regional(), dense()
    apart, own, other, changes, floors = [], [], [], 0, []
    before = np.full(16, EVERYWHERE)
    for k, given in enumerate(heard.scans):
        got, want = part.locate(given), whole.locate(given)
        assert got.device.tolist() == want.device.tolist()
        apart.append(np.hypot(got.x_m - want.x_m, got.y_m - want.y_m))
        own.append(off_m(got, heard.xy[k]))
        other.append(off_m(want, heard.xy[k]))
        floors.append(got.level == want.level)
        np.testing.assert_allclose(rows_of(got).sum(axis=1), 1.0, atol=1e-4)
        now = regions_of(part)
        changes += int(((now != before) & (now != EVERYWHERE) & (before != EVERYWHERE)).sum())
        before = now
    assert (heard.level == 1).any()
    assert (heard.level == 0).any()  # somebody takes the stairs
    assert changes > 16
    metres = np.concatenate(apart)
    assert np.median(metres) < 0.01
    assert np.percentile(metres, 90) < 0.1
    assert np.percentile(metres, 99) < 0.5
    assert np.mean(np.concatenate(floors)) > 0.995
    for share in (50, 90):
        ratio = np.percentile(np.concatenate(own), share) / np.percentile(np.concatenate(other), share)
        assert ratio == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("interval_s", [1.0, 30.0])
def test_other_intervals_too(interval_s: float) -> None:
    heard = walked(8, 14, seed=6, interval_s=interval_s)
    part, whole = regional(), dense()
    both = [(part.locate(given), whole.locate(given)) for given in heard.scans]
    metres = np.concatenate([np.hypot(a.x_m - b.x_m, a.y_m - b.y_m) for a, b in both])
    assert np.percentile(metres, 90) < 0.1


@pytest.mark.parametrize("interval_s", [1.0, 3.0])
def test_a_device_that_was_taken_elsewhere_is_found_as_soon_as_over_all_cells(interval_s: float) -> None:
    rng, n = np.random.default_rng(8), 48
    y = rng.uniform(10, 70, n)
    here, there = np.column_stack([np.full(n, 20.0), y]), np.column_stack([np.full(n, 58.0), y])
    ground = np.zeros(n, np.int64)
    part, whole = regional(), dense()
    late = []
    for k in range(20):
        at = here if k < 10 else there
        given = heard_at(interval_s * k, ground, at, rng, least_dbm=-68.0)  # by few access points
        shares = [float(np.mean(off_m(locator.locate(given), at) > 15.0)) for locator in (part, whole)]
        if k == 9:
            assert max(shares) < 0.05
            assert np.mean(regions_of(part) != EVERYWHERE) > 0.5
        if k >= 10:
            late.append(shares)
    assert min(late[0]) > 0.2, "they were lost"
    assert min(part for part, _ in late[1:4]) < 0.5 * late[0][0]  # so few access points do not say more
    assert all(a <= b + 0.05 for a, b in late)


def test_a_restored_state_goes_on_bit_for_bit_across_hand_overs() -> None:
    heard = walked(12, 28, seed=9)
    one, two = regional(), regional()
    for given in heard.scans[:15]:
        one.locate(given)
    new = replace(heard.scans[15], device=np.uint64(100) + heard.scans[15].device)
    one.locate(new)  # devices whose place is not known yet: some are kept on all blocks
    assert EVERYWHERE in regions_of(one)
    two.restore(unpack(pack(one.state())))
    before, changed = regions_of(one), 0
    for given in heard.scans[15:]:
        got, want = two.locate(given), one.locate(given)
        for name in ("t", "device", "level", "x_m", "y_m", "cov_m2", "n_ap"):
            assert np.array_equal(getattr(got, name), getattr(want, name)), name
        assert np.array_equal(rows_of(got), rows_of(want))
        changed += int((regions_of(one) != before).sum())
        before = regions_of(one)
    assert changed > 12
    a, b = one.state()["tracks"], two.state()["tracks"]
    assert all(np.array_equal(a[name], b[name]) for name in a)


def test_a_state_of_another_store_is_refused() -> None:
    part = regional()
    part.locate(walked(4, 1, seed=1).scans[0])
    state = part.state()
    with pytest.raises(ValueError, match="another plan"):
        regional().restore({**state, "tracks": {**state["tracks"], "pause": np.zeros(7, np.float32)}})
    with pytest.raises(ValueError, match="another plan"):
        regional().restore({**state, "tracks": {**state["tracks"], "region": np.full(4, 10_000, np.int32)}})
    plan = hall(40.0, 25.0)
    small = Locator(plan, walkable_cells(plan, 0.5))
    with pytest.raises(ValueError, match="another plan"):
        part.restore(small.state())


def known_hypermarket() -> Locator:
    return Locator(*floor_of_hypermarket())


def test_a_hypermarket_full_of_people_stays_small() -> None:
    locator, rng, n = known_hypermarket(), np.random.default_rng(2), 96
    bare = array_bytes(locator)
    given, _ = scans(hypermarket(), n, 0.0, rng)
    for k in range(3):
        locator.locate(replace(given, t=np.full(n, 3.0 * k)))
    tracks = locator._tracking.tracks
    assert array_bytes(tracks["pause"].tolist(), tracks["walk"].tolist()) / n < 48 * KIB
    assert sum(v.nbytes for v in locator.state()["tracks"].values()) / n < 64 * KIB
    # most regions were used, and those kept ready are bounded
    assert array_bytes(locator) - bare < n * 64 * KIB + regions.KEPT_BYTES
    assert bare + regions.KEPT_BYTES < 95 * MIB
    locator.forget(given.device)
    assert len(locator) == 0
    assert array_bytes(tracks["pause"].tolist(), tracks["walk"].tolist()) == 0


def test_a_device_that_may_be_anywhere_takes_no_more() -> None:
    locator, n = known_hypermarket(), 8
    given, _ = scans(hypermarket(), n, 0.0, np.random.default_rng(2))
    faint = np.full(given.rssi_dbm.shape, np.nan, np.float32)
    faint[:, 3] = -87.0
    for k in range(2):
        locator.locate(replace(given, t=np.full(n, 3.0 * k), rssi_dbm=faint))
    assert (regions_of(locator) == EVERYWHERE).all()
    assert sum(v.nbytes for v in locator.state()["tracks"].values()) / n < 64 * KIB


def some(given: Scans, devices: list[int]) -> Scans:
    return given.take(np.array(devices))


def test_a_fix_does_not_depend_on_who_else_is_there() -> None:
    heard = walked(20, 12, seed=11)
    crowd, few = regional(), regional()
    for given in heard.scans:
        got, want = few.locate(some(given, [3, 17])), crowd.locate(given)
        rows = np.flatnonzero(np.isin(want.device, got.device))
        np.testing.assert_allclose(got.x_m, want.x_m[rows], atol=0.01)
        np.testing.assert_allclose(got.y_m, want.y_m[rows], atol=0.01)


def test_another_radio_map_is_used_in_regions_that_were_ready() -> None:
    plan, cells, radio_map = wide()
    heard = walked(6, 6, seed=12)
    loss = 8.0 * (np.arange(radio_map.n_ap, dtype=np.float32) % 2)[:, None]
    weaker = replace(radio_map, mean_dbm=(radio_map.mean_dbm - loss).astype(np.float32))
    changed, never, at_once = regional(), regional(), Locator(plan, cells, weaker)
    for given in heard.scans[:5]:
        changed.locate(given)
        never.locate(given)
    at_once.restore(changed.state())
    changed.use_map(weaker)
    got, old, want = (locator.locate(heard.scans[5]) for locator in (changed, never, at_once))
    assert np.array_equal(got.x_m, want.x_m)
    assert not np.allclose(got.x_m, old.x_m, atol=0.01)


def test_smoothing_with_a_lag_agrees_too() -> None:
    heard = walked(4, 12, seed=13)
    every = Scans(*(np.concatenate([getattr(s, name) for s in heard.scans]) for name in Scans.__slots__))
    got, want = (locate_scans(locator, every, lag_s=9.0).fixes for locator in (regional(), dense()))
    assert got.device.tolist() == want.device.tolist()
    assert np.percentile(np.hypot(got.x_m - want.x_m, got.y_m - want.y_m), 90) < 0.15


def test_methods_without_tracks_keep_nothing_of_a_place() -> None:
    plan, cells, radio_map = wide()
    locator = Locator(plan, cells, radio_map, method="trilateration")
    fixes = locator.locate(walked(5, 1, seed=3).scans[0])
    assert len(fixes) == 5
    np.testing.assert_allclose(rows_of(fixes).sum(axis=1), 1.0, atol=1e-4)
    doubts = 16 * len(plan.access_points)  # bytes a device: what the others say of each access point
    assert sum(v.nbytes for v in locator.state()["tracks"].values()) < 5 * (100 + doubts)


@pytest.mark.parametrize(("width", "depth"), [(40.0, 25.0), (60.0, 40.0)])
def test_a_supermarket_is_no_large_store(width: float, depth: float) -> None:
    plan = hall(width, depth)
    locator = Locator(plan, walkable_cells(plan, 0.5))
    assert isinstance(locator._tracking, EverywhereTracking)
    given = np.full((1, 5), -60.0, np.float32)
    none = np.full_like(given, np.nan)
    one = Scans(np.zeros(1), np.ones(1, np.uint64), given, none, none, np.zeros_like(given))
    assert isinstance(locator.locate(one).posterior, np.ndarray)
