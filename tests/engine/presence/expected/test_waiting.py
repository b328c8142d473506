"""What is expected of a zone waits for k people who count."""

from __future__ import annotations

import numpy as np
import pytest

from engine.presence.expected.rows import FLOOR, UNKNOWN, ExpectedRow
from engine.presence.expected.waiting import ExpectedWaiting
from engine.presence.local_hours import hours_in
from engine.presence.release import Release, Statistics, hours_of
from engine.runtime.stored.packing import pack, unpack
from tests.engine.presence.test_release import BLOCK_S, CELLS, PLAN, T0

K = 10
HOURS = hours_in("Europe/Paris")


def waiting(k: int = K) -> ExpectedWaiting:
    return ExpectedWaiting(k, lambda since, until: hours_of(since, until, HOURS))


def visit(device: int, visits: float = 1.0, zone: str = "a") -> tuple[int, ExpectedRow]:
    dwell_s = 60.0 * visits
    row = ExpectedRow(T0, zone, 99.0, visits, dwell_s, 1.0, 0.1, 9.0, 0.2, visits**2, dwell_s**2, visits * dwell_s)
    return device, row


def test_a_block_waits_for_k_people_and_loses_nothing() -> None:
    made = waiting()
    made.keep([visit(d) for d in range(9)], T0)
    assert made.release(T0 + BLOCK_S) == []
    made.keep([visit(9)], T0)
    rows = made.release(T0 + 2 * BLOCK_S)
    assert sum(r.visits for r in rows) == pytest.approx(10.0)
    assert sum(r.dwell_s for r in rows) == pytest.approx(600.0)
    assert made.release(T0 + 3 * BLOCK_S) == []


def test_traces_of_others_hide_nobody() -> None:
    """Nineteen who were hardly there, and one who was."""
    made = waiting()
    made.keep([visit(0), *(visit(d, 0.11) for d in range(1, 20))], T0)
    assert made.release(T0 + BLOCK_S) == []
    made.keep([visit(d) for d in range(60, 69)], T0)
    assert made.release(T0 + 2 * BLOCK_S)


@pytest.mark.parametrize(("visits", "told"), [(0.1, True), (0.099, False)])
def test_who_is_expected_to_have_come_a_tenth_of_a_time_is_one_of_the_people(visits: float, told: bool) -> None:
    made = waiting()
    made.keep([visit(d, visits) for d in range(K + 1)], T0)
    assert bool(made.release(T0 + BLOCK_S)) is told


def test_one_person_who_comes_ten_times_is_one() -> None:
    made = waiting()
    made.keep([visit(1)] * 30, T0)
    assert made.release(T0 + BLOCK_S) == []


def test_time_in_zones_and_between_is_told_by_heat_alone() -> None:
    made = waiting()
    made.keep([visit(d, zone=z) for d in range(20) for z in ("a", FLOOR, UNKNOWN)], T0)
    rows = made.release(T0 + BLOCK_S)
    assert {r.zone for r in rows} == {"a", UNKNOWN}
    assert {r.person_s for r in rows} == {0.0}


def test_a_state_that_is_kept_goes_on_alike() -> None:
    straight, made = waiting(), waiting()
    for each in (straight, made):
        each.keep([visit(d) for d in range(6)], T0)
        each.turn()
    again = waiting()
    again.restore(unpack(pack(made.state())))
    for each in (straight, again):
        each.keep([visit(d) for d in range(10)], T0)
        each.forget({9})
        assert each.release(T0 + BLOCK_S) == []
        each.keep([visit(d) for d in range(10, 20)], T0)
    assert again.release(T0 + BLOCK_S) == straight.release(T0 + BLOCK_S) != []


def test_a_store_lets_out_what_is_expected_beside_its_other_figures() -> None:
    made = Release(PLAN, CELLS, 1.0, k=K, block_s=BLOCK_S)
    made.take(Statistics(), T0)
    made.take(Statistics(stays=[visit(d) for d in range(K)]), T0 + 10.0)
    again = Release(PLAN, CELLS, 1.0, k=K, block_s=BLOCK_S)
    again.restore(unpack(pack(made.state())))
    for each in (made, again):
        out = each.take(Statistics(), T0 + BLOCK_S)
        assert sum(r.visits for r in out.expected) == pytest.approx(K)
        assert out.stays == []
    alone = Release(PLAN, CELLS, 1.0, k=1, block_s=BLOCK_S).take(Statistics(stays=[visit(1), visit(2)]), T0)
    assert [(r.visits, r.person_s) for r in alone.expected] == [(2.0, 198.0)]
    assert alone.stays == []


def test_whoever_came_within_a_block_leaves_no_trace_of_when() -> None:
    rng = np.random.default_rng(1)
    days = []
    for _ in range(2):
        made = waiting()
        order = rng.permutation(K).tolist()
        made.keep([visit(d) for d in order[:4]], T0)
        assert made.release(T0 + BLOCK_S) == []
        made.keep([visit(d) for d in order[4:]], T0)
        days.append(made.release(T0 + 8 * BLOCK_S))
    assert len({r.hour_start for r in days[0]}) == 2
    assert days[0] == days[1]


def test_a_zone_less_its_till_is_nobody_or_k_people() -> None:
    """Ten people in the zone, nine of them at its till: the tenth would be the difference."""
    made = ExpectedWaiting(K, lambda since, until: hours_of(since, until, HOURS), {"a": frozenset({":till 1"})})
    made.keep([visit(d) for d in range(K)] + [visit(d, zone=":till 1") for d in range(K + 1, 2 * K)], T0)
    assert {r.zone for r in made.release(T0 + BLOCK_S)} == {"a"}
    made.keep([visit(d) for d in range(K)] + [visit(d, zone=":till 1") for d in range(1, K)], T0)
    assert {r.zone for r in made.release(T0 + 2 * BLOCK_S)} == {":till 1"}, "of two blocks"
    made.keep([visit(d) for d in range(K, 2 * K)], T0)
    again = ExpectedWaiting(K, lambda since, until: hours_of(since, until, HOURS), {"a": frozenset({":till 1"})})
    again.restore(unpack(pack(made.state())))
    for each in (made, again):
        assert {r.zone for r in each.release(T0 + 3 * BLOCK_S)} == {"a"}


def test_a_block_is_laid_evenly_over_the_hours_since_the_last_one_ended() -> None:
    made = waiting()
    hour = HOURS.start(T0)
    made.keep([visit(d) for d in range(10)], hour + 1800.0)
    rows = made.release(hour + 5400.0)
    assert [(r.hour_start, r.visits, r.dwell_s) for r in rows] == [(hour, 5.0, 300.0), (hour + 3600.0, 5.0, 300.0)]
    assert [(r.visits_sq, r.dwell_sq, r.cross_sq) for r in rows] == [(5.0, 18_000.0, 300.0)] * 2
    made.keep([visit(d) for d in range(10)], hour + 9000.0)
    again = made.release(hour + 7200.0)
    assert [(r.hour_start, r.visits) for r in again] == [(hour + 3600.0, 10.0)], "since 5400 s, and not later"


@pytest.mark.parametrize(("first", "since"), [(True, 1800.0), (False, 900.0)])
def test_at_a_beginning_blocks_that_are_open_begin_too_and_at_others_no_later(first: bool, since: float) -> None:
    made = waiting()
    hour = HOURS.start(T0)
    made.keep([visit(d) for d in range(9)], hour + 900.0)
    made.begin(hour + 1800.0, first=first)
    assert made.state()["blocks"][0][1] == hour + since
    made.begin(hour + 600.0, first=False)
    assert made.state()["blocks"][0][1] == hour + 600.0
