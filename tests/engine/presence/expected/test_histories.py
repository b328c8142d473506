"""Histories of stays become rows that add up, and no longer than a stay goes on are they kept."""

from __future__ import annotations

import numpy as np
import pytest

from engine.plan.cells import walkable_cells, zone_membership
from engine.presence.expected.histories import Histories
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
