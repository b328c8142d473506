"""A scenario written down as tables: readings and the truth behind them; the same seed gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from engine.errors import OperatorError, Problem
from engine.tables import ReadingTable, write_readings
from simulators.truth import write_world_truth
from simulators.world import Heard, World


def record(world: World, folder: Path, on_tick: Callable[[], None] = lambda: None) -> dict[str, int]:
    """Writes readings.csv, truth.csv, visits.csv, stops.csv, purchases.csv and sessions.csv; returns rows by table.

    `on_tick` is called after each tick, for a progress bar. Raises OperatorError when the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OperatorError(
            [Problem(str(folder), "(folder)", error.strerror or str(error), "give a place to write")]
        ) from error
    start_t = world.scenario.starts_at.timestamp()
    heard = []
    for tick in world.all_ticks():
        heard.append(tick)
        on_tick()
    table = reading_table(world, heard, start_t)
    write_readings(folder / "readings.csv", table)
    return {"shoppers": len(world.shoppers), "readings": len(table), **write_world_truth(world, folder, start_t)}


def reading_table(world: World, heard: list[Heard], start_t: float) -> ReadingTable:
    """Ticks joined into one table, with names for devices and access points."""
    t_s = np.concatenate([h.t_s for h in heard]) if heard else np.empty(0)
    device = np.concatenate([h.device for h in heard]) if heard else np.empty(0, np.int32)
    ap = np.concatenate([h.ap for h in heard]) if heard else np.empty(0, np.int32)
    rssi = np.concatenate([h.rssi_dbm for h in heard]) if heard else np.empty(0)
    none = np.full(len(t_s), np.nan)
    devices = np.array(world.device_names(), np.str_)[device]
    aps = np.array([a.id for a in world.plan.access_points], np.str_)[ap]
    return ReadingTable("readings.csv", start_t + t_s, devices, aps, rssi, none, none)
