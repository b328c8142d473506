"""Scores zones against the truth: the zone each fix fell in, and the time credited to each zone."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import shapely

from engine.plan.model import Plan
from engine.records import F64, I64

Texts = npt.NDArray[np.str_]
NO_ZONE = "-"
"""The label of places that lie in no zone."""


class ZoneHourColumns(Protocol):
    """Zones by hour, each (n,)."""

    @property
    def hour_start(self) -> F64: ...
    @property
    def zone(self) -> Texts: ...
    @property
    def person_s(self) -> F64: ...


@dataclass(frozen=True, slots=True)
class Confusion:
    """`counts` (L, L): fixes whose true zone is that of the row and whose own zone is that of the column."""

    labels: list[str]
    counts: I64

    def figures(self) -> dict[str, Any]:
        """The share of fixes in their right zone, in all and by true zone."""
        total, right = int(self.counts.sum()), int(np.trace(self.counts))
        rows = self.counts.sum(axis=1)
        by_zone = {
            label: round_figure(self.counts[i, i] / rows[i]) for i, label in enumerate(self.labels) if rows[i] and label
        }
        return {"fixes": total, "hit_rate": round_figure(right / total) if total else None, "by_zone": by_zone}


def zone_of(plan: Plan, level: Texts, x_m: F64, y_m: F64) -> Texts:
    """(n,) the id of the smallest zone that holds each place, `-` where none does: zones may nest."""
    out = np.full(len(x_m), NO_ZONE, dtype=object)
    for zone in sorted(plan.zones, key=lambda z: -z.polygon.area):
        inside = shapely.intersects_xy(zone.polygon, x_m, y_m) & (level == zone.level)
        out[inside] = zone.id
    return out.astype(np.str_)


def zone_confusion(plan: Plan, true: Texts, found: Texts) -> Confusion:
    """Counts of true against found zones, in the plan's order, `-` last; zones that never occur are left out."""
    seen = set(true.tolist()) | set(found.tolist())
    labels = [z for z in [*(z.id for z in plan.zones), NO_ZONE] if z in seen]
    index = {label: i for i, label in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels)), np.int64)
    rows, columns = ([index[z] for z in side.tolist()] for side in (true, found))
    np.add.at(counts, (rows, columns), 1)
    return Confusion(labels, counts)


def score_hours(truth: ZoneHourColumns, found: ZoneHourColumns) -> dict[str, Any]:
    """Time spent by zone over all hours: true and found person-seconds, and the error over both hours and zones."""
    sums: dict[tuple[float, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for side, table in enumerate((truth, found)):
        for hour, zone, person_s in zip(
            table.hour_start.tolist(), table.zone.tolist(), table.person_s.tolist(), strict=True
        ):
            sums[hour, zone][side] += person_s
    zones: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for (_, zone), (true_s, found_s) in sums.items():
        zones[zone][0] += true_s
        zones[zone][1] += found_s
    true_all = sum(t for t, _ in zones.values())
    off = sum(abs(f - t) for t, f in sums.values())
    return {
        "true_person_s": round_figure(true_all),
        "found_person_s": round_figure(sum(f for _, f in zones.values())),
        "misplaced_share": round_figure(off / 2 / true_all) if true_all else None,
        "by_zone": {
            z: {"true_person_s": round_figure(t), "found_person_s": round_figure(f)}
            for z, (t, f) in sorted(zones.items())
        },
    }


def round_figure(value: float) -> float:
    """Four decimals: the same figures print the same everywhere."""
    return round(float(value), 4)
