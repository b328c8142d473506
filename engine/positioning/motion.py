"""How shoppers move: they walk, or they pause. A two-state filter over the walkable area, batched over devices.

Walking is a random walk along the links between walkable cells, so nobody passes through shelves. Its variance grows by
`walk_m2_per_s`: a walker of 1.1 m/s who keeps a direction for about six seconds. It runs on blocks of about one
metre, which makes a step of the walk a product with a small sparse matrix; a pause shuffles between cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from engine.plan.cells import Cells
from engine.records import F32, F64, I32

LEAST_STRAY = 1e-6  # keeps every cell possible in float32, whatever the last scan said
ORTHOGONAL = 0.16  # chance per step of going to one orthogonal neighbour; diagonals half; the rest stays


@dataclass(frozen=True, slots=True)
class MotionModel:
    """Rates of the two states. Measured walks and shops are not sensitive to them within a factor of two."""

    walk_m2_per_s: float = 7.0  # growth of E[displacement²] while walking: (1.1 m/s x 6 s)² / 6 s
    pause_m2_per_s: float = 0.3  # the same while pausing: people shuffle along a shelf, and readings lag behind them
    walk_to_pause_per_s: float = 0.05  # walks last about 20 s
    pause_to_walk_per_s: float = 0.10  # pauses last about 10 s
    block_m: float = 1.0
    stray_per_s: float = 0.0005  # chance to be anywhere: a device that was lost, or a wrong lock, is found again
    max_steps: int = 48  # a longer gap than this many steps of the walk spreads no further
    max_cell_steps: int = 12  # of shuffling in a pause


@dataclass(frozen=True, slots=True)
class WalkGraph:
    """Blocks of connected cells and the walk between them. `block` (C,) of each cell; `pool` (K, C) sums cells into
    blocks; `size` (K,) cells per block; `step` (K, K) one step of the walk, transposed for products; `step_m2` its
    E[displacement²]."""

    block: I32
    pool: sparse.csr_array
    size: F32
    step: sparse.csr_array
    step_m2: float
    cell_step: sparse.csr_array  # (C, C) the same between cells
    cell_step_m2: float


def walk_graph(cells: Cells, block_m: float = 1.0) -> WalkGraph:
    """Groups linked cells of one block_m square and projects the cells' walk onto the groups (Galerkin)."""
    n = len(cells.x_m)
    block = _blocks(cells, block_m)
    size = np.bincount(block).astype(np.float64)
    k = len(size)
    pool = sparse.csr_array((np.ones(n), (block, np.arange(n))), shape=(k, n))
    walk = _cell_walk(cells)
    reach = max(1, round((block_m / cells.cell_m) ** 2))
    spread: sparse.csr_array = sparse.csr_array(
        pool.T.multiply(1.0 / size[None, :])
    )  # a block's mass, evenly on its cells
    for _ in range(reach):
        spread = sparse.csr_array(walk @ spread)
    step = sparse.csr_array(pool @ spread)
    x, y = (np.bincount(block, weights=v) / size for v in (cells.x_m, cells.y_m))
    coo = step.tocoo()
    moved = coo.data * ((x[coo.row] - x[coo.col]) ** 2 + (y[coo.row] - y[coo.col]) ** 2)
    per_block = np.bincount(coo.col, weights=moved, minlength=k)
    # the open floor's figure: blocks in corners move less
    step_m2 = float(np.percentile(per_block, 90)) if k > 1 else 1.0
    return WalkGraph(
        block.astype(np.int32),
        sparse.csr_array(pool.astype(np.float32)),
        size.astype(np.float32),
        sparse.csr_array(step.astype(np.float32)),
        max(step_m2, 1e-6),
        sparse.csr_array(walk.astype(np.float32)),
        4 * ORTHOGONAL * cells.cell_m**2 + 4 * (ORTHOGONAL / 2) * 2 * cells.cell_m**2,
    )


def _blocks(cells: Cells, block_m: float) -> I32:
    """Block of each cell (C,): cells of one square that are linked to each other inside it."""
    n = len(cells.x_m)
    square = np.stack([cells.level, np.floor(cells.x_m / block_m), np.floor(cells.y_m / block_m)], axis=1).astype(
        np.int64
    )
    _, square_id = np.unique(square, axis=0, return_inverse=True)
    inside = square_id[cells.links_from] == square_id[cells.links_to]
    start, end = cells.links_from[inside], cells.links_to[inside]
    graph = sparse.csr_array((np.ones(len(start)), (start, end)), shape=(n, n))
    _, label = csgraph.connected_components(graph, directed=False)
    return np.asarray(label, dtype=np.int32)


def _cell_walk(cells: Cells) -> sparse.csr_array:
    """One step between cells as columns that sum to 1: to each linked neighbour, rarer the farther it is (diagonals
    half), else stay.

    Rates are symmetric, so that an undisturbed walk ends evenly spread over the walkable area.
    """
    n = len(cells.x_m)
    rate = ORTHOGONAL * np.minimum(cells.cell_m / cells.link_m, 1.0) ** 2
    both = sparse.csr_array((rate, (cells.links_to, cells.links_from)), shape=(n, n))
    stay = np.maximum(1.0 - np.asarray(both.sum(axis=0)).ravel(), 0.0)
    walk = sparse.csr_array(both + sparse.diags_array(stay))
    return sparse.csr_array(walk @ sparse.diags_array(1.0 / np.asarray(walk.sum(axis=0)).ravel()))


def predict(graph: WalkGraph, model: MotionModel, pause: F32, walk: F32, dt_s: F64) -> tuple[F32, F32]:
    """Pause (N, C) and walk (N, K) masses `dt_s` (N,) later."""
    dt = dt_s.astype(np.float32)
    to_pause, to_walk = switching(model, dt)
    starting = (graph.pool @ pause.T).T * to_walk[:, None]
    moving = walk_on(graph, model, walk * (1.0 - to_pause)[:, None] + starting, dt)
    stopping = (walk * (to_pause[:, None] / graph.size))[:, graph.block]
    still = pause * (1.0 - to_walk)[:, None] + stopping
    still = shuffle_on(graph, model, still, dt)
    stray = np.clip(model.stray_per_s * dt, LEAST_STRAY, 0.2)[:, None].astype(np.float32)
    n_cells = pause.shape[1]
    moving = moving * (1.0 - stray) + stray * (graph.size / n_cells)
    return (still * (1.0 - stray)).astype(np.float32), moving.astype(np.float32)


def switching(model: MotionModel, dt: F32) -> tuple[F32, F32]:
    """Probabilities (N,) that a walker pauses, and that who pauses walks, `dt` (N,) seconds later."""
    rate = model.walk_to_pause_per_s + model.pause_to_walk_per_s
    mixed = 1.0 - np.exp(-rate * dt)
    to_pause = (model.walk_to_pause_per_s / rate * mixed).astype(np.float32)
    return to_pause, (model.pause_to_walk_per_s / rate * mixed).astype(np.float32)


def shuffle_on(graph: WalkGraph, model: MotionModel, pause: F32, dt: F32) -> F32:
    """Pause masses (N, C) after `dt` (N,) seconds of shuffling about."""
    return _diffused(graph.cell_step, model.pause_m2_per_s * dt / graph.cell_step_m2, pause, model.max_cell_steps)


def walk_on(graph: WalkGraph, model: MotionModel, walk: F32, dt: F32) -> F32:
    """Walk masses (N, K) after `dt` (N,) seconds of walking."""
    return _diffused(graph.step, model.walk_m2_per_s * dt / graph.step_m2, walk, model.max_steps)


def _diffused(step: sparse.csr_array, wanted: F32, mass_rows: F32, max_steps: int) -> F32:
    """Rows of mass after `wanted` (N,) steps each; a part of a step is a lazy step."""
    steps = np.clip(np.ceil(wanted), 1, max_steps).astype(np.int32)
    share = np.minimum(wanted / steps, 1.0).astype(np.float32)
    mass = np.ascontiguousarray(mass_rows.T)
    for done in range(int(steps.max(initial=0))):
        active = steps > done
        if active.all():
            mass += (step @ mass - mass) * share
        else:
            part = mass[:, active]
            mass[:, active] = part + (step @ part - part) * share[active]
    return mass.T
