"""Uplift: published intervals to the digit, and seeded experiments by the thousand whose truth the interval covers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from engine.offers.measured.intervals import newcombe, sample_ratio_p, welch, wilson
from engine.offers.measured.uplift import MIN_MEANS, MIN_SHARES, Difference, Moments, Uplift, first_moments, uplift
from engine.records import F64

TIMES = 2000


# --- the intervals, against what is published and what scipy says


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [  # Newcombe 1998, table II, method 10
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((0, 10, 0, 10), -0.2775, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0000),
        ((10, 10, 0, 10), 0.6075, 1.0000),
    ],
)
def test_the_hybrid_score_interval_is_newcombes(counts: tuple[int, int, int, int], low: float, high: float) -> None:
    difference, a, b = newcombe(*counts)
    assert float(difference) == pytest.approx(counts[0] / counts[1] - counts[2] / counts[3])
    assert (round(float(a), 4), round(float(b), 4)) == (low, high)


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (3, 10), (10, 10), (1, 1), (250, 1000)])
def test_the_score_interval_is_wilsons(hits: int, n: int) -> None:
    expected = stats.binomtest(hits, n).proportion_ci(method="wilson")
    assert [float(v) for v in wilson(hits, n)] == pytest.approx([expected.low, expected.high], abs=1e-12)


def test_the_means_interval_is_welchs() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.lognormal(1, 1, 40), rng.normal(2, 5, 90)
    said = welch(a.mean(), a.var(ddof=1), 40, b.mean(), b.var(ddof=1), 90)
    expected = stats.ttest_ind(a, b, equal_var=False).confidence_interval()
    assert [float(v) for v in said[1:]] == pytest.approx([expected.low, expected.high])


# --- experiments by the thousand: fates of one person, groups by the coin, the truth inside 95 times in a hundred


def fates(rng: np.random.Generator, n: int, without: float, with_it: float) -> tuple[Any, Any]:
    """(TIMES, n) whether each person buys without and with the coupon."""
    u = rng.random((TIMES, n))
    return u < without, u < with_it


@pytest.mark.parametrize(
    ("n", "holdout", "without", "with_it"),
    [
        (40, 0.5, 0.25, 0.40),
        (40, 0.5, 0.50, 0.30),
        (60, 0.5, 0.20, 0.20),
        (60, 0.3, 0.30, 0.45),
        (120, 0.2, 0.20, 0.30),
        (200, 0.5, 0.10, 0.15),
        (400, 0.1, 0.30, 0.35),
        (2000, 0.5, 0.05, 0.08),
    ],
)
def test_the_interval_covers_the_true_uplift(n: int, holdout: float, without: float, with_it: float) -> None:
    rng = np.random.default_rng([n, int(100 * holdout), int(100 * without)])
    ghost = rng.random((TIMES, n)) < holdout
    buys_without, buys_with = fates(rng, n, without, with_it)
    ghosts = ghost.sum(axis=1)
    treated = n - ghosts
    told = np.minimum(ghosts, treated) >= MIN_SHARES
    assert told.mean() > 0.95
    hits, control_hits = (buys_with & ~ghost).sum(axis=1), (buys_without & ghost).sum(axis=1)
    _, low, high = newcombe(hits[told], treated[told], control_hits[told], ghosts[told])
    truth = with_it - without
    assert 0.93 <= np.mean((low <= truth) & (truth <= high)) <= 0.97


def exact_coverage(n: int, m: int, p: float, q: float) -> float:
    """How often the interval covers p - q, summed over all that can be observed."""
    hits, control_hits = np.arange(n + 1)[:, None], np.arange(m + 1)[None, :]
    _, low, high = newcombe(hits, n, control_hits, m)
    weight = stats.binom.pmf(hits, n, p) * stats.binom.pmf(control_hits, m, q)
    return float((weight * ((low <= p - q) & (p - q <= high))).sum())


@pytest.mark.parametrize(("n", "m"), [(MIN_SHARES, MIN_SHARES), (20, 10), (30, 30), (100, 20)])
def test_in_the_smallest_groups_it_errs_on_the_long_side(n: int, m: int) -> None:
    """No chance in this one: without sampling error, for rare and frequent purchases alike."""
    shares = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7)
    covered = [exact_coverage(n, m, p, q) for p in shares for q in shares]
    assert min(covered) > 0.92
    assert np.mean(covered) > 0.95
    assert exact_coverage(MIN_SHARES, MIN_SHARES, 0.05, 0.02) > 0.99  # there it is all but sure, and so very long


@pytest.mark.parametrize("n", [80, 150, 600])
def test_the_interval_of_amounts_covers_the_true_difference(n: int) -> None:
    """Baskets are skewed, many are nothing; the coupon makes more of them and takes a little off each."""
    rng = np.random.default_rng(n)
    ghost = rng.random((TIMES, n)) < 0.5
    buys_without, buys_with = fates(rng, n, 0.4, 0.5)
    basket = rng.lognormal(7.0, 0.6, (TIMES, n))
    amount = np.where(ghost, basket * buys_without, (basket - 100) * buys_with)
    mean = np.exp(7.0 + 0.6**2 / 2)
    truth = 0.5 * (mean - 100) - 0.4 * mean
    stacked = [part for group in (~ghost, ghost) for part in _summed(amount, group)]
    _, low, high = welch(*stacked)
    assert 0.93 <= np.mean((low <= truth) & (truth <= high)) <= 0.97


def _summed(amount: F64, rows: Any) -> tuple[F64, F64, F64]:
    n = rows.sum(axis=1)
    mean = np.where(rows, amount, 0).sum(axis=1) / n
    variance = np.where(rows, (amount - mean[:, None]) ** 2, 0).sum(axis=1) / (n - 1)
    return mean, variance, n


def test_the_ratio_alarm_is_silent_for_a_fair_coin_and_loud_for_a_broken_one() -> None:
    rng = np.random.default_rng(9)
    fair = [sample_ratio_p(int(k), 1000, 0.5) for k in rng.binomial(1000, 0.5, 1000)]
    assert sum(p < 0.001 for p in fair) <= 4
    assert np.mean([p < 0.05 for p in fair]) == pytest.approx(0.05, abs=0.02)
    # a quarter of the ghosts lost on the way
    broken = [sample_ratio_p(int(k), 1000, 0.5) for k in rng.binomial(1000, 0.375 / 0.875, 300)]
    assert np.mean([p < 0.001 for p in broken]) > 0.85


# --- from moments to a campaign's figures


def moments(*rows: tuple[str, str, float, bool, bool], basket: F64 | None = None) -> Moments:
    """(campaign, shopper, t, ghost, bought); who is treated and buys, redeems."""
    campaign, shopper, t, ghost, bought = (list(c) for c in zip(*rows, strict=True)) if rows else ([],) * 5
    amounts = np.full(len(rows), np.nan) if basket is None else basket
    held, yes = np.array(ghost, np.bool_), np.array(bought, np.bool_)
    names = np.array(campaign, np.str_), np.array(shopper, np.str_)
    return Moments(*names, np.array(t, np.float64), held, yes, yes & ~held, amounts, amounts)


def group(n: int, bought: int, *, ghost: bool, campaign: str = "tea") -> list[tuple[str, str, float, bool, bool]]:
    side = "ghost" if ghost else "treated"
    return [(campaign, f"{side}-{i}", float(i), ghost, i < bought) for i in range(n)]


def test_a_campaign_that_sells_one_that_hinders_and_one_that_does_neither() -> None:
    rows = []
    for name, with_it, without in (("good", 60, 30), ("bad", 20, 50), ("idle", 41, 40)):
        rows += group(100, with_it, ghost=False, campaign=name) + group(100, without, ghost=True, campaign=name)
    found = uplift(moments(*rows), {"good": 0.5, "bad": 0.5, "idle": 0.5})
    assert [found[name].state for name in ("good", "bad", "idle")] == ["better", "worse", "undecided"]
    good = found["good"].figures()
    assert good["purchase"] == {"estimate": 0.3, "low": 0.1629, "high": 0.4216}
    assert (good["treated"], good["ghosts"], good["bought_treated"], good["bought_ghosts"]) == (100, 100, 60, 30)
    assert (good["redeemed"]["estimate"], good["sample_ratio_p"], good["sample_ratio_alarm"]) == (0.6, 1.0, False)
    assert good["basket_minor"] is None


def test_only_the_first_moment_of_a_shopper_counts() -> None:
    rows = [("tea", "ana", 9.0, False, True), ("tea", "ana", 3.0, True, False), ("jam", "ana", 5.0, False, True)]
    units = first_moments(moments(*rows, ("tea", "bob", 1.0, True, True), ("tea", "ana", 4.0, False, True)))
    assert list(zip(units.campaign_id.tolist(), units.shopper.tolist(), units.t.tolist(), strict=True)) == [
        ("jam", "ana", 5.0),
        ("tea", "ana", 3.0),
        ("tea", "bob", 1.0),
    ]
    assert units.ghost.tolist() == [False, True, True]
    once = moments(*group(50, 20, ghost=False), *group(50, 10, ghost=True))
    twice = moments(*group(50, 20, ghost=False) * 2, *group(50, 10, ghost=True) * 3)
    assert uplift(once, {"tea": 0.5}) == uplift(twice, {"tea": 0.5})


@pytest.mark.parametrize(("treated", "ghosts"), [(0, 0), (500, MIN_SHARES - 1), (MIN_SHARES - 1, 500), (300, 0)])
def test_too_few_give_no_interval(treated: int, ghosts: int) -> None:
    rows = group(treated, treated // 2, ghost=False) + group(ghosts, ghosts // 3, ghost=True)
    said = uplift(moments(*rows), {"tea": 0.5})["tea"].figures()
    assert said["state"] == "not_enough_evidence"
    assert (said["treated"], said["ghosts"]) == (treated, ghosts)
    assert (said["purchase"], said["basket_minor"], said["margin_minor"]) == (None, None, None)
    assert (said["redeemed"] is None) == (treated < MIN_SHARES)


def test_groups_of_a_wrong_size_are_flagged() -> None:
    rows = group(700, 200, ghost=False) + group(300, 60, ghost=True)
    assert uplift(moments(*rows), {"tea": 0.5})["tea"].sample_ratio_alarm
    assert not uplift(moments(*rows), {"tea": 0.3})["tea"].sample_ratio_alarm
    unknown = uplift(moments(*rows), {})["tea"]
    assert (unknown.sample_ratio_p, unknown.sample_ratio_alarm, unknown.state) == (None, False, "better")


def test_amounts_are_compared_where_all_of_them_are_known() -> None:
    rows = group(60, 30, ghost=False) + group(60, 20, ghost=True)
    amounts = np.where([r[4] for r in rows], 500.0, 0.0) + np.arange(120) % 7
    known = uplift(moments(*rows, basket=amounts), {"tea": 0.5})["tea"]
    assert known.basket is not None
    assert known.basket.estimate == pytest.approx(amounts[:60].mean() - amounts[60:].mean())
    assert known.basket.covers(500 * (30 - 20) / 60)
    missing = amounts.copy()
    missing[5] = np.nan
    assert uplift(moments(*rows, basket=missing), {"tea": 0.5})["tea"].basket is None
    alike = uplift(moments(*rows, basket=np.full(120, 7.0)), {"tea": 0.5})["tea"]
    assert alike.basket is None
    few = group(MIN_MEANS - 1, 9, ghost=False) + group(60, 20, ghost=True)
    assert uplift(moments(*few, basket=np.arange(len(few), dtype=np.float64)), {"tea": 0.5})["tea"].basket is None


def test_amounts_have_welchs_interval_from_thirty_in_each_group_on() -> None:
    rng = np.random.default_rng(4)
    rows = group(MIN_MEANS, 9, ghost=False) + group(MIN_MEANS + 25, 20, ghost=True)
    amounts = np.concatenate([rng.gamma(2.0, 400.0, MIN_MEANS), rng.gamma(1.0, 300.0, MIN_MEANS + 25)])
    said = uplift(moments(*rows, basket=amounts), {"tea": 0.5})["tea"].basket
    treated, ghosts = amounts[:MIN_MEANS], amounts[MIN_MEANS:]
    expected = stats.ttest_ind(treated, ghosts, equal_var=False).confidence_interval(0.95)
    assert said is not None
    assert said.estimate == pytest.approx(treated.mean() - ghosts.mean())
    assert (said.low, said.high) == pytest.approx((expected.low, expected.high), rel=1e-9)


def test_an_interval_holds_its_ends() -> None:
    said = Difference(0.5, -1.0, 2.0)
    assert [said.covers(v) for v in (-1.001, -1.0, 0.5, 2.0, 2.001)] == [False, True, True, True, False]


@pytest.mark.parametrize(("p", "alarm"), [(None, False), (0.0, True), (0.000999, True), (0.001, False), (1.0, False)])
def test_groups_less_likely_than_one_in_a_thousand_are_flagged(p: float | None, alarm: bool) -> None:
    assert Uplift(9, 9, (1, 1), None, None, None, None, p).sample_ratio_alarm is alarm


# --- A/A: the same coupon for both groups


def test_of_a_thousand_experiments_that_change_nothing_one_in_twenty_says_it_does() -> None:
    rng = np.random.default_rng(2026)
    runs, n = 1000, 3000
    ghosts = rng.binomial(n, 0.5, runs)
    hits, control = rng.binomial(n - ghosts, 0.3), rng.binomial(ghosts, 0.3)
    _, low, high = newcombe(hits, n - ghosts, control, ghosts)
    assert np.mean((low > 0) | (high < 0)) == pytest.approx(0.05, abs=0.01)
    baskets = rng.lognormal(7.0, 0.6, (runs, 400)) * (rng.random((runs, 400)) < 0.4)
    ghost = rng.random((runs, 400)) < 0.5
    stacked = [part for group in (~ghost, ghost) for part in _summed(baskets, group)]
    _, low, high = welch(*stacked)
    assert np.mean((low > 0) | (high < 0)) == pytest.approx(0.05, abs=0.01)


def test_who_used_the_coupon_and_what_came_of_it_are_of_their_own_columns() -> None:
    """Of forty who got it 30 bought and 10 used it; margins are half of the baskets, and a tenth less a minor unit."""
    n = 40
    held = np.repeat([False, True], n)
    bought, used = np.arange(2 * n) % n < 30, (np.arange(2 * n) % n < 10) & ~held
    basket = np.where(held, 200.0, 300.0) + np.arange(2 * n) % n
    names = np.full(2 * n, "tea"), np.array([f"s{i:02}" for i in range(2 * n)])
    one = Moments(*names, np.arange(2.0 * n), held, bought, used, basket, basket / 2)
    said = uplift(one, {"tea": 0.0})["tea"].figures()
    wilson_ = stats.binomtest(10, 40).proportion_ci(method="wilson")
    assert said["redeemed"] == {"estimate": 0.25, "low": round(wilson_.low, 4), "high": round(wilson_.high, 4)}
    spread = np.arange(n).var(ddof=1)
    half = stats.t.ppf(0.975, 78) * np.sqrt(2 * spread / n)
    assert said["basket_minor"] == {"estimate": 100.0, "low": round(100 - half, 1), "high": round(100 + half, 1)}
    assert said["margin_minor"] == {"estimate": 50.0, "low": round(50 - half / 2, 1), "high": round(50 + half / 2, 1)}
    assert (said["purchase"]["estimate"], said["sample_ratio_p"], said["state"]) == (0.0, None, "undecided")


@pytest.mark.parametrize(("treated", "ghosts", "purchase", "redeemed"), [(10, 10, True, True), (10, 9, False, True)])
def test_ten_shoppers_of_each_are_enough_for_shares(treated: int, ghosts: int, purchase: bool, redeemed: bool) -> None:
    rows = group(treated, 5, ghost=False) + group(ghosts, 3, ghost=True)
    said = uplift(moments(*rows), {"tea": 0.5})["tea"]
    assert (said.purchase is not None, said.redeemed is not None) == (purchase, redeemed)
    assert said.figures()["sample_ratio_p"] == pytest.approx(stats.binomtest(ghosts, treated + ghosts).pvalue, rel=1e-3)
