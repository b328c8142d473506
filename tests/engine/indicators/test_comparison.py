"""Differences: found where there are some, and not oftener than said where there are none."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from engine.indicators.comparison import (
    PeriodDifference,
    Ranked,
    against_usual,
    control_false_discoveries,
    difference,
    differences,
    rank,
    usual,
)
from engine.presence.expected.figures import Figure, Spread


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


def test_the_interval_of_a_difference_has_all_that_is_not_of_the_place() -> None:
    """4 + 9 + 16 + 20 = 49 of both periods."""
    found = difference(Spread(10.0, 4.0, 99.0, 16.0, 50.0), Spread(30.0, 9.0, 99.0, 20.0, 50.0))
    half = 1.6449 * 7
    assert found.change == Figure(-20.0, pytest.approx(-20 - half), pytest.approx(-20 + half))
    assert found.p == found.q == pytest.approx(0.0042754, rel=1e-3)  # z = -20 / 7
    assert found.before == 30.0


def test_without_any_variance_a_difference_is_one_or_none() -> None:
    sure = Spread(5.0, 0.0, 0.0, 0.0)
    assert difference(sure, sure).p == 1.0
    assert difference(sure, Spread(6.0, 0.0, 0.0, 0.0)).p == 0.0


def test_shares_of_a_change_are_of_what_was_before() -> None:
    found = PeriodDifference(Figure(-5.0, -30.0, 20.0), 20.0, 0.5, 0.04)
    assert (found.share, found.share_interval) == (-0.25, (-1.0, 1.0)), "no figure falls by more than the whole"
    assert PeriodDifference(Figure(-5.0, -10.0, 0.0), 20.0, 0.5, 0.5).share_interval == (-0.5, 0.0)
    nothing = PeriodDifference(Figure(5.0, 1.0, 9.0), 0.0, 0.5, 0.5)
    assert (nothing.share, nothing.share_interval) == (None, None)
    assert [PeriodDifference(Figure(0, 0, 0), 1.0, 1.0, q).significant for q in (0.049, 0.05)] == [True, False]


def test_only_places_that_both_periods_know_are_compared() -> None:
    found = differences({"a": counted(9.0), "b": counted(9.0)}, {"b": counted(4.0), "c": counted(4.0)})
    assert list(found) == ["b"]
    assert found["b"].q == found["b"].p


def test_a_day_against_days_that_vary_by_students_t() -> None:
    """Of 9.5, 10.5 and 10 the mean is 10 and the deviation 0.5: t = 2 / (0.5 sqrt(4/3)) = 3.4641 of two degrees."""
    found = against_usual(12.0, [9.5, 10.5, 10.0])
    assert found is not None
    t = 2 / (0.5 * (4 / 3) ** 0.5)
    assert found.p == pytest.approx(1 - t / (2 + t**2) ** 0.5)
    half = 2.919986 * 0.5 * (4 / 3) ** 0.5
    assert found.change == Figure(2.0, pytest.approx(2 - half), pytest.approx(2 + half))
    assert found.before == 10.0
    assert usual([9.5, 10.5]) is None
    three = usual([9.5, 10.5, 10.0])
    assert three is not None
    assert (three.spread, three.periods) == (0.5, 3)


def test_days_that_happen_to_be_alike_say_nothing_of_how_few_people_vary() -> None:
    """Counts of one rate: of 12 in all `now` has one day of four. None of them on it: 2 (3/4)^12; five or more of 17:
    by the binomial. Figures that are no counts, alike to the bit, differ surely."""
    none = against_usual(0.0, [4.0, 4.0, 4.0])
    assert none is not None
    assert none.p == pytest.approx(2 * 0.75**12)
    more = against_usual(9.0, [4.0, 4.0, 4.0])
    assert more is not None
    assert more.p == pytest.approx(2 * sum(comb(21, i) * 0.25**i * 0.75 ** (21 - i) for i in range(9, 22)))
    same = against_usual(4.0, [4.0, 4.0, 4.0])
    assert same is not None
    assert same.p == 1.0
    for values in ([4.5, 4.5, 4.5], [-4.0, -4.0, -4.0]):
        other = against_usual(9.0, values)
        assert other is not None
        assert other.p == 0.0
    alike = against_usual(4.5, [4.5, 4.5, 4.5])
    assert alike is not None
    assert alike.p == 1.0


def test_counts_that_vary_more_than_chance_are_judged_by_how_they_vary() -> None:
    found = against_usual(30.0, [10.0, 20.0, 30.0])
    assert found is not None
    t = 10 / (10 * (4 / 3) ** 0.5)
    assert found.p == pytest.approx(1 - t / (2 + t**2) ** 0.5), "more than the binomial's 0.12"


def test_ranks_take_all_errors_and_equal_ones_by_name() -> None:
    sure = {"b": Spread(3.0, 0, 0, 0), "a": Spread(3.0, 0, 0, 0), "c": Spread(9.0, 0, 0, 0)}
    assert rank(sure) == [Ranked("c", 1, 1), Ranked("a", 2, 3), Ranked("b", 2, 3)]
    for name in ("known_var", "common_var", "sample_var"):
        unsure = {n: Spread(s.value, **{**dict.fromkeys(("known_var", "common_var", "sample_var"), 0.0), name: 9.0})
                  for n, s in sure.items()}  # fmt: skip
        assert {(r.best, r.worst) for r in rank(unsure)} == {(1, 3)}, "6 / sqrt(18) is 1.41"
