"""Visits: what starts them, what ends them, how long they last; checked against a plain state machine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import PresenceConfig, parse_config
from engine.errors import OperatorError
from engine.presence.visits import VisitTracker
from engine.records import VisitEvent
from tests.engine.presence.made import PlainRhythm, fixes_of, part_of
from tests.examples import examples

CONFIG = PresenceConfig(enter_probability=0.6, leave_probability=0.3, confirm_s=4.0, grace_s=10.0, silent_s=120.0)
Row = tuple[float, int, list[float]]


def run(rows: Sequence[Row], zones: Sequence[str] = ("a",), config: PresenceConfig = CONFIG) -> list[VisitEvent]:
    tracker = VisitTracker(zones, config)
    fixes = fixes_of([d for _, d, _ in rows], [t for t, _, _ in rows])
    events = tracker.update(fixes, np.array([p for _, _, p in rows], np.float32).reshape(len(rows), len(zones)))
    return events + tracker.close_silent(1e12)


def stay(step_s: float, start: float, end: float, p: float, device: int = 1) -> list[Row]:
    return [(float(t), device, [p]) for t in np.arange(start, end + step_s / 2, step_s)]


@pytest.mark.parametrize("step_s", [0.2, 1.0, 3.0, 10.0, 30.0, 60.0])
def test_dwell_is_right_at_any_fix_interval(step_s: float) -> None:
    t0 = 1_770_000_000.0
    rows = (
        stay(step_s, t0 - 10 * step_s, t0 - step_s, 0.0)
        + stay(step_s, t0, t0 + 600.0, 0.9)
        + stay(step_s, t0 + 600.0 + step_s, t0 + 600.0 + 20 * step_s + 40, 0.0)
    )
    enter, leave = run(rows)
    assert (enter.kind, leave.kind) == ("enter", "leave")
    assert enter.started_at == leave.started_at == t0
    assert enter.dwell_s == 0
    assert leave.dwell_s == pytest.approx(600.0, abs=1e-3)
    assert enter.at == pytest.approx(t0 + np.ceil(4.0 / step_s) * step_s, abs=1e-3)  # the first fix that confirms it


def test_a_passer_by_is_no_visit_and_a_dip_restarts_the_wait() -> None:
    assert run(stay(1.0, 0, 3, 0.9) + stay(1.0, 4, 30, 0.0)) == []
    rows = stay(1.0, 0, 3, 0.9) + stay(1.0, 4, 4, 0.5) + stay(1.0, 5, 20, 0.9)
    enter, leave = run(rows)
    assert enter.started_at == 5.0
    assert leave.dwell_s == 15.0


def test_the_zones_of_a_device_are_those_of_its_visits_under_way() -> None:
    tracker = VisitTracker(("a", "b"), CONFIG)
    times = np.arange(10.0)
    tracker.update(fixes_of([1] * 10, times), np.tile(np.array([[0.9, 0.1]], np.float32), (10, 1)))
    assert tracker.zones_of(1) == [("a", 0.0)]
    assert tracker.zones_of(2) == []


def test_between_the_thresholds_a_visit_goes_on_and_none_begins() -> None:
    assert run(stay(1.0, 0, 100, 0.45)) == []
    _, leave = run(stay(1.0, 0, 10, 0.9) + stay(1.0, 11, 100, 0.45))
    assert leave.dwell_s == 100.0


def test_at_its_bounds_a_visit_begins_and_goes_on() -> None:
    """In float32 0.5 and 0.25 are exact: `enter_probability` is enough to come in, `leave_probability` to stay."""
    config = PresenceConfig(enter_probability=0.5, leave_probability=0.25, confirm_s=2.0, grace_s=5.0, silent_s=120.0)
    enter, leave = run(stay(1.0, 0, 4, 0.5) + stay(1.0, 5, 60, 0.25), config=config)
    assert (enter.started_at, enter.at) == (0.0, 2.0)
    assert leave.dwell_s == 60.0
    assert run(stay(1.0, 0, 9, 0.499), config=config) == []
    _, left = run(stay(1.0, 0, 4, 0.5) + stay(1.0, 5, 60, 0.249), config=config)
    assert (left.dwell_s, left.at) == (4.0, 10.0)


def test_a_short_absence_is_forgiven_and_a_long_one_ends_the_visit_at_the_last_sure_fix() -> None:
    rows = stay(1.0, 0, 20, 0.9) + stay(1.0, 21, 29, 0.0) + stay(1.0, 30, 40, 0.9) + stay(1.0, 41, 80, 0.0)
    enter, leave = run(rows)
    assert enter.started_at == 0.0
    assert leave.dwell_s == 40.0
    assert leave.at == 51.0  # ten seconds below, beginning at 41


def test_silence_closes_the_visit_at_the_last_fix() -> None:
    tracker = VisitTracker(["a"], CONFIG)
    rows = stay(3.0, 0, 300, 0.9)
    fixes = fixes_of([1] * len(rows), [t for t, _, _ in rows])
    tracker.update(fixes, np.full((len(rows), 1), 0.9, np.float32))
    assert tracker.close_silent(419.0) == []
    assert tracker.inside() == {"a": 1}
    (leave,) = tracker.close_silent(421.0)
    assert (leave.at, leave.dwell_s, leave.probability) == (300.0, 300.0, pytest.approx(0.9))
    assert tracker.inside() == {"a": 0}
    assert tracker.close_silent(1e9) == []


def test_coming_back_after_silence_is_a_new_visit_even_if_nobody_swept() -> None:
    rows = stay(3.0, 0, 60, 0.9) + stay(3.0, 1000, 1060, 0.9)
    first_in, first_out, second_in, second_out = run(rows)
    assert (first_in.started_at, first_out.dwell_s, first_out.at) == (0.0, 60.0, 60.0)
    assert (second_in.started_at, second_out.dwell_s) == (1000.0, 60.0)


def test_a_gap_shorter_than_silence_belongs_to_the_visit_that_spans_it() -> None:
    _, leave = run(stay(3.0, 0, 60, 0.9) + stay(3.0, 150, 180, 0.9))
    assert leave.dwell_s == 180.0


def test_two_zones_and_two_devices_do_not_touch_each_other() -> None:
    rows: list[Row] = []
    for t in range(0, 61):
        rows += [(float(t), 1, [0.9, 0.0]), (float(t), 2, [0.0, 0.9 if t >= 30 else 0.0])]
    events = run(rows, ["a", "b"])
    leaves = {(e.device, e.zone): e.dwell_s for e in events if e.kind == "leave"}
    assert leaves == {(1, "a"): 60.0, (2, "b"): 30.0}


def test_older_fixes_are_counted_not_used() -> None:
    tracker = VisitTracker(["a"], CONFIG)
    tracker.update(fixes_of([1], [10.0]), np.array([[0.9]], np.float32))
    tracker.update(fixes_of([1], [5.0]), np.array([[0.0]], np.float32))
    assert tracker.late == 1
    (enter,) = tracker.update(fixes_of([1], [14.0]), np.array([[0.9]], np.float32))
    assert enter.started_at == 10.0


def test_wrong_shape_is_refused_and_no_zones_means_no_visits() -> None:
    with pytest.raises(ValueError, match="shape"):
        VisitTracker(["a"], CONFIG).update(fixes_of([1], [0.0]), np.zeros((1, 2), np.float32))
    assert VisitTracker([], CONFIG).update(fixes_of([1], [0.0]), np.zeros((1, 0), np.float32)) == []


def plain(rows: Sequence[Row], zones: Sequence[str], config: PresenceConfig) -> list[tuple[object, ...]]:
    """The rule written out for one device and zone at a time: (kind, device, zone, started_at, dwell_s)."""
    out = []
    for device in sorted({d for _, d, _ in rows}):
        for z, zone in enumerate(zones):
            track = sorted((t, p[z]) for t, d, p in rows if d == device)
            start = sure = below = last = None
            inside, rhythm = False, PlainRhythm()
            for t, p in track:
                allowed_s = rhythm.allowed_s(config.silent_s, config.gap_max_s, config.gap_max_s)
                if last is not None and t - last > allowed_s + 1e-6:
                    if inside:
                        out.append(("leave", device, zone, start, sure - start))
                    inside, start, below, rhythm = False, None, None, PlainRhythm()
                elif last is not None:
                    rhythm.hear(t - last)
                last = t
                if not inside:
                    start = (t if start is None else start) if p >= config.enter_probability else None
                    if start is not None and t - start >= config.confirm_s:
                        inside, sure, below = True, t, None
                        out.append(("enter", device, zone, start, 0.0))
                elif p >= config.leave_probability:
                    sure, below = t, None
                else:
                    below = t if below is None else below
                    if t - below >= config.grace_s:
                        out.append(("leave", device, zone, start, sure - start))
                        inside, start = False, None
            if inside:
                out.append(("leave", device, zone, start, sure - start))
    return sorted(out)


@st.composite
def walks(draw: st.DrawFn) -> list[Row]:
    rows: list[Row] = []
    for device in range(draw(st.integers(1, 3))):
        t = float(draw(st.integers(0, 5)))
        for _ in range(draw(st.integers(1, 25))):
            rows.append((t, device, [draw(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])) for _ in range(2)]))
            t += draw(st.sampled_from([1.0, 2.0, 5.0, 15.0, 40.0, 130.0, 200.0]))
    return sorted(rows, key=lambda r: (r[0], r[1]))


@examples(150)
@given(walks(), st.integers(1, 9), st.booleans())
def test_the_same_as_the_plain_rule_however_cut_and_restored(rows: list[Row], cut: int, sweep: bool) -> None:
    zones = ["a", "b"]
    fixes = fixes_of([d for _, d, _ in rows], [t for t, _, _ in rows])
    p = np.array([p for _, _, p in rows], np.float32)
    tracker = VisitTracker(zones, CONFIG)
    events: list[VisitEvent] = []
    for i in range(0, len(rows), cut):
        events += tracker.update(part_of(fixes, slice(i, i + cut)), p[i : i + cut])
        if sweep:
            events += tracker.close_silent(float(fixes.t[min(i + cut, len(rows)) - 1]))
        state = tracker.state()
        tracker = VisitTracker(zones, CONFIG)
        tracker.restore(state)
    events += tracker.close_silent(1e12)
    got = sorted((e.kind, int(e.device), e.zone, e.started_at, e.dwell_s) for e in events)
    assert got == plain(rows, zones, CONFIG)


def test_restore_follows_zones_that_moved_or_went() -> None:
    tracker = VisitTracker(["a", "b"], CONFIG)
    for t in range(0, 10):
        tracker.update(fixes_of([1], [float(t)]), np.array([[0.9, 0.9]], np.float32))
    other = VisitTracker(["new", "b"], CONFIG)
    other.restore(tracker.state())
    assert other.inside() == {"new": 0, "b": 1}
    (leave,) = other.close_silent(1e6)
    assert (leave.zone, leave.dwell_s) == ("b", 9.0)


@pytest.mark.parametrize("zones", [[], ["a"], ["a", "b", "c"]])
def test_a_state_comes_back_whatever_the_number_of_zones(zones: list[str]) -> None:
    tracker, other = VisitTracker(zones, CONFIG), VisitTracker(zones, CONFIG)
    for t in range(10):
        tracker.update(fixes_of([1], [float(t)]), np.full((1, len(zones)), 0.9, np.float32))
    other.restore(tracker.state())
    assert other.inside() == dict.fromkeys(zones, 1)
    assert [(e.zone, e.dwell_s) for e in other.close_silent(1e6)] == [(zone, 9.0) for zone in zones]


def test_thresholds_without_a_gap_are_refused() -> None:
    with pytest.raises(OperatorError, match="leave_probability must be below enter_probability"):
        parse_config({"presence": {"enter_probability": 0.5, "leave_probability": 0.5}}, "config.yaml")


def test_a_visit_ends_when_the_grace_is_over_to_the_second() -> None:
    """Below from 5 s on: 10 s later, at 15 s, and not at 14."""
    _, leave = run(stay(1.0, 0, 4, 0.9) + stay(1.0, 5, 60, 0.0))
    assert (leave.at, leave.dwell_s, leave.started_at, leave.probability) == (15.0, 4.0, 0.0, 0.0)


def test_where_a_device_is_moves_with_zones_that_moved() -> None:
    tracker = VisitTracker(["a", "b", "c"], CONFIG)
    for t in range(10):
        tracker.update(fixes_of([1], [float(t)]), np.array([[0.9, 0.0, 0.9]], np.float32))
    moved = VisitTracker(["c", "x", "b"], CONFIG)
    moved.restore(tracker.state())
    assert moved.zones_of(1) == [("c", 0.0)]
    assert moved.inside() == {"c": 1, "x": 0, "b": 0}
    none = VisitTracker(["z"], CONFIG)
    none.restore(tracker.state())
    assert none.inside() == {"z": 0}


def test_events_of_one_moment_come_by_device_zone_and_kind() -> None:
    tracker = VisitTracker(["b", "a"], CONFIG)
    p = np.full((2, 2), 0.9, np.float32)
    tracker.update(fixes_of([9, 3], [0.0, 0.0]), p)
    events = tracker.update(fixes_of([9, 3], [4.0, 4.0]), p)
    assert [(int(e.device), e.zone) for e in events] == [(3, "a"), (3, "b"), (9, "a"), (9, "b")]
    gone = tracker.close_silent(1e6)
    assert [(int(e.device), e.zone, e.at) for e in gone] == [(3, "a", 4.0), (3, "b", 4.0), (9, "a", 4.0), (9, "b", 4.0)]
    assert tracker.close_silent(1e6) == []


def test_a_fix_at_the_time_of_the_last_one_is_used() -> None:
    tracker = VisitTracker(["a"], CONFIG)
    for p in (0.0, 0.9):
        tracker.update(fixes_of([1], [10.0]), np.array([[p]], np.float32))
    [enter] = tracker.update(fixes_of([1], [14.0]), np.array([[0.9]], np.float32))
    assert (enter.started_at, tracker.late) == (10.0, 0)


@pytest.mark.parametrize(("silent_s", "closed"), [(120.0, 0), (120.1, 1)])
def test_a_visit_is_closed_after_the_silence_and_not_at_it(silent_s: float, closed: int) -> None:
    tracker = VisitTracker(["a"], CONFIG)
    for t in range(10):
        tracker.update(fixes_of([1], [float(t)]), np.array([[0.9]], np.float32))
    assert len(tracker.close_silent(9.0 + silent_s)) == closed
