"""What a store's statistics let out, and what goes on waiting."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

import numpy as np
import pytest
from shapely.geometry import box

from engine.plan.cells import walkable_cells
from engine.plan.model import Level, Plan, Zone
from engine.presence.flows import FlowRow, zones_within
from engine.presence.frames import heat_frames
from engine.presence.heat import HeatRow
from engine.presence.local_hours import HOUR_S, hours_in
from engine.presence.release import Release, Statistics, days_of, hours_of
from engine.presence.zonehours import ZoneHourRow
from engine.records import DeviceId, Fixes, VisitEvent
from engine.runtime.stored.packing import pack, unpack
from engine.vocabulary import VisitChange
from tests.engine.runtime.made import boutique

PLAN = boutique()
CELLS = walkable_cells(PLAN, 0.5)
FRAMES = heat_frames(PLAN, 1.0)
K = 10
BLOCK_S = 900.0
T0 = 1_800_000_000.0 // 3600 * 3600
WITHIN = zones_within(PLAN)


def release(k: int = K) -> Release:
    return Release(PLAN, CELLS, 1.0, k=k, block_s=BLOCK_S)


def at_cells(device: list[int], cell: list[int], t: float) -> Fixes:
    """Fixes right on cells; nobody asks for their posteriors here."""
    n = len(device)
    return Fixes(
        t=np.full(n, t),
        device=np.array(device, np.uint64),
        level=CELLS.level[cell].astype(np.int32),
        x_m=CELLS.x_m[cell],
        y_m=CELLS.y_m[cell],
        cov_m2=np.zeros((n, 2, 2)),
        n_ap=np.full(n, 4, np.int32),
        posterior=np.zeros((n, 0), np.float32),
    )


def heat_of(fixes: Fixes) -> list[HeatRow]:
    """Ten person-seconds per fix in its square."""
    rows: Counter[tuple[str, int, int]] = Counter()
    for level, x, y in zip(fixes.level.tolist(), fixes.x_m.tolist(), fixes.y_m.tolist(), strict=True):
        frame = FRAMES[level]
        rows[frame.level, int((x - frame.x0_m) // 1.0), int((y - frame.y0_m) // 1.0)] += 1
    hour = float(fixes.t[0] // 3600 * 3600)
    return [HeatRow(hour, level, col, row, 10.0 * n, float(n)) for (level, col, row), n in rows.items()]


def left(device: int, zone: str, t: float, dwell_s: float = 60.0) -> VisitEvent:
    return VisitEvent(VisitChange.LEAVE, DeviceId(device), zone, t - dwell_s, t, dwell_s, 0.9)


@dataclass
class Shop:
    """A store's day in steps, and everything that was let out."""

    made: Release = field(default_factory=release)
    heat: list[HeatRow] = field(default_factory=list)
    hours: list[ZoneHourRow] = field(default_factory=list)
    flows: list[FlowRow] = field(default_factory=list)

    def step(self, t: float, devices: list[int], cells: list[int], zones: list[str] | None = None) -> Statistics:
        fixes = at_cells(devices, cells, t)
        visits = [left(d, zone, t) for d, zone in zip(devices, zones or (), strict=bool(zones))]
        moves = [(v.device, "", v.zone) for v in visits]
        hour = t // 3600 * 3600
        counted = Counter(v.zone for v in visits)
        self.made.see(fixes, visits)
        self.made.see_moves(moves)
        drained = Statistics(
            heat_of(fixes) if devices else [],
            [ZoneHourRow(hour, zone, 10.0 * n, n, 60.0 * n, float(n)) for zone, n in counted.items()],
            [FlowRow(hour, "", zone, n) for zone, n in counted.items()],
        )
        out = self.made.take(drained, t)
        self.heat += out.heat
        self.hours += out.zone_hours
        self.flows += out.flows
        return out


def test_with_a_k_of_one_everything_is_let_out_as_it_comes() -> None:
    shop = Shop(release(1))
    assert shop.step(T0 + 5, [1], [0], [PLAN.zones[0].id]).heat
    assert [r.visits for r in shop.hours] == [1]


def test_one_person_alone_is_let_out_nowhere_ever() -> None:
    shop = Shop()
    for i in range(400):
        shop.step(T0 + 300.0 * i, [1], [i % 50], [PLAN.zones[i % 3].id])
    assert (shop.heat, shop.hours, shop.flows) == ([], [], [])


def test_a_block_ends_by_the_clock_and_keeps_its_sums() -> None:
    shop, zone = Shop(), PLAN.zones[0].id
    shop.step(T0 + 1, [], [])
    for i in range(12):
        assert shop.step(T0 + 60.0 * (i + 1), [i + 1], [7 * i], [zone]) == Statistics(), "the quarter is not over"
    shop.step(T0 + BLOCK_S + 3, [], [])
    assert sum(r.person_s for r in shop.heat) == pytest.approx(120.0)
    assert sum(r.fixes for r in shop.heat) == pytest.approx(12.0)
    assert [(r.visits, r.dwell_s_sum) for r in shop.hours if r.visits] == [(10, 600.0)], "in whole ks"
    assert [(r.from_zone, r.to_zone, r.count) for r in shop.flows] == [("", zone, 10)]
    assert {r.hour_start for r in shop.heat} == {T0}


def test_what_waits_goes_with_what_comes_and_is_laid_over_all_of_its_hours() -> None:
    shop, zone = Shop(), PLAN.zones[0].id
    shop.step(T0 + 1, [], [])
    shop.step(T0 + 60, list(range(1, 6)), [0] * 5, [zone] * 5)
    shop.step(T0 + 3700, [], [])
    shop.step(T0 + 4000, list(range(4, 12)), [0] * 8, [zone] * 8)
    shop.step(T0 + 4 * 3600 + 10, [], [])
    visits = {r.hour_start - T0: r.visits for r in shop.hours if r.visits}
    assert visits == {7200.0: 10}, "who came when is not to be seen"
    assert sum(r.person_s for r in shop.heat) == pytest.approx(130.0)


def test_what_is_left_of_a_block_goes_with_the_next_once_others_stand_behind_it() -> None:
    shop, zone = Shop(), PLAN.zones[0].id
    shop.step(T0 + 1, [], [])
    shop.step(T0 + 60, list(range(1, 17)), [0] * 16, [zone] * 16)
    shop.step(T0 + 950, [], [])
    shop.step(T0 + 1000, list(range(1, 8)), [0] * 7, [zone] * 7)
    assert sum(r.visits for r in shop.hours) == sum(r.count for r in shop.flows) == 10
    shop.step(T0 + 2000, [], [])
    assert sum(r.visits for r in shop.hours) == 10, "six and seven visits, of seven people"
    shop.step(T0 + 2100, list(range(8, 12)), [0] * 4, [zone] * 4)
    shop.step(T0 + 3000, [], [])
    assert sum(r.visits for r in shop.hours) == sum(r.count for r in shop.flows) == 20
    assert sum(r.dwell_s_sum for r in shop.hours) == pytest.approx(1200.0)


def test_zones_have_the_time_that_the_squares_have() -> None:
    shop = Shop()
    rng = np.random.default_rng(1)
    for i in range(40):
        shop.step(T0 + 30.0 * i, list(range(1, 40)), rng.integers(0, CELLS.x_m.size, 39).tolist())
    by_zone: dict[str, float] = defaultdict(float)
    for r in shop.hours:
        by_zone[r.zone] += r.person_s
    total = sum(r.person_s for r in shop.heat)
    assert all(0 < s <= total + 1e-6 for s in by_zone.values())
    for zone, parts in WITHIN.items():
        assert all(by_zone[part] <= by_zone[zone] * 1.06 + 1e-6 for part in parts), "a part is no more than its whole"


def steps(shop: Shop, first: int, last: int) -> None:
    """Eight people at a time; after the seventh step the salt turns."""
    rng = np.random.default_rng(7)
    for i in range(last):
        cells, zones = rng.integers(0, 300, 8).tolist(), rng.integers(0, len(PLAN.zones), 8)
        if i >= first:
            devices = [1 + (i * 3 + j) % 30 for j in range(8)]
            shop.step(T0 + 200.0 * i, devices, cells, [PLAN.zones[z].id for z in zones])
            if i == 6:
                shop.made.turn()


@pytest.mark.parametrize("cut", [0, 3, 9])
def test_restored_it_goes_on_to_the_bit(cut: int) -> None:
    straight, first = Shop(), Shop()
    steps(straight, 0, 40)
    steps(first, 0, cut)
    second = Shop(release(), first.heat, first.hours, first.flows)
    second.made.restore(unpack(pack(first.made.state())))
    steps(second, cut, 40)
    assert (second.heat, second.hours, second.flows) == (straight.heat, straight.hours, straight.flows)
    assert straight.heat


def test_a_clock_that_was_ahead_and_comes_back_does_not_stop_it() -> None:
    shop = Shop()
    shop.step(T0 + 86_400.0, [], [])
    for i in range(12):
        shop.step(T0 + 60.0 * i, [i + 1], [i])
    shop.step(T0 + BLOCK_S, [], [])
    assert sum(r.person_s for r in shop.heat) == pytest.approx(120.0)


def test_a_block_is_laid_over_its_hours_by_their_time() -> None:
    utc = hours_in("UTC")
    assert hours_of(HOUR_S, HOUR_S + 900, utc) == [(HOUR_S, 1.0)]
    halves = [(HOUR_S, pytest.approx(1 / 3)), (2 * HOUR_S, pytest.approx(2 / 3))]
    assert hours_of(HOUR_S + 1800, 3 * HOUR_S, utc) == halves
    kolkata = hours_of(HOUR_S, 2 * HOUR_S, hours_in("Asia/Kolkata"))
    assert kolkata == [(HOUR_S - 1800, 0.5), (HOUR_S + 1800, 0.5)]


def test_a_recording_that_is_over_ends_in_its_own_hours() -> None:
    shop = Shop()
    for i in range(12):
        shop.step(T0 + 30.0 * i, [i + 1], [i])
    shop.step(T0 + 700 * 86_400.0, [], [])
    assert sum(r.person_s for r in shop.heat) == pytest.approx(120.0)
    assert {r.hour_start for r in shop.heat} == {T0}


def test_what_waited_for_weeks_is_laid_over_two_days_at_most() -> None:
    assert len(hours_of(0.0, 40 * 86_400.0, hours_in("UTC"))) == 48


TINY = Plan(
    "s", "S", "UTC", "EUR", None,
    (Level("g", 0, "G", 3, 0, box(-3, -2, 1, 1)), Level("u", 1, "U", 3, 3, box(0.5, 0.5, 2.5, 1.5))),
    zones=(Zone("a", "g", "A", "", box(-3, -2, -1, 1)), Zone("all", "g", "All", "", box(-3, -2, 1, 1))),
)  # fmt: skip
"""A floor of 4 x 3 squares of a metre from (-3, -2) on, and one of 3 x 2 from (0, 0) on; zone `all` holds `a`."""


def tiny(k: int = 2, block_s: float = 900.0) -> Release:
    return Release(TINY, walkable_cells(TINY, 0.5), 1.0, k=k, block_s=block_s)


def somebody(device: int, x: float, y: float, level: int = 0) -> Fixes:
    one = np.ones(1)
    return Fixes(one, np.array([device], np.uint64), np.array([level], np.int32), x * one, y * one,
                 np.zeros((1, 2, 2)), np.full(1, 4, np.int32), np.zeros((1, 0), np.float32))  # fmt: skip


@pytest.mark.parametrize(
    ("x", "y", "level", "square"),
    [
        (-2.5, -1.5, 0, 0), (0.5, -1.5, 0, 3), (-2.5, 0.5, 0, 8), (-1.5, -0.5, 0, 5), (0.9, 0.9, 0, 11),
        (-9.0, -9.0, 0, 0), (9.0, 9.0, 0, 11), (0.6, 0.6, 1, 12), (2.4, 1.4, 1, 17), (1.5, 0.2, 1, 13),
    ],
)  # fmt: skip
def test_whoever_is_behind_heat_is_in_the_square_of_their_point(x: float, y: float, level: int, square: int) -> None:
    """Row by row from the lower left, level after level; who is beyond the border is at it."""
    made = tiny()
    made.see(somebody(7, x, y, level), [])
    assert made.state()["presences"]["square"].tolist() == [square]


def drained(*heat: tuple[int, int, float, float], zones: tuple[ZoneHourRow, ...] = ()) -> Statistics:
    return Statistics([HeatRow(0.0, "g", col, row, s, n) for col, row, s, n in heat], list(zones))


def test_heat_is_laid_evenly_over_its_floor_and_its_zones_add_up() -> None:
    """Two people on a floor that cannot be cut: 28 s over 14 m² of both levels, the twelve squares of the lower one of
    a metre each; the upper level's are of a quarter and of a half."""
    made = tiny()
    made.take(Statistics(), 900.0)
    made.see(somebody(1, -2.5, -1.5), [])
    made.see(somebody(2, -2.5, -1.5), [])
    made.take(drained((0, 0, 20.0, 4.0), (3, 2, 8.0, 3.0)), 1000.0)
    out = made.take(Statistics(), 1800.0)
    lower = [row for row in out.heat if row.level == "g"]
    assert [(row.row, row.col) for row in lower] == [(r, c) for r in range(3) for c in range(4)]
    assert {(row.hour_start, row.person_s, row.fixes) for row in lower} == {(0.0, 2.0, 0.5)}
    assert sorted(row.person_s for row in out.heat if row.level == "u") == pytest.approx([0.5] * 4 + [1.0] * 2)
    assert [(z.zone, z.person_s, z.visits, z.dwell_s_sum, z.persons_peak) for z in out.zone_hours] == [
        ("a", 12.0, 0, 0.0, 0.0), ("all", 24.0, 0, 0.0, 0.0),
    ]  # fmt: skip


def test_visits_go_in_whole_ks_with_their_dwell_and_the_rest_begins_anew() -> None:
    """Five visits of 10 s and a peak: four are told with 40 s in the hour; the fifth waits with its ten."""
    made = tiny()
    made.take(Statistics(), 900.0)
    made.see(somebody(2, 0.5, 0.5), [left(d, "a", 1000.0, 10.0) for d in (1, 2, 3, 1, 2)])
    made.take(Statistics(zone_hours=[ZoneHourRow(0.0, "a", 9.0, 5, 50.0, 2.5)]), 1000.0)
    told = [z for z in made.take(Statistics(), 1800.0).zone_hours if z.visits]
    assert told == [ZoneHourRow(0.0, "a", 0.0, 4, 40.0, 2.5)]
    [[zone, since, n, dwell_s, peak, *_]] = [b for b in made.state()["visits"] if b[0] == "a"]
    assert (zone, since, n, dwell_s, peak) == ("a", 1800.0, 1, 10.0, 0.0)
    made.see(somebody(1, 0.5, 0.5), [left(d, "a", 2000.0, 30.0) for d in (4, 5, 6)])
    made.take(Statistics(), 2000.0)
    assert [z for z in made.take(Statistics(), 2700.0).zone_hours if z.visits] == [
        ZoneHourRow(0.0, "a", 0.0, 4, 100.0, 0.0)
    ]


def test_a_visit_to_a_part_is_one_of_the_people_of_the_whole_and_not_its_visit() -> None:
    made = tiny()
    made.take(Statistics(), 900.0)
    made.see(somebody(1, 0.5, 0.5), [left(1, "a", 1000.0), left(2, "a", 1000.0), left(2, "all", 1000.0)])
    state = {zone: (n, {part: len(seen) for part, seen in people.items()})
             for zone, _, n, _, _, _, people in made.state()["visits"]}  # fmt: skip
    assert state == {"a": (2, {"a": 2}), "all": (1, {"a": 2, "all": 1})}
    enter = VisitEvent(VisitChange.ENTER, DeviceId(3), "all", 0.0, 1.0, 0.0, 0.9)
    made.see(somebody(3, 0.5, 0.5), [enter])
    assert [b[2] for b in made.state()["visits"]] == [2, 1], "who comes in has not made a visit yet"


def test_a_peak_alone_waits_too_and_the_largest_holds() -> None:
    made = tiny()
    for peak in (0.5, 2.0, 1.0, 0.0):
        made.take(Statistics(zone_hours=[ZoneHourRow(0.0, "a", 9.0, 0, 0.0, peak)]), 900.0)
    made.take(Statistics(zone_hours=[ZoneHourRow(0.0, "all", 9.0, 0, 0.0, 0.0)]), 900.0)
    assert [(b[0], b[4]) for b in made.state()["visits"]] == [("a", 2.0)]


def test_transitions_go_in_whole_ks_and_the_rest_begins_where_the_block_ended() -> None:
    made = tiny()
    made.take(Statistics(), 900.0)
    made.take(Statistics(moves=[(1, "", "a"), (2, "", "a"), (3, "", "a"), (4, "a", "")]), 1000.0)
    assert made.take(Statistics(), 1800.0).flows == [FlowRow(0.0, "", "a", 2)]
    waiting = [(a, b, since, n) for a, b, since, n, *_ in made.state()["moves"]]
    assert waiting == [("", "a", 1800.0, 1), ("a", "", 900.0, 1)]
    made.take(Statistics(moves=[(5, "", "a"), (6, "", "a"), (7, "", "a")]), 2000.0)
    assert made.take(Statistics(), 2700.0).flows == [FlowRow(0.0, "", "a", 4)]
    assert [(a, b) for a, b, *_ in made.state()["moves"]] == [("a", "")], "nothing is left of it"


def test_before_anything_was_heard_nothing_is_let_out_and_blocks_begin_with_the_clock() -> None:
    made = tiny()
    assert made.take(Statistics(), 0.0) == Statistics()
    assert made.state()["tried"] is None
    made.take(Statistics(), 1000.0)
    assert (made.state()["tried"], made.state()["begun"]) == (900.0, 900.0)
    made.take(Statistics(moves=[(1, "", "a")]), 1100.0)
    made.take(Statistics(), 500.0)  # the clock was ahead
    assert (made.state()["tried"], made.state()["begun"], made.state()["moves"][0][2]) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(("ahead_s", "since"), [(2 * 86_400.0, 900.0), (2 * 86_400.0 + 900.0, None)])
def test_a_clock_that_moves_by_more_than_two_days_is_of_another_recording(ahead_s: float, since: float | None) -> None:
    """What waits then was of the hours of the one before, and begins anew."""
    made = tiny()
    made.take(Statistics(moves=[(1, "", "a")]), 900.0)
    made.take(Statistics(), 900.0 + ahead_s)
    assert made.state()["moves"][0][2] == (since or 900.0 + ahead_s)


def test_who_objects_is_behind_nothing_and_the_sums_stay() -> None:
    made = tiny()
    made.take(Statistics(), 900.0)
    made.see(somebody(1, -2.5, -1.5), [left(1, "a", 950.0)])
    made.see(somebody(2, 0.5, 0.5), [left(2, "a", 950.0)])
    made.take(drained((0, 0, 24.0, 4.0)), 1000.0)
    made.forget(np.array([2], np.uint64))
    assert made.take(Statistics(), 1800.0) == Statistics()
    assert made.state()["heat"].sum() == 28.0


def test_with_a_k_of_one_stays_are_added_up_and_name_no_one() -> None:
    made = tiny(k=1)
    made.see(somebody(1, 0.5, 0.5), [left(1, "a", 950.0)])
    made.see_moves([(1, "", "a")])
    assert made.state()["visits"] == made.state()["moves"] == []
    given = Statistics([HeatRow(0.0, "g", 0, 0, 1.0, 1.0)], moves=[(1, "", "a")], flows=[FlowRow(0.0, "", "a", 1)])
    assert made.take(given, 5.0) == Statistics(given.heat, flows=given.flows)


def test_shares_of_hours_and_days_sum_to_one_and_the_last_two_days_count() -> None:
    utc = hours_in("UTC")
    assert hours_of(0.0, 3 * 86_400.0, utc)[0] == (86_400.0, 1 / 48)
    assert hours_of(900.0, 1800.0, utc) == [(0.0, 1.0)]
    assert days_of(3600.0, 7200.0, utc) == [(0.0, 1.0)]
    assert days_of(86_400.0 - 3600.0, 86_400.0 + 3600.0, utc) == [(0.0, 0.5), (86_400.0, 0.5)]
    assert days_of(0.0, 86_400.0, utc) == [(0.0, 1.0)], "of the day that only begins then there is no time"
    eight = days_of(0.0, 20 * 86_400.0 + 3600.0, utc)
    assert [day for day, _ in eight] == [86_400.0 * d for d in range(13, 21)]
    assert sum(share for _, share in eight) == pytest.approx(1.0)
