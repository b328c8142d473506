"""Intervals of zones: what goes into them, and that they hold what they say."""

from __future__ import annotations

import numpy as np
import pytest

from engine.presence.expected.figures import COMMON_VISITS, NORMAL_90, Spread, ZoneSums, sum_spreads, zone_figures
from engine.presence.expected.rows import ExpectedRow


def row(visits: float, dwell_s: float, **more: float) -> ExpectedRow:
    names = ("ambiguous_s", "visits_var", "dwell_var", "cross_var", "visits_sq", "dwell_sq", "cross_sq")
    return ExpectedRow(0.0, "a", dwell_s, visits, dwell_s, *(more.get(name, 0.0) for name in names))


def test_sure_visits_have_no_interval_of_their_own_period() -> None:
    made = zone_figures(ZoneSums.of([row(1.0, 60.0, visits_sq=1.0), row(1.0, 30.0, visits_sq=1.0)]))
    assert (made.visits.low, made.visits.value, made.visits.high) == (2.0, 2.0, 2.0)
    assert made.mean_dwell_s is not None
    assert made.mean_dwell_s.value == 45.0


def test_time_that_is_as_likely_elsewhere_widens_all_of_a_zone_at_once() -> None:
    """Ten times the people do not make a wrong map right."""
    few, many = (ZoneSums.of([row(1.0, 60.0, ambiguous_s=30.0)] * n).time().figure() for n in (10, 1000))
    assert (few.high - few.low) / few.value == pytest.approx((many.high - many.low) / many.value)
    known = [ZoneSums.of([row(1.0, 60.0, dwell_var=900.0)] * n).time().figure() for n in (10, 1000)]
    assert (known[0].high - known[0].low) / known[0].value > 9 * (known[1].high - known[1].low) / known[1].value


def test_visits_that_are_as_likely_elsewhere_come_and_go_by_chance() -> None:
    """What is ambiguous of few visits has the variance of a count; a sample's own variance has that in it already."""
    sums = ZoneSums.of([row(1.0, 60.0, ambiguous_s=30.0, visits_var=0.1, visits_sq=1.0)] * 8)
    count, common = sums.count(), (COMMON_VISITS * 4.0) ** 2
    assert count.figure().high == pytest.approx(8 + NORMAL_90 * (0.8 + common + 4.0) ** 0.5)
    assert count.figure(sampled=True).high == pytest.approx(8 + NORMAL_90 * (0.8 + common + 8.0) ** 0.5)
    assert sum_spreads([count, count]).chance_var == 8.0


def test_what_places_do_to_everybody_adds_up_by_deviations_and_all_else_by_variances() -> None:
    """What goes one way: sd(a + b) = sd(a) + sd(b), (2 + 3)² = 25. Else var(a + b) = var(a) + var(b)."""
    one, other = Spread(10.0, 1.0, 4.0, 2.0, 3.0), Spread(5.0, 2.0, 9.0, 5.0, 1.0)
    assert sum_spreads([one, other]) == Spread(15.0, 3.0, 25.0, 7.0, 4.0)
    assert sum_spreads([]) == Spread(0.0, 0.0, 0.0, 0.0)


def test_a_sample_of_shoppers_matters_where_periods_are_compared() -> None:
    spread = Spread(100.0, 5.0, 4.0, 16.0)
    assert spread.figure().high == pytest.approx(100 + 3 * NORMAL_90)
    assert spread.figure(sampled=True).high == pytest.approx(100 + 5 * NORMAL_90)
    assert Spread(1.0, 9.0, 0.0, 0.0).figure().low == 0.0


def test_the_mean_dwell_of_a_sample_has_the_interval_it_says() -> None:
    """Of 2,000 drawn days with 40 shoppers each, whose dwell varies: nine in ten intervals hold the mean dwell."""
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(2000):
        visits = rng.integers(1, 4, 40).astype(float)
        dwell = rng.gamma(4.0, 15.0, 40) * visits
        sums = ZoneSums.of(
            row(n, d, visits_sq=n * n, dwell_sq=d * d, cross_sq=n * d) for n, d in zip(visits, dwell, strict=True)
        )
        mean = sums.mean_dwell()
        assert mean is not None
        figure = mean.figure(sampled=True)
        held += figure.low <= 60.0 <= figure.high
    assert 0.86 < held / 2000 < 0.92


def test_a_zone_without_visits_has_no_mean_dwell() -> None:
    made = zone_figures(ZoneSums())
    assert made.visits.value == 0.0
    assert made.mean_dwell_s is None
