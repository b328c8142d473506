"""When a store's state is saved: right after its tracks were rounded, and the more seldom the larger it is."""

from __future__ import annotations

from collections.abc import Callable

from engine.runtime.stored.pace import LONGEST_REST_S, OVERDUE_S, OVERDUE_SHARE, WRITES_BYTES_PER_S, Pace

ROUNDED_EVERY_S = 8.0
EVERY_S = 10.0


def saved(until_s: int, size: Callable[[bool], int], pace: Pace | None = None) -> list[tuple[int, bool]]:
    """When state was saved, looking every second, and whether its tracks had just been rounded."""
    pace, found = pace or Pace(), []
    for now in range(until_s):
        rounded = now % ROUNDED_EVERY_S == 3
        if pace.is_due(float(now), EVERY_S, rounded=rounded):
            pace.note(float(now), size(rounded))
            found.append((now, rounded))
    return found


def test_a_small_state_is_saved_at_the_first_rounding_after_its_time() -> None:
    assert [at for at, _ in saved(60, lambda _: 1000)] == [0, 11, 27, 43, 59]


def test_after_a_long_rest_too_it_is_saved_rounded() -> None:
    """It was six times as large otherwise: rests of 40 s and more counted as waiting in vain for the rounding."""
    found = saved(4_000, lambda rounded: 900_000 if rounded else 6_600_000)
    assert all(rounded for _, rounded in found[1:])
    assert len(found) >= 9
    bytes_per_s = 900_000 * (len(found) - 1) / 4_000
    assert bytes_per_s <= WRITES_BYTES_PER_S


def test_where_nothing_is_rounded_it_is_saved_all_the_same() -> None:
    for rest_s in (100.0, 500.0):
        pace, overdue_s = Pace(saved_at=0.0, rest_until=rest_s), max(OVERDUE_S, OVERDUE_SHARE * rest_s)
        assert not pace.is_due(rest_s + overdue_s - 1, EVERY_S, rounded=False)
        assert pace.is_due(rest_s + overdue_s, EVERY_S, rounded=False)
        assert pace.is_due(rest_s, EVERY_S, rounded=True)


def test_of_an_engine_that_is_rarely_rounded_no_state_is_saved_at_its_largest() -> None:
    pace, sizes = Pace(saved_at=0.0, rest_until=LONGEST_REST_S), []
    for now in range(3_600):
        rounded = now % 97 == 0
        if pace.is_due(float(now), EVERY_S, rounded=rounded):
            sizes.append(1_900_000 if rounded else 8_500_000)
            pace.note(float(now), sizes[-1])
    assert set(sizes) == {1_900_000}


def test_no_state_is_so_large_that_more_than_the_longest_rest_is_journal() -> None:
    pace = Pace()
    pace.note(0.0, 10**9)
    assert pace.rest_until == LONGEST_REST_S


def test_a_clock_that_was_put_back_stops_no_checkpoint() -> None:
    pace = Pace()
    pace.note(1e6, 10**6)
    assert pace.is_due(1e6 - 3600, EVERY_S, rounded=False)


def test_nothing_new_is_asked_for_again_after_the_usual_time_only() -> None:
    pace = Pace()
    pace.note(5.0)
    assert not pace.is_due(14.9, EVERY_S, rounded=True)
    assert pace.is_due(15.0, EVERY_S, rounded=True)
