"""Clocks: right, wrong, drifting, stepping, forged, and held up by the broker."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from engine.ingest.time.clocks import MAX_SLEW, MOST_SHOWN, MOST_SOURCES, SourceClocks, shift_times
from tests.engine.ingest.made import made

NOW = 1_800_000_000.0


def run(
    clocks: SourceClocks,
    seconds: float,
    *,
    error_s: float = 0.0,
    drift: float = 0.0,
    speed: float = 1.0,
    start: float = NOW,
    every_s: float = 1.0,
    delay_s: float = 0.02,
    source: str = "c1",
) -> Iterator[tuple[float, float]]:
    """(true time, corrected time) of each frame of a source whose clock is `error_s` fast, gaining `drift` s/s."""
    for i in range(int(seconds / every_s)):
        elapsed = i * every_s
        sent_at = start + speed * elapsed + error_s + drift * elapsed
        offset = clocks.offset_s(source, sent_at, start + elapsed + delay_s)
        yield start + elapsed, sent_at + offset


def errors(frames: Iterator[tuple[float, float]]) -> list[float]:
    return [corrected - true for true, corrected in frames]


@pytest.mark.parametrize("error_s", [0.0, 1.9, -1.9])
def test_a_clock_within_tolerance_is_left_alone(error_s: float) -> None:
    assert errors(run(SourceClocks(2.0), 60, error_s=error_s)) == pytest.approx([error_s] * 60, abs=1e-6)


@pytest.mark.parametrize("error_s", [365 * 86_400.0, 300.0])
def test_a_clock_that_is_ahead_is_corrected_from_the_first_frame_on(error_s: float) -> None:
    assert max(map(abs, errors(run(SourceClocks(2.0), 120, error_s=error_s)))) < 0.3


@pytest.mark.parametrize("error_s", [-NOW, -365 * 86_400.0, -61.0])
def test_a_clock_far_behind_is_believed_to_be_old_news_for_three_seconds_only(error_s: float) -> None:
    late = errors(run(SourceClocks(2.0), 120, error_s=error_s))
    assert late[:2] == pytest.approx([error_s] * 2)
    assert max(map(abs, late[4:])) < 0.3


def test_a_clock_minutes_behind_may_be_a_backlog_and_is_corrected_once_it_proves_constant() -> None:
    late = errors(run(SourceClocks(2.0), 60, error_s=-300.0))
    assert late[0] == pytest.approx(-300.0)
    assert max(map(abs, late[10:])) < 0.3


def test_a_backlog_held_by_the_broker_is_not_mistaken_for_a_wrong_clock() -> None:
    clocks = SourceClocks(2.0)
    for i in range(3600):  # an hour of frames, delivered within 18 seconds
        assert clocks.offset_s("c1", NOW - 3600 + i, NOW + i * 0.005) == 0.0
    assert errors(run(clocks, 60, start=NOW + 18)) == pytest.approx([0.0] * 60, abs=1e-6)


def test_a_backlog_after_an_outage_does_not_bend_a_known_clock() -> None:
    clocks = SourceClocks(2.0)
    settled = list(run(clocks, 60, error_s=500.0))[-1]
    assert settled[1] - settled[0] == pytest.approx(0.0, abs=0.3)
    back = NOW + 60 + 600  # ten minutes later everything comes at once
    for i in range(600):
        sent_at = NOW + 60 + i + 500.0
        assert sent_at + clocks.offset_s("c1", sent_at, back + i * 0.001) == pytest.approx(NOW + 60 + i, abs=0.3)


def test_drift_is_followed_slowly_and_without_jumps() -> None:
    clocks = SourceClocks(2.0)
    late = errors(run(clocks, 6 * 3600, error_s=100.0, drift=200e-6))
    assert max(map(abs, late)) < 0.6
    assert max(map(abs, np.diff(late))) <= 0.3


def test_drift_within_tolerance_is_left_alone() -> None:
    clocks = SourceClocks(2.0)
    assert list(run(clocks, 3600, drift=100e-6))
    assert clocks.offsets() == {"c1": 0.0}


def test_a_step_forward_never_puts_readings_into_the_future_and_is_learnt() -> None:
    clocks = SourceClocks(2.0)
    assert list(run(clocks, 60))
    late = errors(run(clocks, 60, error_s=3600.0, start=NOW + 60))
    assert max(late) < 2.1
    assert max(map(abs, late[15:])) < 0.3
    assert clocks.offsets()["c1"] == pytest.approx(-3600, abs=1)


def test_a_step_back_is_learnt() -> None:
    clocks = SourceClocks(2.0)
    assert list(run(clocks, 60))
    late = errors(run(clocks, 60, error_s=-60.0, start=NOW + 60))
    assert max(map(abs, late[5:])) < 0.3


def test_a_few_delayed_frames_change_nothing() -> None:
    clocks = SourceClocks(2.0)
    assert list(run(clocks, 60))
    assert list(run(clocks, 4, start=NOW + 60, delay_s=20.0))
    assert clocks.offsets() == {"c1": 0.0}


def test_a_frame_sent_again_gets_the_same_correction_to_the_bit() -> None:
    clocks = SourceClocks(2.0)
    assert list(run(clocks, 120, error_s=77.7, drift=50e-6))
    sent_at = NOW + 119 + 77.7
    assert clocks.offset_s("c1", sent_at, NOW + 120) == clocks.offset_s("c1", sent_at, NOW + 123)


@pytest.mark.parametrize("every_s", [15.0, 60.0, 300.0])
def test_a_source_that_reports_rarely_is_corrected_too(every_s: float) -> None:
    late = errors(run(SourceClocks(2.0), 40 * every_s, error_s=-120.0, drift=50e-6, every_s=every_s))
    assert late[0] == pytest.approx(-120.0)
    assert max(map(abs, late[5:])) < 0.6


def test_sources_are_told_apart() -> None:
    clocks = SourceClocks(2.0)
    assert max(map(abs, errors(run(clocks, 30, error_s=300.0, source="a")))) < 0.3
    assert max(map(abs, errors(run(clocks, 30, source="b")))) < 0.3
    assert clocks.offsets()["b"] == 0.0


def test_a_restored_one_goes_on_to_the_bit() -> None:
    one, other = SourceClocks(2.0), SourceClocks(2.0)
    for i in range(200):
        sent_at, received_at = NOW + 10.0 + i * 1.0001, NOW + i
        if i % 37 == 0:
            restored = SourceClocks(2.0)
            restored.restore(other.state())
            other = restored
        assert other.offset_s("c1", sent_at, received_at) == one.offset_s("c1", sent_at, received_at)


def test_memory_is_bounded() -> None:
    clocks = SourceClocks(2.0)
    for i in range(5000):
        clocks.offset_s(f"s{i}", NOW + i, NOW + i)
    assert len(clocks.offsets()) <= MOST_SHOWN
    assert len(clocks.state()) == MOST_SOURCES
    assert "s4999" in clocks.offsets()


def test_shifting_moves_times_and_nothing_else() -> None:
    readings = made([(1.0, 7, 0), (2.0, 8, 1)])
    moved = shift_times(readings, 10.0)
    assert moved.t.tolist() == [11.0, 12.0]
    assert moved.device is readings.device
    assert shift_times(readings, 0.0) is readings


def test_the_slew_is_what_the_documentation_says() -> None:
    assert MAX_SLEW == 0.001


@pytest.mark.parametrize(
    ("behind_s", "offset_s"), [(-2.0, 0.0), (-2.25, -2.25), (0.0, 0.0), (1e5, 0.0), (-1e11, -1e11), (1e9, 0.0)]
)
def test_a_first_frame_is_put_back_to_its_receipt_and_never_forward(behind_s: float, offset_s: float) -> None:
    assert SourceClocks(2.0).offset_s("c1", NOW - behind_s, NOW) == offset_s


@pytest.mark.parametrize("sent_at", [0.0, 9.9e10, NOW - 172_800, NOW + 365 * 86_400])
def test_one_absurd_frame_teaches_nothing(sent_at: float) -> None:
    clocks = SourceClocks(2.0)
    assert list(run(clocks, 20))
    assert sent_at + clocks.offset_s("c1", sent_at, NOW + 20) <= NOW + 20
    assert errors(run(clocks, 20, start=NOW + 20.5)) == pytest.approx([0.0] * 20, abs=1e-6)


def test_our_own_clock_that_is_put_back_is_followed() -> None:
    clocks = SourceClocks(2.0)
    assert list(run(clocks, 60, start=NOW + 3600))
    late = errors(run(clocks, 60, error_s=3600.0))
    assert max(map(abs, late)) < 0.3


@pytest.mark.parametrize("error_s", [2.0, -2.0])
def test_a_clock_at_the_edge_of_the_tolerance_is_left_alone(error_s: float) -> None:
    clocks = SourceClocks(2.0)
    assert len(errors(run(clocks, 60, error_s=error_s, delay_s=0.0))) == 60
    assert clocks.state()["c1"]["offset_s"] == 0.0


def test_a_step_ahead_is_taken_back_in_whole_grains_of_a_quarter_second() -> None:
    clocks = SourceClocks(2.0)
    assert list(run(clocks, 60))
    for i in range(3):
        ahead_s = 3600.1 + 0.3 * i
        offset = clocks.offset_s("c1", NOW + 60 + i + ahead_s, NOW + 60 + i)
        assert offset <= -ahead_s + 1e-6  # never into the future
        assert offset > -ahead_s - 0.2501
        assert (offset * 4) % 1 == 0


def test_the_least_delayed_frames_tell_the_offset() -> None:
    clocks = SourceClocks(2.0)
    for i in range(30):
        delay_s = 0.0 if i % 3 else 0.75
        clocks.offset_s("c1", NOW + i - 300.0, NOW + i + delay_s)
    assert clocks.offsets()["c1"] == pytest.approx(300.0, abs=1e-6)


def test_an_offset_moves_by_a_thousandth_of_the_time_at_most() -> None:
    clocks = SourceClocks(2.0)
    assert list(run(clocks, 60, error_s=100.0))
    before = clocks.state()["c1"]["offset_s"]
    assert list(run(clocks, 31, error_s=101.0, start=NOW + 60))
    moved = before - clocks.state()["c1"]["offset_s"]
    assert 0.015 < moved < 0.0315  # 31 s, less the seconds in which old frames still count


def test_a_clock_once_corrected_is_let_go_at_half_the_tolerance_only() -> None:
    clocks = SourceClocks(2.0)
    assert list(run(clocks, 60, error_s=300.0))
    assert list(run(clocks, 60, error_s=1.5, start=NOW + 60))  # was put right, nearly
    assert clocks.offsets()["c1"] == pytest.approx(-1.5, abs=0.3)
    assert list(run(clocks, 60, error_s=1.5, source="c2"))
    assert clocks.offsets()["c2"] == 0.0
