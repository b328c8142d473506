"""Who has come in for an order: soon after the entrance, and nobody who passes by the window."""

from __future__ import annotations

import numpy as np
import pytest
from shapely.geometry import Point, Polygon

from engine.plan.cells import Cells, walkable_cells
from engine.plan.model import Level, Opening, Plan
from engine.presence.arrivals import FORGET_S, ArrivalWatch, CameIn
from engine.records import F64, DeviceId, Fixes

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


FINE = walkable_cells(SITE, 2.0)
"""Centres at 1, 3, 5 … m: a row of them is 3 m behind the front to the inch."""


def at_cell(spot: tuple[float, float], *t: float, device: int = 7, sigma_m: float = 3.0, share: float = 1.0) -> Fixes:
    """Fixes with `share` of the posterior on one cell of FINE and the rest on the one in the corner at the front, with
    a radial standard deviation of `sigma_m`."""
    n, posterior = len(t), np.zeros((len(t), len(FINE)), np.float32)
    here, corner = (
        int(np.argmin(np.hypot(FINE.x_m - x, FINE.y_m - y))) for x, y in (spot, (1.0, 1.0))
    )  # no door is near the corner, and it is not deep
    posterior[:, corner], posterior[:, here] = 1.0 - share, share
    cov = np.repeat(np.eye(2)[None] * sigma_m**2 / 2, n, axis=0)
    place = np.full(n, spot[0]), np.full(n, spot[1])
    return Fixes(np.array(t), np.full(n, device, np.uint64), np.zeros(n, np.int32), *place, cov,
                 np.full(n, 4, np.int32), posterior)  # fmt: skip


def told(site: Plan, *parts: Fixes, drive: bool = False) -> CameIn | None:
    return first(ArrivalWatch(site, FINE).update(Fixes.concat(list(parts)), {7: drive}))


INSIDE, AT_DOOR = (13.0, 9.0), (11.0, 1.0)
CLEAR_FIX = float(np.log(0.95 / 0.05))
"""What the surest fix says for two seconds, in nats: 2.944. Six nats are enough without a door, three after one."""


def test_the_first_fix_weighs_half_a_second_and_a_later_one_two_at_most() -> None:
    """0.736 of the first, 2.944 of each that comes two seconds later or more: 6.0 are reached with the third."""
    assert CLEAR_FIX * 0.5 / 2 + 2 * CLEAR_FIX > 6.0 > CLEAR_FIX * 0.5 / 2 + 1.5 * CLEAR_FIX
    assert told(SITE, at_cell(INSIDE, 0.0, 2.0)) is None
    assert told(SITE, at_cell(INSIDE, 0.0, 60.0)) is None, "a minute says no more than two seconds"
    assert told(SITE, at_cell(INSIDE, 0.0, 60.0, 61.0)) is None
    assert told(SITE, at_cell(INSIDE, 0.0, 60.0, 62.0)) == CameIn(DeviceId(7), 0.0, 62.0)


def test_fixes_in_quick_succession_count_for_half_a_second_each() -> None:
    """0.736 each, though a tenth of a second apart: nine make 6.6, eight 5.9."""
    quick = [0.1 * k for k in range(9)]
    assert told(SITE, at_cell(INSIDE, *quick[:8])) is None
    assert told(SITE, at_cell(INSIDE, *quick)) == CameIn(DeviceId(7), 0.0, quick[8])


@pytest.mark.parametrize(("after_s", "at"), [(120.0, 2.0), (120.5, 4.0)])
def test_the_door_says_so_for_two_minutes(after_s: float, at: float) -> None:
    """Two fixes two seconds apart are 5.9 nats, enough for who was at the door two minutes ago, and no one else."""
    begun = after_s - 2.0
    found = told(SITE, at_cell(AT_DOOR, 0.0), at_cell(INSIDE, begun, begun + 2.0, begun + 4.0))
    assert found == CameIn(DeviceId(7), 0.0, begun + at), "the door is forgotten, or the first fix was at it"


def test_a_door_is_where_half_of_the_posterior_is() -> None:
    """5.9 nats two seconds apart: told only of who is known to have been at the door."""
    inside = at_cell(INSIDE, 2.0, 4.0)
    assert told(SITE, at_cell(AT_DOOR, 0.0, share=0.5), inside) == CameIn(DeviceId(7), 0.0, 4.0)
    assert told(SITE, at_cell(AT_DOOR, 0.0, share=0.49), inside) is None


@pytest.mark.parametrize(("x", "near"), [(9.0, True), (15.0, True), (7.0, False), (17.0, False)])
def test_at_the_door_is_within_four_metres_of_it(x: float, near: bool) -> None:
    """The door is at x = 12 in the front: a fix at (9, 1) is 3.2 m from it, one at (7, 1) 5.1 m."""
    assert (told(SITE, at_cell((x, 1.0), 0.0), at_cell(INSIDE, 2.0, 4.0)) is not None) is near


@pytest.mark.parametrize(("y", "deep"), [(1.0, False), (3.0, False), (5.0, True), (17.0, True)])
def test_inside_is_further_than_three_metres_behind_the_front(y: float, deep: bool) -> None:
    assert (told(SITE, at_cell((21.0, y), *np.arange(0.0, 20.0, 2.0))) is not None) is deep


def test_behind_every_front_that_has_an_entrance() -> None:
    """A second door in the wall at x = 24: a fix 1 m before that one is outside of it, however far from the first."""
    both = plan(ENTRANCE, Opening("side", "ground", "entrance", Point(24.0, 9.0)))
    times = np.arange(0.0, 20.0, 2.0)
    assert told(both, at_cell((23.0, 15.0), *times)) is None
    assert told(SITE, at_cell((23.0, 15.0), *times)) is not None
    assert told(both, at_cell(INSIDE, *times)) is not None


def test_a_vague_fix_counts_less_as_the_square_of_its_error() -> None:
    """At 6 m a quarter of one at 3 m, or less: 0.184 of the first and 0.736 of each of the others, so the ninth."""
    times = np.arange(0.0, 40.0, 2.0)
    sharp, good, vague = (told(SITE, at_cell(INSIDE, *times, sigma_m=s)) for s in (0.5, 2.9, 6.0))
    assert sharp == good == CameIn(DeviceId(7), 0.0, 4.0), "up to 3 m a fix counts in full"
    assert vague == CameIn(DeviceId(7), 0.0, 16.0)


def test_evidence_against_takes_away_and_never_goes_below_nothing() -> None:
    """Half a minute before the window is forgotten at the first step inside; two fixes outside undo two inside."""
    outside = (21.0, 1.0)
    late = told(SITE, at_cell(outside, *np.arange(0.0, 30.0, 2.0)), at_cell(INSIDE, 30.0, 32.0, 34.0))
    assert late == CameIn(DeviceId(7), 0.0, 34.0), "three of 2.944"
    undone = [at_cell(INSIDE, 0.0, 2.0), at_cell(outside, 4.0, 6.0), at_cell(INSIDE, 8.0, 10.0)]
    assert told(SITE, *undone) is None
    assert told(SITE, *undone, at_cell(INSIDE, 12.0)) == CameIn(DeviceId(7), 0.0, 12.0)


def test_who_is_as_likely_outside_says_nothing() -> None:
    assert told(SITE, at_cell(INSIDE, *np.arange(0.0, 600.0, 2.0), share=0.5)) is None


@pytest.mark.parametrize(("silent_s", "found"), [(FORGET_S, 0), (FORGET_S + 1.0, 1)])
def test_who_was_unheard_for_a_quarter_of_an_hour_comes_in_anew(silent_s: float, found: int) -> None:
    assert FORGET_S == 900.0
    watch = ArrivalWatch(SITE, FINE)
    assert watch.update(at_cell(INSIDE, 0.0, 2.0, 4.0, 6.0), {7: False}) == [CameIn(DeviceId(7), 0.0, 4.0)]
    again = [6.0 + silent_s + 2.0 * k for k in range(6)]
    assert len(watch.update(at_cell(INSIDE, *again), {7: False})) == found


def test_the_drive_is_eight_metres_around_its_point_and_knows_no_door() -> None:
    """The pick-up point is at (2, 16): (9, 15) is 7.1 m away, (11, 15) 9.1 m."""
    times = np.arange(0.0, 20.0, 2.0)
    assert told(SITE, at_cell((9.0, 15.0), *times), drive=True) == CameIn(DeviceId(7), 0.0, 4.0)
    assert told(SITE, at_cell((11.0, 15.0), *times), drive=True) is None
    assert told(SITE, at_cell(AT_DOOR, 0.0), at_cell((9.0, 15.0), 2.0, 4.0), drive=True) is None


def test_arrivals_are_told_by_time_whoever_they_are() -> None:
    late, soon = at_cell(INSIDE, 10.0, 12.0, 14.0, device=7), at_cell(INSIDE, 0.0, 2.0, 4.0, device=9)
    found = ArrivalWatch(SITE, FINE).update(Fixes.concat([late, soon]), {7: False, 9: False})
    assert [(int(one.device), one.entered_at, one.at) for one in found] == [(9, 0.0, 4.0), (7, 10.0, 14.0)]
