"""Housekeeping runs every job again and again, and survives a database that is away."""

from __future__ import annotations

import asyncio

import pytest

from engine.delivery.housekeeping import keep_house
from engine.errors import StorageUnavailable


def test_jobs_run_again_after_an_outage(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[float] = []
    times = iter(range(100))

    def job(now: float) -> int:
        seen.append(now)
        if len(seen) == 2:
            raise StorageUnavailable("away")
        return 1 if len(seen) == 3 else 0

    async def for_a_while() -> None:
        task = asyncio.create_task(keep_house({"things": job}, interval_s=0.01, clock=lambda: float(next(times))))
        while len(seen) < 4:
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with caplog.at_level("INFO"):
        asyncio.run(asyncio.wait_for(for_a_while(), 20))
    assert seen[:4] == [0.0, 1.0, 2.0, 3.0]
    assert "tries again" in caplog.text
    assert "things: 1" in caplog.text


def test_a_bug_is_not_swallowed() -> None:
    def job(now: float) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(keep_house({"broken": job}, interval_s=0.01))


def test_what_may_wait_begins_a_while_after_the_start() -> None:
    done: list[str] = []

    async def sleep(seconds: float) -> None:
        done.append(f"{seconds:g} s")
        if len(done) > 3:
            raise asyncio.CancelledError

    def job(now: float) -> int:
        done.append("job")
        return 0

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(keep_house({"a": job}, interval_s=60.0, after_s=5.0, sleep=sleep))
    assert done == ["5 s", "job", "60 s", "job", "60 s"]
