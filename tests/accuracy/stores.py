"""Simulated stores as the locator sees them: the plan, and readings made by a radio it does not know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from shapely.geometry import box

from engine.plan.cells import walkable_cells
from engine.plan.load import load_plan
from engine.plan.model import AccessPoint, Fixture, Level, Plan
from engine.records import F64, Hearings, Readings
from tests.accuracy.airs import MeanDbm, statistical, traced
from tests.accuracy.walks import Walks, walks

AIRS: dict[str, Callable[[Plan, np.random.Generator], MeanDbm]] = {"statistical": statistical, "traced": traced}
FLOORPLANS = Path(__file__).parents[2] / "floorplans"
AP_PLACES = ((4.0, 4.0), (20.0, 3.0), (36.0, 4.0), (4.0, 21.0), (20.0, 22.0), (36.0, 21.0))
PHONE_M, MAST_M = 1.1, 2.9
WALKERS_CELL_M = 0.2  # the floor people walk on is finer than, and not aligned with, the locator's
SENSITIVITY_DBM = -90.0
BODY_DB = 6.0
AP_EVERY_S = 10.0


@dataclass(frozen=True)
class Variant:
    """What a store is like, and what has gone wrong in it."""

    people: int = 30
    seconds: float = 240.0
    scan_s: float = 3.0
    offset_sd_db: float = 6.0
    ap_out: int | None = None
    ap_moved_m: float = 0.0  # of one access point, against the plan


VARIANTS = {
    "plain": Variant(),
    "short": Variant(seconds=90.0),  # for every test run
    "one AP out": Variant(ap_out=1),
    "AP moved 2 m": Variant(ap_moved_m=2.0),
    "scan every 30 s": Variant(scan_s=30.0, seconds=1200.0),
    "phones 5 dB": Variant(offset_sd_db=5.0),
    "phones 10 dB": Variant(offset_sd_db=10.0),
    "crowd of 300": Variant(people=300, seconds=60.0),
}


@dataclass(frozen=True)
class Recording:
    """What goes into the locator, and the truth: where people are, and `heard_dbm`, which gives what access points hear
    (n, A) of a phone without an offset at places (n, 3), bodies and fading apart."""

    plan: Plan
    readings: Readings
    hearings: Hearings
    truth: Walks
    heard_dbm: Callable[[F64], F64]


def hall() -> Plan:
    """40 x 25 m, eleven rows of shelves in two blocks, six access points whose power the plan does not say."""
    rows = [(x, y0, x + 1.0, y0 + 8.5) for y0 in (3.0, 13.5) for x in np.arange(5.0, 36.0, 3.0).tolist()]
    shelves = tuple(Fixture(f"g{i}", "0", "", "gondola", 2.5, False, box(*r)) for i, r in enumerate(rows))
    points = tuple(AccessPoint(f"ap{i}", "0", x, y, MAST_M, "", None, None) for i, (x, y) in enumerate(AP_PLACES))
    level = Level("0", 0, "Hall", 3.5, 0.0, box(0, 0, 40, 25))
    return Plan("hall", "Hall", "UTC", "EUR", None, (level,), fixtures=shelves, access_points=points)


def recording(air: str, variant: Variant, seed: int = 1) -> Recording:
    """Readings of a store whose radio is `air`."""
    plan, rng = hall(), np.random.default_rng(seed)
    mean_dbm = AIRS[air](plan, rng)
    floor = walkable_cells(plan, WALKERS_CELL_M)
    truth = walks(floor, variant.people, np.arange(0.0, variant.seconds, variant.scan_s) + 0.5, rng)
    antennas = np.array([(p.x_m, p.y_m, p.z_m) for p in plan.access_points])
    antennas[4, 0] += variant.ap_moved_m
    power = rng.normal(0.0, 2.0, len(antennas))
    alive = np.arange(len(antennas)) != variant.ap_out
    readings = _readings(mean_dbm, antennas, power, alive, truth, variant, rng)
    hearings = _hearings(mean_dbm, antennas, power, alive, variant.seconds, rng)
    return Recording(plan, readings, hearings, truth, lambda phone: mean_dbm(antennas, phone) + power)


def _readings(
    mean_dbm: MeanDbm, ap: F64, power: F64, alive: np.ndarray, w: Walks, v: Variant, rng: np.random.Generator
) -> Readings:
    """Each scan is heard within the half second before its time; some readings are lost."""
    people, times = w.x_m.shape
    phone = np.column_stack([w.x_m.ravel(), w.y_m.ravel(), np.full(w.x_m.size, PHONE_M)])
    offset = np.repeat(rng.normal(0.0, v.offset_sd_db, people), times)[:, None]
    bearing = np.arctan2(ap[:, 1] - phone[:, 1:2], ap[:, 0] - phone[:, :1])
    body = BODY_DB * 0.5 * (1 - np.cos(bearing - w.heading_rad.reshape(-1, 1)))
    rssi = mean_dbm(ap, phone) + power + offset - body + rng.normal(0.0, 2.5, (len(phone), len(ap)))
    heard = (rssi > SENSITIVITY_DBM) & (rng.random(rssi.shape) > 0.1) & alive
    row, a = np.nonzero(heard)
    nan = np.full(len(row), np.nan, np.float32)
    t = w.t[row % times] - rng.uniform(0.0, 0.3, len(row))
    device = (row // times).astype(np.uint64)
    out = Readings(t, device, a.astype(np.int32), np.round(rssi[row, a]).astype(np.float32), nan, nan)
    return out.take(np.argsort(t, kind="stable"))


def _hearings(
    mean_dbm: MeanDbm, ap: F64, power: F64, alive: np.ndarray, seconds: float, rng: np.random.Generator
) -> Hearings:
    """Every AP_EVERY_S each access point hears the others, which send 6 dB louder than phones."""
    t = np.arange(0.0, seconds, AP_EVERY_S)
    n = len(ap)
    mean = mean_dbm(ap, ap) + power + 6.0  # row: who speaks
    rssi = mean + rng.normal(0.0, 2.0, (len(t), n, n))
    rssi[:, np.arange(n), np.arange(n)] = -np.inf
    rssi[:, ~alive, :] = rssi[:, :, ~alive] = -np.inf
    at, heard, a = np.nonzero(rssi > SENSITIVITY_DBM)
    value = np.round(rssi[at, heard, a]).astype(np.float32)
    return Hearings(t[at], heard.astype(np.int32), a.astype(np.int32), value, np.full(len(at), np.nan, np.float32))


def two_levels() -> Recording:
    """The boutique of `floorplans/`, with the law of `statistical` and 17 dB per floor between levels."""
    plan, rng = load_plan(FLOORPLANS / "boutique"), np.random.default_rng(1)
    truth = walks(walkable_cells(plan, WALKERS_CELL_M), 20, np.arange(0.0, 300.0, 3.0) + 0.5, rng)
    index = np.array([plan.level_index[p.level] for p in plan.access_points])
    floor_z = np.array([lv.floor_z_m for lv in plan.levels])
    ap = np.array([(p.x_m, p.y_m, p.z_m + floor_z[plan.level_index[p.level]]) for p in plan.access_points])
    power, offset = rng.normal(0.0, 2.0, len(ap)), rng.normal(0.0, 6.0, 20)
    level = truth.level.ravel()
    phone = np.column_stack([truth.x_m.ravel(), truth.y_m.ravel(), floor_z[level] + PHONE_M])

    def heard_dbm(places: F64) -> F64:
        distance = np.maximum(np.linalg.norm(places[:, None] - ap, axis=2), 0.5)
        other = np.abs(places[:, 2:] - PHONE_M - floor_z[index]) > 1.0
        return np.asarray(-39.0 - 27.0 * np.log10(distance) - 17.0 * other + power, dtype=np.float64)

    rssi = heard_dbm(phone)
    rssi += np.repeat(offset, len(truth.t))[:, None] + rng.normal(0.0, 4.5, rssi.shape)
    row, a = np.nonzero((rssi > SENSITIVITY_DBM) & (rng.random(rssi.shape) > 0.1))
    nan = np.full(len(row), np.nan, np.float32)
    value = np.round(rssi[row, a]).astype(np.float32)
    device = (row // len(truth.t)).astype(np.uint64)
    readings = Readings(truth.t[row % len(truth.t)], device, a.astype(np.int32), value, nan, nan)
    none = np.empty(0, np.int32)
    silent = Hearings(np.empty(0), none, none, np.empty(0, np.float32), np.empty(0, np.float32))
    return Recording(plan, readings.take(np.argsort(readings.t, kind="stable")), silent, truth, heard_dbm)
