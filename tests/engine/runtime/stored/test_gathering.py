"""Frames wait for those of the other sources, as long as a window waits for them, and no longer."""

from __future__ import annotations

from engine.ingest.decoders.native import Frame
from engine.ingest.mqtt.receiver import RawFrame, Token
from engine.records import Readings
from engine.runtime.stored.gathering import HOLD_S, MOST_FRAMES, SPOKE_S, Gathering


def said(
    gathering: Gathering, source: str, now: float, *, store: str = "shop", mid: int = 1, replay: bool = False
) -> None:
    raw = RawFrame(f"rayon/{store}/readings/{source}", b"", now, Token(1, mid))
    frame = Frame(store, source, now, now, Readings.empty(), Readings.empty(), {}, replay)
    gathering.add(raw, frame, now)


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
