"""How shoppers move: they walk, or they pause. A two-state filter over the walkable area, batched over devices.

Walking is a random walk along the links between walkable cells, so nobody passes through shelves. Its variance grows by
`walk_m2_per_s`: a walker of 1.1 m/s who keeps a direction for about six seconds. It runs on blocks of about one
metre, which makes a step of the walk a product with a small sparse matrix; a pause shuffles between cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from engine.columns import Columns
from engine.plan.cells import Cells
from engine.positioning.kernels.choice import kernels
from engine.positioning.kernels.rows import empty_rows, floats
from engine.positioning.motion.diffusion import (
    Flow,
    SlowModes,
    diffuse,
    lazy_steps,
    quicker_from,
    room_for,
    slow_modes,
    take_steps,
)
from engine.positioning.motion.pull import Pull, pull_of, tilt
from engine.records import F32, F64, I32, I64

LEAST_STRAY = 1e-6  # keeps every cell possible in float32, whatever the last scan said
COLUMNS = 64  # devices whose masses are moved at once
ORTHOGONAL = 0.16  # chance per step of going to one orthogonal neighbour; diagonals half; the rest stays


@dataclass(frozen=True, slots=True)
class MotionModel:
    """Rates of the two states. Measured walks and shops are not sensitive to them within a factor of two."""

    walk_m2_per_s: float = 7.0  # growth of E[displacement²] while walking: (1.1 m/s x 6 s)² / 6 s
    # the same while pausing: people shuffle along a shelf, stroll, and readings lag behind them. Measured walks do best
    # with 0.5 to 0.6, a stroller of 0.1 m/s too; half of it costs 1 %
    pause_m2_per_s: float = 0.5
    walk_to_pause_per_s: float = 0.05  # walks last about 20 s
    pause_to_walk_per_s: float = 0.10  # pauses last about 10 s
    block_m: float = 1.0
    stray_per_s: float = 0.0005  # chance to be anywhere: a device that was lost, or a wrong lock, is found again
    max_steps: int = 128  # of the walk, 28 s on blocks of 1 m: a longer gap spreads no further. Scans of 30 s need them
    max_cell_steps: int = 36  # of shuffling in a pause, 23 s on cells of 0.5 m


@dataclass(frozen=True, slots=True)
class WalkGraph:
    """Blocks of connected cells and the walk between them. `block` (C,) of each cell; `pool` (K, C) sums cells into
    blocks; `size` (K,) cells per block; `flow` (K, K) what one step of the walk changes: mass += flow @ mass;
    `step_m2` its E[displacement²]."""

    block: I32
    pool: sparse.csr_array
    size: F32
    flow: Flow
    step_m2: float
    cell_flow: Flow  # (C, C) the same between cells
    cell_step_m2: float
    n_cells: int  # of the whole store, over which the stray mass is spread
    found: list[SlowModes | None] = field(default_factory=list)  # of the walk between blocks, once they were needed
    pull: Pull | None = None  # where people stop rather than elsewhere; None: anywhere alike

    def modes(self) -> SlowModes | None:
        """The slow modes of the walk between blocks, computed when first asked for; None in large stores."""
        if not self.found:
            self.found.append(slow_modes(self.flow, self.size))
        return self.found[0]

    def in_blocks(self, mass: F32) -> F32:
        """Masses over cells (N, C) summed into blocks (N, K)."""
        fast = kernels()
        if fast is not None:
            out = empty_rows(len(mass), len(self.size))
            fast.pool(floats(mass), *self.cells_by_block, out)
            return out
        return np.asarray((self.pool @ mass.T).T)

    @property
    def cells_by_block(self) -> tuple[I32, I32]:
        """The cells (C,) of one block after the other, and where those of each end, after a 0 (K + 1,)."""
        return self.pool.indices.astype(np.int32, copy=False), self.pool.indptr.astype(np.int32, copy=False)

    def cells_of(self, blocks: I64) -> I64:
        """The cells (c,) of these blocks, ascending."""
        chosen = np.zeros(len(self.size), np.bool_)
        chosen[blocks] = True
        return np.flatnonzero(chosen[self.block])

    def at(self, blocks: I64, cells: I64) -> WalkGraph:
        """The walk within these blocks, ascending, and their cells: who leaves is gone."""
        block, n = np.searchsorted(blocks, self.block[cells]).astype(np.int32), len(cells)
        pool = sparse.csr_array((np.ones(n, np.float32), (block, np.arange(n, dtype=np.int32))), shape=(len(blocks), n))
        flow, cell_flow = self.flow[blocks][:, blocks], self.cell_flow[cells][:, cells]
        pull, step_m2 = None if self.pull is None else self.pull.at(blocks, cells), self.cell_step_m2
        return WalkGraph(
            block, pool, self.size[blocks], flow, self.step_m2, cell_flow, step_m2, self.n_cells, [None], pull
        )


def walk_graph(cells: Cells, block_m: float = 1.0, standing: F32 | None = None) -> WalkGraph:
    """Groups linked cells of one block_m square and projects the cells' walk onto the groups (Galerkin).

    `standing` (C,), of mean 1, is how much likelier people stand at a cell than at any: who pauses shuffles there in
    the long run, and who walks stops there. Walking itself stays even.
    """
    n = len(cells.x_m)
    block = _blocks(cells, block_m)
    size = np.bincount(block).astype(np.float64)
    k = len(size)
    pool = sparse.csr_array((np.ones(n), (block, np.arange(n))), shape=(k, n))
    walk = cell_walk(cells)
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
    cell_flow = _flow(walk)
    return WalkGraph(
        block.astype(np.int32),
        sparse.csr_array(pool.astype(np.float32)),
        size.astype(np.float32),
        _flow(step),
        max(step_m2, 1e-6),
        cell_flow if standing is None else tilt(cell_flow, standing),
        4 * ORTHOGONAL * cells.cell_m**2 + 4 * (ORTHOGONAL / 2) * 2 * cells.cell_m**2,
        n,
        pull=None if standing is None else pull_of(standing, block, size),
    )


def _flow(step: sparse.csr_array) -> Flow:
    """A step less the mass that was there, in float32."""
    change = (step - sparse.eye_array(step.shape[0], format="csr")).astype(np.float32)
    change.sort_indices()
    index, ends = change.indices.astype(np.int32), change.indptr.astype(np.int32)  # half the memory of what scipy gives
    return Flow((change.data, index, ends), shape=change.shape)


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


def cell_walk(cells: Cells) -> sparse.csr_array:
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
    kept = _share_kept(model, dt)
    fast = kernels()
    if fast is not None:
        rows, masses = np.arange(len(dt)), (floats(pause), floats(walk))
        moving, stopping = _set_out(fast, graph, model, masses, rows, dt)
        still = _shuffle(fast, graph, model, (masses[0], rows), stopping, np.zeros_like(moving), dt)
    else:
        still, moving = _stop_and_go(graph, model, pause, walk, dt, kept)
    return still, _walk(graph, model, moving, dt)


@dataclass(frozen=True, slots=True)
class Foreseen(Columns):
    """Of N devices: the prediction over cells (N, C), and who of it walks, in a cell of each block (N, K)."""

    prior: F32
    each: F32


def foresee(
    fast: ModuleType, graph: WalkGraph, model: MotionModel, masses: tuple[F32, F32], slot: I64, dt_s: F64
) -> Foreseen:
    """The same by kernels, of the rows `slot` (N,) of pause (n, C) and walk (n, K) masses, both in one."""
    dt = dt_s.astype(np.float32)
    if not _by_modes(graph, model, dt):
        return _foresee(fast, graph, model, masses, slot, dt)
    moving, stopping = _set_out(fast, graph, model, masses, slot, dt)
    each = _walk(graph, model, moving, dt) / graph.size
    return Foreseen(_shuffle(fast, graph, model, (masses[0], slot), stopping, each, dt), each)


def _by_modes(graph: WalkGraph, model: MotionModel, dt: F32) -> bool:
    """Whether some walk so far that modes are quicker."""
    return bool(_walk_steps(graph, model, dt).max(initial=0.0) >= quicker_from(len(graph.size)))


def _foresee(
    fast: ModuleType, graph: WalkGraph, model: MotionModel, masses: tuple[F32, F32], slot: I64, dt: F32
) -> Foreseen:
    """The same by one kernel, where all walk step by step."""
    n_cells, n_blocks = len(graph.block), len(graph.size)
    steps, share = lazy_steps(_shuffle_steps(graph, model, dt), model.max_cell_steps)
    walk_steps, walk_share = lazy_steps(_walk_steps(graph, model, dt), model.max_steps)
    walks = *graph.cell_flow.entries, share, steps, *graph.flow.entries, walk_share, walk_steps
    order, rooms = np.argsort(-walk_steps, kind="stable"), (room_for(fast, n_cells), room_for(fast, n_blocks, 4))
    pull = graph.pull
    within = np.ones(n_cells, np.float32) if pull is None else pull.within
    often = np.ones(n_blocks, np.float32) if pull is None else pull.block
    places = graph.block, graph.size, within, often
    stray = stray_share(model, dt) / np.float32(graph.n_cells)
    out = empty_rows(len(dt), n_cells), empty_rows(len(dt), n_blocks)
    fast.foresee(
        *walks, order, *rooms, *masses, slot, *places, *switching(model, dt), _share_kept(model, dt), stray, *out
    )
    return Foreseen(*out)


def _share_kept(model: MotionModel, dt: F32) -> F32:
    return (1.0 - stray_share(model, dt)).astype(np.float32)


def _walk(graph: WalkGraph, model: MotionModel, moving: F32, dt: F32) -> F32:
    """Who walks (N, K), `dt` (N,) later, and what may be anywhere by then."""
    # what the modes leave out, and their rounding, is far below the stray mass that is added here
    modes = graph.modes() if _by_modes(graph, model, dt) else None
    moving = diffuse(graph.flow, _walk_steps(graph, model, dt), moving, model.max_steps, modes)
    moving *= _share_kept(model, dt)[:, None]
    moving += stray_share(model, dt)[:, None] * (graph.size / graph.n_cells)
    return moving


def _stop_and_go(graph: WalkGraph, model: MotionModel, pause: F32, walk: F32, dt: F32, kept: F32) -> tuple[F32, F32]:
    """Some walkers stop and some who paused go: who pauses (N, C) after shuffling on, `kept` (N,) of them, and who
    walks (N, K) before walking on."""
    to_pause, to_walk = switching(model, dt)
    still, moving = np.empty(pause.shape, np.float32), np.empty(walk.shape, np.float32)
    wanted, most = _shuffle_steps(graph, model, dt), model.max_cell_steps
    stops = to_pause[:, None] if graph.pull is None else graph.pull.stops(to_pause)
    for rows in _alike(dt):
        # cells over devices: sparse products and rows of blocks are then of contiguous memory
        mass = np.array(pause[rows].T, order="C")  # a copy even of one row
        starting = (graph.pool @ mass) * to_walk[rows]
        moving[rows] = walk[rows] * (1.0 - stops[rows]) + starting.T
        mass *= (1.0 - to_walk[rows]) * kept[rows]
        stopping = walk[rows] * (stops[rows] * kept[rows, None] / graph.size)
        stopped = np.ascontiguousarray(stopping.T)[graph.block]
        if graph.pull is not None:
            stopped *= graph.pull.within[:, None]
        mass += stopped
        steps, share = lazy_steps(wanted[rows], most)
        still[rows] = take_steps(graph.cell_flow, steps, share, mass).T
    return still, moving


def _set_out(
    fast: ModuleType, graph: WalkGraph, model: MotionModel, masses: tuple[F32, F32], slot: I64, dt: F32
) -> tuple[F32, F32]:
    """Who walks (N, K) before walking on, and who stops, for each cell of a block (N, K): by a kernel, of rows `slot`
    (N,) of pause and walk masses."""
    to_pause, to_walk = switching(model, dt)
    n_blocks = len(graph.size)
    stops = np.repeat(to_pause[:, None], n_blocks, axis=1) if graph.pull is None else graph.pull.stops(to_pause)
    moving, stopping = empty_rows(len(dt), n_blocks), empty_rows(len(dt), n_blocks)
    blocks = *graph.cells_by_block, graph.size
    fast.set_out(*masses, slot, *blocks, to_walk, floats(stops), _share_kept(model, dt), moving, stopping)
    return moving, stopping


def _shuffle(
    fast: ModuleType,
    graph: WalkGraph,
    model: MotionModel,
    paused: tuple[F32, I64],
    stopping: F32,
    each: F32,
    dt: F32,
) -> F32:
    """Who pauses (N, C) by then, and who walks, `each` (N, K) in a cell of a block: by a kernel, of who `paused` in
    some rows, and who is `stopping`."""
    _, to_walk = switching(model, dt)
    steps, share = lazy_steps(_shuffle_steps(graph, model, dt), model.max_cell_steps)
    n_cells = paused[0].shape[1]
    prior, room = empty_rows(len(dt), n_cells), room_for(fast, n_cells)
    within = np.ones(n_cells, np.float32) if graph.pull is None else graph.pull.within
    stays, order = (np.float32(1.0) - to_walk) * _share_kept(model, dt), np.argsort(-steps, kind="stable")
    walk = *graph.cell_flow.entries, share, steps, order, room
    fast.shuffle(*walk, *paused, stays, stopping, graph.block, within, each, prior)
    return prior


def stray_share(model: MotionModel, dt: F32) -> F32:
    """Share of the mass (N,) that may be anywhere in the store `dt` (N,) seconds later."""
    return np.asarray(np.clip(model.stray_per_s * dt, LEAST_STRAY, 0.2), dtype=np.float32)


def _alike(dt: F32) -> Iterator[I64 | slice]:
    """Rows in groups of at most COLUMNS, those with the longest times first; slices where times are the same."""
    order = None if not len(dt) or np.ptp(dt) == 0 else np.argsort(-dt, kind="stable")
    for first in range(0, len(dt), COLUMNS):
        group = slice(first, min(first + COLUMNS, len(dt)))
        yield group if order is None else order[group]


def switching(model: MotionModel, dt: F32) -> tuple[F32, F32]:
    """Probabilities (N,) that a walker pauses, and that who pauses walks, `dt` (N,) seconds later."""
    rate = model.walk_to_pause_per_s + model.pause_to_walk_per_s
    mixed = 1.0 - np.exp(-rate * dt)
    to_pause = (model.walk_to_pause_per_s / rate * mixed).astype(np.float32)
    return to_pause, (model.pause_to_walk_per_s / rate * mixed).astype(np.float32)


def shuffle_back(graph: WalkGraph, model: MotionModel, later: F32, dt: F32) -> F32:
    """What is expected (N, C), seen `dt` (N,) seconds of shuffling earlier, of values (N, C) that come later.

    The shuffle is in balance cell by cell, so its adjoint is itself, between masses per `standing` people.
    """
    steps = _shuffle_steps(graph, model, dt)
    if graph.pull is None:
        return diffuse(graph.cell_flow, steps, later, model.max_cell_steps)
    standing = graph.pull.standing
    return diffuse(graph.cell_flow, steps, later * standing, model.max_cell_steps) / standing


def _shuffle_steps(graph: WalkGraph, model: MotionModel, dt: F32) -> F32:
    return np.asarray(model.pause_m2_per_s * dt / graph.cell_step_m2, dtype=np.float32)


def walk_on(graph: WalkGraph, model: MotionModel, walk: F32, dt: F32) -> F32:
    """Walk masses (N, K) after `dt` (N,) seconds of walking, step by step: right in every digit of the smallest ones
    too, which smoothing backward in time multiplies up again."""
    return diffuse(graph.flow, _walk_steps(graph, model, dt), walk, model.max_steps)


def _walk_steps(graph: WalkGraph, model: MotionModel, dt: F32) -> F32:
    return np.asarray(model.walk_m2_per_s * dt / graph.step_m2, dtype=np.float32)
