"""Fixes into stays: 256 phones in twenty zones, one fix every three seconds, some minutes at each place; beside it
trackintel and movingpandas on the same fixes, where they are installed."""

from __future__ import annotations

import datetime as dt
import importlib.util
import time
from typing import Any

import numpy as np

from api.cli.bench.paired import Timed, figures_of, measure_rates
from engine.config import PresenceConfig
from engine.presence.visits import VisitTracker
from engine.records import F32, F64, Fixes

DEVICES, TICKS, EVERY_S, ZONES = 256, 200, 3.0, 20
FEW = 8  # phones that the peers work on: they take one after the other
STAY_TICKS = 40  # at a place, then on to the next
APART_M, LEAST_S = 3.0, 60.0
DEGREE_M = 111_195.0  # at the equator
START = dt.datetime(2026, 11, 28, 10, tzinfo=dt.UTC)


def measure_stays(seconds: float) -> dict[str, Any]:
    """Fixes a second, and how many times as many as each peer's."""
    places = _places(np.random.default_rng(7))
    ticks = [(_fixes(k, places[k]), _in_zones(k)) for k in range(TICKS)]

    def track() -> None:
        tracker = VisitTracker([f"zone-{z}" for z in range(ZONES)], PresenceConfig())
        for fixes, p_zone in ticks:
            tracker.update(fixes, p_zone)
        tracker.close_silent(TICKS * EVERY_S + 1e6)

    calls: dict[str, Timed] = {"mine": (track, DEVICES * TICKS)}
    few = places[:, :FEW]
    for name, make in {"trackintel": _trackintel, "movingpandas": _movingpandas}.items():
        if importlib.util.find_spec(name) is not None:
            calls[name] = (make(few), FEW * TICKS)
    rates = measure_rates(calls, seconds, clock=time.process_time)
    out = figures_of("stays_fixes_per_s", rates["mine"])
    for name in [n for n in calls if n != "mine"]:
        out |= figures_of(f"stays_times_{name}", rates["mine"] / rates[name])
    return out


def _places(rng: np.random.Generator) -> F64:
    """(ticks, devices, 2): metres, with an error of one."""
    at = rng.uniform(0.0, 60.0, (TICKS // STAY_TICKS + 1, DEVICES, 2))
    return np.asarray(at[np.arange(TICKS) // STAY_TICKS] + rng.normal(0.0, 1.0, (TICKS, DEVICES, 2)))


def _fixes(k: int, at: F64) -> Fixes:
    n = DEVICES
    return Fixes(
        np.full(n, k * EVERY_S),
        np.arange(1, n + 1, dtype=np.uint64),
        np.zeros(n, np.int32),
        at[:, 0],
        at[:, 1],
        np.tile(np.eye(2), (n, 1, 1)),
        np.full(n, 4, np.int32),
        np.ones((n, 1), np.float32),
    )


def _in_zones(k: int) -> F32:
    """(devices, zones): nearly all in the zone of the phone's place."""
    p = np.full((DEVICES, ZONES), 0.005, np.float32)
    p[np.arange(DEVICES), (np.arange(DEVICES) + k // STAY_TICKS) % ZONES] = 0.9
    return p


def _table(places: F64, crs: str) -> Any:
    """A geographic table of the fixes, as both peers take it."""
    import geopandas as gpd

    ticks, devices = places.shape[:2]
    at = [START + dt.timedelta(seconds=EVERY_S * k) for k in range(ticks)]
    return gpd.GeoDataFrame(
        {"user_id": np.repeat(np.arange(devices), ticks), "tracked_at": at * devices},
        geometry=gpd.points_from_xy(*places.transpose(1, 0, 2).reshape(-1, 2).T),
        crs=crs,
    )


def _trackintel(places: F64) -> Any:
    import trackintel as ti

    fixes = ti.Positionfixes(_table(places / DEGREE_M, "EPSG:4326"))  # it knows distances on the globe only

    def stays() -> None:
        fixes.generate_staypoints(method="sliding", dist_threshold=APART_M, time_threshold=LEAST_S / 60.0)

    return stays


def _movingpandas(places: F64) -> Any:
    import movingpandas as mpd

    table = _table(places, "EPSG:2154")
    table["tracked_at"] = table["tracked_at"].dt.tz_localize(None)
    walks = mpd.TrajectoryCollection(table, "user_id", t="tracked_at")

    def stays() -> None:
        detector = mpd.TrajectoryStopDetector(walks)
        detector.get_stop_time_ranges(max_diameter=2 * APART_M, min_duration=dt.timedelta(seconds=LEAST_S))

    return stays
