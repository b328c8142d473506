"""A walk of many devices at once, each for a time of its own: step by step, or by the slow modes of the walk.

The more steps, the fewer modes of the walk are left: of the thousand of a store of 1,000 m², those above a millionth
number 330 after eight steps, 220 after 14, 70 after 48. Two products with a dense matrix of them stand for all the
steps, for each row its own number.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from types import ModuleType

import numpy as np
from scipy import linalg, sparse

from engine.positioning.kernels.choice import kernels
from engine.positioning.kernels.rows import empty_rows, floats
from engine.records import F32, F64, I32

NEGLIGIBLE = 1e-6  # of a mode: what is left out changes no row by more than about this share of its mass
LARGEST = 2500  # places: a store of 2,133 takes 0.6 s and 7 MiB once, and both grow with its square or faster
SWINGS_DIE_OUT = 11.0  # steps: of the walk between single cells, whose quickest checkerboards have -0.28
BANDS = (1.0, 2.0, 4.0)  # times `shortest`: rows of about the same number of steps go together


@dataclass(frozen=True, slots=True)
class SlowModes:
    """The modes of a walk that outlast `shortest` steps: `value` (R,) falling, `loss` (R,) 1 less that, `vector` (K, R)
    orthonormal, of the walk made symmetric by `root` (K,), the square root of the mass that each place holds in the
    long run."""

    value: F64
    loss: F32
    vector: F32
    root: F32
    shortest: float

    def after(self, share: F32, steps: I32, mass: F32) -> F32:
        """Rows of mass (N, K) after `steps` (N,) steps each, lazy ones: only `share` (N,) of the mass moves in each.

        At least `shortest` full steps, or modes are missing.
        """
        laziest = share.min()  # of as many steps' worth of moving, lazier ones leave more
        r = int((_remainder(self.loss, laziest, (share * steps).min() / laziest) >= NEGLIGIBLE).sum())
        same = np.ptp(share) == 0 and np.ptp(steps) == 0
        few = slice(0, 1) if same else slice(None)
        left = _remainder(self.loss[:r], share[few, None], steps[few, None])
        left[left < NEGLIGIBLE] = 0.0  # the same modes whatever rows are computed together
        vector = self.vector[:, :r]
        out = (((mass / self.root) @ vector) * left) @ vector.T
        out *= self.root
        np.maximum(out, np.float32(0.0), out=out)
        out *= (mass.sum(axis=1) / np.maximum(out.sum(axis=1), np.float32(1e-30)))[:, None]  # walking loses nobody
        return np.asarray(out, dtype=np.float32)


def _remainder(loss: F32, share: F32, steps: I32 | F32) -> F32:
    """What lazy steps leave of modes that lose so much in a full one."""
    return np.asarray(np.exp(np.log1p(-share * loss) * steps), dtype=np.float32)


def slow_modes(flow: sparse.csr_array, size: F32) -> SlowModes | None:
    """Of the walk whose step adds `flow` @ mass and ends in proportion to `size` (K,); None where there are too many.

    In float32 that costs 0.1 s for 1,000 places; the rows it moves are right to 2e-5 of their mass.
    """
    if len(size) > LARGEST:
        return None
    root = np.sqrt(size)
    step = flow.toarray()
    step *= root[None, :] / root[:, None]
    step = (step + step.T) / 2
    step[np.diag_indices(len(step))] += 1.0
    shortest = quicker_from(len(size))
    if _swings(step):
        shortest = max(shortest, SWINGS_DIE_OUT)
    least = NEGLIGIBLE ** (1.0 / shortest)
    value, vector = linalg.eigh(step, subset_by_value=(least, 2.0), check_finite=False, overwrite_a=True)
    falling = np.minimum(value[::-1], 1.0).astype(np.float64)
    return SlowModes(falling, (1.0 - falling).astype(np.float32), np.ascontiguousarray(vector[:, ::-1]), root, shortest)


def _swings(step: F32) -> bool:
    """Whether a symmetric walk has modes that change sign with every step (below -0.03: smaller ones are gone at
    once)."""
    try:
        linalg.cholesky(step + np.float32(0.03) * np.eye(len(step), dtype=np.float32), check_finite=False)
    except linalg.LinAlgError:
        return True
    return False


def quicker_from(places: int) -> float:
    """Steps from which on modes are quicker than sparse products, as measured: with k steps the modes left are about
    3 places / k, and each costs two products of a dense row, at a sixth of the price of a sparse entry; kernels take
    a fifth of that price."""
    return max(6.0, (0.235 if kernels() is None else 0.55) * sqrt(places))


LEAST_FAR = 64  # places, at least, that kernels walk on with at once


class Flow(sparse.csr_array):
    """What a step of a walk changes, (K, K): mass += flow @ mass."""

    @cached_property
    def entries(self) -> tuple[tuple[F32, I32, I32, I32], int]:
        """As kernels take it: values, columns, where rows end, and how many rows from each on are alike, each with
        the entries of the row before a place on; and how many places on a step goes, at most."""
        columns, ends = self.indices.astype(np.int32, copy=False), self.indptr.astype(np.int32, copy=False)
        many, every = np.diff(ends), np.arange(self.shape[0], dtype=np.int32)
        offset = columns - np.repeat(every, many)
        before = np.arange(len(offset)) - np.repeat(np.concatenate([many[:1], many[:-1]]), many)
        row, differs = np.repeat(every, many), (offset != offset[before]) | (self.data != self.data[before])
        breaks = np.bincount(row[differs], minlength=len(many)) > 0
        breaks[1:] |= many[1:] != many[:-1]
        starts = np.append(np.flatnonzero(breaks), len(many))
        alike = starts[np.searchsorted(starts, every, side="right")] - every
        return (self.data, columns, ends, alike.astype(np.int32)), max(LEAST_FAR, int(np.abs(offset).max(initial=0)))


def lazy_steps(wanted: F32, most: int) -> tuple[I32, F32]:
    """Whole numbers of steps (N,) and the share (N,) of the mass that moves in each, for `wanted` (N,) steps."""
    steps = np.clip(np.ceil(wanted), 1, most).astype(np.int32)
    return steps, np.minimum(wanted / steps, 1.0).astype(np.float32)


def diffuse(flow: Flow, wanted: F32, mass_rows: F32, most: int, modes: SlowModes | None = None) -> F32:
    """Rows of mass (N, K) after `wanted` (N,) steps each; a step adds `flow` @ mass, a part of one is a lazy step."""
    steps, share = lazy_steps(wanted, most)
    out = np.empty(mass_rows.shape, np.float32)
    band = np.zeros(len(steps), np.int64)
    if modes is not None:
        band = np.searchsorted(np.array(BANDS) * modes.shortest, share * steps, side="right")
    for number in np.unique(band).tolist():
        rows = np.flatnonzero(band == number)
        if modes is not None and number:
            out[rows] = modes.after(share[rows], steps[rows], mass_rows[rows])
        else:
            out[rows] = walk_rows(flow, steps[rows], share[rows], mass_rows[rows])
    return out


def walk_rows(flow: Flow, steps: I32, share: F32, mass_rows: F32) -> F32:
    """Rows of mass (N, K), which are used up, after `steps` (N,) lazy steps each."""
    fast = kernels()
    order = np.argsort(-steps, kind="stable")
    if fast is None:
        mass = np.ascontiguousarray(mass_rows[order].T)
        mass_rows[order] = take_steps(flow, steps[order], share[order], mass).T
        return mass_rows
    mass_rows = floats(mass_rows)
    fast.walk_rows(*flow.entries, mass_rows, share, steps, order, room_for(fast, mass_rows.shape[1]))
    return mass_rows


def room_for(fast: ModuleType, places: int, times: int = 2) -> F32:
    """Memory for kernels to walk in: masses of LANES devices on so many places, so many `times`."""
    return empty_rows(times, (places + 2 * fast.LANES) * fast.LANES)


def take_steps(flow: sparse.csr_array, steps: I32, share: F32, mass: F32) -> F32:
    """Columns of mass (K, N), which may be used up, after `steps` (N,) lazy steps each; `steps` must not rise, so that
    columns that are done are those at the end."""
    if np.ptp(share) == 0:
        flow = sparse.csr_array((flow.data * share[0], flow.indices, flow.indptr), shape=flow.shape)
        share = np.ones(0, np.float32)
    whole, going = mass, mass.shape[1]
    for done in range(int(steps[0])):
        now = int((steps > done).sum())
        if now < going:
            if mass is not whole:
                whole[:, :going] = mass
            mass, going = np.ascontiguousarray(mass[:, :now]), now
        change = flow @ mass
        if len(share):
            change *= share[:going]
        mass += change
    if mass is not whole:
        whole[:, :going] = mass
    return whole
