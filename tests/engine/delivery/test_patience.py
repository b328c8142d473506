"""A job beside a database that is away: after pauses that double up to a longest, told one by one, until it is back."""

from __future__ import annotations

import asyncio

import pytest

from engine.delivery.patience import growing_pauses
from engine.errors import StorageUnavailable


class Job:
    """Fails so many times, then says how often it was asked."""

    def __init__(self, failures: int) -> None:
        self.asked, self._failures = 0, failures

    async def __call__(self) -> int:
        self.asked += 1
        if self.asked <= self._failures:
            raise StorageUnavailable("connection refused")
        return self.asked


def test_pauses_double_up_to_the_longest(caplog: pytest.LogCaptureFixture) -> None:
    slept: list[float] = []

    async def sleep(pause_s: float) -> None:
        slept.append(pause_s)

    with caplog.at_level("WARNING"):
        assert asyncio.run(growing_pauses("outbox", 0.4, 2.0, sleep=sleep)(Job(5))) == 6
    assert slept == pytest.approx([0.4, 0.8, 1.6, 2.0, 2.0])
    said = [record.getMessage() for record in caplog.records]
    assert said[1] == "outbox: database away, tries again in 0.8 s: connection refused"
    assert len(said) == 5


def test_each_outage_begins_with_the_first_pause() -> None:
    slept: list[float] = []

    async def sleep(pause_s: float) -> None:
        slept.append(pause_s)

    async def twice() -> None:
        patiently = growing_pauses("outbox", 1.0, 9.0, sleep=sleep)
        await patiently(Job(2))
        await patiently(Job(2))

    asyncio.run(twice())
    assert slept == [1.0, 2.0, 1.0, 2.0]


def test_who_is_to_stop_does_not_try_again() -> None:
    job, slept = Job(100), list[float]()

    async def sleep(pause_s: float) -> None:
        slept.append(pause_s)

    patiently = growing_pauses("outbox", 1.0, 9.0, sleep=sleep, stop=lambda _: len(slept) == 3)
    assert asyncio.run(patiently(job)) is None
    assert job.asked == 4


def test_other_errors_come_through() -> None:
    async def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(growing_pauses("outbox", 1.0, 9.0)(broken))
