"""Figures of a busy store as its engine leaves them, drawn by a seed: a year of them is 400,000 visits to the store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import numpy as np

from engine.plan.cells import walkable_cells
from engine.plan.model import Plan
from engine.presence.expected.rows import ExpectedRow
from engine.presence.flows import OUTSIDE, FlowRow
from engine.presence.frames import heat_frames, squares_of_cells
from engine.presence.heat import HeatRow
from engine.presence.release import Statistics
from engine.presence.zonehours import ZoneHourRow
from engine.records import F64
from engine.storage.database import Database
from engine.storage.journal import save_checkpoint

OPEN = range(8, 21)
COMINGS = 85.0  # an hour: 400,000 a year
ZONES_EACH, MOVES_EACH = 6.0, 7.0
PIECES = 120  # of the floor, that k people stand behind: squares of one have one figure


def fill_days(db: Database, plan: Plan, days: list[dt.date], seed: int = 47) -> None:
    """Puts these days where reports read."""
    rng, floor = np.random.default_rng(seed), _Floor(plan)
    for i, day in enumerate(days):
        rows = floor.of_day(day, rng)
        save_checkpoint(
            db, plan.store, i, b"", rows.heat, rows.zone_hours, [], 0.0, flows=rows.flows, expected=rows.expected
        )


class _Floor:
    """The squares of a plan's first level, and how often zones and pairs of them are visited."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        frames = heat_frames(plan, 1.0)
        cells = squares_of_cells(frames, walkable_cells(plan, 0.5))
        floor_m2: F64 = np.asarray(cells.sum(axis=1), np.float64).ravel()
        self._level = frames[0].level
        on = np.flatnonzero(floor_m2[: frames[0].size] > 0)
        self._row, self._col = np.divmod(on, frames[0].cols)
        chance = np.random.default_rng(len(plan.zones))
        self._zones = [zone.id for zone in plan.zones]
        places = [OUTSIDE, *self._zones]
        self._pairs = [(a, b) for a in places for b in places if a != b]
        visited, moved = chance.gamma(2.0, 1.0, len(self._zones)), chance.gamma(0.3, 1.0, len(self._pairs))
        self._visited, self._moved = visited / visited.sum(), moved / moved.sum()

    def of_day(self, day: dt.date, rng: np.random.Generator) -> Statistics:
        """Everything that a day lets out."""
        zone = ZoneInfo(self._plan.timezone)
        out = Statistics()
        for hour in OPEN:
            t = dt.datetime.combine(day, dt.time(hour), zone).timestamp()
            came = rng.poisson(COMINGS)
            out.heat.extend(self._heat(t, rng))
            for name, n in zip(self._zones, rng.poisson(ZONES_EACH * came * self._visited).tolist(), strict=True):
                if n:
                    spent = float(n * rng.gamma(4.0, 20.0))
                    out.zone_hours.append(ZoneHourRow(t, name, spent, n, spent, float(rng.integers(1, 9))))
                    out.expected.append(_make_expected(t, name, spent, n))
            moves = rng.poisson(MOVES_EACH * came * self._moved).tolist()
            out.flows.extend(FlowRow(t, a, b, n) for (a, b), n in zip(self._pairs, moves, strict=True) if n)
        return out

    def _heat(self, t: float, rng: np.random.Generator) -> Iterator[HeatRow]:
        centre = rng.integers(0, len(self._row), PIECES)
        far = (self._row[:, None] - self._row[centre]) ** 2 + (self._col[:, None] - self._col[centre]) ** 2
        spent = rng.gamma(1.0, 30.0, PIECES)[np.argmin(far, axis=1)]
        columns = (self._col.tolist(), self._row.tolist(), spent.tolist(), (spent / 3.0).tolist())
        return (HeatRow(t, self._level, *values) for values in zip(*columns, strict=True))


def _make_expected(t: float, zone: str, spent: float, n: int) -> ExpectedRow:
    return ExpectedRow(t, zone, spent, 1.1 * n, spent, 0.1 * spent, 0.1 * n, 0.2 * spent, 0.1, n, spent**2 / n, spent)
