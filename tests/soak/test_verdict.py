"""The arithmetic of a soak: what is a trend, what a day writes, whether fixes flow."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.soak.verdict import (
    GB,
    MIB,
    Sample,
    faults,
    fixes_by_minute,
    memory_trend,
    warm_up_s,
    written_gb_per_day,
)

HOUR_S = 3600.0


def soak(
    rss_mib: Callable[[float], float] = lambda _: 400.0,
    written_gb: Callable[[float], float] = lambda s: 1.5 * s / 86_400,
    fixes: Callable[[float], float] = lambda s: 150.0 * s,
    run_s: float = HOUR_S,
) -> list[Sample]:
    """An hour, looked at every 5 s, with noise as allocators make it."""
    chance = np.random.default_rng(3)
    t = np.arange(0.0, run_s + 1, 5.0)
    noise = chance.normal(0, 3, len(t))
    return [
        Sample(s, (rss_mib(s) + e) * MIB, written_gb(s) * GB, round(1000 * s), round(fixes(s)))
        for s, e in zip(t.tolist(), noise.tolist(), strict=True)
    ]


READINGS = 3_600_000


def test_a_steady_site_has_no_faults() -> None:
    assert faults(soak(), READINGS) == []


def test_what_fills_up_in_the_beginning_is_no_leak() -> None:
    filled = soak(lambda s: 400.0 - 150.0 * np.exp(-s / 120.0))
    assert memory_trend(filled).flat
    assert faults(filled, READINGS) == []


LEAKS = [(5.0, True), (-60.0, True), (10.0, False), (30.0, False), (120.0, False)]


@pytest.mark.parametrize(("mib_per_h", "flat"), LEAKS)
def test_a_slope_is_found_and_judged(mib_per_h: float, flat: bool) -> None:
    trend = memory_trend(soak(lambda s: 400.0 + mib_per_h * s / HOUR_S))
    assert trend.mib_per_h == pytest.approx(mib_per_h, abs=2.0)
    assert trend.flat == flat


def test_a_leak_of_a_small_process_counts_by_its_share() -> None:
    assert not memory_trend(soak(lambda s: 40.0 + 9.0 * s / HOUR_S)).flat


def test_one_look_at_a_bad_moment_is_no_trend() -> None:
    looks = soak(lambda s: 700.0 if 3000 <= s < 3060 else 400.0)
    assert memory_trend(looks).flat


def test_a_short_soak_says_nothing_of_memory() -> None:
    with pytest.raises(ValueError, match="run for longer"):
        memory_trend(soak(run_s=150.0))
    assert (warm_up_s(60.0), warm_up_s(HOUR_S), warm_up_s(4 * HOUR_S)) == (120.0, 1800.0, 3600.0)


def test_what_a_day_writes_is_projected_from_after_the_warm_up() -> None:
    first_hour = soak(written_gb=lambda s: 1.0 + 1.5 * s / 86_400 if s > 60 else s / 60)
    assert written_gb_per_day(first_hour) == pytest.approx(1.5)
    assert "a day would write 3.00 GB" in faults(soak(written_gb=lambda s: 3.0 * s / 86_400), READINGS)[0]


def test_readings_that_are_not_used_and_minutes_without_fixes_are_faults() -> None:
    assert faults(soak(), READINGS + 100_000) == ["of 3700000 readings published, 3600000 were used"]
    stands = soak(fixes=lambda s: 150.0 * (s if s < 1800 else max(s - 60, 1800)))
    assert min(fixes_by_minute(stands)) == 0
    assert "fixes did not flow" in faults(stands, READINGS)[0]
    assert "fixes did not flow" in faults(soak(fixes=lambda _: 0.0), READINGS)[0]
