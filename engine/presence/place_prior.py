"""A prior of places: where people pause in this store, learnt from the crowd without labels.

The filter takes every place it can walk to for as likely as any; people stand at shelves, queue at tills, and hardly
ever stop in between. So each pause votes once, for what its fixes say of the places, and the shares of all pauses are
found by expectation-maximisation (Dempster, Laird and Rubin 1977) around what the plan expects. A fix is then what the
filter says times how likely people are there.

The errors of a place are the same for everybody (the radio map is wrong there), so votes do not add up like independent
ones: the plan's word grows with the number of votes, and never is outvoted altogether.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from engine.plan.cells import Cells
from engine.plan.model import Plan
from engine.presence.pauses import Pauses
from engine.presence.places import places_of, weigh_cells
from engine.records import F32, F64, U64, Fixes, Posterior

RELEARN_S = 600.0  # by the fixes' own clock
FEWEST = 30  # votes
KEPT = 600  # votes kept one by one: those before them count as they were shared out then
REMEMBERED = 4000.0  # of those: the older ones fade as others come
PLAN_VOTES, PLAN_SHARE = 20.0, 0.25
"""The plan's word counts for so many votes, and for so many more for each that is cast."""
ROUNDS, SETTLED = 100, 1e-5
LEAST_FIXES, MOST_FIXES = 500.0, 50_000.0  # whose spread is a mean to go by; that count whole: older ones fade


class PlacePrior:
    """Of one store. Deterministic in the fixes; shares are learnt at full multiples of RELEARN_S."""

    def __init__(self, plan: Plan, cells: Cells) -> None:
        self.places = places_of(plan, cells)
        self._pauses = Pauses(len(self.places.name))
        self._votes: F32 = np.empty((0, len(self.places.name)), np.float32)
        self._older: F64 = np.zeros(len(self.places.name))
        self._epoch = -np.inf
        self._coordinates = _coordinates(cells)
        self._fixes = self._spread_m = 0.0  # how many, and the sum of their radial standard deviations
        self.version = 0
        self._use(self.places.planned)

    def _use(self, share: F64) -> None:
        self.share = share
        self.occupancy = self.places.occupancy(share)
        self.version += 1

    @property
    def sigma_m(self) -> float | None:
        """How far weighed fixes spread radially, on average; None before there are enough."""
        return self._spread_m / self._fixes if self._fixes >= LEAST_FIXES else None

    def weigh(self, fixes: Fixes) -> Fixes:
        """The fixes with this prior, in their order; what they say of pauses is taken in."""
        if not len(fixes):
            return fixes
        epoch = np.floor(fixes.t / RELEARN_S)
        parts, rows = [], []
        for at in np.unique(epoch).tolist():
            own = np.flatnonzero(epoch == at)
            if at > self._epoch:
                self._learn()
                self._epoch = at
            parts.append(self._weigh(fixes.take(own)))
            rows.append(own)
        if len(parts) == 1:
            return parts[0]
        return Fixes.concat(parts).take(np.argsort(np.concatenate(rows), kind="stable"))

    def _weigh(self, fixes: Fixes) -> Fixes:
        xy = np.column_stack([fixes.x_m, fixes.y_m])
        self._pauses.update(fixes.device, fixes.t, fixes.level, xy, self.places.evidence(fixes.posterior))
        posterior = weigh_cells(fixes.posterior, self.occupancy)
        level, x, y, square = self._moments(posterior)
        self._note(np.sqrt(square))
        # the covariance stays the filter's: what is left of an error is the place's own, which no prior takes away
        return replace(fixes, level=level.astype(np.int32), x_m=x, y_m=y, posterior=posterior)

    def _note(self, spread_m: F64) -> None:
        self._fixes += len(spread_m)
        self._spread_m += float(spread_m.sum())
        if self._fixes > MOST_FIXES:
            self._spread_m *= MOST_FIXES / self._fixes
            self._fixes = MOST_FIXES

    def _moments(self, posterior: Posterior) -> tuple[F64, F64, F64, F64]:
        """Level, x, y and the trace of the covariance on that level, (n,) each; m², a cell's own width included."""
        matrix, levels, origin, cell_m2 = self._coordinates
        sums = np.asarray(posterior @ matrix, np.float64).reshape(posterior.shape[0], levels, 4)
        level = sums[:, :, 0].argmax(axis=1)
        mass, x, y, square = (sums[np.arange(len(sums)), level, k] for k in range(4))
        x, y, square = x / mass, y / mass, square / mass
        return level, x + origin[0], y + origin[1], np.maximum(square - x**2 - y**2, 0.0) + cell_m2

    def _learn(self) -> None:
        """Shares anew from all votes."""
        fresh = self._pauses.take()
        if not len(fresh):
            return
        self._votes = np.concatenate([self._votes, fresh.astype(np.float16).astype(np.float32)])
        if len(self._votes) + self._older.sum() < FEWEST:
            return
        share, split = learn_shares(self._votes, self._older, self.places.planned)
        if len(self._votes) > KEPT:
            self._older += split[:-KEPT].sum(axis=0)
            self._older *= min(1.0, REMEMBERED / max(float(self._older.sum()), 1e-9))
            self._votes = self._votes[-KEPT:]
        self._use(share)

    def start_anew(self) -> None:
        """The store's time starts anew."""
        self._epoch = -np.inf

    def forget(self, devices: U64) -> None:
        """Drops devices (m,) that have left; their last pauses vote."""
        self._pauses.forget(devices)

    def state(self) -> dict[str, Any]:
        """Everything that later results depend on; of devices only the pauses that go on."""
        return {
            "names": list(self.places.name),
            "pauses": self._pauses.state(),
            "votes": self._votes.astype(np.float16),
            "older": self._older.copy(),
            "share": self.share.copy(),
            "spread": [self._fixes, self._spread_m],
            "epoch": self._epoch if np.isfinite(self._epoch) else None,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned; of another plan's places nothing: it is learnt anew."""
        if tuple(state["names"]) != self.places.name:
            return
        k = len(self.places.name)
        self._pauses.restore(state["pauses"])
        self._votes = np.asarray(state["votes"], np.float32).reshape(-1, k)
        self._older = np.array(state["older"], np.float64)
        self._epoch = -np.inf if state["epoch"] is None else float(state["epoch"])
        self._fixes, self._spread_m = (float(v) for v in state["spread"])
        self._use(np.array(state["share"], np.float64))


def learn_shares(votes: F32, older: F64, planned: F64) -> tuple[F64, F64]:
    """Shares of pauses (K,) by expectation-maximisation from votes (J, K), the likelihoods of places, besides `older`
    (K,) votes that were shared out before, around what is `planned` (K,); and each vote's own split (J, K)."""
    given = older + planned * (PLAN_VOTES + PLAN_SHARE * (len(votes) + float(older.sum())))
    share = planned.copy()
    split = np.empty(votes.shape)
    for _ in range(ROUNDS):
        split = votes * share
        split /= np.maximum(split.sum(axis=1, keepdims=True), 1e-30)
        now = split.sum(axis=0) + given
        now /= now.sum()
        moved = float(np.abs(now - share).max())
        share = now
        if moved < SETTLED:
            break
    return share, split


def _coordinates(cells: Cells) -> tuple[F32, int, tuple[float, float], float]:
    """Columns (C, 4 levels) of 1, x, y and x² + y² by level around an origin; levels; the origin; a cell's variance."""
    levels = int(cells.level.max(initial=0)) + 1
    origin = float(cells.x_m.mean()), float(cells.y_m.mean())
    x, y = cells.x_m - origin[0], cells.y_m - origin[1]
    columns = np.stack([np.ones(len(cells)), x, y, x**2 + y**2], axis=1)
    matrix = np.zeros((len(cells), levels, 4), np.float32)
    matrix[np.arange(len(cells)), cells.level] = columns
    return matrix.reshape(len(cells), -1), levels, origin, cells.cell_m**2 / 6
