"""Heat and zone hours: nothing lost, nothing invented, hours split, restarts invisible."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Polygon, box

from engine.plan.cells import Cells, walkable_cells
from engine.plan.model import Level, Plan, Zone
from engine.presence.heat import HeatGrid, HeatRow, ZoneHourRow, ZoneHours
from engine.presence.intervals import FixIntervals
from engine.records import F32, DeviceId, VisitEvent
from tests.engine.presence.made import fixes_of, part_of
from tests.examples import examples

HOUR = 1_770_001_200.0  # a full hour UTC
ELL = Polygon([(-3, 1), (5, 1), (5, 3), (0, 3), (0, 6), (-3, 6)])


def two_levels() -> Plan:
    """An L-shaped ground floor beside the origin, and a square first floor."""
    levels = (Level("g", 0, "Ground", 3.0, 0.0, ELL), Level("u", 1, "Upper", 3.0, 3.0, box(0, 0, 4, 4)))
    zones = (Zone("a", "g", "A", "", box(-3, 1, 5, 3)), Zone("b", "u", "B", "", box(0, 0, 2, 4)))
    return Plan("s", "S", "Europe/Paris", "EUR", None, levels, zones=zones)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return two_levels()


@pytest.fixture(scope="module")
def cells(plan: Plan) -> Cells:
    return walkable_cells(plan, 0.5)


def somewhere(rng: np.random.Generator, n: int, cells: Cells) -> F32:
    p = rng.gamma(0.2, size=(n, len(cells)))
    return (p / p.sum(axis=1, keepdims=True)).astype(np.float32)


def test_intervals_are_capped_and_begin_at_the_first_fix() -> None:
    one = np.ones(6, np.uint64)
    t = np.array([0.0, 3.0, 33.0, 64.0, 184.0, 400.0])
    assert FixIntervals(gap_max_s=10.0).seconds(one, t).tolist() == [0.0, 3.0, 30.0, 30.0, 30.0, 0.0]


def test_intervals_do_not_depend_on_batches_and_old_devices_are_forgotten() -> None:
    rng = np.random.default_rng(1)
    t = np.sort(rng.uniform(0, 20_000, 3000))
    device = rng.integers(0, 60, 3000).astype(np.uint64)
    whole, parts = FixIntervals(), FixIntervals()
    expected = whole.seconds(device, t)
    got = [parts.seconds(device[i : i + 17], t[i : i + 17]) for i in range(0, 3000, 17)]
    np.testing.assert_array_equal(np.concatenate(got), expected)
    parts.seconds(np.array([99], np.uint64), np.array([30_000.0]))
    assert parts.state()["table"]["device"].tolist() == [99]


def test_the_part_before_the_hour_goes_to_the_hour_before() -> None:
    shares = FixIntervals().shares(np.ones(3, np.uint64), HOUR + np.array([-10.0, 5.0, 8.0]))
    by_hour: dict[float, float] = defaultdict(float)
    for hour, seconds in zip(shares.hour_start.tolist(), shares.seconds.tolist(), strict=True):
        by_hour[hour] += seconds
    assert by_hour == {HOUR - 3600: 10.0, HOUR: 8.0}


def place(grid: HeatGrid, row: HeatRow) -> tuple[float, float]:
    """The centre of a heat square."""
    frame = next(f for f in grid.frames if f.level == row.level)
    return frame.x0_m + (row.col + 0.5) * frame.heat_cell_m, frame.y0_m + (row.row + 0.5) * frame.heat_cell_m


@pytest.mark.parametrize("heat_cell_m", [0.5, 1.0, 2.0, 3.3])
def test_a_sure_fix_heats_the_square_around_its_cell(plan: Plan, cells: Cells, heat_cell_m: float) -> None:
    for cell in range(len(cells)):
        grid = HeatGrid(plan, cells, heat_cell_m)
        posterior = np.zeros((2, len(cells)), np.float32)
        posterior[:, cell] = 1.0
        grid.add(fixes_of([1, 1], [HOUR, HOUR + 4], posterior))
        (row,) = grid.drain()
        assert (row.hour_start, row.level) == (HOUR, plan.levels[cells.level[cell]].id)
        assert (row.person_s, row.fixes) == (4.0, 2.0)
        x_m, y_m = place(grid, row)
        assert abs(x_m - cells.x_m[cell]) <= heat_cell_m / 2
        assert abs(y_m - cells.y_m[cell]) <= heat_cell_m / 2
        assert row.col >= 0
        assert row.row >= 0


def test_all_time_and_all_fixes_are_kept(plan: Plan, cells: Cells) -> None:
    rng = np.random.default_rng(2)
    n = 600
    t = HOUR - 900 + np.sort(rng.uniform(0, 1800, n))
    fixes = fixes_of(rng.integers(0, 20, n).tolist(), t.tolist(), somewhere(rng, n, cells))
    seconds = FixIntervals().seconds(fixes.device, fixes.t)
    grid, rows = HeatGrid(plan, cells, 1.0), []
    for i in range(0, n, 50):
        grid.add(part_of(fixes, slice(i, i + 50)))
        if i % 150 == 0:
            rows += grid.drain()
    grid.add(fixes_of([77], [HOUR + 7200], somewhere(rng, 1, cells)))  # the hour turns: traces come out
    rows += grid.drain()
    past = [r for r in rows if r.hour_start <= HOUR]
    assert sum(r.person_s for r in past) == pytest.approx(seconds.sum(), rel=1e-5)
    assert sum(r.fixes for r in past) == pytest.approx(n, rel=1e-5)
    assert {r.hour_start for r in rows} == {HOUR - 3600, HOUR, HOUR + 7200}
    assert min(r.person_s for r in rows) >= 0


def test_traces_wait_until_they_are_worth_a_row(plan: Plan, cells: Cells) -> None:
    grid = HeatGrid(plan, cells, 1.0)
    posterior = np.full((2, len(cells)), 1e-4, np.float32)
    posterior[:, 0] = 1.0
    grid.add(fixes_of([1, 1], [HOUR, HOUR + 3], posterior))
    assert len(grid.drain()) == 1
    assert grid.drain() == []


def test_restored_heat_goes_on_to_the_bit(plan: Plan, cells: Cells) -> None:
    rng = np.random.default_rng(3)
    n = 200
    fixes = fixes_of(rng.integers(0, 9, n).tolist(), (HOUR + np.arange(n) * 20.0).tolist(), somewhere(rng, n, cells))
    one = HeatGrid(plan, cells, 1.0)
    for i in range(0, n, 20):
        one.add(part_of(fixes, slice(i, i + 20)))
        two = HeatGrid(plan, cells, 1.0)
        two.restore(one.state())
        if i == 100:
            assert one.drain() == two.drain()
        one, straight = two, one
        straight.add(part_of(fixes, slice(i + 20, i + 40)))
        check = HeatGrid(plan, cells, 1.0)
        check.restore(one.state())
        check.add(part_of(fixes, slice(i + 20, i + 40)))
        assert check.drain() == straight.drain()
    with pytest.raises(ValueError, match="squares"):
        HeatGrid(plan, cells, 2.0).restore(one.state())


def leave(zone: str, started_at: float, dwell_s: float) -> VisitEvent:
    return VisitEvent("leave", DeviceId(1), zone, started_at, started_at + dwell_s, dwell_s, 0.1)


def test_zone_hours_add_up_time_visits_and_the_peak() -> None:
    hours = ZoneHours(["a", "b"])
    for k in range(21):  # three people in a, the third for the first 30 s only; half a person in b
        devices = [1, 2, 3] if k <= 10 else [1, 2]
        p = np.array([[1.0, 0.0], [0.5, 0.5], [1.0, 0.0]], np.float32)[: len(devices)]
        hours.add(fixes_of(devices, [HOUR + 3.0 * k] * len(devices)), p)
    hours.add_visits([leave("a", HOUR - 5, 40.0), leave("a", HOUR, 20.0), leave("a", HOUR + 9, 10.0)])
    rows = {(r.hour_start, r.zone): r for r in hours.drain()}
    assert rows[HOUR, "a"] == ZoneHourRow(HOUR, "a", 60 + 30 + 30, 2, 30.0, 2.5)
    assert rows[HOUR, "b"] == ZoneHourRow(HOUR, "b", 30.0, 0, 0.0, 0.5)
    assert rows[HOUR - 3600, "a"] == ZoneHourRow(HOUR - 3600, "a", 0.0, 1, 40.0, 0.0)
    assert hours.drain() == []


def test_the_peak_forgets_who_has_gone() -> None:
    hours = ZoneHours(["a"])
    for k in range(10):  # ten people, one after the other, each for one fix, 40 s apart
        hours.add(fixes_of([k], [HOUR + 40.0 * k]), np.ones((1, 1), np.float32))
    (row,) = hours.drain()
    assert row.persons_peak == 1.0


@examples(40)
@given(st.integers(0, 10_000), st.integers(1, 30))
def test_zone_hours_restored_go_on_to_the_bit(seed: int, cut: int) -> None:
    rng = np.random.default_rng(seed)
    n = 60
    p = rng.uniform(size=(n, 2)).astype(np.float32)
    fixes = fixes_of(rng.integers(0, 5, n).tolist(), (HOUR - 300 + np.sort(rng.uniform(0, 600, n))).tolist())
    one, two = ZoneHours(["a", "b"]), ZoneHours(["a", "b"])
    for i in range(0, n, cut):
        one.add(part_of(fixes, slice(i, i + cut)), p[i : i + cut])
        two.add(part_of(fixes, slice(i, i + cut)), p[i : i + cut])
        state = two.state()
        two = ZoneHours(["a", "b"])
        two.restore(state)
    assert one.drain() == two.drain()
    with pytest.raises(ValueError, match="other zones"):
        ZoneHours(["a"]).restore(two.state())


def test_what_is_less_than_a_twentieth_of_a_second_waits_within_its_hour(plan: Plan, cells: Cells) -> None:
    """Of two squares one has 4 s, the other 0.04 s and then as much again: it comes with the second."""
    grid = HeatGrid(plan, cells, 1.0)
    upper = int(np.flatnonzero(cells.level == 1)[0])
    posterior = np.zeros((2, len(cells)), np.float32)
    posterior[:, 0], posterior[:, upper] = 0.99, 0.01
    grid.add(fixes_of([1, 1], [HOUR, HOUR + 4], posterior))
    assert [(row.level, row.fixes) for row in grid.drain()] == [("g", pytest.approx(1.98))]
    grid.add(fixes_of([1, 1], [HOUR + 6, HOUR + 8], posterior))
    assert [(row.level, row.person_s) for row in grid.drain()] == [
        ("g", pytest.approx(3.96)), ("u", pytest.approx(0.08)),
    ]  # fmt: skip
    assert grid.state()["hours"].tolist() == []


def test_traces_of_an_hour_that_is_over_are_told(plan: Plan, cells: Cells) -> None:
    grid = HeatGrid(plan, cells, 1.0)
    posterior = np.zeros((1, len(cells)), np.float32)
    posterior[:, 0], posterior[:, -1] = 0.99, 0.01
    grid.add(fixes_of([1], [HOUR], posterior))
    assert len(grid.drain()) == 1
    grid.add(fixes_of([2], [HOUR + 3600], posterior))
    assert [(row.hour_start - HOUR, row.level) for row in grid.drain()] == [(0.0, "u"), (3600.0, "g")]
    grid.start_anew()
    grid.add(fixes_of([2], [HOUR + 3600], posterior))
    assert [(row.level, row.person_s, row.fixes) for row in grid.drain()] == [("g", 0.0, pytest.approx(0.99))]


def test_where_time_begins_anew_nobody_is_there_yet_and_who_objects_is_not_counted() -> None:
    hours = ZoneHours(["a"])
    hours.add(fixes_of([1], [HOUR + 5.0]), np.ones((1, 1), np.float32))
    hours.start_anew()
    hours.drain()
    hours.add(fixes_of([2], [HOUR]), np.ones((1, 1), np.float32))
    assert [(row.person_s, row.persons_peak) for row in hours.drain()] == [(0.0, 1.0)]
    hours.forget(np.array([2], np.uint64))
    hours.add(fixes_of([3], [HOUR + 10.0]), np.ones((1, 1), np.float32))
    assert [row.persons_peak for row in hours.drain()] == [1.0]
