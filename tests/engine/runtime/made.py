"""Frames of devices that stand at products of the boutique, heard by all its access points: seeded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.plan.load import load_plan
from engine.plan.model import Plan

FLOORPLANS = Path(__file__).parents[3] / "floorplans"


@dataclass(frozen=True)
class Stand:
    """One device (by its MAC) in front of one product from `start_s` to `end_s` after the beginning."""

    mac: str
    sku: str
    start_s: float
    end_s: float


def boutique() -> Plan:
    """The shipped boutique."""
    return load_plan(FLOORPLANS / "boutique")


def stands(plan: Plan, n: int, duration_s: float, seed: int = 1) -> list[Stand]:
    """`n` devices, each at two products one after the other."""
    rng = np.random.default_rng(seed)
    out = []
    for i in range(n):
        mac = f"02:00:00:00:01:{i:02x}"
        first, second = rng.choice(len(plan.products), 2, replace=False)
        half = duration_s / 2
        out.append(Stand(mac, plan.products[first].sku, 0.0, half - 2.0))
        out.append(Stand(mac, plan.products[second].sku, half, duration_s))
    return out


def frames(
    plan: Plan, standing: list[Stand], duration_s: float, every_s: float = 0.5, seed: int = 2
) -> Iterator[tuple[float, list[dict[str, object]]]]:
    """(seconds since the beginning, readings with `t` relative to it): each device is scanned once a second."""
    rng = np.random.default_rng(seed)
    levels = {level.id: level.floor_z_m for level in plan.levels}
    ap = np.array([(a.x_m, a.y_m, levels[a.level] + a.z_m) for a in plan.access_points])
    ids = [a.id for a in plan.access_points]
    for k in range(int(duration_s / every_s)):
        sent, readings = (k + 1) * every_s, []
        for i, stand in enumerate(standing):
            if not stand.start_s <= sent < stand.end_s or (k + i) % 2:
                continue
            p = plan.product_by_sku[stand.sku]
            d = np.linalg.norm(ap - (p.x_m, p.y_m, levels[p.level] + 1.2), axis=1)
            floors = np.array([a.level != p.level for a in plan.access_points])
            rssi = -38.0 - 25.0 * np.log10(np.maximum(d, 0.5)) - 15.0 * floors + rng.normal(0, 2.0, len(d))
            t = round(sent - rng.uniform(0, every_s), 3)
            readings += [
                {"mac": stand.mac, "ap": a, "t": t, "rssi": round(float(r), 1)} for a, r in zip(ids, rssi, strict=True)
            ]
        yield sent, readings


def payload(sent: float, readings: list[dict[str, object]], origin: float) -> bytes:
    """The native wire, with times moved to `origin`."""
    moved = [r | {"t": round(origin + float(str(r["t"])), 3)} for r in readings]
    return json.dumps({"sent_at": origin + sent, "readings": moved}).encode()
