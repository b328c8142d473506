"""Moving windows of a minute, by a clock that the test holds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from api.ratelimits import RateLimits, SharedLimits, TooManyRequests
from engine.storage.database import Database, engine_for, open_database
from tests.clocks import HeldClock
from tests.databases import Postgres, postgres

__all__ = ["postgres"]


@pytest.fixture
def limits(rate_clock: HeldClock) -> RateLimits:
    return RateLimits()


def allowed(limits: RateLimits, per_minute: int = 3, kind: str = "till", caller: str = "a") -> bool:
    try:
        limits.spend(kind, caller, per_minute)
    except TooManyRequests:
        return False
    return True


def told_to_wait_s(limits: RateLimits, per_minute: int = 3) -> int:
    with pytest.raises(TooManyRequests) as refused:
        limits.spend("till", "a", per_minute)
    return refused.value.retry_after_s


def test_so_many_and_no_more_of_each_kind_and_caller(limits: RateLimits) -> None:
    assert [allowed(limits) for _ in range(5)] == [True] * 3 + [False] * 2
    assert [allowed(limits, caller="b") for _ in range(4)] == [True] * 3 + [False]
    assert [allowed(limits, kind="share") for _ in range(4)] == [True] * 3 + [False]
    assert not allowed(limits)


def test_the_window_moves_with_the_caller(limits: RateLimits, rate_clock: HeldClock) -> None:
    """No calendar minute: what was spent in the last 60 s counts, whatever second it began at."""
    began = rate_clock.now
    for at_s in (0.0, 50.0, 55.0):
        rate_clock.now = began + at_s
        assert allowed(limits)
    rate_clock.now = began + 59.5
    assert not allowed(limits)
    rate_clock.now = began + 60.01
    assert [allowed(limits), allowed(limits)] == [True, False]


def test_waiting_as_long_as_told_is_enough_and_a_second_less_is_not(limits: RateLimits, rate_clock: HeldClock) -> None:
    assert all(allowed(limits) for _ in range(3))
    rate_clock.now += 18.25
    assert told_to_wait_s(limits) == 42
    rate_clock.now += 41.0
    assert not allowed(limits)
    rate_clock.now += 1.0
    assert allowed(limits)


def test_who_is_early_by_a_moment_is_told_a_second(limits: RateLimits, rate_clock: HeldClock) -> None:
    """Never zero, which would mean: at once, again."""
    assert all(allowed(limits) for _ in range(3))
    rate_clock.now += 59.999
    assert told_to_wait_s(limits) == 1
    rate_clock.now += 0.001
    assert told_to_wait_s(limits) == 1
    rate_clock.now += 1.0
    assert allowed(limits)


def test_what_is_refused_costs_nothing(limits: RateLimits, rate_clock: HeldClock) -> None:
    assert all(allowed(limits) for _ in range(3))
    rate_clock.now += 59.0
    assert not any(allowed(limits) for _ in range(50))
    rate_clock.now += 1.01
    assert [allowed(limits) for _ in range(4)] == [True] * 3 + [False]


def test_threads_share_one_count(limits: RateLimits) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: allowed(limits, 100), range(400)))
    assert sum(answers) == 100


def test_several_processes_count_together(postgres: Postgres, rate_clock: HeldClock) -> None:
    rate_clock.now = rate_clock.now // 60 * 60 + 1.0
    with postgres.borrowed() as url:
        db = open_database(url)
        first, second = (RateLimits(SharedLimits(db, b"k" * 32)) for _ in range(2))
        assert [allowed(limits) for limits in (first, second, first, second, first)] == [True] * 3 + [False] * 2
        second.count("source", "a", 1)
        with pytest.raises(TooManyRequests):
            first.look("source", "a", 1)
        assert not second.trusts("till", "a")
        first.trust("till", "a")
        assert second.trusts("till", "a"), "a till that was right at the other"
        db.close()


def test_a_database_that_is_away_lets_no_guesser_through() -> None:
    away = Database(engine_for("postgresql://u@127.0.0.1:1/x"))
    limits = RateLimits(SharedLimits(away, b"k" * 32))
    assert [allowed(limits) for _ in range(5)] == [True] * 3 + [False] * 2
    away.close()
