"""Frames wait for those of the other sources, as long as a window waits for them, and no longer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.ingest.decoders.native import Frame
from engine.ingest.mqtt.receiver import RawFrame, Token
from engine.ingest.time.clocks import with_times
from engine.records import Readings
from engine.runtime.stored.gathering import HOLD_S, MOST_FRAMES, SPOKE_S, Gathering
from tests.engine.runtime.clockwork import T0, World, intake


def said(
    gathering: Gathering,
    source: str,
    now: float,
    *,
    store: str = "shop",
    mid: int = 1,
    replay: bool = False,
    less: float = 0.0,
) -> None:
    """A frame; its source may then tell `less` seconds less than up to its sending."""
    raw = RawFrame(f"rayon/{store}/readings/{source}", b"", now, Token(1, mid))
    frame = Frame(store, source, now, now, Readings.empty(), Readings.empty(), {}, replay)
    gathering.add(raw, frame, now, now - less)


def sources(gathering: Gathering, now: float, store: str = "shop") -> list[str]:
    return [frame.source for _, frame in gathering.take(now).get(store, [])]


def test_one_source_waits_for_nobody() -> None:
    gathering = Gathering(1.0)
    for now in (0.0, 1.0, 2.0):
        said(gathering, "c1", now)
        assert sources(gathering, now) == ["c1"]


def test_within_a_window_nothing_is_worked_out() -> None:
    gathering = Gathering(1.0)
    said(gathering, "c1", 10.4)
    assert sources(gathering, 10.4) == ["c1"]
    said(gathering, "c1", 10.9)
    assert sources(gathering, 10.9) == []
    said(gathering, "c1", 11.4)
    assert sources(gathering, 11.4) == ["c1", "c1"]
    said(gathering, "c1", 11.9)
    assert sources(gathering, 11.9 + HOLD_S + 0.01) == ["c1"]


def test_the_frame_that_closes_a_window_waits_for_nobody() -> None:
    """A source whose readings were up to a quarter of a second out of order closes a window that much later."""
    gathering = Gathering(1.0)
    for k in range(20, 40):
        said(gathering, "c1", k / 2 + 0.1, less=0.25)
        due = 0 if k % 2 == 0 else 2
        assert sources(gathering, k / 2 + 0.1) == ["c1"] * (1 if k <= 21 else due)


def test_it_says_when_to_look_again() -> None:
    gathering = Gathering(1.0)
    assert gathering.rest_s(9.0, 0.25) == 0.25
    said(gathering, "c1", 10.4)
    gathering.take(10.4)
    said(gathering, "c1", 10.5)
    assert gathering.rest_s(10.5, 5.0) == pytest.approx(HOLD_S)
    assert gathering.rest_s(10.6, 0.25) == 0.25
    assert gathering.rest_s(12.0, 0.25) == 0.0


def test_the_first_waits_for_the_second() -> None:
    gathering = Gathering(1.0)
    said(gathering, "c1", 0.0)
    said(gathering, "c2", 0.0)
    assert sources(gathering, 0.0) == ["c1", "c2"]
    said(gathering, "c1", 1.0)
    assert sources(gathering, 1.25) == []
    said(gathering, "c2", 1.5)
    assert sources(gathering, 1.5) == ["c1", "c2"]
    assert sources(gathering, 1.75) == []


def test_nobody_waits_long_and_not_for_who_is_gone() -> None:
    gathering = Gathering(1.0)
    said(gathering, "c1", 0.0)
    said(gathering, "c2", 0.0)
    gathering.take(0.0)
    said(gathering, "c1", 1.0)
    assert sources(gathering, 1.0 + HOLD_S + 0.01) == ["c1"]
    said(gathering, "c1", SPOKE_S + 0.5)
    assert sources(gathering, SPOKE_S + 0.5) == ["c1"]


@pytest.mark.parametrize(("rest_s", "waited_for"), [(3.0, True), (3.1, False)])
def test_for_three_seconds_a_source_is_waited_for(rest_s: float, waited_for: bool) -> None:
    gathering = Gathering(1.0)
    said(gathering, "c1", 0.0)
    said(gathering, "c2", 0.0)
    gathering.take(0.0)
    said(gathering, "c1", rest_s)
    assert sources(gathering, rest_s) == ([] if waited_for else ["c1"])


def test_neither_do_recordings_nor_too_many() -> None:
    gathering = Gathering(1.0)
    said(gathering, "c1", 0.0)
    said(gathering, "c2", 0.0)
    gathering.take(0.0)
    said(gathering, "c1", 1.0, replay=True)
    assert sources(gathering, 1.0) == ["c1"]
    for _ in range(MOST_FRAMES):
        said(gathering, "c1", 2.0)
    assert len(sources(gathering, 2.0)) == MOST_FRAMES


def test_a_clock_that_is_put_back_holds_nothing() -> None:
    gathering = Gathering(1.0)
    said(gathering, "c1", 100.0)
    said(gathering, "c2", 100.0)
    gathering.take(100.0)
    said(gathering, "c1", 101.0)
    assert sources(gathering, 50.0) == ["c1"]


def test_what_waits_is_not_acknowledged_and_goes_with_its_connection() -> None:
    gathering = Gathering(1.0)
    said(gathering, "c1", 0.0, mid=5)
    said(gathering, "c1", 0.0, store="other", mid=5)
    assert gathering.take(0.0).keys() == {"shop", "other"}
    said(gathering, "c2", 0.5, mid=6)
    assert gathering.take(0.5) == {}
    assert gathering.free([Token(1, 5), Token(1, 6)]) == [Token(1, 5)]
    gathering.forget_before(2)
    assert gathering.drop("shop") == []


@pytest.mark.parametrize("burst_s", [0.0, 0.05, 0.2])
@pytest.mark.parametrize("phase_s", [0.0, 0.2, 0.35])
def test_gathered_or_not_every_window_closes_with_the_same_frame(burst_s: float, phase_s: float) -> None:
    """Readings of a burst are heard a little after the frame before was sent, so windows close a little after their
    end: the coupon of whoever stands there is not to wait for another frame, nor for HOLD_S."""
    plain, gathered, gathering = intake(), intake(), Gathering(1.0)
    closed: dict[str, list[tuple[float, float]]] = {"plain": [], "gathered": []}
    commits = 0
    for number, (at, frame) in enumerate(World(seconds=60.0).arrivals(), 1):
        frame = replace(
            frame, sent_at=frame.sent_at + phase_s + burst_s, received_at=frame.received_at + phase_s + burst_s
        )
        frame = replace(frame, readings=with_times(frame.readings, frame.readings.t + phase_s))
        now = T0 + at + phase_s + burst_s
        gathering.add(RawFrame("", b"", now, Token(1, number)), frame, now, gathered.frontier_after(frame))
        batch = [f for _, f in gathering.take(now).get("shop", [])]
        commits += bool(batch)
        for name, made, frames in (("plain", plain, [frame]), ("gathered", gathered, batch)):
            closed[name].append((at, np.floor(made.take(frames, now).clock)))
    settled = {name: [pair for pair in pairs if pair[0] > 15.0] for name, pairs in closed.items()}
    assert settled["gathered"] == settled["plain"]
    assert commits < 75
