"""The places of a store where people pause: its zones, its tills, its doors, and the floor between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from engine.plan.cells import Cells, zone_membership
from engine.plan.model import Opening, Plan
from engine.positioning.motion.standing import TILL_M, beside_fixtures, standing_density
from engine.presence.flows import leaf_zones
from engine.records import F32, F64, Bools, Posterior

DOOR_M = 1.5
BESIDE_SHARE = 0.5  # of pauses, where a plan has fixtures but says not what hangs there
EVEN_SHARE = 0.35  # of the time people walk, and may be anywhere walkable, whatever places say
ROUND = {"checkout": TILL_M, "pickup": DOOR_M, "entrance": DOOR_M, "exit": DOOR_M}
"""Openings that are places of their own, with their radius: a queue would else count for the zone beside it."""


@dataclass(frozen=True, slots=True)
class Places:
    """K places by `name`. `within` (C, K): where people stand in each, columns sum to 1. `planned` (K,): the share of
    pauses that the plan expects in each, summing to 1."""

    name: tuple[str, ...]
    within: F32
    planned: F64

    def evidence(self, posterior: Posterior) -> F32:
        """(n, K) likelihoods of the places: how much better each explains a row than the whole floor does."""
        return np.asarray(posterior @ self.within, np.float32) * np.float32(len(self.within))

    def occupancy(self, share: F64) -> F32:
        """(C,) how much likelier people are at each cell than anywhere, `share` (K,) of the pauses in each place."""
        paused = (self.within @ share.astype(np.float32)) * np.float32(len(self.within))
        return (1.0 - EVEN_SHARE) * paused + np.float32(EVEN_SHARE)


def places_of(plan: Plan, cells: Cells) -> Places:
    """Tills, pick-ups and doors first, then zones that hold no other, then what is left of each level."""
    density = _density(plan, cells)
    free: Bools = np.ones(len(cells), np.bool_)
    members: list[tuple[str, F64]] = []

    def add(name: str, where: Bools) -> None:
        if where.any():
            members.append((name, where * density))

    for opening in plan.openings:
        if opening.category in ROUND:
            around = around_opening(plan, cells, opening) & free
            free &= ~around
            add(f"opening {opening.id}", around)
    zones, leaves = zone_membership(plan, cells) > 0, leaf_zones(plan)
    in_zone: Bools = np.zeros(len(cells), np.bool_)
    for zone in leaves:
        own = zones[:, plan.zone_index[zone]]
        in_zone |= own
        add(f"zone {zone}", own & free)
    for i, level in enumerate(plan.levels):
        add(f"floor {level.id}", free & ~in_zone & (cells.level == i))
    mass = np.stack([m for _, m in members], axis=1)
    total = mass.sum(axis=0)
    return Places(tuple(n for n, _ in members), (mass / total).astype(np.float32), total / total.sum())


def weigh_cells(posterior: Posterior, weight: F32) -> Posterior:
    """Rows (n, C) times `weight` (C,), summing to 1 again."""
    if isinstance(posterior, sparse.csr_array):
        data = posterior.data * weight[posterior.indices]
        held = np.diff(posterior.indptr)
        total = np.zeros(len(held))
        np.add.at(total, np.repeat(np.arange(len(held)), held), data)
        data /= np.repeat(np.maximum(total, 1e-30), held)
        return sparse.csr_array((data.astype(np.float32), posterior.indices, posterior.indptr), shape=posterior.shape)
    out = posterior * weight
    out /= np.maximum(out.sum(axis=1, keepdims=True), np.float32(1e-30))
    return np.asarray(out, np.float32)


def _density(plan: Plan, cells: Cells) -> F64:
    """(C,) where people stand, by the plan alone, of mean 1."""
    planned = standing_density(plan, cells)
    if planned is not None:
        return planned.astype(np.float64)
    beside = beside_fixtures(plan, cells)
    if not beside.any():
        return np.ones(len(cells))
    return np.asarray(BESIDE_SHARE * beside / beside.mean() + (1.0 - BESIDE_SHARE), np.float64)


def around_opening(plan: Plan, cells: Cells, opening: Opening) -> Bools:
    """The cells (C,) where people stand at a till, a pick-up or a door."""
    middle = opening.geometry.centroid
    near = np.hypot(cells.x_m - middle.x, cells.y_m - middle.y) <= ROUND[opening.category]
    return np.asarray(near & (cells.level == plan.level_index[opening.level]), np.bool_)
