"""Whatever the interval between scans, and however a recording is cut into batches: the same sound fixes."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from shapely.geometry import box

from engine.plan.cells import Cells, walkable_cells
from engine.plan.model import Plan, Zone
from engine.positioning import offline
from engine.positioning.locator import Locator
from engine.positioning.motion.walk import MotionModel, predict, walk_graph
from engine.positioning.settings import DEFAULT_SETTINGS, LocatorSettings
from engine.positioning.windows import ScanWindows
from engine.records import F64, Fixes, Readings
from tests.engine.positioning.stores import hear, locate_readings, shelved, two_levels, walk
from tests.examples import examples

SHORTEST_S, LONGEST_S = 0.2, 60.0
WINDOW_S = 0.2  # so that every interval makes scans of its own
STAIRS = (16.0, 4.0, 18.0, 6.0)


def with_stairs() -> Plan:
    """Two storeys that stairs join."""
    plan = two_levels()
    stairs = tuple(Zone(f"s-{lv.id}", lv.id, "Stairs", "stairs", box(*STAIRS)) for lv in plan.levels)
    return replace(plan, zones=stairs)


Rows = dict[tuple[int, float], tuple[float, ...]]
PLANS = {"shelves": shelved(), "stairs": with_stairs()}
ALL_GIVEN = replace(DEFAULT_SETTINGS, vague_share=np.inf)  # fixes near the edge of `too_vague` are compared like others
CELLS: dict[str, Cells] = {name: walkable_cells(plan, 1.0) for name, plan in PLANS.items()}


@cache
def made(name: str, settings: LocatorSettings) -> Locator:
    """One that locates nothing."""
    return Locator(PLANS[name], CELLS[name], settings=settings)


def fresh(name: str, settings: LocatorSettings = DEFAULT_SETTINGS) -> Locator:
    """One that has located nothing yet. What is worked out of the store alone is shared: it takes longer than these
    recordings do."""
    kept = made(name, settings)
    return deepcopy(kept, {id(part): part for part in (kept.site, kept.graph, PLANS[name], CELLS[name], settings)})


def recording(plan: Plan, interval_s: float, seed: int, devices: int = 3, scans: int = 8) -> Readings:
    """Any readings: some at a place, some absurd, some lost, some of ranges alone; intervals vary by half."""
    rng = np.random.default_rng(seed)
    n_ap, parts = len(plan.access_points), []
    for device in range(devices):
        t = 1e9 + np.cumsum(rng.uniform(0.5, 1.5, scans) * interval_s)
        rssi = rng.uniform(-95, -35, n_ap) + rng.normal(0, 4, (scans, n_ap))
        rssi[rng.random(rssi.shape) < 0.05] = -119.0
        rssi[rng.random(rssi.shape) < 0.05] = -1.0
        ranges = np.where(rng.random(rssi.shape) < 0.3, rng.uniform(-3, 60, rssi.shape), np.nan)
        rssi[rng.random(rssi.shape) < 0.3] = np.nan
        row, ap = np.nonzero(np.isfinite(rssi) | np.isfinite(ranges))
        f32 = [v[row, ap].astype(np.float32) for v in (rssi, ranges, np.full(rssi.shape, np.nan))]
        parts.append(Readings(t[row], np.full(len(row), device, np.uint64), ap.astype(np.int32), *f32))
    both = Readings.concat(parts)
    return both.take(np.argsort(both.t, kind="stable"))


def located(name: str, readings: Readings, cuts: F64, locator: Locator | None = None) -> tuple[Locator, list[Fixes]]:
    """Windows and locator over the readings, given in pieces that end at the times of `cuts`."""
    plan = PLANS[name]
    windows = ScanWindows(len(plan.access_points), WINDOW_S)
    locator = fresh(name, ALL_GIVEN) if locator is None else locator
    out, done = [], np.zeros(len(readings), np.bool_)
    for until in [*np.sort(cuts).tolist(), np.inf]:
        now = (readings.t < until) & ~done
        done |= now
        out.append(locator.locate(windows.push(readings.take(now), until)))
    return locator, out


def rows_of(parts: list[Fixes]) -> Rows:
    """Place, sigma and level by device and time."""
    out = {}
    for f in parts:
        for i in range(len(f)):
            values = (f.x_m[i], f.y_m[i], f.sigma_m[i], f.level[i], f.n_ap[i])
            out[int(f.device[i]), float(f.t[i])] = tuple(map(float, values))
    return out


def assert_same(got: Rows, want: Rows, within_m: float | None = None, columns: int = 3) -> None:
    """In place, and with three `columns` in sigma too, which goes by how all scans of the store fit.

    Sums of float32 come out another way in batches of another size: on readings that fit nowhere that moves a fix by
    millimetres, so it is held against a hundredth of the error that the fix tells of itself. That error goes by how ill
    readings fit at the likeliest cell: where two are as likely, such sums say which, and it is held to a twentieth.
    """
    assert got.keys() == want.keys()
    for key, values in got.items():
        place, sigma = (within_m or max(2e-3, want[key][2] / share) for share in (100, 20))
        np.testing.assert_allclose(values[:2], want[key][:2], atol=place, err_msg=str(key))
        np.testing.assert_allclose(values[2:columns], want[key][2:columns], atol=sigma, err_msg=str(key))
        assert values[4:] == want[key][4:]


intervals = st.floats(SHORTEST_S, LONGEST_S)
seeds = st.integers(0, 2**32 - 1)
stores = st.sampled_from(sorted(PLANS))


@examples(40)
@given(name=stores, interval_s=intervals, seed=seeds)
def test_fixes_are_sound_at_any_interval(name: str, interval_s: float, seed: int) -> None:
    readings = recording(PLANS[name], interval_s, seed)
    locator, (fixes,) = located(name, readings, np.empty(0), fresh(name))
    cells = CELLS[name]
    window = np.floor(readings.t / WINDOW_S)
    scans = set(zip(readings.device.tolist(), window.tolist(), strict=True))
    vague = Counter(too_vague=len(scans) - len(fixes))  # absurd readings may leave a device nearly anywhere
    assert locator.refused == vague
    assert len(set(zip(fixes.device.tolist(), np.floor(fixes.t / WINDOW_S).tolist(), strict=True)) & scans) == len(
        fixes
    )
    assert np.isfinite(fixes.posterior).all()
    assert (fixes.posterior >= 0).all()
    np.testing.assert_allclose(fixes.posterior.sum(axis=1), 1.0, atol=1e-4)
    assert np.isfinite(fixes.cov_m2).all()
    np.testing.assert_array_equal(fixes.cov_m2[:, 0, 1], fixes.cov_m2[:, 1, 0])
    assert (np.linalg.eigvalsh(fixes.cov_m2) > 0).all()
    assert (fixes.x_m >= cells.x_m.min()).all()
    assert (fixes.x_m <= cells.x_m.max()).all()
    assert (fixes.y_m >= cells.y_m.min()).all()
    assert (fixes.y_m <= cells.y_m.max()).all()


@examples(30)
@example(name="shelves", interval_s=0.2, seed=5427, shares=[0.125])  # two cells as likely: sigma differs by 1.1 %
@given(name=stores, interval_s=intervals, seed=seeds, shares=st.lists(st.floats(0, 1), max_size=6))
def test_it_does_not_matter_how_a_recording_is_cut(
    name: str, interval_s: float, seed: int, shares: list[float]
) -> None:
    readings = recording(PLANS[name], interval_s, seed)
    start, end = readings.t[0], readings.t[-1]
    _, whole = located(name, readings, np.empty(0))
    # a piece ends where a window does: what is between belongs to the next
    cuts = np.floor((start + np.array(shares) * (end - start)) / WINDOW_S) * WINDOW_S
    _, pieces = located(name, readings, cuts)
    assert_same(rows_of(pieces), rows_of(whole))


def test_a_walk_cut_any_way_differs_by_no_more_than_a_tenth_of_a_millimetre() -> None:
    plan, rng = PLANS["shelves"], np.random.default_rng(3)
    parts = [hear(plan, walk(rng, 90.0), rng, device) for device in (1, 2, 3)]
    readings = Readings.concat(parts)
    readings = readings.take(np.argsort(readings.t, kind="stable"))
    _, whole = located("shelves", readings, np.empty(0))
    for cuts in (np.arange(0.0, 90.0, 1.0), np.array([17.0, 18.0, 60.0])):
        _, pieces = located("shelves", readings, cuts)
        assert_same(rows_of(pieces), rows_of(whole), within_m=1e-4)
    for device in (1, 2, 3):
        _, alone = located("shelves", readings.take(readings.device == device), np.empty(0))
        assert_same(
            rows_of(alone), {k: v for k, v in rows_of(whole).items() if k[0] == device}, within_m=1e-4, columns=2
        )


@examples(25)
@given(name=stores, interval_s=intervals, seed=seeds)
def test_neither_the_order_of_rows_nor_of_devices_nor_other_devices_matter(
    name: str, interval_s: float, seed: int
) -> None:
    readings = recording(PLANS[name], interval_s, seed)
    _, want = located(name, readings, np.empty(0))
    shuffled = np.random.default_rng(seed).permutation(len(readings))
    backwards = replace(readings, device=np.uint64(99) - readings.device)
    _, mixed = located(name, readings.take(shuffled), np.empty(0))
    _, renamed = located(name, backwards, np.empty(0))
    assert_same(rows_of(mixed), rows_of(want))
    assert_same({(99 - d, t): v for (d, t), v in rows_of(renamed).items()}, rows_of(want))
    # what a store's ranges are like all devices say; of RSSI each is by itself
    heard = readings.take(np.isfinite(readings.rssi_dbm))
    heard = replace(heard, range_m=np.full(len(heard), np.nan, np.float32))
    _, together = located(name, heard, np.empty(0))
    _, alone = located(name, heard.take(heard.device == 1), np.empty(0))
    assert_same(rows_of(alone), {key: v for key, v in rows_of(together).items() if key[0] == 1}, columns=2)


@examples(25)
@given(name=stores, interval_s=intervals, seed=seeds, share=st.floats(0, 1))
def test_restored_at_any_point_the_rest_is_the_same_to_the_bit(
    name: str, interval_s: float, seed: int, share: float
) -> None:
    readings = recording(PLANS[name], interval_s, seed)
    cut = readings.t[0] + share * (readings.t[-1] - readings.t[0])
    early, late = readings.take(readings.t < cut), readings.take(readings.t >= cut)
    one, _ = located(name, early, np.empty(0), fresh(name))
    two = fresh(name)
    two.restore(one.state())
    _, (a,) = located(name, late, np.empty(0), one)
    _, (b,) = located(name, late, np.empty(0), two)
    for column in ("t", "device", "level", "x_m", "y_m", "cov_m2", "posterior"):
        np.testing.assert_array_equal(getattr(a, column), getattr(b, column))
    assert one.refused == two.refused


@pytest.mark.parametrize("name", sorted(PLANS))
@pytest.mark.parametrize("interval_s", [0.2, 3.0, 60.0])
@pytest.mark.parametrize("lag_s", [1.0, 15.0, 200.0])
def test_smoothed_fixes_are_sound_and_do_not_depend_on_batches(
    name: str, interval_s: float, lag_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = PLANS[name]
    readings = recording(plan, interval_s, 7)
    n_ap = len(plan.access_points)
    causal = locate_readings(fresh(name), readings, n_ap, WINDOW_S).fixes
    results = []
    for at_once in (1024, 5, 1):
        monkeypatch.setattr(offline, "SCANS_AT_ONCE", at_once)
        fixes = locate_readings(fresh(name), readings, n_ap, WINDOW_S, lag_s=lag_s).fixes
        results.append({(int(d), float(t)): (x, y, s) for d, t, x, y, s in
                        zip(fixes.device, fixes.t, fixes.x_m, fixes.y_m, fixes.sigma_m, strict=True)})  # fmt: skip
        assert np.isfinite([fixes.x_m, fixes.y_m, fixes.sigma_m]).all()
        assert (np.linalg.eigvalsh(fixes.cov_m2) > 0).all()
        assert len(fixes.t) == len(causal.t)
    assert_same(results[1], results[0])
    assert_same(results[2], results[0])


@pytest.mark.parametrize("dt_s", [0.2, 3.0, 60.0])
@pytest.mark.parametrize("walks", [0.0, 1.0])
def test_people_change_level_by_stairs_only(dt_s: float, walks: float) -> None:
    """But for the chance of being anywhere, which lets lost tracks be found again."""
    cells, model = CELLS["stairs"], MotionModel()
    graph = walk_graph(cells, model.block_m)
    upper = cells.level == 1
    floors = {}
    for place, (x, y) in {"far": (2.5, 10.5), "at": (17.5, 5.5)}.items():
        start = int(np.argmin(np.hypot(cells.x_m - x, cells.y_m - y) + 99 * upper))
        pause, walk = np.zeros((1, len(cells)), np.float32), np.zeros((1, len(graph.size)), np.float32)
        pause[0, start], walk[0, graph.block[start]] = 1 - walks, walks
        later_pause, later_walk = predict(graph, model, pause, walk, np.array([dt_s]))
        mass = later_pause + (later_walk / graph.size)[:, graph.block]
        np.testing.assert_allclose(mass.sum(), 1.0, atol=1e-5)
        floors[place] = float(mass[0, upper].sum())
    anywhere = max(model.stray_per_s * dt_s, 1e-6) / 2  # half of the floor space is upstairs
    if dt_s < 60:  # within a minute some reach the stairs from anywhere on this floor
        assert floors["far"] <= anywhere * 1.01
    assert floors["at"] >= floors["far"] * 0.99
    if walks:
        assert floors["at"] > 1.1 * anywhere


def test_without_stairs_nobody_changes_level_at_all() -> None:
    plan = two_levels()
    cells, model = walkable_cells(plan, 1.0), MotionModel(stray_per_s=0.0)
    graph = walk_graph(cells, model.block_m)
    upper = cells.level == 1
    pause, walk = np.zeros((1, len(cells)), np.float32), np.zeros((1, len(graph.size)), np.float32)
    walk[0, graph.block[~upper]] = 1 / np.unique(graph.block[~upper]).size
    walk /= walk.sum()
    for _ in range(50):
        pause, walk = predict(graph, model, pause, walk, np.array([60.0]))
    assert float((pause + (walk / graph.size)[:, graph.block])[0, upper].sum()) < 50 * 1e-6
