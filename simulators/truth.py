"""What really happened, as tables to score against: places, visits to zones, stops at products, purchases, sessions."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from engine.errors import OperatorError, Problem
from engine.records import F64, I32
from engine.tables import TruthTable, write_truth
from simulators.world import World

TRUTH_STEP_S = 1.0


@dataclass(frozen=True, slots=True)
class Positions:
    """True places at a fixed step, each (n,), by shopper then time; `level` indexes the plan's levels."""

    t_s: F64
    shopper: I32
    level: I32
    x_m: F64
    y_m: F64


def positions(world: World, step_s: float = TRUTH_STEP_S) -> Positions:
    """Everybody's place at each multiple of `step_s` while inside, to the run's end."""
    times, who = [np.empty(0)], [np.empty(0, np.int32)]
    for i, journey in enumerate(world.journeys):
        end_s = min(journey.end_s, world.run_s)
        t = np.arange(np.ceil(journey.start_s / step_s), np.floor(end_s / step_s) + 1) * step_s
        times.append(t)
        who.append(np.full(len(t), i, np.int32))
    t_s, shopper = np.concatenate(times), np.concatenate(who)
    at = world.crowd.at(shopper, t_s)
    return Positions(t_s, shopper, at.level, at.x_m, at.y_m)


def zone_visits(world: World, at: Positions) -> list[tuple[int, str, float, float]]:
    """Stays as (shopper, zone, first second, last second): unbroken runs of true places inside the zone."""
    out = []
    for zone in world.plan.zones:
        inside = shapely.intersects_xy(zone.polygon, at.x_m, at.y_m)
        rows = np.flatnonzero(inside & (at.level == world.plan.level_index[zone.level]))
        if not len(rows):
            continue
        same = (np.diff(rows) == 1) & (np.diff(at.shopper[rows]) == 0)
        first = np.concatenate([[0], np.flatnonzero(~same) + 1])
        last = np.concatenate([first[1:] - 1, [len(rows) - 1]])
        for a, b in zip(rows[first].tolist(), rows[last].tolist(), strict=True):
            out.append((int(at.shopper[a]), zone.id, float(at.t_s[a]), float(at.t_s[b])))
    return sorted(out)


def write_world_truth(world: World, folder: Path, start_t: float) -> dict[str, int]:
    """Writes truth, visits, stops, purchases and sessions; returns how many rows each has. Raises OperatorError."""
    names = world.device_names()
    at = positions(world)
    levels = np.array([lv.id for lv in world.plan.levels])
    devices = np.array(names)[at.shopper] if len(at.shopper) else np.empty(0, np.str_)
    table = TruthTable("truth.csv", start_t + at.t_s, devices, levels[at.level], at.x_m, at.y_m)
    write_truth(folder / "truth.csv", table)
    visits = [(names[i], zone, _t(start_t, a), _t(start_t, b)) for i, zone, a, b in zone_visits(world, at)]
    write_rows(folder / "visits.csv", ("device", "zone", "entered_at", "left_at"), visits)
    counts = {"truth": len(at.t_s), "visits": len(visits)}
    for name, header, rows in (_stops(world, start_t), _purchases(world, start_t), _sessions(world, start_t)):
        write_rows(folder / f"{name}.csv", header, rows)
        counts[name] = len(rows)
    return counts


Rows = tuple[str, Sequence[str], list[tuple[Any, ...]]]


def _stops(world: World, start_t: float) -> Rows:
    """Stays at products and tills that began before the end; `until` may lie after it."""
    rows: list[tuple[Any, ...]] = []
    ids = [lv.id for lv in world.plan.levels]
    for journey in world.journeys:
        for s in journey.stops:
            if s.since_s < world.run_s:
                since, until = _t(start_t, s.since_s), _t(start_t, s.until_s)
                place = (ids[s.level], f"{s.x_m:.3f}", f"{s.y_m:.3f}")
                rows.append((journey.shopper.name, s.kind, s.ref, since, until, *place))
    return "stops", ("device", "kind", "ref", "since", "until", "level", "x_m", "y_m"), rows


def _purchases(world: World, start_t: float) -> Rows:
    bought = [(p.t_s, j.shopper.name, p) for j in world.journeys for p in j.purchases]
    currency = world.plan.currency
    rows: list[tuple[Any, ...]] = [
        (_t(start_t, t_s), name, p.till, p.product.sku, 1, p.product.price_minor, currency)
        for t_s, name, p in sorted(bought, key=lambda b: (b[0], b[1], b[2].product.sku))
        if t_s < world.run_s
    ]
    return "purchases", ("t", "device", "till", "sku", "quantity", "unit_price_minor", "currency"), rows


def _sessions(world: World, start_t: float) -> Rows:
    rows: list[tuple[Any, ...]] = []
    names, ssid = world.device_names(), world.scenario.phones.ssid
    for t_s, i, event in session_events(world):
        rows.append((_t(start_t, t_s), names[i], event, ssid))
    return "sessions", ("t", "device", "event", "ssid"), rows


def session_events(world: World) -> list[tuple[float, int, str]]:
    """(time, shopper, `connect` or `disconnect`) of connected phones within the run, by time."""
    out = []
    for i in np.flatnonzero(world.phones.connected).tolist():
        out.append((world.journeys[i].start_s, i, "connect"))
        out.append((world.journeys[i].end_s, i, "disconnect"))
    return sorted(e for e in out if e[0] < world.run_s)


def write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A CSV file with the same bytes everywhere. Raises OperatorError when it cannot be written."""
    try:
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)
    except OSError as error:
        raise OperatorError(
            [Problem(str(path), "(whole file)", error.strerror or str(error), "give a place to write")]
        ) from error


def _t(start_t: float, t_s: float) -> str:
    return f"{start_t + t_s:.3f}"
