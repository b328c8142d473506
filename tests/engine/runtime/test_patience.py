"""A database that is away: tried again, said once, and given up only when the process stops."""

from __future__ import annotations

import logging
import threading

import pytest

from engine.errors import StorageUnavailable
from engine.runtime.patience import Patience


class Database:
    """Answers after so many refusals."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals

    def ask(self, question: str) -> str:
        if self.refusals > 0:
            self.refusals -= 1
            raise StorageUnavailable("connection refused")
        return f"{question}!"


def test_tries_until_it_answers_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    patience = Patience(threading.Event(), longest_wait_s=0.01)
    with caplog.at_level(logging.WARNING):
        assert patience(Database(4).ask, "well") == "well!"
    assert [r.getMessage().split(",")[0] for r in caplog.records] == ["the database is away", "the database is back"]
    assert not patience.away


def test_stopping_ends_the_wait() -> None:
    stopping = threading.Event()
    patience = Patience(stopping)
    threading.Timer(0.1, stopping.set).start()
    with pytest.raises(StorageUnavailable):
        patience(Database(10**9).ask, "well")
    assert patience.away


def test_other_errors_are_not_waited_for() -> None:
    with pytest.raises(ZeroDivisionError):
        Patience(threading.Event())(lambda: 1 / 0)
