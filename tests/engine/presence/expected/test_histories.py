"""Histories of stays become rows that add up, and no longer than a stay goes on are they kept."""

from __future__ import annotations

import numpy as np
import pytest
from shapely.geometry import Point, box

from engine.plan.cells import walkable_cells, zone_membership
from engine.plan.model import Level, Opening, Plan, Zone
from engine.presence.expected.histories import Histories, till_membership, tills_within
from engine.presence.expected.rows import FLOOR, PRODUCT, UNKNOWN, ExpectedRow, add_up
from engine.presence.flows import leaf_zones
from engine.presence.stays import visit_id_of
from engine.records import DeviceId, StoreVisit
from engine.runtime.renaming import rename_devices
from engine.runtime.stored.packing import pack, unpack
from tests.engine.presence.made import fixes_of
from tests.engine.runtime.made import boutique

PLAN = boutique()
CELLS = walkable_cells(PLAN, 0.5)
LEAVES = leaf_zones(PLAN)
T0 = 1_800_000_000.0 // 3600 * 3600


def stay(device: int, since: float, until: float) -> StoreVisit:
    return StoreVisit(visit_id_of(device, since), DeviceId(device), since, until)


def wander(made: Histories, device: int, t: np.ndarray, seed: int = 1) -> None:
    """Fixes whose posteriors are lumps of floor that move about."""
    rng = np.random.default_rng([seed, device])
    rows = np.zeros((len(t), len(CELLS)), np.float32)
    for i, centre in enumerate(np.repeat(rng.integers(0, len(CELLS), len(t) // 10 + 1), 10)[: len(t)].tolist()):
        near = np.hypot(CELLS.x_m - CELLS.x_m[centre], CELLS.y_m - CELLS.y_m[centre]) < 2.0
        rows[i] = near / near.sum()
    made.add(fixes_of([device] * len(t), t.tolist(), rows))


def rows_of(made: Histories) -> list[ExpectedRow]:
    return add_up(row for _, row in made.drain())


def test_zones_floor_and_unknown_add_up_to_the_time_of_the_devices() -> None:
    made = Histories(PLAN, CELLS)
    whole = 0.0
    for device in (1, 2, 3):
        t = T0 + 1000.0 * device + np.r_[np.arange(0, 300, 3.0), np.arange(390, 900, 3.0)]  # silent for 90 s
        wander(made, device, t)
        made.end([stay(device, t[0], t[-1])])
        whole += t[-1] - t[0]
    rows = rows_of(made)
    by_zone = {zone: sum(r.person_s for r in rows if r.zone == zone) for zone in (*LEAVES, FLOOR, UNKNOWN)}
    assert by_zone[UNKNOWN] == pytest.approx(3 * (93 - 30), abs=10)
    assert by_zone[FLOOR] > 0
    assert sum(by_zone.values()) == pytest.approx(whole, rel=1e-3)


def test_a_stay_across_the_full_hour_is_counted_in_both_and_its_variance_adds_up() -> None:
    hour = T0 + 3600.0
    split, alone = Histories(PLAN, CELLS), Histories(PLAN, CELLS)
    for made, shift in ((split, 0.0), (alone, 1000.0)):
        t = hour - 300.0 + shift + np.arange(0, 600, 3.0)
        wander(made, 7, t)
        made.end([stay(7, t[0], t[-1])])
    two, one = rows_of(split), rows_of(alone)
    assert {r.hour_start for r in two} == {T0, hour}
    for zone in {r.zone for r in one}:
        [whole] = [r for r in one if r.zone == zone]
        for name in ("person_s", "visits", "dwell_s", "visits_var", "dwell_var", "cross_var", "dwell_sq"):
            parts = sum(getattr(r, name) for r in two if r.zone == zone)
            assert parts == pytest.approx(getattr(whole, name), abs=1e-6)


def test_what_a_stay_adds_waits_until_it_is_over() -> None:
    made = Histories(PLAN, CELLS)
    wander(made, 1, T0 + np.arange(0, 60, 3.0))
    wander(made, 2, T0 + np.arange(0, 60, 3.0))
    assert made.drain() == []
    made.end([stay(1, T0, T0 + 57.0)])
    assert {device for device, _ in made.drain()} == {1}
    made.end([stay(2, T0, T0 + 57.0)])
    assert {device for device, _ in made.drain()} == {2}
    assert made.drain() == []


def test_what_never_leaves_is_staff_and_in_no_figure() -> None:
    made = Histories(PLAN, CELLS, staff_after_s=600.0)
    wander(made, 1, T0 + np.arange(0, 900, 30.0))
    wander(made, 2, T0 + np.arange(0, 300, 30.0))
    made.end([stay(1, T0, T0 + 870.0), stay(2, T0, T0 + 270.0)])
    assert {device for device, _ in made.drain()} == {2}
    assert made.staff.tolist() == [1]


def test_a_restored_one_goes_on_under_new_names() -> None:
    straight, made = Histories(PLAN, CELLS), Histories(PLAN, CELLS)
    for each in (straight, made):
        wander(each, 5, T0 + np.arange(0, 60, 3.0))
        wander(each, 9, T0 + np.arange(0, 60, 3.0))
        each.end([stay(9, T0, T0 + 57.0)])
    again = Histories(PLAN, CELLS)
    again.restore(rename_devices(unpack(pack(made.state())), {5: 3}))
    for each, device in ((straight, 5), (again, 3)):
        wander(each, device, T0 + 60 + np.arange(0, 60, 3.0), seed=device == 5 or 1)
        each.end([stay(device, T0, T0 + 117.0)])
    was, now = dict_of(straight), dict_of(again)
    assert was.keys() == {5, 9}
    assert now.keys() == {3, 9}
    assert now[9] == was[9]


def dict_of(made: Histories) -> dict[int, list[ExpectedRow]]:
    out: dict[int, list[ExpectedRow]] = {}
    for device, row in made.drain():
        out.setdefault(device, []).append(row)
    return out


def test_who_objects_is_in_no_figure() -> None:
    made = Histories(PLAN, CELLS)
    wander(made, 1, T0 + np.arange(0, 60, 3.0))
    made.forget(np.array([1], np.uint64))
    made.end([stay(1, T0, T0 + 57.0)])
    assert made.drain() == []


def test_every_cell_is_in_a_zone_or_on_the_floor_between() -> None:
    leaves = zone_membership(PLAN, CELLS)[:, [PLAN.zone_index[z] for z in LEAVES]]
    made = Histories(PLAN, CELLS)
    assert ((leaves.sum(axis=1) > 0) == (made._members[:, -1] == 0)).all()


def test_stops_of_a_stay_say_when_and_how_likely_and_are_those_of_the_last_drain() -> None:
    made = Histories(PLAN, CELLS)
    wander(made, 1, T0 + np.arange(0, 900, 3.0))
    made.end([stay(1, T0, T0 + 897.0)])
    expected = {row.zone.removeprefix(PRODUCT): row.visits for _, row in made.drain() if row.zone.startswith(PRODUCT)}
    assert made.stops
    for one in made.stops:
        assert one.device == 1
        assert T0 <= one.stop.at <= T0 + 897.0
        assert 0.0 < one.stop.chance <= min(1.0, expected[one.sku] + 1e-9)
    made.drain()
    assert made.stops == []


BOTH = Plan(
    "s", "S", "UTC", "EUR", None, (Level("g", 0, "G", 3, 0, box(0, 0, 12, 4)),),
    zones=(Zone("tea", "g", "Tea", "", box(0, 0, 4, 4)), Zone("jam", "g", "Jam", "", box(8, 0, 12, 4))),
    openings=(Opening("till", "g", "checkout", Point(2, 2)), Opening("far", "g", "checkout", Point(90, 90)),
              Opening("door", "g", "entrance", Point(10, 2))),
)  # fmt: skip
CELLS_OF_BOTH = walkable_cells(BOTH, 1.0)


def at_x(x: float) -> int:
    return int(np.argmin(np.hypot(CELLS_OF_BOTH.x_m - x, CELLS_OF_BOTH.y_m - 0.5)))


def sure_stay(made: Histories, x_by_time: list[tuple[float, float]], device: int = 7) -> None:
    """A fix right on the cell at each (time, x), and the stay is over."""
    rows = np.zeros((len(x_by_time), len(CELLS_OF_BOTH)), np.float32)
    rows[np.arange(len(rows)), [at_x(x) for _, x in x_by_time]] = 1.0
    t = [T0 + at for at, _ in x_by_time]
    made.add(fixes_of([device] * len(t), t, rows))
    made.end([stay(device, t[0], t[-1])])


def walk(*parts: tuple[float, int]) -> list[tuple[float, float]]:
    """So many fixes at each x, three seconds apart."""
    spots = [x for x, n in parts for _ in range(n)]
    return [(3.0 * i, x) for i, x in enumerate(spots)]


def test_the_ways_of_a_stay_that_is_sure_of_its_zones_are_all_alike() -> None:
    made = Histories(BOTH, CELLS_OF_BOTH)
    assert made.zones == ("tea", "jam", ":till till", "-")
    sure_stay(made, walk((0.5, 30), (6.5, 20), (9.5, 30)))
    assert made.take_ways() == [], "before it is drained"
    rows = {row.zone: row for _, row in made.drain()}
    [(who, ways)] = made.take_ways()
    assert (who, made.take_ways()) == (7, [])
    assert {tuple(visit.zone for visit in way) for way in ways} == {("tea", "jam")}
    assert (rows["tea"].visits, rows["jam"].visits) == (1.0, 1.0)
    assert sum(rows[z].person_s for z in ("tea", "jam", "-")) == pytest.approx(79 * 3.0)
    assert rows["-"].person_s == pytest.approx(60.0, abs=1.0)
    assert ":way zone tea" in rows


def test_a_stay_heard_once_is_counted_and_nothing_else_is_known_of_it() -> None:
    made = Histories(BOTH, CELLS_OF_BOTH)
    sure_stay(made, [(0.0, 0.5)])
    [(device, row)] = made.drain()
    assert (device, row.zone, row.visits, row.dwell_s) == (7, ":passed", 1.0, 0.0)
    assert made.take_ways() == []
    made.end([stay(9, T0, T0 + 5.0)])
    assert made.drain() == [], "of whom no fix was found"


def test_a_zone_of_which_there_are_traces_only_goes_to_the_floor() -> None:
    """Nine thousandths of a posterior are no part of a zone; a hundredth is."""
    for share, told in ((0.009, False), (0.012, True)):
        made = Histories(BOTH, CELLS_OF_BOTH)
        rows = np.zeros((40, len(CELLS_OF_BOTH)), np.float32)
        rows[:, at_x(6.5)], rows[:, at_x(9.5)] = 1.0 - share, share
        made.add(fixes_of([7] * 40, (T0 + 3.0 * np.arange(40)).tolist(), rows))
        made.end([stay(7, T0, T0 + 117.0)])
        found = {row.zone: row.person_s for _, row in made.drain()}
        assert ("jam" in found) is told
        assert sum(found.get(z, 0.0) for z in ("jam", "-")) == pytest.approx(117.0)


def test_tills_stand_in_the_zones_that_they_share_floor_with() -> None:
    assert list(till_membership(BOTH, CELLS_OF_BOTH)) == [":till till"], "one out of reach has no row"
    assert tills_within(BOTH, CELLS_OF_BOTH) == {"tea": frozenset({":till till"}), "jam": frozenset()}


def test_only_what_was_heard_until_its_end_is_of_a_stay() -> None:
    """The device came back after its stay was over: what is later belongs to the next one."""
    made = Histories(BOTH, CELLS_OF_BOTH)
    sure_stay(made, walk((0.5, 30)))
    made._ended[:] = [(7, T0 + 60.0)]
    rows = {row.zone: row for _, row in made.drain()}
    assert rows["tea"].person_s == pytest.approx(60.0)
    made.end([stay(7, T0 + 63.0, T0 + 87.0)])
    assert {row.zone: row for _, row in made.drain()}["tea"].person_s == pytest.approx(24.0)


def test_a_store_with_other_zones_begins_anew() -> None:
    made, other = Histories(BOTH, CELLS_OF_BOTH), Histories(PLAN, CELLS)
    sure_stay(made, walk((0.5, 30)))
    other.restore(made.state())
    assert other.drain() == []
