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


def test_ten_readings_at_two_times_are_a_beginning() -> None:
    """Nine, or ten of one slot of five seconds, make no store deaf."""
    hearing = Hearing()
    assert hearing.note(T0, 5, 5, 0) is None
    assert hearing.note(T0 + 5, 4, 4, 0) is None
    assert hearing.note(T0 + 5, 1, 1, 0) is StoreTrouble.MOSTLY_REFUSED
    together = Hearing()
    assert together.note(T0, 5, 5, 0) is None
    assert together.note(T0 + 4.9, 5, 5, 0) is None
    assert together.note(T0 + 5, 1, 1, 0) is StoreTrouble.MOSTLY_REFUSED


def test_half_is_not_more_than_half() -> None:
    hearing = Hearing()
    hearing.note(T0, 10, 5, 0)
    assert hearing.note(T0 + 5, 10, 5, 0) is None
    assert hearing.note(T0 + 5, 1, 1, 0) is StoreTrouble.MOSTLY_REFUSED


def test_a_quarter_is_heard_well_again() -> None:
    hearing = Hearing()
    hearing.note(T0, 5, 0, 5)
    assert hearing.note(T0 + 5, 5, 0, 5) is StoreTrouble.MOSTLY_LATE
    assert hearing.note(T0 + 6, 29, 0, 0) is StoreTrouble.MOSTLY_LATE
    assert hearing.note(T0 + 6, 1, 0, 0) is None
    assert hearing.note(T0 + 6, 0, 0, 9) is None, "and deaf by more than half only"


@pytest.mark.parametrize(("refused", "late"), [(5, 5), (6, 4), (4, 6)])
def test_what_there_is_more_of_is_said(refused: int, late: int) -> None:
    hearing = Hearing()
    hearing.note(T0, 10, refused, late)
    said = StoreTrouble.MOSTLY_LATE if late > refused else StoreTrouble.MOSTLY_REFUSED
    assert hearing.note(T0 + 5, 10, refused, late) is said


def test_what_is_lost_came() -> None:
    hearing = Hearing()
    hearing.note(T0, 0, 5, 0)
    assert hearing.note(T0 + 5, 0, 5, 0) is StoreTrouble.MOSTLY_REFUSED
    assert Hearing().note(T0, 0, 0, 0) is None


@pytest.mark.parametrize(("after_s", "well"), [(59.9, False), (60.0, True)])
def test_a_minute_is_counted(after_s: float, well: bool) -> None:
    """Ten are lost in two slots; of twenty more these are a third, and without the first a fifth."""
    hearing = Hearing()
    hearing.note(T0, 5, 5, 0)
    hearing.note(T0 + 5, 5, 5, 0)
    assert (hearing.note(T0 + after_s, 20, 0, 0) is None) == well


def test_our_clock_put_back_a_little_begins_a_new_slot() -> None:
    hearing = Hearing()
    hearing.note(T0 + 5, 5, 5, 0)
    assert hearing.note(T0, 5, 5, 0) is None, "the slot of later is gone"
    assert hearing.note(T0 + 5, 1, 1, 0) is None
    assert hearing.note(T0 + 5, 4, 4, 0) is StoreTrouble.MOSTLY_REFUSED
