"""A large store with shelves, a wall and a second level, and phones that walk through it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from shapely.geometry import LineString, Point, box

from engine.plan.cells import Cells, walkable_cells
from engine.plan.model import AccessPoint, Fixture, Level, Opening, Plan, Wall
from engine.positioning.locator import Locator
from engine.positioning.regions.tracking import RegionalTracking
from engine.positioning.settings import DEFAULT_SETTINGS
from engine.positioning.tracking import EverywhereTracking
from engine.radio.radiomap import RadioMap, prior_map
from engine.records import F32, F64, I64, Fixes, Scans
from tests.accuracy.walks import walks

WIDTH_M, DEPTH_M = 110.0, 80.0


@cache
def wide() -> tuple[Plan, Cells, RadioMap]:
    """Aisles of 2 m on the ground, a wall with two gaps across, and a gallery in the middle that stairs lead to."""
    levels = (
        Level("0", 0, "Ground", 4.0, 0.0, box(0, 0, WIDTH_M, DEPTH_M)),
        Level("1", 1, "Gallery", 4.0, 4.0, box(40, 30, 70, 60)),
    )
    shelves = tuple(
        Fixture(f"s{x}-{y}", "0", "", "", 4.0, False, box(x, y, x + 24, y + 1))
        for x in (6, 76)
        for y in range(4, 76, 3)
    )
    walls = (Wall("0", LineString([(36, 10), (36, 70)]), "brick", 8.0),)
    stairs = tuple(Opening(f"stairs{i}", lv.id, "stairs", Point(55, 45)) for i, lv in enumerate(levels))
    points = [("0", x, y) for x in np.arange(7.0, 110, 16) for y in np.arange(5.0, 80, 14)]
    points += [("1", x, y) for x in (44.0, 66.0) for y in (34.0, 56.0)]
    aps = tuple(
        AccessPoint(f"ap{i}", lv, float(x), float(y), 3.0, "", -42.0, 2.6) for i, (lv, x, y) in enumerate(points)
    )
    plan = Plan("wide", "Wide", "UTC", "EUR", None, levels, walls, shelves, openings=stairs, access_points=aps)
    cells = walkable_cells(plan, 0.5)
    return plan, cells, prior_map(plan, cells)


def regional() -> Locator:
    """The locator as stores of this size get it."""
    locator = Locator(*wide())
    assert isinstance(locator._tracking, RegionalTracking)
    return locator


def dense() -> Locator:
    """One that computes over all cells, which regions are to agree with."""
    locator = Locator(*wide())
    locator._tracking = EverywhereTracking("bayes", locator.site, locator.graph, DEFAULT_SETTINGS)
    return locator


@dataclass(frozen=True)
class Heard:
    """Scans one after the other, and who was where: `level` and `xy` by scan and device."""

    scans: list[Scans]
    level: I64
    xy: F64


def walked(people: int, number: int, seed: int, interval_s: float = 3.0) -> Heard:
    """Shoppers all over the store, heard every so often."""
    _, cells, _ = wide()
    rng = np.random.default_rng(seed)
    t = np.arange(number) * interval_s
    way = walks(cells, people, t, rng)
    offset_db = rng.normal(0.0, 3.0, people)
    scans = [
        heard_at(t[k], way.level[:, k], np.column_stack([way.x_m[:, k], way.y_m[:, k]]), rng, offset_db)
        for k in range(number)
    ]
    return Heard(scans, way.level.T.astype(np.int64), np.stack([way.x_m.T, way.y_m.T], axis=2))


def heard_at(
    t: float, level: I64, xy: F64, rng: np.random.Generator, offset_db: F64 | float = 0.0, least_dbm: float = -86.0
) -> Scans:
    """What the radio map expects at the cells nearest to these places (n, 2), 4 dB of noise, a tenth lost
    and all below `least_dbm`."""
    _, cells, radio_map = wide()
    far = np.hypot(*(np.stack([cells.x_m, cells.y_m], axis=1)[None] - xy[:, None]).transpose(2, 0, 1))
    at = np.where(cells.level == level[:, None], far, np.inf).argmin(axis=1)
    rssi = radio_map.mean_dbm[:, at].T + rng.normal(0.0, 4.0, (len(xy), radio_map.n_ap))
    rssi += np.broadcast_to(offset_db, len(xy))[:, None]
    rssi[(rssi < least_dbm) | (rng.random(rssi.shape) < 0.1)] = np.nan
    none = np.full(rssi.shape, np.nan, np.float32)
    device = np.arange(len(xy), dtype=np.uint64)
    return Scans(np.full(len(xy), t), device, rssi.astype(np.float32), none, none, np.zeros(rssi.shape, np.float32))


def regions_of(locator: Locator) -> I64:
    """The region of each device, in the order of device."""
    state = locator.state()["tracks"]
    return np.asarray(state["region"][np.argsort(state["device"])], dtype=np.int64)


def off_m(fixes: Fixes, xy: F64) -> F64:
    """Metres between fixes and places (n, 2) of their devices."""
    at = xy[fixes.device.astype(np.int64)]
    return np.hypot(fixes.x_m - at[:, 0], fixes.y_m - at[:, 1])


def rows_of(fixes: Fixes) -> F32:
    """The posterior as an array."""
    return np.asarray(fixes.posterior.toarray() if hasattr(fixes.posterior, "toarray") else fixes.posterior)
