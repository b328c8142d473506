"""Evidence by hand: rows of given features, as if the plan had been looked at."""

from __future__ import annotations

import numpy as np
from shapely.geometry import box

from engine.plan.cells import Cells
from engine.plan.model import AccessPoint, Level, Plan
from engine.radio.evidence import Evidence

INTEGERS = ("ap", "source", "kind", "level")
USUAL = {
    "source": 0, "kind": 0, "level": 0, "x_m": 0.0, "y_m": 0.0, "rssi_dbm": -60.0, "range_m": np.nan, "count": 1.0,
    "place_sigma_m": 0.3, "walls_db": 0.0, "tall_db": 0.0, "low_db": 0.0, "floors": 0.0, "distance_m": 5.0,
    "crowd": 1.0,
}  # fmt: skip


def evidence(ap: list[int], **columns: object) -> Evidence:
    """Rows of these access points; a column that is not given has its usual value, log_d follows from distances."""
    n = len(ap)
    values: dict[str, np.ndarray] = {"ap": np.array(ap, np.int32)}
    for name, usual in USUAL.items():
        given = np.broadcast_to(np.asarray(columns.pop(name, usual)), n)
        values[name] = given.astype(np.int32 if name in INTEGERS else np.float64)
    assert not columns, f"no such columns: {columns}"
    values["log_d"] = 10.0 * np.log10(np.maximum(values["distance_m"], 1.0))
    return Evidence(**values)


def hall(*at: tuple[float, float], p0: float | None = None, width: float = 20.0, depth: float = 10.0) -> Plan:
    """One level of 20 x 10 m with access points at 2.7 m."""
    level = Level("0", 0, "Hall", 3.0, 0.0, box(0, 0, width, depth))
    points = tuple(AccessPoint(f"ap{i}", "0", x, y, 2.7, "", p0, None) for i, (x, y) in enumerate(at))
    return Plan("hall", "Hall", "UTC", "EUR", None, (level,), access_points=points)


def cells_at(x_m: list[float], y_m: list[float], level: list[int] | None = None, cell_m: float = 1.0) -> Cells:
    """Cells without links."""
    none = np.empty(0, np.int32)
    levels = np.array(level or [0] * len(x_m), np.int32)
    return Cells(cell_m, np.array(x_m, float), np.array(y_m, float), levels, none, none, np.empty(0))
