"""Shares of the referee have the intervals that independent devices give them, not their single cases."""

from __future__ import annotations

import pytest

from engine.referee.shares import Interval, interval_by_device, wilson


def ends(p: float, n: float) -> tuple[float, float]:
    """(p + z²/2n ± z sqrt(p (1 - p)/n + z²/4n²)) / (1 + z²/n), with z = 1.96 (Wilson 1927)."""
    z = 1.96
    half = z * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    return tuple((p + z * z / (2 * n) + sign * half) / (1 + z * z / n) for sign in (-1, 1))  # type: ignore[return-value]


def near(found: Interval | None, share: float, cases: float) -> bool:
    assert found is not None
    return (found.share, found.low, found.high) == pytest.approx((share, *ends(share, cases)))


@pytest.mark.parametrize(("share", "cases"), [(0.5, 10.0), (0.25, 3.0), (0.9, 250.0)])
def test_an_interval_is_wilsons(share: float, cases: float) -> None:
    assert near(wilson(share, cases), share, cases)


def test_an_interval_stays_within_nought_and_one() -> None:
    assert wilson(0.0, 4.0).low == 0.0
    assert wilson(1.0, 4.0).high == 1.0
    assert wilson(1.0, 4.0).low == pytest.approx(4.0 / (4.0 + 1.96**2))


def test_devices_that_are_right_or_wrong_together_count_as_few_cases() -> None:
    """Of d devices with n cases each, r of them right: cases = p (1 - p) / (sum (r - p n)² / N² * d / (d - 1))."""
    right, of = [4, 0, 3, 2], [4, 4, 4, 4]
    p, total = 9 / 16, 16
    variance = sum((r - p * n) ** 2 for r, n in zip(right, of, strict=True)) / total**2 * 4 / 3
    assert near(interval_by_device(right, of), p, p * (1 - p) / variance)


def test_devices_that_agree_more_than_chance_are_no_more_than_their_cases() -> None:
    assert near(interval_by_device([1, 1], [2, 2]), 0.5, 4.0)  # no spread at all
    assert near(interval_by_device([5, 5, 4], [10, 10, 10]), 14 / 30, 30.0)  # less than single cases have


def test_where_all_are_right_there_are_as_many_cases_as_devices() -> None:
    assert near(interval_by_device([40, 1, 0], [40, 1, 0]), 1.0, 2.0)  # who has no case is none
    assert interval_by_device([0], [0]) is None
