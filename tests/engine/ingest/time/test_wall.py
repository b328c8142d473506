"""The wall clock without its short mistakes: 2 s at once, more after a minute of saying so."""

from __future__ import annotations

from engine.ingest.time.wall import SteadyClock


class Machine:
    """`monotonic` seconds since it started, and a wall clock that is `ahead` of that."""

    def __init__(self) -> None:
        self.monotonic, self.ahead = 0.0, 100.0
        self.clock = SteadyClock(lambda: self.monotonic + self.ahead, lambda: self.monotonic)

    def at(self, monotonic: float, ahead: float) -> float:
        """By how much the steady clock is ahead then."""
        self.monotonic, self.ahead = monotonic, ahead
        return self.clock() - monotonic


def test_two_seconds_are_followed_at_once() -> None:
    machine = Machine()
    assert machine.at(0.0, 100.0) == 100.0
    assert machine.at(1.0, 102.0) == 102.0
    assert machine.at(2.0, 100.0) == 100.0
    assert machine.at(3.0, 102.25) == 100.0
    assert machine.at(4.0, 97.75) == 100.0


def test_a_step_is_followed_once_it_is_a_minute_old() -> None:
    machine = Machine()
    assert machine.at(10.0, 500.0) == 100.0
    assert machine.at(69.5, 500.0) == 100.0
    assert machine.at(70.0, 500.0) == 500.0
    assert machine.at(71.0, 900.0) == 500.0, "the next one waits as long"
    assert machine.at(130.0, 900.0) == 500.0
    assert machine.at(131.0, 900.0) == 900.0


def test_a_step_that_is_taken_back_was_none() -> None:
    machine = Machine()
    assert machine.at(10.0, 50.0) == 100.0
    assert machine.at(65.0, 100.5) == 100.5
    assert machine.at(66.0, 50.0) == 100.5
    assert machine.at(125.0, 50.0) == 100.5
    assert machine.at(126.0, 50.0) == 50.0
