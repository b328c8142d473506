"""What each zone truly saw in each hour: person-seconds, visits and their dwell, and the most people at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np
import shapely

from engine.files.outcomes import HourTable
from engine.records import F64, Bools
from simulators.truth.truth import TRUTH_STEP_S, Episode, Positions
from simulators.world import World

QUARTER_S = 900


def hour_edges(timezone: str, from_t: float, to_t: float) -> F64:
    """When hours begin by the clock of `timezone`, s UTC: the one that holds `from_t`, up to the first after `to_t`.

    An hour begins at each full hour the clock shows, and where the clock is moved into another one.
    """
    zone = ZoneInfo(timezone)
    first, last = int(from_t // QUARTER_S) - 4, int(to_t // QUARTER_S) + 5
    clocks = [dt.datetime.fromtimestamp(q * QUARTER_S, zone) for q in range(first, last)]
    shown = [(c.date(), c.hour, c.utcoffset()) for c in clocks]
    edges = np.array([q for q in range(1, len(shown)) if shown[q] != shown[q - 1]], np.int64) + first
    begun, over = (np.searchsorted(edges * QUARTER_S, t, side="right") for t in (from_t, to_t))
    return np.asarray(edges[begun - 1 : over + 1] * QUARTER_S, np.float64)


def zone_hours(world: World, at: Positions, visits: Sequence[Episode], who: Bools) -> HourTable:
    """Zones by hour of the store's clock, of the shoppers in `who` (shoppers,) only: those heard, as an engine would
    count them, or all.

    Each row of `at` stands for one step. Visits and their dwell count in the hour they began in.
    """
    start_t = world.scenario.starts_at.timestamp()
    edges = hour_edges(world.plan.timezone, start_t, start_t + world.run_s)
    n_hours = len(edges) - 1
    hour_of = (np.searchsorted(edges, start_t + at.t_s, side="right") - 1).astype(np.int64)
    rows = []
    for zone in world.plan.zones:
        here = shapely.intersects_xy(zone.polygon, at.x_m, at.y_m) & (at.level == world.plan.level_index[zone.level])
        inside = np.flatnonzero(here & who[at.shopper])
        seconds = np.bincount(hour_of[inside], minlength=n_hours) * TRUTH_STEP_S
        own = [v for v in visits if v.place == zone.id and who[v.shopper]]
        began = np.searchsorted(edges, [start_t + v.since_s for v in own], side="right") - 1
        dwell = np.array([v.until_s - v.since_s for v in own])
        counts = np.bincount(began, minlength=n_hours)
        dwells = np.bincount(began, weights=dwell, minlength=n_hours)
        peaks = _peaks(at, inside, hour_of, n_hours)
        rows += [
            (edges[h], zone.id, seconds[h], counts[h], dwells[h], peaks[h])
            for h in range(n_hours)
            if seconds[h] or counts[h]
        ]
    rows.sort(key=lambda r: r[0])
    columns = list(zip(*rows, strict=True)) or [()] * 6
    numbers = [np.array(c, np.float64) for c in (columns[0], *columns[2:])]
    return HourTable(numbers[0], np.array(columns[1], np.str_), *numbers[1:])


def _peaks(
    at: Positions,
    inside: np.ndarray[tuple[int], np.dtype[np.intp]],
    hour_of: np.ndarray[tuple[int], np.dtype[np.int64]],
    n_hours: int,
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The most people at any one step, by hour."""
    step = np.round(at.t_s[inside] / TRUTH_STEP_S).astype(np.int64)
    people = np.bincount(step, minlength=1)
    peaks = np.zeros(n_hours)
    np.maximum.at(peaks, hour_of[inside], people[step].astype(np.float64))
    return peaks
