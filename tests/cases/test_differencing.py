"""Two reports that differ by one person told about that person: a period and one an hour longer, a zone and its part.

Input: drawn days of up to forty people who go from zone to zone, some zones holding others. An attacker has every
figure of every table at every moment. Right: each change of a figure has at least k people behind it, and so has each
difference of a zone and what it holds; what lies within one block is its sum laid out by the clock, whoever came when.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from shapely import box

from engine.plan.cells import walkable_cells
from engine.plan.model import Zone
from engine.presence.release import Release, Statistics
from tests.api.site import small_plan
from tests.engine.presence.test_release import BLOCK_S, PLAN, T0, K, Shop, at_cells, left

ZONES = [zone.id for zone in PLAN.zones]
NESTED = replace(
    small_plan(),
    zones=(
        Zone("shop", "ground", "Shop", "", box(0, 0, 10, 8)),
        Zone("wine", "ground", "Wine", "", box(0, 0, 4, 4)),
        Zone("tea", "ground", "Tea", "", box(6, 0, 10, 4)),
    ),
)


@pytest.mark.parametrize("seed", range(6))
def test_no_difference_of_figures_has_fewer_than_k_people_behind_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shop = Shop()
    waiting: dict[str, set[int]] = defaultdict(set)  # zone -> who was in it since it was let out last
    pairs: dict[str, set[int]] = defaultdict(set)
    floor: set[int] = set()
    let_out = 0
    shop.step(T0, [], [])
    for i in range(150):
        devices = rng.choice(40, int(rng.integers(1, 4)), replace=False) + 1
        zones = [ZONES[z] for z in rng.choice(len(ZONES), devices.size, p=_popularity(rng))]
        cells = rng.integers(0, 300, devices.size).tolist()
        out = shop.step(T0 + BLOCK_S / 2 * i + 1, devices.tolist(), cells, zones)
        floor |= set(devices.tolist())
        for device, zone in zip(devices.tolist(), zones, strict=True):
            pairs[zone].add(device)
            waiting[zone].add(device)
        let_out += _check(out, waiting, pairs, floor)
    assert let_out > 10, "there was something to attack"


def _popularity(rng: np.random.Generator) -> list[float]:
    weights = np.array([3.0 / (z + 1) for z in range(len(ZONES))])
    return (weights / weights.sum()).tolist()


def _check(out: Statistics, waiting: dict[str, set[int]], pairs: dict[str, set[int]], floor: set[int]) -> int:
    """How many figures moved; each moved for K people at least."""
    moved = {r.zone for r in out.zone_hours if r.visits}
    for zone in moved:
        assert len(waiting[zone]) >= K
        waiting[zone] = set()
    changed = {r.to_zone for r in out.flows}
    for zone in changed:
        assert len(pairs[zone]) >= K
        pairs[zone] = set()
    if out.heat:
        assert len(floor) >= K
        floor.clear()
    return len(moved) + len(changed) + bool(out.heat)


def _stays(made: Release, *stays: tuple[str, range]) -> None:
    made.see(at_cells([], [], T0), [left(device, zone, T0 + 60) for zone, devices in stays for device in devices])


def test_a_zone_less_its_part_is_nobody_or_k_people() -> None:
    """Twenty people in the shop, nineteen of them at the wine: the twentieth would be the difference."""
    made = Release(NESTED, walkable_cells(NESTED, 0.5), 1.0, k=K, block_s=BLOCK_S)
    made.take(Statistics(), T0)
    _stays(made, ("shop", range(1, 21)), ("wine", range(1, 20)))
    assert {r.zone for r in made.take(Statistics(), T0 + BLOCK_S).zone_hours} == {"wine"}
    _stays(made, ("shop", range(20, 30)), ("tea", range(21, 30)))
    assert made.take(Statistics(), T0 + 2 * BLOCK_S).zone_hours == [], "nor may one be left by all its parts"
    _stays(made, ("shop", range(30, 40)))
    rows = made.take(Statistics(), T0 + 3 * BLOCK_S).zone_hours
    assert [(r.zone, r.visits) for r in rows] == [("shop", 40)]


def test_when_somebody_came_within_a_block_leaves_no_trace() -> None:
    """Two days that differ in the hours in which five of twelve people came end with the same figures."""
    figures = []
    for hours in ((0.2, 5.1), (3.3, 5.1), (1.0, 5.2)):
        shop = Shop()
        shop.step(T0, [], [])
        for first, last, hour in ((1, 6, hours[0]), (6, 13, hours[1])):
            for late in range(first, last):
                shop.step(T0 + 3600 * hour + late, [late], [late], [ZONES[0]])
        for quarter in range(21, 26):
            shop.step(T0 + BLOCK_S * quarter + 30, [], [])
        figures.append((shop.heat, shop.hours, shop.flows))
    assert figures[0][0]
    assert figures[1] == figures[0]
    assert figures[2] == figures[0]
