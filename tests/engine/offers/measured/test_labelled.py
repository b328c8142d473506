"""Triggers held against labels: what was set off at places that are known."""

from __future__ import annotations

import numpy as np
import pytest

from engine.offers.measured import labelled
from engine.offers.measured.calibration import STEPS, THRESHOLDS, WAYS
from engine.offers.measured.labelled import KnownPause, LabelledTriggers
from engine.offers.targets import Target
from engine.records import F64, Fixes

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
    half = Target("half", np.array([0.5, 0.5], np.float32), 0.5, DWELL_S)
    less = Target("less", np.array([0.5, 0.49], np.float32), 0.5, DWELL_S)
    among.set_targets([half, less])
    assert len(state_fires(among)) == 1, "a cell of which half is of a place is of it"


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
    again.restore({name: own for name, own in state.items() if name != "at_tills"})
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


def kept_of(devices: int, left: int, stood: float, passed: float) -> LabelledTriggers:
    """So many labelled devices, so many that left, and what set off the first place at the lowest threshold."""
    out = trial()
    [first, *_] = state_fires(out)
    fires = np.zeros((WAYS, len(THRESHOLDS), len(STEPS)))
    fires[0, 0, 11], fires[1, 0, 1], fires[0, 1, 11] = stood, passed, stood / 2
    none = np.full((devices, len(THRESHOLDS)), -1, np.int8)
    out.restore(
        out.state()
        | {"number": np.arange(devices), "right": np.ones(devices, np.bool_), "step": none, "came": none >= 0}
        | {"fires": {first: fires}, "left": np.array([left])}
    )
    return out


def state_fires(of: LabelledTriggers) -> dict[str, F64]:
    fires: dict[str, F64] = of.state()["fires"]
    return fires


@pytest.mark.parametrize(
    ("devices", "left", "stood", "passed", "enough"),
    [(40, 40, 2.0, 3.0, True), (39, 40, 9.0, 0.0, False), (40, 39, 9.0, 0.0, False), (40, 40, 2.0, 2.9, False)],
)
def test_forty_devices_of_either_and_five_triggers_are_enough(
    devices: int, left: int, stood: float, passed: float, enough: bool
) -> None:
    made = kept_of(devices, left, stood, passed)
    assert (made.devices, made.left_devices, made.enough(made_target())) == (devices, left, enough)
    made.set_targets([])
    made.set_targets([made_target()])
    assert made.enough(made_target()) is enough, "without campaigns nothing is lost"


@pytest.mark.parametrize(("before", "share"), [(1000.0, 1.0), (1999.0, 1.0), (3999.0, 0.5)])
def test_of_one_campaign_two_thousand_triggers_count_and_older_ones_fade(before: float, share: float) -> None:
    made = kept_of(1, 1, before, 0.0)
    made.see(fixes_of(7, [0.0, 5.0, 10.0], 0.97), np.array([7], np.uint64), 10.0, 20.0)
    made.leave(np.array([7, 99], np.uint64))
    assert made.left_devices == 2, "of those who left a track"
    [first, second] = state_fires(made).values()
    assert first[:, :2].sum(axis=(0, 2)) == pytest.approx([share * (before + 1), share * (before / 2 + 1)])
    assert second.sum() == 0


@pytest.mark.parametrize(("label_t", "heard"), [(30.0, 1), (30.1, 0), (-3.0, 1), (-3.1, 0)])
def test_a_label_is_of_who_was_heard_half_a_minute_before_it_or_three_seconds_after(label_t: float, heard: int) -> None:
    made = trial()
    made.see(fixes_of(7, [0.0], 0.9), np.array([7], np.uint64), 0.0, 20.0)
    made.see(fixes_of(8, [label_t], 0.9), np.array([7], np.uint64), 0.0, 20.0)  # of whom no label may come
    made.learn([KnownPause(1, 7, label_t, 0), KnownPause(2, 8, label_t, 0)])
    assert (made.devices, made.version) == (heard, heard)


@pytest.mark.parametrize(("clock", "kept"), [(66.0, 1), (66.1, 0)])
def test_tracks_are_kept_until_labels_that_are_due_have_come(clock: float, kept: int) -> None:
    """Twice 3 s and two dwells of 10 s, and the 20 s after which labels are looked at."""
    assert LabelledTriggers().keep_s == 3.0
    made = trial()
    made.see(fixes_of(7, [0.0], 0.9), np.array([7], np.uint64), 0.0, 20.0)
    made.see(fixes_of(9, [clock], 0.9), np.array([9], np.uint64), clock, 20.0)
    made.learn([KnownPause(1, 7, 0.0, 0)])
    assert made.devices == kept


def test_pairs_are_of_the_labels_place_and_of_what_was_set_off_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """P says 0.92 of the first place: it sets that off, and its own, the second, it does not."""
    made, who = trial(), np.arange(5).astype(np.uint64)
    for device, p in ((1, 0.92), (2, 0.52)):
        made.see(fixes_of(device, [0.0, 5.0, 10.0], p), who, 10.0, 20.0)
    made.learn([KnownPause(11, 1, 10.0, 1)])
    state = made.state()
    assert (state["number"].tolist(), state["right"].tolist()) == ([11, 11], [False, True])
    assert (state["step"][0] >= 0).tolist() == (THRESHOLDS <= 0.9).tolist()
    assert (state["step"][1] >= 0).tolist() == (THRESHOLDS <= 0.08).tolist()
    monkeypatch.setattr(labelled, "MOST_PAIRS", 3)
    made.learn([KnownPause(12, 2, 10.0, 0)])
    state = made.state()
    assert (state["number"].tolist(), state["right"].tolist()) == ([11, 12, 12], [True, True, False])
    assert len(state["step"]) == len(state["came"]) == 3
    again = trial()
    again.restore(state | {"step": state["step"][:, :5]})
    assert again.devices == 0, "of other thresholds"
    made.set_targets([made_target()])
    made.learn([KnownPause(13, 1, 10.0, 0)])
    assert made.devices == 2, "what was seen for other places is gone"
