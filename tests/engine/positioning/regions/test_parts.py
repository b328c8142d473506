"""What regions are made of: squares with margins, parts of the walk, blurred beliefs, silence looked up."""

from __future__ import annotations

import numpy as np
import pytest

from engine.positioning.measurement.expectation import PackedMatrix
from engine.positioning.measurement.non_detection import PackedSilence, not_heard_log
from engine.positioning.motion.walk import MotionModel, predict
from engine.positioning.regions.regions import EVERYWHERE, REGION_M, STEP_M, Regions, later_sigma_m, squares
from engine.positioning.regions.tracking import spread
from engine.positioning.regions.tracks import blur, sharpen
from engine.positioning.settings import DEFAULT_SETTINGS
from tests.engine.positioning import tiny
from tests.engine.positioning.regions.wide import regional, wide


def test_everybody_is_well_inside_of_a_square() -> None:
    rng = np.random.default_rng(1)
    places = rng.uniform((-3.0, 10.0), (170.0, 95.0), (4000, 2))
    low, high = squares(places)
    room = np.minimum(places[:, None] - low, high - places[:, None]).min(axis=2).max(axis=1)
    assert room.min() >= (REGION_M - STEP_M) / 2 - 1e-9
    finite = np.where(np.isfinite(high - low), high - low, REGION_M)
    np.testing.assert_allclose(finite, REGION_M)


def test_where_a_device_is_and_how_far_it_may_be_from_there_on_each_axis() -> None:
    """Cells of the tiny store lie at 11, 13 and 15 m in x, at 5 and 7 m in y."""
    rows = np.zeros((3, 6), np.float32)
    rows[0, 4] = 1.0
    rows[1, [0, 2]] = 0.5
    rows[2, [1, 5]] = 0.25, 0.75
    mean, var = spread(tiny.site(), rows)
    np.testing.assert_allclose(mean, [[13.0, 7.0], [13.0, 5.0], [14.5, 6.5]], atol=1e-5)
    np.testing.assert_allclose(var, [[0.0, 0.0], [4.0, 0.0], [0.75, 0.75]], atol=1e-5)


@pytest.mark.parametrize("extent_m", [0.5, 30.0, 41.0])
def test_a_narrow_store_has_few_squares(extent_m: float) -> None:
    low, _ = squares(np.array([[0.0, 0.0], [extent_m, 20.0]]))
    assert len(low) == (1 if extent_m <= REGION_M else 2)


def test_regions_hold_whole_blocks_and_all_cells() -> None:
    locator = regional()
    found = Regions(locator.site, locator.graph)
    seen = np.zeros(len(locator.site.cells), np.int64)
    for number in range(len(found)):
        cells, blocks = found.cells(number), found.blocks(number)
        seen[cells] += 1
        assert np.array_equal(np.unique(locator.graph.block[cells]), blocks)
        assert len(cells) == locator.graph.size[blocks].sum()
    assert seen.min() >= 1
    upstairs = {int(v) for v in locator.site.cells.level[found.cells(int(np.argmax(seen[0:1])))]}
    assert 0 in upstairs


def test_devices_change_regions_only_when_they_must() -> None:
    locator = regional()
    found = Regions(locator.site, locator.graph)
    motion = MotionModel()
    x = np.concatenate([np.linspace(5, 105, 101), np.linspace(105, 5, 101)])
    now, seen = np.array([EVERYWHERE], np.int32), []
    for at in x.tolist():
        mean = np.array([[at, 40.0]])
        reach = later_sigma_m(np.full((1, 2), 4.0), np.array([3.0]), motion)
        now = found.best(mean, reach) if now[0] == EVERYWHERE else found.next(now, mean, reach)
        seen.append(int(now[0]))
    assert EVERYWHERE not in seen
    changes = np.diff(seen) != 0
    assert 4 <= changes.sum() <= 14
    # who comes back does not change where they changed before
    there, back = seen[:101], seen[101:][::-1]
    assert there != back
    wide_spread = later_sigma_m(np.full((1, 2), 400.0), np.array([3.0]), motion)
    assert found.best(np.array([[55.0, 40.0]]), wide_spread)[0] == EVERYWHERE
    assert found.next(np.array([EVERYWHERE], np.int32), np.array([[55.0, 40.0]]), reach)[0] == EVERYWHERE


def test_a_walk_within_a_region_is_the_walk_of_the_store_away_from_the_border() -> None:
    locator = regional()
    found = Regions(locator.site, locator.graph)
    number = int(found.best(np.array([[55.0, 45.0]]), np.zeros((1, 2)))[0])
    region = found.region(number)
    cells, graph = locator.site.cells, locator.graph
    start = np.flatnonzero(np.hypot(cells.x_m - 55.0, cells.y_m - 45.0) < 2.0)
    assert set(cells.level[start].tolist()) == {0, 1}  # at the stairs
    pause = np.zeros((1, len(cells)), np.float32)
    pause[0, start] = 1.0 / len(start)
    walk = np.zeros((1, len(graph.size)), np.float32)
    walk[0, graph.block[start]] = 1.0 / len(np.unique(graph.block[start]))
    whole = predict(graph, MotionModel(), pause, walk, np.array([3.0]))
    blocks = found.blocks(number)
    part = predict(region.graph, MotionModel(), pause[:, region.cells], walk[:, blocks], np.array([3.0]))
    np.testing.assert_allclose(part[0], whole[0][:, region.cells], atol=1e-6)
    np.testing.assert_allclose(part[1], whole[1][:, blocks], atol=1e-5)


def test_a_blurred_belief_is_the_same_to_a_metre() -> None:
    locator = regional()
    rng, graph = np.random.default_rng(4), locator.graph
    mass = rng.gamma(0.3, size=len(graph.block)).astype(np.float32)
    walk = rng.gamma(0.3, size=len(graph.size)).astype(np.float32)
    total = mass.sum() + walk.sum()
    pause_back, walk_back = sharpen(*blur(mass / total, walk / total, graph), graph)
    assert pause_back.sum() + walk_back.sum() == pytest.approx(1.0, abs=1e-4)
    per_block = graph.pool @ (mass / total)
    np.testing.assert_allclose(graph.pool @ pause_back + walk_back, per_block + walk / total, rtol=2e-3, atol=1e-7)
    np.testing.assert_allclose(walk_back, walk / total, atol=float((per_block + walk / total).max()) / 200)


def test_silence_looked_up_is_silence_computed() -> None:
    _, _, radio_map = wide()
    mean = radio_map.mean_dbm[:, ::7]
    packed = PackedSilence.of(PackedMatrix.of(mean + 60.0), -60.0, DEFAULT_SETTINGS)
    want = not_heard_log(mean, DEFAULT_SETTINGS)
    np.testing.assert_allclose(packed.whole(), want, atol=2e-3)
    rng = np.random.default_rng(3)
    silent = (rng.random((6, radio_map.n_ap)) > 0.3) * rng.uniform(0.2, 1.0, (6, 1))
    shares = rng.dirichlet(np.ones(4), 6)
    shares[:, 3] = 0.0
    left = (shares[:, :, None] * silent[:, None]).reshape(6, -1).astype(np.float32)
    np.testing.assert_allclose(left @ packed, left @ want, atol=0.02)
    some = np.arange(5, 300, 3)
    np.testing.assert_allclose(left @ packed.at(some), (left @ want)[:, some], atol=0.02)
