"""Posteriors without the cells that hold nothing: everything downstream takes both kinds."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from engine.columns import stack_rows
from engine.offers.targets import Target
from engine.offers.triggers import TriggerTimers
from engine.plan.cells import walkable_cells
from engine.positioning.posterior import LEAST_KEPT, no_rows, sparse_rows
from engine.presence.heat import HeatGrid
from engine.records import F32, Fixes, Posterior
from tests.engine.positioning.stores import hall


def rows(n: int, n_cells: int, seed: int = 1) -> F32:
    mass = np.random.default_rng(seed).gamma(0.05, size=(n, n_cells)).astype(np.float32)
    return mass / mass.sum(axis=1, keepdims=True)


def rows_of(posterior: Posterior) -> F32:
    return np.asarray(posterior @ np.eye(posterior.shape[1], dtype=np.float32))


def fixes_of(posterior: Posterior, first: int = 0) -> Fixes:
    n = posterior.shape[0]
    device = np.arange(first, first + n, dtype=np.uint64)
    at = np.zeros(n)
    return Fixes(
        at + 60.0 * first, device, at.astype(np.int32), at, at, np.zeros((n, 2, 2)), at.astype(np.int32), posterior
    )


def test_rows_of_parts_stand_where_their_cells_are() -> None:
    whole, part = rows(2, 50), rows(3, 4, 2)
    cells = np.array([7, 9, 30, 49])
    want = np.zeros((5, 50), np.float32)
    want[:2], want[2:, cells] = whole, part
    found = stack_rows([sparse_rows(whole, None, 50), sparse_rows(part, cells, 50)])
    assert found.dtype == np.float32
    np.testing.assert_allclose(rows_of(found), want, atol=LEAST_KEPT)
    assert sparse_rows(part, cells, 50).nnz <= part.size


def test_rows_are_stacked_in_their_kind() -> None:
    a, b = rows(2, 30), rows(3, 30, 2)
    assert isinstance(stack_rows([a, b]), np.ndarray)
    mixed = stack_rows([sparse_rows(a, None, 30), sparse_rows(b, None, 30), no_rows(30, True)])
    assert sparse.issparse(mixed)
    np.testing.assert_allclose(rows_of(mixed), np.concatenate([a, b]), atol=1e-8)
    assert no_rows(30, False).shape == no_rows(30, True).shape == (0, 30)


def test_fixes_join_with_sparse_rows() -> None:
    a, b = rows(2, 30), rows(3, 30, 2)
    both = Fixes.concat([fixes_of(sparse_rows(a, None, 30)), fixes_of(sparse_rows(b, None, 30), 2)])
    assert both.device.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(both.posterior @ np.eye(30, dtype=np.float32), np.concatenate([a, b]), atol=1e-8)


def test_heat_is_the_same_of_both() -> None:
    plan = hall()
    cells = walkable_cells(plan, 1.0)
    mass = rows(6, len(cells))
    found = []
    for posterior in (mass, sparse_rows(mass, None, len(cells))):
        grid = HeatGrid(plan, cells, 2.0)
        grid.add(fixes_of(posterior))
        later = fixes_of(posterior)
        grid.add(Fixes(later.t + 4.0, *(getattr(later, name) for name in Fixes.__slots__[1:])))
        found.append({(r.level, r.col, r.row): (r.person_s, r.fixes) for r in grid.drain()})
    assert found[0].keys() == found[1].keys()
    for place, values in found[0].items():
        np.testing.assert_allclose(found[1][place], values, rtol=1e-4, atol=1e-6)


def test_triggers_are_the_same_of_both() -> None:
    mass = rows(40, 20)
    target = Target("c", (np.arange(20) < 10).astype(np.float32), 0.5, 0.0)
    fired = []
    for posterior in (mass, sparse_rows(mass, None, 20)):
        timers = TriggerTimers()
        timers.set_targets([target])
        fired.append([t.device for t in timers.update(fixes_of(posterior), lambda device: f"v{device}")])
    assert fired[0] == fired[1]
    assert 0 < len(fired[0]) < 40
