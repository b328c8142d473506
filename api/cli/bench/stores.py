"""How many stores a core carries: each 60 x 40 m with shelves, 16 access points, 40 connected phones heard every three
seconds, from the bytes of a frame to visits and triggers."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import numpy as np
from shapely.geometry import box

from api.cli.bench.mixed import CELL_M, DEPTH_M, WIDTH_M, mixed_plan
from api.cli.bench.paired import figures_of, rounds_in
from engine.config import Config
from engine.ingest.decoders.native import NativeDecoder
from engine.plan.cells import walkable_cells
from engine.plan.model import AccessPoint, Plan, Zone
from engine.privacy.pseudonyms import Pseudonyms
from engine.radio.radiomap import prior_map
from engine.records import F64
from engine.runtime.store_engine import StoreEngine

PHONES, EVERY_S = 40, 3  # a phone is heard by all access points in reach once in so many seconds
AP_PLACES = tuple((x, y) for x in (7.5, 22.5, 37.5, 52.5) for y in (5.0, 15.0, 25.0, 35.0))
T0 = 1_795_860_000
SETTLING_S = 15
LEAST_S = 3  # of a store's time in each round


def measure_stores(seconds: float, rounds: int | None = None) -> dict[str, Any]:
    """Seconds of such a store that a second of a core's time carries, what radio maps cost left out: median and range
    of rounds. The processor's time counts, so other work on the machine matters less."""
    plan, rounds = store_plan(), rounds or rounds_in(seconds)
    cells = walkable_cells(plan, CELL_M)
    rng = np.random.default_rng(7)
    at = np.column_stack([cells.x_m, cells.y_m])[rng.integers(0, len(cells), PHONES)]
    engine = StoreEngine(plan, Config(), prior_map(plan, cells))
    decoder = NativeDecoder({plan.store: plan.ap_index}, Pseudonyms(b"of the bench, and of nobody", T0))

    def carry(second: int) -> float:
        topic, payload, now = f"rayon/{plan.store}/readings/bench", _payload(plan, at, second, rng), T0 + second + 0.1
        start = time.process_time()
        engine.step([decoder.decode(topic, payload, now)], now)
        return time.process_time() - start

    spent = [carry(second) for second in range(SETTLING_S)]
    rates = np.zeros(rounds)
    for k in range(rounds):
        used, first = 0.0, len(spent)
        while len(spent) - first < LEAST_S or used < seconds / rounds:
            spent.append(carry(len(spent)))
            used += spent[-1]
        rates[k] = (len(spent) - first) / used
    return {"store_cells": len(cells), "store_phones": PHONES} | figures_of("stores_per_core", rates)


def store_plan() -> Plan:
    """The shelves of the mixed bench, a zone around each block of them."""
    points = tuple(AccessPoint(f"ap{i}", "0", x, y, 3.5, "", None, None) for i, (x, y) in enumerate(AP_PLACES))
    zones = tuple(
        Zone(f"z{x:.0f}-{y:.0f}", "0", f"Zone {x:.0f}-{y:.0f}", "", box(x, y, x + WIDTH_M / 3, y + DEPTH_M / 4))
        for x in np.arange(3) * WIDTH_M / 3
        for y in np.arange(4) * DEPTH_M / 4
    )
    return replace(mixed_plan(), access_points=points, zones=zones)


def _payload(plan: Plan, at: F64, second: int, rng: np.random.Generator) -> bytes:
    """What is heard in a second, of a third of the phones."""
    own = np.arange(second % EVERY_S, PHONES, EVERY_S)
    place = at[own] + rng.normal(0.0, 1.0, (len(own), 2))
    far = np.hypot(np.hypot(*(place[:, None] - np.array(AP_PLACES)).transpose(2, 0, 1)), 2.3)
    rssi = -42.0 - 28.0 * np.log10(far) + rng.normal(0.0, 4.0, far.shape)
    readings = [
        {"mac": f"06:00:00:00:00:{phone:02x}", "ap": f"ap{a}", "t": T0 + second, "rssi": round(value, 1)}
        for phone, row in zip(own.tolist(), rssi.tolist(), strict=True)
        for a, value in enumerate(row)
        if value >= -88.0
    ]
    return json.dumps({"sent_at": T0 + second, "readings": readings}).encode()
