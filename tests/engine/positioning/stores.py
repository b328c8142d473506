"""Small stores and their simulated radio for these tests: another law than the locator's own, seeded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import LineString, box

from engine.plan.model import AccessPoint, Fixture, Level, Plan, Wall
from engine.positioning.locator import Locator
from engine.positioning.offline import Located, locate_scans
from engine.positioning.windows import ScanWindows
from engine.records import F64, Readings

CORNERS = ((1.0, 1.0), (19.0, 1.0), (1.0, 11.0), (19.0, 11.0), (10.0, 6.0))


def hall(
    width: float = 20.0, depth: float = 12.0, points: tuple[tuple[float, float], ...] = CORNERS, p0: float | None = None
) -> Plan:
    """One open level, access points ap0, ap1, … at 2.8 m."""
    level = Level("0", 0, "Hall", 3.0, 0.0, box(0, 0, width, depth))
    aps = tuple(AccessPoint(f"ap{i}", "0", x, y, 2.8, "", p0, None) for i, (x, y) in enumerate(points))
    return Plan("hall", "Hall", "UTC", "EUR", None, (level,), access_points=aps)


def shelved(p0: float | None = None) -> Plan:
    """The hall with three gondolas of 8 dB and a wall of 12 dB."""
    plan = hall(p0=p0)
    fixtures = tuple(
        Fixture(f"g{i}", "0", "", "", 8.0, False, box(3, y, 15, y + 0.8)) for i, y in enumerate((2.5, 5.5, 8.5))
    )
    wall = Wall("0", LineString([(16.5, 0), (16.5, 8)]), "brick", 12.0)
    return Plan(
        "shelved", "Shelved", "UTC", "EUR", None, plan.levels, (wall,), fixtures, access_points=plan.access_points
    )


def two_levels() -> Plan:
    """Two storeys of 20 x 12 m, three access points on each."""
    ground = Level("g", 0, "Ground", 3.5, 0.0, box(0, 0, 20, 12))
    upper = Level("u", 1, "Upper", 3.5, 3.5, box(0, 0, 20, 12))
    aps = tuple(
        AccessPoint(f"ap{i}", level, x, y, 2.8, "", None, None)
        for i, (level, x, y) in enumerate(
            (("g", 2, 2), ("g", 18, 2), ("g", 10, 10), ("u", 2, 10), ("u", 18, 10), ("u", 10, 2))
        )
    )
    return Plan("two", "Two", "UTC", "EUR", None, (ground, upper), access_points=aps)


@dataclass(frozen=True)
class Walk:
    """Where one device is at each time, shape (n,)."""

    t: F64
    x_m: F64
    y_m: F64


def walk(rng: np.random.Generator, seconds: float = 240.0, speed: float = 1.0) -> Walk:
    """Goes around the aisles of `shelved`, with stops of 15 s."""
    lanes = [(2.0, 1.5), (15.5, 1.5), (15.5, 4.4), (2.0, 4.4), (2.0, 7.4), (15.5, 7.4), (15.5, 10.5), (2.0, 10.5)]
    t, places = [0.0], [lanes[0]]
    k = 0
    while t[-1] < seconds:
        k += 1
        goal = lanes[k % len(lanes)] if (k // len(lanes)) % 2 == 0 else lanes[-1 - k % len(lanes)]
        distance = float(np.hypot(goal[0] - places[-1][0], goal[1] - places[-1][1]))
        stop = float(rng.uniform(0, 15))
        t += [t[-1] + distance / speed, t[-1] + distance / speed + stop]
        places += [goal, goal]
    at = np.arange(0.0, seconds, 1.0)
    xy = np.array(places)
    return Walk(at, np.interp(at, t, xy[:, 0]), np.interp(at, t, xy[:, 1]))


def hear(plan: Plan, w: Walk, rng: np.random.Generator, device: int = 1, offset_db: float = 0.0) -> Readings:
    """What the access points hear once a second: exponent 2.8, shelves of 6 and walls of 9 dB, shadows that stay in
    their places, bursts of -8 dB, whole dB, a tenth of the readings lost."""
    rows = []
    for a, ap in enumerate(plan.access_points):
        d = np.sqrt((w.x_m - ap.x_m) ** 2 + (w.y_m - ap.y_m) ** 2 + (ap.z_m - 1.1) ** 2)
        shadow = 2.5 * np.sin(0.9 * w.x_m + 2.1 * a) * np.cos(1.1 * w.y_m - 1.3 * a)
        ends = np.stack([np.broadcast_to([ap.x_m, ap.y_m], (len(d), 2)), np.column_stack([w.x_m, w.y_m])], axis=1)
        lines = shapely.linestrings(ends)
        shadow -= sum((6.0 * shapely.intersects(lines, f.polygon) for f in plan.fixtures), np.zeros(len(d)))
        shadow -= sum((9.0 * shapely.intersects(lines, x.line) for x in plan.walls), np.zeros(len(d)))
        rssi = -36 - 28 * np.log10(d) + shadow + offset_db + rng.normal(0, 3, len(d))
        rssi -= 8 * (rng.random(len(d)) < 0.1)
        keep = (rssi > -92) & (rng.random(len(d)) > 0.1)
        n = int(keep.sum())
        nan = np.full(n, np.nan, np.float32)
        rows.append(
            Readings(
                w.t[keep],
                np.full(n, device, np.uint64),
                np.full(n, a, np.int32),
                np.round(rssi[keep]).astype(np.float32),
                nan,
                nan,
            )
        )
    both = Readings.concat(rows)
    return both.take(np.argsort(both.t, kind="stable"))


def locate_readings(locator: Locator, readings: Readings, n_ap: int, window_s: float, *, lag_s: float = 0.0) -> Located:
    """Fixes of a recording, one per device and window."""
    return locate_scans(locator, ScanWindows(n_ap, window_s).push(readings, np.inf), lag_s=lag_s)
