"""Triggers held against labels: what a score was worth at places that are known."""

from __future__ import annotations

import numpy as np
import pytest

from engine.offers.measured import labelled
from engine.offers.measured.labelled import KnownPause, LabelledTriggers, held
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


def test_a_score_is_what_was_held_for_the_dwell() -> None:
    t = np.arange(0.0, 31.0, 3.0)
    p = np.array([0.1, 0.9, 0.8, 0.7, 0.6, 0.9, 0.2, 0.1, 0.1, 0.1, 0.1], np.float32)
    assert held(t, p, 9.0, 12.0) == pytest.approx(0.6)
    assert held(t, p, 9.0, 6.0) == pytest.approx(0.7)
    assert held(t, p, 24.0, 6.0) == pytest.approx(0.1)  # it has left by then
    assert np.isnan(held(t[:3], p[:3], 3.0, 12.0))


def test_devices_at_known_places_make_the_threshold() -> None:
    """At the first place P says 0.9 of those who are there and 0.6 of as many who are not."""
    made = trial()
    for device in range(1, 121):
        start, there = device * 1000.0, device % 2 == 0
        t = [start + 3.0 * k for k in range(10)]
        made.see(fixes_of(device, t, 0.9 if there else 0.6), np.array([device], np.uint64), t[-1], 20.0)
        made.learn([KnownPause(device, device, start + 15.0, 0 if there else 1)])
    found = made.calibrated(DWELL_S, 0.9)
    assert made.devices == 120
    assert found is not None
    assert found.threshold > 0.6
    assert found.precision >= 0.9
    assert made.calibrated(30.0, 0.9) is None


def test_few_devices_say_nothing() -> None:
    made = trial()
    for device in range(1, 20):
        t = [device * 1000.0 + 3.0 * k for k in range(10)]
        made.see(fixes_of(device, t, 0.9), np.array([device], np.uint64), t[-1], 20.0)
        made.learn([KnownPause(device, device, t[5], 0)])
    assert made.calibrated(DWELL_S, 0.9) is None
    assert not made.enough(DWELL_S)


def test_the_pairs_outlive_a_restart() -> None:
    made, again = trial(), trial()
    t = [3.0 * k for k in range(10)]
    made.see(fixes_of(1, t, 0.9), np.array([1], np.uint64), t[-1], 20.0)
    made.learn([KnownPause(0, 1, 15.0, 0)])
    again.restore(made.state())
    assert again.devices == made.devices == 1


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
