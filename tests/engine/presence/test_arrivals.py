"""Who has come in for an order: soon after the entrance, and nobody who passes by the window."""

from __future__ import annotations

import numpy as np
from shapely.geometry import Point, Polygon

from engine.plan.cells import Cells, walkable_cells
from engine.plan.model import Level, Opening, Plan
from engine.presence.arrivals import FORGET_S, ArrivalWatch, CameIn
from engine.records import F64, Fixes

SHOP = Polygon([(0, 0), (24, 0), (24, 18), (0, 18)])
DOOR, DRIVE = Point(12.0, 0.0), Point(2.0, 16.0)
EVERY_S = 1.0
SIGMA_M = 2.0
"""Of a fix, an axis; seven tenths of its error are those of the second before."""


def plan(*openings: Opening) -> Plan:
    level = Level("ground", 0, "Ground", 3.0, 0.0, SHOP)
    return Plan("shop", "Shop", "Europe/Paris", "EUR", None, (level,), openings=openings)


ENTRANCE = Opening("door", "ground", "entrance", DOOR)
SITE = plan(ENTRANCE, Opening("drive", "ground", "drive", DRIVE))
CELLS: Cells = walkable_cells(SITE, 1.0)


def fixes(device: F64, t: F64, x: F64, y: F64) -> Fixes:
    """As a locator sees it that knows the walls: all of the posterior is inside, wherever the phone is."""
    d2 = (CELLS.x_m - x[:, None]) ** 2 + (CELLS.y_m - y[:, None]) ** 2
    weight = np.exp(-(d2 - d2.min(axis=1, keepdims=True)) / (2 * SIGMA_M**2))
    posterior = (weight / weight.sum(axis=1, keepdims=True)).astype(np.float32)
    n = len(t)
    cov = np.repeat(np.eye(2)[None] * SIGMA_M**2, n, axis=0)
    return Fixes(t, device.astype(np.uint64), np.zeros(n, np.int32), x, y, cov, np.full(n, 4, np.int32), posterior)


def err(rng: np.random.Generator, n: int) -> F64:
    """(n, 2) errors of a row of fixes."""
    out = rng.normal(0, SIGMA_M, (n, 2))
    for i in range(1, n):
        out[i] = 0.7 * out[i - 1] + np.sqrt(0.51) * out[i]
    return out


def walk(rng: np.random.Generator, x: F64, y: F64, device: int, t0: float) -> Fixes:
    noise = err(rng, len(x))
    t = t0 + EVERY_S * np.arange(len(x))
    return fixes(np.full(len(x), device), t, x + noise[:, 0], y + noise[:, 1])


def passes(rng: np.random.Generator, device: int) -> Fixes:
    """Along the front, one to four metres before it; one in five stops at the window, up to half a minute."""
    xs = np.arange(-6.0, 30.0, rng.uniform(0.9, 1.6) * EVERY_S)
    if rng.random() < 0.2:
        stop, steps = int(rng.integers(len(xs))), int(rng.integers(4, 30))
        xs = np.insert(xs, stop, np.full(steps, xs[stop]))
    heard = xs[(xs > -3) & (xs < 27)]
    return walk(rng, heard, np.full(len(heard), -rng.uniform(1.0, 4.0)), device, 0.0)


def comes_in(rng: np.random.Generator, device: int) -> tuple[Fixes, float]:
    """From the pavement through the door and on: the fixes, and when the door was passed."""
    speed, ahead_s = rng.uniform(0.9, 1.5), rng.uniform(4.0, 6.0)
    t = EVERY_S * np.arange(28)
    y = np.minimum(speed * (t - ahead_s), 14.0)
    return walk(rng, 12.0 + rng.uniform(-0.2, 0.2) * np.maximum(y, 0), y, device, 0.0), ahead_s


def first(found: list[CameIn]) -> CameIn | None:
    assert len(found) <= 1
    return found[0] if found else None


def test_at_most_one_of_500_who_pass_by_is_told() -> None:
    rng = np.random.default_rng(14)
    n, arrivals = 2_000, ArrivalWatch(SITE, CELLS)
    told = [bool(arrivals.update(passes(rng, device), {device: False})) for device in range(n)]
    assert sum(told) <= n / 500, sum(told)


def test_19_of_20_who_come_in_are_told_within_nine_seconds() -> None:
    """Of the store's time: one second is left for the way to the staff's page."""
    rng = np.random.default_rng(15)
    n, arrivals, after_s = 400, ArrivalWatch(SITE, CELLS), []
    for device in range(n):
        seen, at_door = comes_in(rng, device)
        arrival = first(arrivals.update(seen, {device: False}))
        after_s.append(np.inf if arrival is None else arrival.at - at_door)
    assert float(np.quantile(after_s, 0.95)) <= 9.0, np.quantile(after_s, [0.5, 0.9, 0.95, 0.99])


def still(x: float, y: float, n: int, device: int = 7, t0: float = 0.0) -> Fixes:
    return fixes(np.full(n, device), t0 + EVERY_S * np.arange(n), np.full(n, x), np.full(n, y))


def test_an_arrival_is_told_once_until_they_were_away() -> None:
    arrivals = ArrivalWatch(SITE, CELLS)
    assert len(arrivals.update(still(12, 14, 10), {7: False})) == 1
    assert arrivals.update(still(12, 14, 10, t0=40), {7: False}) == []
    assert len(arrivals.update(still(12, 14, 10, t0=100 + FORGET_S), {7: False})) == 1


def test_who_is_not_asked_for_is_not_followed() -> None:
    arrivals = ArrivalWatch(SITE, CELLS)
    assert arrivals.update(still(12, 14, 10), {8: False}) == []
    assert arrivals.update(still(12, 14, 3, t0=20), {7: False}) == [], "what was seen before was not kept"


def test_who_was_never_at_the_door_takes_twice_as_long() -> None:
    woke = first(ArrivalWatch(SITE, CELLS).update(still(12, 14, 12), {7: False}))
    door, inside = still(12, 0.5, 2), still(12, 14, 12, t0=4)
    came = first(ArrivalWatch(SITE, CELLS).update(Fixes.concat([door, inside]), {7: False}))
    assert woke is not None
    assert came is not None
    assert woke.at - 0.0 > came.at - 4.0
    assert (came.entered_at, woke.entered_at) == (EVERY_S, 0.0)


def test_one_wild_fix_is_nothing() -> None:
    way = [still(12, 1, 2), still(12, 17, 1, t0=4), still(12, 1, 4, t0=6)]
    assert ArrivalWatch(SITE, CELLS).update(Fixes.concat(way), {7: False}) == []


def test_at_a_drive_the_car_has_come_when_it_stands_there() -> None:
    arrivals = ArrivalWatch(SITE, CELLS)
    assert arrivals.update(still(20, 8, 12), {7: True}) == []
    assert len(arrivals.update(still(2, 16, 12, t0=30), {7: True})) == 1


def test_without_an_entrance_in_the_plan_nobody_has_come_in() -> None:
    assert ArrivalWatch(plan(), CELLS).update(still(12, 14, 50), {7: False}) == []
