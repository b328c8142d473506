"""Intervals of zones: what goes into them, and that they hold what they say."""

from __future__ import annotations

import numpy as np
import pytest

from engine.presence.expected.figures import (
    COMMON_VISITS,
    NORMAL_90,
    Spread,
    ZoneSums,
    flow_spread,
    sum_spreads,
    zone_figures,
)
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


def test_a_zones_sums_are_those_of_its_rows() -> None:
    figures = tuple(range(1, 11))
    sums = ZoneSums.of([ExpectedRow(0.0, "a", *figures), ExpectedRow(9.0, "a", *figures)])
    assert sums == ZoneSums(*(2.0 * v for v in figures))


@pytest.mark.parametrize(
    ("person_s", "dwell_s", "ambiguous_s", "share"),
    [(100.0, 50.0, 25.0, 0.25), (50.0, 100.0, 25.0, 0.25), (0.0, 0.0, 5.0, 1.0), (10.0, 10.0, 30.0, 1.0)],
)
def test_what_is_ambiguous_is_a_share_of_the_longer_time(
    person_s: float, dwell_s: float, ambiguous_s: float, share: float
) -> None:
    assert ZoneSums(person_s=person_s, dwell_s=dwell_s, ambiguous_s=ambiguous_s).ambiguous == share


SUMS = ZoneSums(200.0, 4.0, 100.0, 50.0, visits_var=0.5, dwell_var=80.0, cross_var=5.0,
                visits_sq=6.0, dwell_sq=3000.0, cross_sq=120.0)  # fmt: skip
"""A quarter of the time is ambiguous; the mean dwell is 25 s."""


def test_time_known_from_elsewhere_has_the_errors_in_proportion() -> None:
    """Of 200 s the dwell is 100: deviations are twice those of the dwell, variances four times."""
    assert SUMS.time() == Spread(200.0, 4 * 80.0, (0.8 * 0.25 * 200.0) ** 2, 4 * 3000.0)
    assert SUMS.time(50.0) == Spread(50.0, 80.0 / 4, (0.8 * 0.25 * 50.0) ** 2, 3000.0 / 4)
    without_visits = ZoneSums(person_s=9.0, dwell_var=4.0, dwell_sq=5.0)
    assert without_visits.time() == Spread(9.0, 4.0, 0.0, 5.0)
    assert zone_figures(SUMS, 50.0).person_s == SUMS.time(50.0).figure()


def test_the_mean_dwell_has_the_variance_of_a_ratio() -> None:
    """(Var d + 25² Var n - 2·25 Cov) / 4²: 80 + 312.5 - 250 = 142.5; of the sample 3000 + 3750 - 6000 = 750."""
    mean = SUMS.mean_dwell()
    assert mean == Spread(25.0, 142.5 / 16, (0.4 * 0.25 * 25.0) ** 2, 750.0 / 16)
    certain = ZoneSums(60.0, 1.0, 60.0, visits_sq=1.0, dwell_sq=3600.0, cross_sq=61.0).mean_dwell()
    assert certain is not None
    assert certain.sample_var == 0.0, "never below nothing"


def test_transitions_have_the_errors_of_a_count_and_of_the_zones_at_both_ends() -> None:
    """Zone SUMS: known 0.5 / 16, common (0.7·0.25·4)² / 16 of 4 visits; twice for two such zones, times 10²."""
    known, common = 100 * 0.5 / 16, 100 * (0.7 * 0.25 * 4.0) ** 2 / 16
    assert flow_spread(10.0, [SUMS]) == Spread(10.0, 10.0 + known, pytest.approx(common), 10.0)
    assert flow_spread(10.0, [SUMS, SUMS]) == Spread(10.0, 10.0 + 2 * known, pytest.approx(2 * common), 10.0)
    assert flow_spread(10.0, [ZoneSums()]) == Spread(10.0, 10.0, 0.0, 10.0), "a zone that nobody was expected in"
