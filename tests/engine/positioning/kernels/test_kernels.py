"""Kernels compute what numpy computes; alone as in company; and where they cannot be used numpy computes."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from shapely.geometry import box

from engine.plan.cells import walkable_cells
from engine.plan.model import AccessPoint, Fixture, Level, Plan
from engine.positioning.bayes import bayes, weigh_readings
from engine.positioning.belief import Belief, Estimate, Known, Quantity
from engine.positioning.doubting.doubts import Doubts, cross_examine
from engine.positioning.doubting.misfit import scan_misfit
from engine.positioning.kernels.choice import kernels, numpy_alone
from engine.positioning.kernels.rows import floats
from engine.positioning.locator import Locator
from engine.positioning.measurement.contradiction import Voices, contradictions
from engine.positioning.measurement.expectation import Expectation
from engine.positioning.measurement.likelihood import cell_likelihood
from engine.positioning.measurement.site import Site
from engine.positioning.motion import pull
from engine.positioning.motion.diffusion import LEAST_FAR, Flow
from engine.positioning.motion.walk import MotionModel, foresee, predict, walk_graph
from engine.positioning.settings import DEFAULT_SETTINGS
from engine.records import F32, I32, Scans

pytest.importorskip("numba", reason="the extra `fast` is not installed")

N, A, C = 19, 7, 601  # no multiple of what kernels take at once
LEVEL = Level("0", 0, "Floor", 4.0, 0.0, box(0, 0, 18, 11))
SHELF = Fixture("g", "0", "", "", 4.0, False, box(5, 4, 14, 5))
POINTS = tuple(
    AccessPoint(f"ap{k}", "0", x, y, 3.0, "", None, None) for k, (x, y) in enumerate([(2, 2), (16, 2), (9, 9)])
)
PLAN = Plan("small", "Small", "UTC", "EUR", None, (LEVEL,), fixtures=(SHELF,), access_points=POINTS)


def both(call: Callable[[], Any]) -> tuple[Any, Any]:
    """By kernels, then by numpy."""
    assert kernels() is not None
    fast = call()
    with numpy_alone():
        assert kernels() is None
        return fast, call()


def measured(rng: np.random.Generator) -> tuple[F32, F32, F32]:
    """z, v and the offsets' variance of scans that miss some access points."""
    v = rng.uniform(0.1, 1.0, (N, A)) * (rng.random((N, A)) < 0.7)
    return floats(rng.normal(0, 15, (N, A)) * (v > 0)), floats(v), floats(rng.uniform(1, 40, N))


@pytest.mark.parametrize("uniform", [True, False])
def test_likelihoods_are_the_same(uniform: bool) -> None:
    rng = np.random.default_rng(1)
    expected = Expectation.of(rng.normal(0, 15, (A, C)), rng.uniform(3, 9, (A, 1 if uniform else C)))
    assert expected.uniform is uniform
    fast, slow = both(lambda: cell_likelihood(expected, *measured(np.random.default_rng(2))))
    np.testing.assert_allclose(fast.log, slow.log, rtol=1e-5, atol=2e-4)
    np.testing.assert_allclose(fast.offset, slow.offset, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(fast.offset_var, slow.offset_var, rtol=1e-5)


@pytest.mark.parametrize("heard", [0.7, 1.0])
def test_updates_are_the_same_however_they_are_cut_into_pieces(heard: float) -> None:
    """In one piece and in three; where all are heard silence says nothing."""
    cells = walkable_cells(PLAN, 0.5 if heard < 1 else 0.25)
    site, rng = Locator(PLAN, cells).site, np.random.default_rng(7)
    prior = rng.dirichlet(np.ones(len(cells)), N)
    given = scans(3.0, False)
    rssi = np.where(rng.random(given.rssi_dbm.shape) < heard, rng.uniform(-80, -45, given.rssi_dbm.shape), np.nan)
    given = replace(given, rssi_dbm=floats(rssi)).take(np.flatnonzero(np.isfinite(rssi).any(axis=1)))
    n = len(given)
    known = Known(rng.normal(0, 4, (n, 2)), rng.uniform(1, 40, (n, 2)), floats(rng.uniform(0.2, 1, (n, 2))))
    belief = known.belief(floats(prior[:n]), np.ones((n, 2 * len(POINTS)), np.float32))
    fast, slow = both(lambda: bayes(site, given, belief, DEFAULT_SETTINGS))
    np.testing.assert_allclose(fast.posterior, slow.posterior, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(fast.posterior.sum(axis=1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(fast.log_likelihood, slow.log_likelihood, atol=1e-3)
    np.testing.assert_allclose(fast.offset_mean, slow.offset_mean, atol=1e-3)
    np.testing.assert_allclose(fast.offset_var, slow.offset_var, rtol=1e-3)
    np.testing.assert_allclose(fast.even, slow.even, rtol=2e-3)


def odd_scans(site: Site, t: float = 3.0) -> Scans:
    """Of N devices: values that come again, ages, ranges in some, and who hears nothing at all."""
    rng, given = np.random.default_rng(8), scans(t, True)
    rssi = np.where(rng.random(given.rssi_dbm.shape) < 0.7, np.rint(given.rssi_dbm / 8) * 8, np.nan)
    ranges = np.where(rng.random((N, 1)) < 0.4, given.range_m, np.nan)
    age = np.where(rng.random(rssi.shape) < 0.8, rng.uniform(0, 9, rssi.shape), np.nan)
    return replace(given, rssi_dbm=floats(rssi), range_m=floats(ranges), age_s=floats(age))


def believing(rng: np.random.Generator, n_cells: int) -> Belief:
    n_ap = len(POINTS)
    known = Known(rng.normal(0, 4, (N, 2)), rng.uniform(1, 40, (N, 2)), floats(rng.uniform(0.2, 1, (N, 2))))
    known.trust[:, Quantity.RANGE] *= 3.0  # of some, ranges are more exact than the map says
    return known.belief(floats(rng.dirichlet(np.ones(n_cells), N)), floats(rng.uniform(0.1, 1, (N, 2 * n_ap))))


@pytest.mark.parametrize("mates", [False, True])
def test_readings_are_weighed_and_fit_the_same(mates: bool) -> None:
    cells = walkable_cells(PLAN, 0.5)
    site = Locator(PLAN, cells).site
    together = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]], np.float32)
    site = replace(site, mates=together if mates else None)
    given, belief = odd_scans(site), believing(np.random.default_rng(9), len(cells))
    fast, slow = both(lambda: weigh_readings(site, given, belief, DEFAULT_SETTINGS))
    assert [k.quantity for k in fast[0]] == [k.quantity for k in slow[0]] == [Quantity.RSSI, Quantity.RANGE]
    for got, want in zip(fast[0], slow[0], strict=True):
        np.testing.assert_array_equal(got.heard, want.heard)
        np.testing.assert_allclose(got.z, want.z, atol=1e-5)
        np.testing.assert_allclose(got.v, want.v, rtol=2e-3, atol=1e-7)
    estimate = Estimate(belief.cells, belief.offset_mean + 1.5, belief.offset_var, np.zeros(N), np.zeros(N))
    fast, slow = both(lambda: scan_misfit(site, given, belief, estimate, DEFAULT_SETTINGS))
    for name in ("squares", "freedom", "heard"):
        np.testing.assert_allclose(getattr(fast, name), getattr(slow, name), rtol=1e-4, atol=1e-5, err_msg=name)
    assert np.ptp(fast.squares[:, Quantity.RSSI]) > 0.1


def test_doubts_are_the_same_and_values_that_come_again_too() -> None:
    site = Locator(PLAN, walkable_cells(PLAN, 0.5)).site
    rng, n_ap = np.random.default_rng(10), len(POINTS)
    given = odd_scans(site)
    last = np.where(
        rng.random((N, n_ap)) < 0.6, np.nan_to_num(given.rssi_dbm), np.rint(rng.uniform(-80, -40, (N, n_ap)))
    )
    before = Doubts(floats(rng.uniform(0.001, 0.9, (N, 2 * n_ap))), floats(rng.uniform(0, 12, (N, n_ap))), floats(last))
    belief, dt = believing(rng, 5), rng.uniform(0.0, 90.0, N)
    known = Known(belief.offset_mean, belief.offset_var, belief.trust)
    fast, slow = both(lambda: cross_examine(site, given, known, before, dt, DEFAULT_SETTINGS))
    for name in ("bad", "run", "last", "believed"):
        np.testing.assert_allclose(getattr(fast, name), getattr(slow, name), rtol=1e-3, atol=1e-5, err_msg=name)
    repeated = (fast.run > before.run) & np.isfinite(given.rssi_dbm)
    assert repeated.any()
    assert (fast.run[np.isfinite(given.rssi_dbm) & ~repeated] == 0).any()


def test_rows_alike_are_told_from_others() -> None:
    """Rows 1 to 3 step alike, a place on from each other; row 4 has another value."""
    steps = np.zeros((6, 6), np.float32)
    for row in range(1, 5):
        steps[row, row - 1 : row + 2] = (0.2, -0.4, 0.2)
    steps[4, 5], steps[0, 0], steps[5, 5] = 0.3, -0.1, -0.1
    (values, columns, ends, alike), far = Flow(steps).entries
    assert alike.tolist() == [1, 3, 2, 1, 1, 1]
    assert ends.tolist() == [0, 1, 4, 7, 10, 13, 14]
    assert columns[1:4].tolist() == [0, 1, 2]
    assert values[-1] == np.float32(-0.1)
    assert far == LEAST_FAR


def test_contradictions_are_the_same() -> None:
    rng = np.random.default_rng(3)
    kinds = []
    for span in (60.0, 50.0):
        expected = Expectation.of(rng.normal(0, 15, (A, C)), rng.uniform(3, 9, (A, C)))
        z, full, var = measured(rng)
        kinds.append(Voices.of(expected, z, full, floats(rng.uniform(0.2, 1, (N, A))), var, span))
    fast, slow = both(lambda: contradictions(kinds))
    np.testing.assert_allclose(fast, slow, rtol=1e-4, atol=1e-3)
    assert np.abs(slow).max() > 1.0


@pytest.mark.parametrize("standing", [False, True])
def test_walks_are_the_same(standing: bool) -> None:
    cells, rng = walkable_cells(PLAN, 0.5), np.random.default_rng(4)
    density = rng.uniform(0.2, 3.0, len(cells)).astype(np.float32)
    graph = walk_graph(cells, standing=density / density.mean() if standing else None)
    pause, walk = floats(rng.random((N, len(cells)))), floats(rng.random((N, len(graph.size))))
    total = pause.sum(axis=1, keepdims=True) + walk.sum(axis=1, keepdims=True)
    pause, walk, dt = pause / total, walk / total, rng.uniform(0.0, 9.0, N)
    fast, slow = both(lambda: predict(graph, MotionModel(), pause, walk, dt))
    for got, want in zip(fast, slow, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-7)
    for i in range(N):
        alone = predict(graph, MotionModel(), pause[i : i + 1], walk[i : i + 1], dt[i : i + 1])
        np.testing.assert_array_equal(alone[0][0], fast[0][i])


@pytest.mark.parametrize("standing", [False, True])
def test_a_prediction_in_one_kernel_is_the_one_of_many(standing: bool) -> None:
    """Times so short that nobody walks by modes; of some rows of a table, in any order."""
    cells, rng = walkable_cells(PLAN, 0.5), np.random.default_rng(5)
    density = rng.uniform(0.2, 3.0, len(cells)).astype(np.float32)
    graph = walk_graph(cells, standing=density / density.mean() if standing else None)
    masses = floats(rng.random((30, len(cells)))), floats(rng.random((30, len(graph.size))))
    slot, dt, fast = rng.permutation(30)[:N], rng.uniform(0.0, 1.5, N), kernels()
    assert fast is not None
    got = foresee(fast, graph, MotionModel(), masses, slot, dt)
    with numpy_alone():
        still, moving = predict(graph, MotionModel(), masses[0][slot], masses[1][slot], dt)
    np.testing.assert_allclose(got.each, moving / graph.size, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(got.prior, still + (moving / graph.size)[:, graph.block], rtol=1e-4, atol=1e-6)
    alone = foresee(fast, graph, MotionModel(), masses, slot[3:4], dt[3:4])
    np.testing.assert_array_equal(alone.prior[0], got.prior[3])
    np.testing.assert_array_equal(alone.each[0], got.each[3])


def test_what_is_kept_sums_to_what_was_found() -> None:
    """By the kernel that keeps, of blocks of one to four cells."""
    fast, rng, c = kernels(), np.random.default_rng(6), 53
    assert fast is not None
    block = np.sort(rng.permutation(np.arange(c) % 17)).astype(np.int32)
    ends = np.searchsorted(block, np.arange(18)).astype(np.int32)
    cells, slot = np.arange(c, dtype=np.int32), np.array([4, 0, 2])
    posterior, each = floats(rng.dirichlet(np.ones(c), 3)), floats(rng.random((3, 17)))
    prior, xy = each[:, block] + floats(rng.random((3, c))), floats(rng.random((5, c)))
    pause, walk, figures = np.zeros((5, c), np.float32), np.zeros((5, 17), np.float32), np.zeros((3, 7), np.float32)
    fast.keep(posterior, prior, each, block, cells, ends, slot, pause, walk, xy, figures)
    walking = each[:, block] / prior * posterior
    np.testing.assert_allclose(pause[slot], posterior - walking, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(walk[slot], np.add.reduceat(walking, ends[:-1], axis=1), rtol=1e-5)
    assert not pause[[1, 3]].any()
    assert not walk[[1, 3]].any()
    np.testing.assert_allclose(figures[:, :5], posterior @ xy.T, rtol=1e-5)
    np.testing.assert_allclose(figures[:, 5], (posterior**2).sum(axis=1), rtol=1e-5)
    assert figures[:, 6].tolist() == posterior.argmax(axis=1).tolist()
    np.testing.assert_allclose(fast_split(posterior, prior, each, block), walking, rtol=1e-5)


def fast_split(posterior: F32, prior: F32, each: F32, block: I32) -> F32:
    out, fast = np.empty_like(posterior), kernels()
    assert fast is not None
    fast.split(posterior, prior.copy(), each, block, out)
    return out


def test_kernels_stop_nobody_more_than_numpy_does() -> None:
    assert pytest.approx(pull.MOST_STOP) == importlib.import_module("engine.positioning.kernels.foreseeing").MOST_STOP


def scans(t: float, ranged: bool) -> Scans:
    """Of N devices; the first access point is not heard by all."""
    rng = np.random.default_rng(int(t))
    rssi = rng.uniform(-80, -45, (N, len(POINTS)))
    rssi[: N // 2, 0] = np.nan
    ranges = rng.uniform(2, 12, rssi.shape) if ranged else np.full(rssi.shape, np.nan)
    none = np.full(rssi.shape, np.nan, np.float32)
    device = np.arange(N, dtype=np.uint64)
    return Scans(np.full(N, t), device, floats(rssi), floats(ranges), none, np.zeros(rssi.shape, np.float32))


@pytest.mark.parametrize("ranged", [True, False])
def test_tracks_are_the_same_after_a_minute(ranged: bool) -> None:
    cells = walkable_cells(PLAN, 0.5)

    def track() -> tuple[Any, Any]:
        locator = Locator(PLAN, cells)
        fixes = [locator.locate(scans(3.0 * k, ranged)) for k in range(1, 21)]
        return fixes[-1], locator.state()["tracks"]

    (fast, kept), (slow, wanted) = both(track)
    np.testing.assert_allclose(np.stack([fast.x_m, fast.y_m]), np.stack([slow.x_m, slow.y_m]), atol=2e-3)
    np.testing.assert_allclose(fast.posterior, slow.posterior, atol=2e-4)
    for name in ("pause", "walk", "bad", "offset_mean", "offset_var"):
        np.testing.assert_allclose(kept[name], wanted[name], rtol=2e-3, atol=1e-3, err_msg=name)


def test_a_device_is_found_in_company_where_it_is_found_alone() -> None:
    cells = walkable_cells(PLAN, 0.5)
    together, alone = Locator(PLAN, cells), Locator(PLAN, cells)
    for t in (3.0, 6.0, 9.0):
        many, one = together.locate(scans(t, False)), alone.locate(scans(t, False).take(slice(5, 6)))
    np.testing.assert_allclose(many.posterior[5], one.posterior[0], rtol=1e-4, atol=1e-8)


def test_settled_masses_are_the_same_and_settled_again_too() -> None:
    cells = walkable_cells(PLAN, 0.5)

    def settled() -> tuple[F32, F32]:
        locator = Locator(PLAN, cells)
        locator.locate(scans(3.0, False))
        locator.settle()
        once = locator.state()["tracks"]["pause"].copy()
        locator.settle()
        return once, locator.state()["tracks"]["pause"]

    (fast, again), (slow, _) = both(settled)
    np.testing.assert_array_equal(fast, again)
    octaves = np.log2(fast[fast > 0].astype(np.float64)) * 16
    np.testing.assert_allclose(octaves, np.rint(octaves), atol=1e-4)
    assert (np.abs(fast - slow) <= 0.045 * slow + 1e-6).all()


def test_arrays_that_cannot_be_written_are_taken_too() -> None:
    expected = Expectation.of(np.full((A, C), 3.0), np.full((A, C), 4.0))
    z, v, var = measured(np.random.default_rng(6))
    z.flags.writeable = False
    fixed = replace(expected, weight=np.broadcast_to(expected.weight[:, :1], (A, C)))
    assert np.isfinite(cell_likelihood(fixed, z, v, var).log).all()
