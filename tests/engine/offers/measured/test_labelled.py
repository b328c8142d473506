"""Triggers held against labels: what was set off at places that are known."""

from __future__ import annotations

import numpy as np
import pytest

from engine.offers.measured import labelled
from engine.offers.measured.labelled import KnownPause, LabelledTriggers
from engine.offers.targets import Target
from engine.records import Fixes

DWELL_S = 10.0


def fixes_of(device: int, t: list[float], p: float) -> Fixes:
    """Of a store of two cells: the device is in the first with probability p."""
    n = len(t)
    posterior = np.tile(np.array([p, 1.0 - p], np.float32), (n, 1))
    whole = np.zeros(n)
    return Fixes(
        np.array(t), np.full(n, device, np.uint64), np.zeros(n, np.int32), whole, whole, np.zeros((n, 2, 2)),
        np.full(n, 4, np.int32), posterior,
    )  # fmt: skip


def trial() -> LabelledTriggers:
    out = LabelledTriggers()
    first, second = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
    out.set_targets([Target("a", first, 0.5, DWELL_S), Target("b", second, 0.5, DWELL_S)])
    return out


def made_target() -> Target:
    return Target("a", np.array([1, 0], np.float32), 0.5, DWELL_S)


def day(made: LabelledTriggers, devices: int) -> None:
    """Every second device is at the first place, where P says 0.9 of it; of the others it says 0.42. All are labelled,
    and leave."""
    for device in range(1, devices + 1):
        start, there = device * 1000.0, device % 2 == 0
        t = [start + 3.0 * k for k in range(10)]
        made.see(fixes_of(device, t, 0.9 if there else 0.42), np.array([device], np.uint64), t[-1], 20.0)
        made.learn([KnownPause(device, device, start + 15.0, 0 if there else 1)])
        made.leave(np.array([device], np.uint64))


def test_devices_at_known_places_make_the_threshold() -> None:
    made = trial()
    day(made, 120)
    found = made.calibrate(made_target(), 0.8)
    assert made.devices == 120
    assert made.grown == 240
    assert found is not None
    assert found.threshold > 0.42
    assert found.precision == pytest.approx(0.8)
    assert found.low < 0.8 < found.high
    assert 0.9 < found.recall < 1.0
    assert made.calibrate(Target("a", np.array([1, 0], np.float32), 0.5, 30.0), 0.8) is None, "another dwell"
    assert made.calibrate(Target("a", np.array([1, 1], np.float32), 0.5, DWELL_S), 0.8) is None, "another place"


def test_a_campaign_of_the_whole_store_and_one_more_at_the_same_place_change_nothing() -> None:
    alone, among = trial(), LabelledTriggers()
    everywhere = Target("all", np.array([1, 1], np.float32), 0.5, DWELL_S)
    second = np.array([0, 1], np.float32)
    twin = Target("twin", np.array([1, 0], np.float32), 0.4, DWELL_S)
    among.set_targets([everywhere, made_target(), twin, Target("b", second, 0.5, DWELL_S)])
    day(alone, 120)
    day(among, 120)
    found = alone.calibrate(made_target(), 0.8)
    assert found is not None
    assert among.calibrate(made_target(), 0.8) == among.calibrate(twin, 0.8) == found
    assert not among.enough(everywhere)
    among.set_targets([everywhere])
    day(among, 2)
    assert not among.enough(everywhere)


def test_tracks_are_kept_for_the_longest_dwell_twice_over() -> None:
    made = LabelledTriggers()
    alone_s = made.keep_s
    first, second = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
    made.set_targets([Target("a", first, 0.5, 30.0), Target("b", second, 0.5, 10.0)])
    assert made.keep_s == alone_s + 60.0


def test_few_devices_say_nothing() -> None:
    made = trial()
    day(made, 20)
    assert made.calibrate(made_target(), 0.5) is None
    assert not made.enough(made_target())


def test_labels_alone_say_nothing_before_tracks_say_what_sets_triggers_off() -> None:
    """And those who take their consent back do not count."""
    made = trial()
    for device in range(1, 81):
        t = [device * 1000.0 + 3.0 * k for k in range(10)]
        made.see(fixes_of(device, t, 0.9), np.array([device], np.uint64), t[-1], 20.0)
        made.learn([KnownPause(device, device, t[5], 0)])
        made.forget(np.array([device], np.uint64))
    assert made.devices == 80
    assert not made.enough(made_target())


def test_a_place_that_hardly_anything_sets_off_keeps_the_rule_without_labels() -> None:
    made = LabelledTriggers()
    far = Target("far", np.array([0, 0], np.float32), 0.5, DWELL_S)
    made.set_targets([made_target(), far])
    day(made, 120)
    assert made.enough(made_target())
    assert not made.enough(far)


def test_the_pairs_outlive_a_restart() -> None:
    made, again, before = trial(), trial(), LabelledTriggers()
    day(made, 60)
    again.restore(made.state())
    before.restore(made.state())
    before.set_targets([made_target()])
    assert again.devices == before.devices == made.devices == 60
    assert again.left_devices == before.left_devices == made.left_devices == 60
    found = made.calibrate(made_target(), 0.8)
    assert found is not None
    assert again.calibrate(made_target(), 0.8) == found
    assert before.enough(made_target())
    again = trial()
    again.restore({"number": np.arange(3), "score": np.zeros(3), "right": np.zeros(3, np.bool_), "fires": {}})
    assert again.devices == 0, "of a checkpoint whose pairs meant something else"
    state = made.state()
    again.restore({name: own for name, own in state.items() if name != "least_way"})
    assert again.devices == 0, "of one that told who passed from who stood otherwise"


def test_labels_of_hours_ago_are_still_held_against_what_was_seen_but_not_of_who_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, who = trial(), np.array([1, 2], np.uint64)
    t = [3.0 * k for k in range(10)]
    for device in (1, 2):
        made.see(fixes_of(device, t, 0.9), who, t[-1], 7200.0)
    made.see(fixes_of(1, [7000.0], 0.2), who, 7000.0, 7200.0)
    made.forget(np.array([2], np.uint64))
    made.learn([KnownPause(0, 1, 15.0, 0), KnownPause(1, 2, 15.0, 0)])
    assert made.devices == 1
    monkeypatch.setattr(labelled, "MOST_SEEN", 15)
    made.see(fixes_of(1, [7003.0 + k for k in range(12)], 0.2), who, 7020.0, 7200.0)
    made.learn([KnownPause(5, 1, 15.0, 0)])
    assert made.devices == 1, "the oldest go"
