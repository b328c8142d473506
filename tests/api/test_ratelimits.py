"""Moving windows of a minute, by a clock of the test's own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from api.ratelimits import WINDOW_S, RateLimits, TooManyRequests


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1e6

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits(clock: Clock) -> RateLimits:
    return RateLimits(clock)


def allowed(limits: RateLimits, per_minute: int = 3, kind: str = "till", caller: str = "a") -> bool:
    try:
        limits.spend(kind, caller, per_minute)
    except TooManyRequests:
        return False
    return True


def test_so_many_and_no_more_of_each_kind_and_caller(limits: RateLimits) -> None:
    assert [allowed(limits) for _ in range(5)] == [True] * 3 + [False] * 2
    assert allowed(limits, caller="b")
    assert allowed(limits, kind="share")


def test_the_window_moves_with_the_caller(limits: RateLimits, clock: Clock) -> None:
    """No calendar minute: what was spent in the last 60 s counts, whatever second it began at."""
    for at_s in (0.0, 50.0, 55.0):
        clock.now = 1e6 + at_s
        assert allowed(limits)
    clock.now = 1e6 + 59.5
    assert not allowed(limits)
    clock.now = 1e6 + 60.0
    assert [allowed(limits), allowed(limits)] == [True, False]


def test_waiting_as_long_as_told_is_enough_and_a_second_less_is_not(limits: RateLimits, clock: Clock) -> None:
    assert all(allowed(limits) for _ in range(3))
    clock.now += 18.25
    with pytest.raises(TooManyRequests) as refused:
        limits.spend("till", "a", 3)
    assert refused.value.retry_after_s == 42
    clock.now += 41.0
    assert not allowed(limits)
    clock.now += 1.0
    assert allowed(limits)


def test_what_is_refused_costs_nothing(limits: RateLimits, clock: Clock) -> None:
    assert all(allowed(limits) for _ in range(3))
    clock.now += WINDOW_S - 1
    assert not any(allowed(limits) for _ in range(50))
    clock.now += 1
    assert [allowed(limits) for _ in range(4)] == [True] * 3 + [False]


def test_a_limit_lowered_meanwhile(limits: RateLimits, clock: Clock) -> None:
    """Room comes when fewer than the new limit are left in the window."""
    for _ in range(3):
        assert allowed(limits)
        clock.now += 10.0
    with pytest.raises(TooManyRequests) as refused:
        limits.spend("till", "a", 1)
    assert refused.value.retry_after_s == 50  # until the third leaves
    clock.now += 50.0
    assert allowed(limits, 1)


def test_who_is_silent_is_forgotten(limits: RateLimits, clock: Clock) -> None:
    for i in range(100):
        assert allowed(limits, caller=f"192.0.2.{i}")
    clock.now += 30.0
    assert allowed(limits, caller="late")
    assert len(limits) == 101
    clock.now += 30.0
    assert allowed(limits, caller="new")
    assert len(limits) == 2  # the late one still counts


def test_threads_share_one_count(limits: RateLimits) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: allowed(limits, 100), range(400)))
    assert sum(answers) == 100
