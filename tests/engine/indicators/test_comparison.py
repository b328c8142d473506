"""Differences: found where there are some, and not oftener than said where there are none."""

from __future__ import annotations

import numpy as np
import pytest

from engine.indicators.comparison import (
    against_usual,
    control_false_discoveries,
    difference,
    differences,
    rank,
    usual,
)
from engine.presence.expected.figures import Spread


def counted(n: float, common: float = 0.0) -> Spread:
    """A count of shoppers who come by chance."""
    return Spread(n, 0.0, common, n)


def test_a_difference_has_its_interval_and_its_share() -> None:
    found = difference(counted(150.0), counted(100.0))
    assert found.change.value == 50.0
    assert found.change.high - 50.0 == pytest.approx(1.6449 * 250**0.5)
    assert found.share == 0.5
    assert found.p == pytest.approx(0.001565, rel=1e-3)
    assert found.significant
    assert difference(counted(0.0), counted(0.0)).p == 1.0


def test_what_a_place_does_to_everybody_is_no_part_of_a_difference_in_time() -> None:
    assert difference(counted(150.0, 400.0), counted(100.0, 400.0)) == difference(counted(150.0), counted(100.0))


def test_of_two_hundred_pairs_of_like_periods_few_have_any_difference() -> None:
    """Forty zones each; at 5 % for each zone two would differ in every pair."""
    rng = np.random.default_rng(5)
    any_found = 0
    for _ in range(200):
        now, before = ({f"z{i}": counted(float(n)) for i, n in enumerate(rng.poisson(60, 40))} for _ in range(2))
        any_found += any(d.significant for d in differences(now, before).values())
    assert any_found <= 18  # 5 %, and chance: P(more than 18 of 200) is 0.5 %


def test_of_what_is_found_few_are_false() -> None:
    rng = np.random.default_rng(6)
    false, all_found = 0, 0
    for _ in range(100):
        rate = np.where(np.arange(40) < 10, 90, 60)
        now = {f"z{i}": counted(float(n)) for i, n in enumerate(rng.poisson(rate))}
        before = {f"z{i}": counted(float(n)) for i, n in enumerate(rng.poisson(60, 40))}
        found = [name for name, d in differences(now, before).items() if d.significant]
        all_found += len(found)
        false += sum(int(name[1:]) >= 10 for name in found)
    assert all_found > 100
    assert false / all_found < 0.08


def test_the_usual_day_has_the_spread_of_its_weekdays() -> None:
    days = [100.0, 110.0, 90.0, 104.0]
    found = usual(days)
    assert found is not None
    assert found.mean.value == 101.0
    assert found.mean.low == pytest.approx(101 - 2.35336 * np.std(days, ddof=1) * 1.25**0.5, rel=1e-5)
    assert usual(days[:2]) is None
    assert against_usual(100.0, days[:2]) is None
    far = against_usual(200.0, days)
    assert far is not None
    assert far.significant
    assert far.share == pytest.approx(99 / 101)


def test_days_that_vary_more_than_chance_are_no_news() -> None:
    """Weather moves whole days by 15 %: one in twenty is called different, and not every second."""
    rng = np.random.default_rng(7)
    called = 0
    for _ in range(1000):
        days = rng.poisson(400 * rng.gamma(44.0, 1 / 44.0, 9)).tolist()
        found = against_usual(days[0], days[1:])
        called += found is not None and found.significant
    assert 30 <= called <= 75


def test_zones_are_ranked_only_where_they_differ() -> None:
    places = rank({"a": counted(400.0), "b": counted(390.0), "c": counted(100.0), "d": counted(95.0)})
    assert [(p.name, p.best, p.worst) for p in places] == [("a", 1, 2), ("b", 1, 2), ("c", 3, 4), ("d", 3, 4)]
    unsure = rank({"a": counted(400.0, 40_000.0), "c": counted(100.0, 2_500.0)})
    assert [(p.best, p.worst) for p in unsure] == [(1, 2), (1, 2)], "a wrong map may have made all of it"
    assert rank({}) == []
    assert [(p.best, p.worst) for p in rank({"a": Spread(2.0, 0, 0, 0), "b": Spread(1.0, 0, 0, 0)})] == [(1, 1), (2, 2)]


def test_differences_looked_at_together_are_harder_to_find() -> None:
    alone = difference(counted(130.0), counted(100.0))
    assert alone.significant
    among = control_false_discoveries(
        {"a": alone, **{f"z{i}": difference(counted(100.0), counted(100.0)) for i in range(9)}}
    )
    assert not among["a"].significant
    assert among["a"].p == alone.p
