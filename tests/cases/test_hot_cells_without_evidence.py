"""A page said "not enough data" above a plan with outlined hot cells.

Elsewhere: words and drawing came from two tests with two thresholds. Input: one person who stands still in a corner of
a level that nobody else was on, so that its squares are far above the level's mean, and a corner that is busy on
enough evidence. Right: squares are outlined only where a zone's verdict, or for floor outside zones the level's
evidence, says that there was enough to go by.
"""

from __future__ import annotations

import numpy as np
from shapely.geometry import box

from engine.plan.cells import walkable_cells
from engine.plan.model import Level, Plan, Zone
from engine.presence.heat import HeatRow
from engine.presence.hotzones import HotState, HotZones

FLOOR = box(0, 0, 20, 12)
PLAN = Plan(
    "shop",
    "Shop",
    "Europe/Paris",
    "EUR",
    None,
    (Level("ground", 0, "Ground", 3.0, 0.0, FLOOR),),
    zones=(
        Zone("corner", "ground", "Corner", "x", box(0, 0, 4, 4)),
        Zone("rest", "ground", "Rest", "x", box(8, 0, 20, 12)),
    ),
)
TESTS = HotZones(PLAN, walkable_cells(PLAN, 0.5), 1.0)


def squares(person_s: float) -> list[HeatRow]:
    """16 squares of the corner, heated alike, and a little everywhere else."""
    quiet = [HeatRow(0.0, "ground", c, r, 1.0, 1.0) for c in range(20) for r in range(12)]
    return [*quiet, *(HeatRow(0.0, "ground", c, r, person_s / 16, 20.0) for c in range(4) for r in range(4))]


def outlined(person_s: float, visits: int) -> tuple[HotState, int]:
    levels = TESTS.levels(squares(person_s))
    verdicts = TESTS.zones(levels, {"corner": visits, "rest": 9})
    [hot] = TESTS.outline(levels, verdicts)
    assert np.nanmin(levels[0].q) < 0.05  # the squares by themselves are hot
    return verdicts[0].state, int(hot[:4, :4].sum())


def test_one_person_who_stands_still_is_not_outlined() -> None:
    assert outlined(1000.0, 1) == (HotState.NOT_ENOUGH_EVIDENCE, 0)  # too little on the level
    assert outlined(9000.0, 1) == (HotState.NOT_ENOUGH_EVIDENCE, 0)  # enough of it, but of one visit


def test_a_busy_corner_is() -> None:
    state, n = outlined(9000.0, 9)
    assert state is HotState.HOT
    assert n == 15, "its corners have the fewest neighbours"
