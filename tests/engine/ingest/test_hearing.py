"""A store that cannot use most of what comes in is deaf, and says so until it can."""

from __future__ import annotations

import pytest

from engine.ingest.hearing import Hearing
from engine.vocabulary import StoreTrouble

T0 = 1_800_000_000.0


def minute(hearing: Hearing, from_t: float, *, refused: int = 0, late: int = 0) -> list[StoreTrouble | None]:
    """A minute in which ten readings a second come, of which so many are lost."""
    return [hearing.note(from_t + k, 10, refused, late) for k in range(60)]


@pytest.mark.parametrize(
    ("lost", "trouble"),
    [
        ({"late": 6}, StoreTrouble.MOSTLY_LATE),
        ({"refused": 6}, StoreTrouble.MOSTLY_REFUSED),
        ({"refused": 2, "late": 4}, StoreTrouble.MOSTLY_LATE),
        ({"late": 5}, None),
        ({}, None),
    ],
)
def test_more_than_half_lost_is_deaf(lost: dict[str, int], trouble: StoreTrouble | None) -> None:
    assert minute(Hearing(), T0, **lost)[-1] is trouble


def test_it_is_said_within_ten_seconds_of_a_store_that_hears_nothing_well() -> None:
    assert minute(Hearing(), T0, late=10)[10] is StoreTrouble.MOSTLY_LATE


def test_it_ends_when_three_quarters_can_be_used_again() -> None:
    hearing = Hearing()
    minute(hearing, T0, late=10)
    again = minute(hearing, T0 + 60)
    assert again[43] is StoreTrouble.MOSTLY_LATE, "late: 15 s of 45 s and 14 s"
    assert again[44] is None, "15 s of a minute"


def test_one_old_message_makes_no_store_deaf() -> None:
    hearing = Hearing()
    assert hearing.note(T0, 500, 0, 500) is None
    assert hearing.note(T0 + 30, 0, 0, 0) is None


def test_what_came_first_counts_whole() -> None:
    """In a slot of 5 s a thousand good readings, then ten late ones, and one more in the next: 11 of 1,011 are lost."""
    hearing = Hearing()
    assert hearing.note(T0, 1_000, 0, 0) is None
    assert hearing.note(T0 + 1, 10, 0, 10) is None
    assert hearing.note(T0 + 5, 1, 0, 1) is None


def test_our_own_clock_that_is_put_back_begins_a_new_minute() -> None:
    hearing = Hearing()
    minute(hearing, T0 + 3600, late=10)
    assert minute(hearing, T0)[-1] is None
