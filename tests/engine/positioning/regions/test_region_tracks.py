"""Masses by regions are kept, packed and read again; who is looked for in a region is on its cells alone."""

from __future__ import annotations

import numpy as np
import pytest

from engine.plan.cells import walkable_cells
from engine.positioning.doubting.range_noise import RangeNoise
from engine.positioning.measurement.site import Site
from engine.positioning.measurement.site_build import site_of
from engine.positioning.motion.walk import WalkGraph, walk_graph
from engine.positioning.regions.regions import EVERYWHERE, Regions
from engine.positioning.regions.tracking import RegionalTracking
from engine.positioning.regions.tracks import RegionTracks
from engine.positioning.settings import DEFAULT_SETTINGS
from engine.positioning.tracks import PAUSE_AT_FIRST
from engine.radio.radiomap import RadioMap, prior_map
from engine.records import F64, Scans
from tests.engine.positioning.stores import hall

POINTS = tuple((float(x), y) for x in range(5, 100, 15) for y in (5.0, 25.0))


@pytest.fixture(scope="module")
def store() -> tuple[Site, WalkGraph, RadioMap]:
    """100 x 30 m in cells of 1 m, which are blocks of their own: five regions of 40 m along it."""
    plan = hall(100.0, 30.0, POINTS)
    cells = walkable_cells(plan, 1.0)
    known = prior_map(plan, cells)
    return site_of(plan, cells, known, DEFAULT_SETTINGS), walk_graph(cells), known


@pytest.mark.parametrize("numbers", [[], [1], [1, 3], [0, 3, 1, 4], [EVERYWHERE], [2, EVERYWHERE, 0, EVERYWHERE]])
def test_masses_of_any_devices_are_packed_one_after_the_other_and_read_again(
    store: tuple[Site, WalkGraph, RadioMap], numbers: list[int]
) -> None:
    site, graph, _ = store
    regions, rng = Regions(site, graph), np.random.default_rng(3)
    tracks, again = RegionTracks(site, regions, graph), RegionTracks(site, regions, graph)
    device = np.arange(len(numbers), dtype=np.uint64)
    slot = tracks.rows(device)
    tracks["t"][slot] = 10.0
    pause = rng.random((len(numbers), len(graph.block)), np.float32)
    walk = rng.random((len(numbers), len(graph.size)), np.float32)
    tracks.keep_part(slot, np.array(numbers, np.int32), (pause, walk))
    state = tracks.state()
    in_regions = [n for n in numbers if n != EVERYWHERE]
    assert len(state["pause"]) == sum(len(regions.cells(n)) for n in in_regions)
    assert len(state["walk"]) == sum(len(regions.blocks(n)) for n in in_regions)
    assert len(state["block"]) == len(state["block_walk"]) == numbers.count(EVERYWHERE) * len(graph.size)
    again.restore(state)
    for row, number in enumerate(numbers):
        got = again.masses_in(again.find(device[[row]]), number)
        if number != EVERYWHERE:
            np.testing.assert_array_equal(got[0][0], pause[row][regions.cells(number)])
            np.testing.assert_array_equal(got[1][0], walk[row][regions.blocks(number)])
        else:  # to half a percent of the fullest block, and all of it 1
            whole = pause[row].sum() + walk[row].sum()
            assert got[0].sum() + got[1].sum() == pytest.approx(1.0, abs=1e-4)
            np.testing.assert_allclose(got[1][0], walk[row] / whole, atol=2.0 / 200 / whole)


def scans_at(site: Site, known: RadioMap, x_m: F64, t: float) -> Scans:
    """What the map foresees in the middle of the floor, without noise."""
    at = [int(np.hypot(site.cells.x_m - x, site.cells.y_m - 15.5).argmin()) for x in x_m]
    rssi = known.mean_dbm[:, at].T.astype(np.float32)
    none = np.full(rssi.shape, np.nan, np.float32)
    device = np.arange(len(at), dtype=np.uint64)
    return Scans(np.full(len(at), t), device, rssi, none, none, np.zeros(rssi.shape, np.float32))


def test_who_is_looked_for_in_a_region_is_on_its_cells_alone(store: tuple[Site, WalkGraph, RadioMap]) -> None:
    site, graph, known = store
    tracking = RegionalTracking(site, graph, DEFAULT_SETTINGS)
    x_m = np.array([12.5, 50.5, 88.5])
    slot = tracking.tracks.rows(np.arange(3, dtype=np.uint64))
    for t in (0.0, 3.0, 6.0):
        found = tracking.update(scans_at(site, known, x_m, t), slot, RangeNoise.usual(3, DEFAULT_SETTINGS), None)
        whole = np.asarray(found.posterior.toarray())
        assert whole.shape == (3, len(site.cells))
        np.testing.assert_allclose(whole.sum(axis=1), 1.0, atol=1e-4)
        np.testing.assert_allclose(whole @ site.cells.x_m, found.xy[:, 0], atol=0.05)
        np.testing.assert_allclose(found.xy[:, 0], x_m, atol=3.0)
    now = tracking.tracks["region"][slot]
    assert now.tolist() == [0, 2, 4]
    for row, number in enumerate(now.tolist()):
        assert set(np.flatnonzero(whole[row]).tolist()) <= set(Regions(site, graph).cells(number).tolist())


def placed(site: Site, *masses: tuple[float, float]) -> F64:
    """One row of cells (1, C): so much mass in the middle of the floor at each x."""
    row = np.zeros((1, len(site.cells)))
    for x_m, mass in masses:
        row[0, int(np.hypot(site.cells.x_m - x_m, site.cells.y_m - 15.5).argmin())] += mass
    return row


@pytest.mark.parametrize(
    ("x_m", "mass", "held"),
    [
        (45.5, 0.004, True),  # out of the first region, which ends at 40.5 m, and not 8 m from it
        (45.5, 0.006, False),  # it holds 0.995 at least
        (90.5, 0.9e-4, True),
        (90.5, 1.1e-4, False),  # more than a ten thousandth is away from it
    ],
)
def test_a_region_has_who_is_nearly_all_in_it_and_hardly_away(
    store: tuple[Site, WalkGraph, RadioMap], x_m: float, mass: float, held: bool
) -> None:
    site, graph, _ = store
    rows = placed(site, (12.5, 1.0 - mass), (x_m, mass)).astype(np.float32)
    assert RegionalTracking(site, graph, DEFAULT_SETTINGS)._regions_of(rows).tolist() == [0 if held else EVERYWHERE]


def test_who_is_kept_in_another_region_is_read_where_both_are(store: tuple[Site, WalkGraph, RadioMap]) -> None:
    """Asked of the second region: one that is kept in it, and one that is kept in the first."""
    site, graph, _ = store
    regions, rng = Regions(site, graph), np.random.default_rng(6)
    tracks = RegionTracks(site, regions, graph)
    slot = tracks.rows(np.arange(2, dtype=np.uint64))
    tracks["t"][slot] = 10.0
    pause = rng.random((2, len(graph.block)), np.float32)
    walk = rng.random((2, len(graph.size)), np.float32)
    tracks.keep_part(slot, np.array([1, 0], np.int32), (pause, walk))
    got = tracks.masses_in(slot, 1)
    first = [np.isin(np.arange(n), own) for n, own in ((len(graph.block), regions.cells(0)),
                                                       (len(graph.size), regions.blocks(0)))]  # fmt: skip
    for found, whole, mine, in_first in zip(got, (pause, walk), (regions.cells(1), regions.blocks(1)), first,
                                            strict=True):  # fmt: skip
        np.testing.assert_array_equal(found[0], whole[0][mine])
        np.testing.assert_array_equal(found[1], np.where(in_first, whole[1], 0.0)[mine])


def test_how_likely_one_walks_is_told_wherever_one_is_kept(store: tuple[Site, WalkGraph, RadioMap]) -> None:
    """Of all mass a quarter walks; known by blocks alone to a part in 255. Of who was never heard as at first."""
    site, graph, _ = store
    tracks = RegionTracks(site, Regions(site, graph), graph)
    slot = tracks.rows(np.arange(3, dtype=np.uint64))
    tracks["t"][slot[:2]] = 10.0
    pause = placed(site, (12.5, 0.5), (14.5, 0.25)).astype(np.float32)
    walk = (graph.pool @ placed(site, (12.5, 0.2), (14.5, 0.05))[0])[None].astype(np.float32)
    both = np.repeat(pause, 2, axis=0), np.repeat(walk, 2, axis=0)
    tracks.keep_part(slot[:2], np.array([0, EVERYWHERE], np.int32), both)
    np.testing.assert_allclose(tracks.walking(slot), [0.25, 0.25, 1.0 - PAUSE_AT_FIRST], atol=0.5 / 255)
