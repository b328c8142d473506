"""What each zone truly saw in each hour: person-seconds, visits and their dwell, and the most people at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely

from engine.files.outcomes import HourTable
from engine.records import Bools
from simulators.truth.truth import TRUTH_STEP_S, Episode, Positions
from simulators.world import World

HOUR_S = 3600.0


def zone_hours(world: World, at: Positions, visits: Sequence[Episode], who: Bools) -> HourTable:
    """Zones by hour UTC, of the shoppers in `who` (shoppers,) only: those heard, to compare with an engine's, or all.

    Each row of `at` stands for one step. Visits and their dwell count in the hour they began in.
    """
    start_t = world.scenario.starts_at.timestamp()
    first = start_t // HOUR_S
    n_hours = int((start_t + world.run_s) // HOUR_S - first) + 1
    hour_of = np.floor((start_t + at.t_s) / HOUR_S - first).astype(np.int64)
    rows = []
    for zone in world.plan.zones:
        here = shapely.intersects_xy(zone.polygon, at.x_m, at.y_m) & (at.level == world.plan.level_index[zone.level])
        inside = np.flatnonzero(here & who[at.shopper])
        seconds = np.bincount(hour_of[inside], minlength=n_hours) * TRUTH_STEP_S
        own = [v for v in visits if v.place == zone.id and who[v.shopper]]
        began = np.array([(start_t + v.since_s) // HOUR_S - first for v in own], np.int64)
        dwell = np.array([v.until_s - v.since_s for v in own])
        counts = np.bincount(began, minlength=n_hours)
        dwells = np.bincount(began, weights=dwell, minlength=n_hours)
        peaks = _peaks(at, inside, hour_of, n_hours)
        rows += [
            ((first + h) * HOUR_S, zone.id, seconds[h], counts[h], dwells[h], peaks[h])
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
