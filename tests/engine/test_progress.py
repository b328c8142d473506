"""Long commands say how far they are: a bar on a terminal, a line a minute elsewhere."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable

import pytest

from engine import progress
from engine.progress import show_progress
from tests.sites import until


class Terminal(io.StringIO):
    """A stream that people look at."""

    def isatty(self) -> bool:
        return True


def ticking(*seconds: float) -> Callable[[], float]:
    times = iter(seconds)
    return lambda: next(times)


def test_a_redirected_command_says_a_line_a_minute() -> None:
    stream = io.StringIO()
    with show_progress("year", 10, stream=stream, clock=ticking(0, 30, 61, 90, 121.5)) as at:
        at.advance()
        at.advance(note="a note")
        at.advance()
        at.reach(9)
    assert stream.getvalue().splitlines() == [
        "year: 20% done, about 4 min left, a note",
        "year: 90% done, about a minute left",
    ]


def test_a_command_of_less_than_a_minute_says_nothing() -> None:
    stream = io.StringIO()
    with show_progress("day", 2, stream=stream, clock=ticking(0, 1, 59)) as at:
        at.advance()
        at.advance()
    assert stream.getvalue() == ""


def test_nothing_to_do_is_all_done() -> None:
    stream = io.StringIO()
    with show_progress("none", 0, stream=stream, clock=ticking(0, 60)) as at:
        at.reach(0)
    assert stream.getvalue() == "none: 100% done\n"


def test_a_step_of_minutes_is_not_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.01)
    stream = io.StringIO()
    with show_progress("step", 4, stream=stream) as at:
        at.reach(1, "a note")
        until(lambda: stream.getvalue().count("\n") > 2, 60.0)
    said = stream.getvalue()
    assert set(said.splitlines()) == {"step: 25% done, about a minute left, a note"}
    assert not [t for t in threading.enumerate() if t.name == "progress"]


def test_a_terminal_shows_a_bar_and_wipes_it() -> None:
    stream = Terminal()
    with show_progress("year", 2, stream=stream) as at:
        at.advance(note="1 of 2 days")
    shown = stream.getvalue()
    assert "year" in shown
    assert "━" in shown
    assert shown.endswith("\x1b[2K")
