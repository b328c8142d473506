"""Triggers: compared with a plain reading of the rule, device by device, and bit for bit over save and restore."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.offers.targets import Target
from engine.offers.triggers import GAP_S, TriggerTimers, trigger_id
from engine.records import DeviceId, Fixes, Trigger
from tests.engine.presence.made import PlainRhythm
from tests.examples import examples

CELLS = 4


def target(name: str, cells: list[int], p: float = 0.5, dwell_s: float = 6.0) -> Target:
    """A place made of whole cells."""
    member = np.zeros(CELLS, np.float32)
    member[cells] = 1.0
    return Target(name, member, p, dwell_s)


def fixes(*rows: tuple[int, float, list[float]]) -> Fixes:
    """(device, time, posterior over the four cells)."""
    n = len(rows)
    return Fixes(
        np.array([t for _, t, _ in rows], np.float64),
        np.array([d for d, _, _ in rows], np.uint64),
        np.zeros(n, np.int32),
        np.zeros(n),
        np.zeros(n),
        np.zeros((n, 2, 2)),
        np.full(n, 4, np.int32),
        np.array([p for _, _, p in rows], np.float32).reshape(n, CELLS),
    )


def in_cell(k: int, p: float = 1.0) -> list[float]:
    rest = (1.0 - p) / (CELLS - 1)
    return [p if i == k else rest for i in range(CELLS)]


def visit(device: DeviceId) -> str | None:
    return f"visit-{device}"


def run(
    timers: TriggerTimers, *rows: tuple[int, float, list[float]], of: Callable[[DeviceId], str | None] = visit
) -> list[Trigger]:
    return [f for row in rows for f in timers.update(fixes(row), of)]


def timers(*targets: Target) -> TriggerTimers:
    made = TriggerTimers()
    made.set_targets(targets)
    return made


def test_fires_once_after_the_dwell_with_what_caused_it() -> None:
    fired = run(timers(target("a", [0])), *[(7, float(t), in_cell(0, 0.8)) for t in range(100, 121, 3)])
    assert fired == [
        Trigger(
            trigger_id("a", DeviceId(7), "visit-7", 100.0), "a", DeviceId(7), "visit-7", 100.0, 106.0,
            pytest.approx(0.8), 106.0,
        )
    ]  # fmt: skip


def test_the_dwell_is_reached_to_the_second() -> None:
    """Epoch seconds as float64: 3 x 2 s must be 6 s."""
    start = 1_800_000_000.1
    made = timers(target("a", [0], dwell_s=6.0))
    assert run(made, *[(7, start + 2 * k, in_cell(0)) for k in range(3)]) == []
    assert len(run(made, (7, start + 6, in_cell(0)))) == 1
    slow = timers(target("a", [0], dwell_s=6.0))
    assert run(slow, (7, 0, in_cell(0)), (7, 5.999, in_cell(0))) == []


def test_a_probability_of_just_the_least_is_enough() -> None:
    made = timers(target("a", [0, 1], p=0.5, dwell_s=0.0))
    assert run(made, (7, 0, [0.25, 0.2499, 0.25, 0.2501])) == []
    assert len(run(made, (7, 3, [0.25, 0.25, 0.25, 0.25]))) == 1


def test_no_dwell_fires_at_once() -> None:
    assert len(run(timers(target("a", [0], dwell_s=0.0)), (7, 0.0, in_cell(0)))) == 1


def test_a_break_starts_the_clock_anew_and_rearms() -> None:
    made = timers(target("a", [0]))
    stay, away = in_cell(0), in_cell(1)
    assert run(made, (7, 0, stay), (7, 3, away), (7, 6, stay), (7, 9, stay)) == []
    assert [f.since for f in run(made, (7, 12, stay), (7, 15, stay))] == [6.0]
    again = run(made, (7, 18, away), (7, 21, stay), (7, 24, stay), (7, 27, stay), (7, 30, stay))
    assert [f.since for f in again] == [21.0]


def test_nobody_knows_where_a_silent_device_was() -> None:
    made = timers(target("a", [0]))
    assert run(made, (7, 0, in_cell(0)), (7, GAP_S + 1, in_cell(0))) == []
    assert [f.since for f in run(made, (7, GAP_S + 7, in_cell(0)))] == [GAP_S + 1]
    held = timers(target("a", [0]))
    assert [f.since for f in run(held, (7, 0, in_cell(0)), (7, GAP_S, in_cell(0)))] == [0.0]


@pytest.mark.parametrize("every_s", [31.0, 60.0, 125.0, 180.0])
def test_a_device_that_scans_seldom_is_known_from_its_third_fix_on(every_s: float) -> None:
    """Of two fixes nobody knows whether the device was away; of three, that it scans so."""
    made = timers(target("a", [0]))
    fired = run(made, *((7, k * every_s, in_cell(0)) for k in range(8)))
    assert [(f.since, f.at) for f in fired] == [(every_s, 2 * every_s)]
    beyond = timers(target("a", [0]))
    assert run(beyond, *((7, k * 181.0, in_cell(0)) for k in range(8))) == []


def test_without_a_visit_nothing_fires_until_there_is_one() -> None:
    made = timers(target("a", [0]))
    rows = [(7, float(t), in_cell(0)) for t in (0, 3, 6)]
    assert run(made, *rows, of=lambda _: None) == []
    assert len(run(made, (7, 9, in_cell(0)))) == 1


def test_the_probability_is_the_share_within_the_place() -> None:
    made = timers(target("both", [0, 1], p=0.6, dwell_s=0.0), target("one", [0], p=0.6, dwell_s=0.0))
    [fired] = run(made, (7, 0, [0.35, 0.35, 0.2, 0.1]))
    assert (fired.campaign_id, fired.probability) == ("both", pytest.approx(0.7))


def test_a_device_that_left_starts_from_nothing() -> None:
    made = timers(target("a", [0]))
    run(made, (7, 0, in_cell(0)), (8, 0, in_cell(0)))
    made.forget(np.array([7, 99], np.uint64))
    fired = run(made, (7, 6, in_cell(0)), (8, 6, in_cell(0)))
    assert [f.device for f in fired] == [8]


def test_several_fixes_of_one_device_in_one_batch() -> None:
    made = timers(target("a", [0]))
    late_first = fixes((7, 6, in_cell(0)), (8, 0, in_cell(1)), (7, 0, in_cell(0)), (7, 3, in_cell(0)))
    assert [(f.device, f.since, f.at) for f in made.update(late_first, visit)] == [(7, 0.0, 6.0)]


def test_changed_campaigns_keep_the_episodes_of_those_that_stay() -> None:
    a, b, c = target("a", [0]), target("b", [0]), target("c", [0])
    made = timers(a, b)
    assert len(run(made, *[(7, float(t), in_cell(0)) for t in (0, 3, 6)])) == 2
    made.set_targets([c, a])
    fired = run(made, (7, 9, in_cell(0)), (7, 12, in_cell(0)), (7, 15, in_cell(0)))
    assert [(f.campaign_id, f.since) for f in fired] == [("c", 9.0)]
    made.set_targets([])
    assert run(made, (7, 18, in_cell(0))) == []
    made.set_targets([a])  # gone and back: a new episode
    assert [f.since for f in run(made, *[(7, float(t), in_cell(0)) for t in (21, 24, 27)])] == [21.0]


def test_nothing_in_nothing_out() -> None:
    assert TriggerTimers().update(fixes((7, 0, in_cell(0))), visit) == []
    assert timers(target("a", [0])).update(fixes(), visit) == []


def test_ids_are_the_same_everywhere_and_different_for_everything() -> None:
    base = ("a", DeviceId(7), "v", 100.0)
    ids = {trigger_id(*base), trigger_id("b", DeviceId(7), "v", 100.0), trigger_id("a", DeviceId(8), "v", 100.0),
           trigger_id("a", DeviceId(7), "w", 100.0), trigger_id("a", DeviceId(7), "v", 100.001)}  # fmt: skip
    assert len(ids) == 5
    assert trigger_id(*base) == "97709707c52a5a47"  # recorded: journals of older versions replay to the same names


STEP = st.tuples(
    st.integers(1, 4), st.sampled_from([1.0, 2.0, 3.0, 40.0]), st.integers(0, CELLS - 1), st.floats(0.3, 1.0)
)
TARGETS = [target("a", [0]), target("b", [0, 1], p=0.7, dwell_s=3.0), target("c", [2], p=0.4, dwell_s=0.0)]


def walk(steps: list[tuple[int, float, int, float]]) -> list[tuple[int, float, list[float]]]:
    now, rows = 1_800_000_000.0, []
    for device, later, cell, p in steps:
        now += later
        rows.append((device, now, in_cell(cell, p)))
    return rows


def plainly(rows: list[tuple[int, float, list[float]]]) -> list[tuple[str, int, float, float]]:
    """The rule read aloud, one device, one target, one fix at a time: (campaign, device, since, at)."""
    since: dict[tuple[str, int], float] = {}
    done: set[tuple[str, int]] = set()
    last: dict[int, float] = {}
    rhythms: dict[int, PlainRhythm] = defaultdict(PlainRhythm)
    fired = []
    for device, t, posterior in rows:
        for goal in TARGETS:
            key = (goal.campaign_id, device)
            if t - last.get(device, -math.inf) > rhythms[device].allowed_s(GAP_S, 180.0, GAP_S) + 1e-6:
                since.pop(key, None)
                done.discard(key)
            p = float(np.float32(np.array(posterior, np.float32) @ goal.membership))
            if p < goal.min_probability:
                since.pop(key, None)
                done.discard(key)
                continue
            since.setdefault(key, t)
            if t - since[key] >= goal.min_dwell_s - 1e-6 and key not in done:
                done.add(key)
                fired.append((goal.campaign_id, device, since[key], t))
        if t - last.get(device, t) > 180.0:  # of longer than is ever bridged nobody knows whether it was there
            rhythms[device] = PlainRhythm()
        elif device in last:
            rhythms[device].hear(t - last[device])
        last[device] = t
    return fired


def short(fired: list[Trigger]) -> list[tuple[str, int, float, float]]:
    return [(f.campaign_id, int(f.device), f.since, f.at) for f in fired]


@example([(1, 1.0, 0, 1.0), *[(2, 40.0, 0, 1.0)] * 4, (1, 40.0, 0, 1.0), (1, 40.0, 0, 1.0)])  # 200 s, then 40 s
@given(st.lists(STEP, max_size=40))
def test_the_same_as_the_rule_read_aloud_one_by_one_and_all_at_once(steps: list[tuple[int, float, int, float]]) -> None:
    rows = walk(steps)
    expected = sorted(plainly(rows), key=lambda f: (f[3], f[1]))
    assert short(run(timers(*TARGETS), *rows)) == expected
    assert short(timers(*TARGETS).update(fixes(*rows), visit)) == expected


@examples(60)
@given(st.lists(STEP, max_size=30), st.integers(0, 30), st.booleans())
def test_restoring_changes_nothing(steps: list[tuple[int, float, int, float]], cut: int, targets_first: bool) -> None:
    rows = walk(steps)
    whole = timers(*TARGETS)
    run(whole, *rows[:cut])
    state = whole.state()
    msgspec.msgpack.encode(state, enc_hook=lambda a: a.tolist())  # only what a checkpoint can hold
    restored = TriggerTimers()
    if targets_first:
        restored.set_targets(TARGETS)
        restored.restore(state)
    else:
        restored.restore(state)
        restored.set_targets(TARGETS)
    assert run(restored, *rows[cut:]) == run(whole, *rows[cut:])


def test_a_thousand_devices_and_fifty_targets_at_once() -> None:
    """Shapes hold at scale, and each device's result does not depend on its neighbours."""
    rng = np.random.default_rng(5)
    goals = [target(f"t{k:02}", [k % CELLS], p=0.4, dwell_s=3.0) for k in range(50)]
    made, alone = timers(*goals), timers(*goals)
    mine = 0
    for t in (0.0, 3.0, 6.0):
        posterior = rng.dirichlet(np.ones(CELLS), 1000)
        rows = [(d, t, list(posterior[d])) for d in range(1000)]
        fired = made.update(fixes(*rows), visit)
        single = alone.update(fixes(rows[17]), visit)
        assert [f for f in fired if f.device == 17] == single
        mine += len(fired)
    assert mine > 1000


def test_a_stay_that_fired_goes_on_until_it_is_surely_over() -> None:
    """P(place) of somebody who queues nearby flickers around the threshold: one trigger, not one a flicker."""
    flicker = [(1, 3.0 * k, in_cell(0, 0.9 if k % 4 else 0.6)) for k in range(20)]
    held = TriggerTimers()
    held.set_targets([replace(target("tea", [0], p=0.8), keep_probability=0.4)])
    assert len(run(held, *flicker)) == 1
    assert len(run(held, (1, 60.0, in_cell(0, 0.1)), *[(1, 63.0 + 3 * k, in_cell(0, 0.9)) for k in range(4)])) == 1
    plain = TriggerTimers()
    plain.set_targets([target("tea", [0], p=0.8)])
    assert len(run(plain, *flicker)) > 1


def test_a_dwell_may_begin_before_p_is_sure_of_it() -> None:
    """P climbs to the threshold in 9 s: the dwell of 6 s is over by then, and is not where P was hardly anything."""
    climbing = [(1, 3.0 * k, in_cell(0, p)) for k, p in enumerate((0.02, 0.3, 0.5, 0.7, 0.9, 0.9, 0.9))]
    late, early = TriggerTimers(), TriggerTimers()
    late.set_targets([replace(target("tea", [0], p=0.8), min_dwell_s=6.0)])
    low = replace(target("tea", [0], p=0.8), min_dwell_s=6.0, begin_probability=0.2, keep_probability=0.2)
    early.set_targets([low])
    assert [f.at for f in run(late, *climbing)] == [18.0]
    assert [(f.since, f.at) for f in run(early, *climbing)] == [(3.0, 12.0)]


def test_what_cannot_be_promised_is_said_of_its_triggers() -> None:
    timers = TriggerTimers()
    timers.set_targets([target("tea", [0]), replace(target("jam", [0]), promised=False)])
    fired = run(timers, *[(1, 3.0 * k, in_cell(0)) for k in range(4)])
    assert {f.campaign_id: f.promised for f in fired} == {"tea": True, "jam": False}
