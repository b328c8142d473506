"""ToldPositions of a source's own on a store's floor: metres in its frame, with one kind of uncertainty."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import Polygon

from engine.config import MapConfig
from engine.ingest.decoders.heard import VendorPosition
from engine.ingest.sources.transform import MapTransform, to_floor
from engine.plan.model import Plan
from engine.records import F64
from engine.vocabulary import RecordRefusal

UNKNOWN_SIGMA_M = 6.0
"""Radial sigma of a position without a usable error: Cisco's word for RSSI is 5 m in half of all cases, which is
5 / 1.1774 an axis."""
LEAST_SIGMA_M = 1.0
R95_TO_SIGMA = math.sqrt(2.0) / 2.4477
"""The radius that holds 95 % of a round normal distribution is 2.4477 of its sigma an axis."""
MARGIN_M, MARGIN_SIGMAS, MOST_OUTSIDE_M = 5.0, 2.0, 15.0
"""A position further outside the floor than so many metres and radial sigmas, or than the last, is not of this
floor."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a position lies in its store: metres, level's index, radial sigma."""

    store: str
    level: int
    x_m: float
    y_m: float
    sigma_m: float


def place(position: VendorPosition, maps: Sequence[MapConfig], plans: Mapping[str, Plan]) -> Placed | RecordRefusal:
    """The position in the frame of one of `plans` (the stores of its source), or why it is of none."""
    placed = work_out(position, maps, plans)
    if isinstance(placed, RecordRefusal):
        return placed
    floor = plans[placed.store].levels[placed.level].polygon
    if not placed.sigma_m <= max(_half_diagonal_m(floor), UNKNOWN_SIGMA_M):
        return RecordRefusal.VAGUE_POSITION
    outside_m = float(shapely.distance(shapely.Point(placed.x_m, placed.y_m), floor))
    if not outside_m <= min(MARGIN_M + MARGIN_SIGMAS * placed.sigma_m, MOST_OUTSIDE_M):
        return RecordRefusal.OFF_PLAN
    return placed


def work_out(position: VendorPosition, maps: Sequence[MapConfig], plans: Mapping[str, Plan]) -> Placed | RecordRefusal:
    """As `place`, be it on the floor or far outside."""
    found = _map_of(position, maps)
    store = (found.store if found else None) or next(iter(plans))
    plan = plans.get(store)
    if plan is None:
        return RecordRefusal.UNKNOWN_MAP
    level = _level(found, plan, len(plans))
    if level is None:
        return RecordRefusal.UNKNOWN_MAP
    where = _where(position, found, plan)
    if where is None:
        return RecordRefusal.NO_POSITION
    x_m, y_m, scale = where
    return Placed(store, level, x_m, y_m, _sigma_m(position, scale))


def _half_diagonal_m(floor: Polygon) -> float:
    """A position that is not surer than this says no more than that somebody is in the shop, or near."""
    left, bottom, right, top = floor.bounds
    return math.hypot(right - left, top - bottom) / 2


def _map_of(position: VendorPosition, maps: Sequence[MapConfig]) -> MapConfig | None:
    """By the source's id of the map, by its name of the level, or by the last part of a hierarchy; `*` is any."""
    names = {name.casefold() for name in (position.map, position.level, position.level.rsplit(">", 1)[-1].strip())}
    return next((m for m in maps if m.map.casefold() in names), next((m for m in maps if m.map == "*"), None))


def _level(found: MapConfig | None, plan: Plan, stores: int) -> int | None:
    if found is not None:
        return plan.level_index.get(found.level)
    return 0 if stores == 1 and len(plan.levels) == 1 else None


def _where(position: VendorPosition, found: MapConfig | None, plan: Plan) -> tuple[float, float, float] | None:
    """(x, y, metres per unit of the source): from its map where we know how that lies, else from degrees."""
    on_map = math.isfinite(position.x_m) and math.isfinite(position.y_m)
    on_earth = math.isfinite(position.lon) and math.isfinite(position.lat) and plan.anchor is not None
    if on_map and (found is not None or not on_earth):
        transform = MapTransform.of(found) if found is not None else MapTransform()
        x, y = transform(_one(position.x_m), _one(position.y_m))
        return float(x[0]), float(y[0]), transform.scale
    if on_earth and plan.anchor is not None:
        x, y = to_floor(_one(position.lon), _one(position.lat), plan.anchor)
        return float(x[0]), float(y[0]), 1.0
    return None


def _one(value: float) -> F64:
    return np.array([value], np.float64)


def _sigma_m(position: VendorPosition, scale: float) -> float:
    error_m = position.error_m * scale
    if not (math.isfinite(error_m) and error_m > 0):
        return UNKNOWN_SIGMA_M
    return max(error_m * (R95_TO_SIGMA if position.error_kind == "r95" else 1.0), LEAST_SIGMA_M)
