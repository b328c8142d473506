"""Counts the examples of the property that runs, and ends it where its time is up.

A test that pytest knows for a property is counted by itself. One that makes its property inside says so:

    @examples(6)
    @given(...)
    @counted
    def holds(...): ...

    run_state_machine_as_test(counted_machine(Books), settings=...)
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec
from unittest import SkipTest

from hypothesis.errors import UnsatisfiedAssumption

if TYPE_CHECKING:
    from hypothesis.stateful import RuleBasedStateMachine

P = ParamSpec("P")


class TimeIsUp(SkipTest):
    """Ends a property between two examples: hypothesis hands on what skips a test, and tries no further."""


@dataclass
class Tried:
    """What became of a property so far."""

    ends_at: float
    """Of the process's processor time, seconds."""
    held: int = 0
    failed: bool = False

    def end(self, error: BaseException | None) -> None:
        """After an example, `error` being what it raised. Raises TimeIsUp: not before, as it would be taken for a
        strategy that draws something else, and not once one failed, as the search for a smaller one follows."""
        if isinstance(error, Exception) and not isinstance(error, UnsatisfiedAssumption):
            self.failed = True
        if error is not None:
            return
        self.held += 1
        if not self.failed and time.process_time() > self.ends_at:
            raise TimeIsUp(f"time was up after {self.held} examples")


_running: list[Tried] = []


@contextmanager
def counting(seconds: float) -> Iterator[Tried]:
    """Counts what is tried meanwhile, for at most so many seconds of processor."""
    tried = Tried(time.process_time() + seconds)
    _running.append(tried)
    try:
        yield tried
    finally:
        _running.remove(tried)


def counted(test: Callable[P, None]) -> Callable[P, None]:
    """The same test of one example, counted where somebody counts."""

    @wraps(test)
    def one(*args: P.args, **kwargs: P.kwargs) -> None:
        if not _running:
            test(*args, **kwargs)
            return
        tried = _running[-1]
        try:
            test(*args, **kwargs)
        except BaseException as error:
            tried.end(error)
            raise
        tried.end(None)

    return one


def counted_machine(machine: type[RuleBasedStateMachine]) -> type[RuleBasedStateMachine]:
    """The same machine, each run of which counts as an example."""

    class Counted(machine):  # type: ignore[misc, valid-type]
        def teardown(self) -> None:
            error = sys.exc_info()[1]  # hypothesis calls this on the way out
            super().teardown()
            if _running:
                _running[-1].end(error)

    Counted.__name__ = Counted.__qualname__ = machine.__name__  # as failures show it
    return Counted
