"""A campaign's effect on who had looked online: found where there is one, in blocks of k of either group."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from engine.offers.measured.web_uplift import BothGroups, GroupSums, WebMoment, cut_moments

DAY = 86_400.0


def drawn(n: int, seed: int, effect: float = 0.15) -> list[WebMoment]:
    rng = np.random.default_rng(seed)
    out = []
    for i in range(n):
        held_out = bool(rng.random() < 0.3)
        p = 0.2 + (0.0 if held_out else effect)
        stopped = float(np.clip(rng.normal(p + 0.3, 0.1), 0.0, 1.0))
        out.append(WebMoment(float(rng.uniform(0, 20 * DAY)), f"s{i}", held_out, bool(rng.random() < p), stopped))
    return out


def end_of(t: float) -> float:
    return (t // DAY + 1) * DAY


def test_intervals_of_90_cover_the_effect_and_show_it() -> None:
    found = [BothGroups.of(drawn(600, seed)) for seed in range(20)]
    bought = [both.bought for both in found if both.bought is not None]
    stopped = [both.stopped for both in found if both.stopped is not None]
    assert len(bought) == len(stopped) == 20
    assert sum(one.covers(0.15) for one in bought) >= 16
    assert sum(one.covers(0.15) for one in stopped) >= 16
    assert sum(one.low > 0.0 for one in bought) >= 16
    quiet = [BothGroups.of(drawn(600, seed, effect=0.0)).bought for seed in range(20, 40)]
    assert sum(one is not None and one.covers(0.0) for one in quiet) >= 16


def test_too_few_are_not_compared() -> None:
    assert BothGroups().bought is None
    assert BothGroups(GroupSums(100, 9, 50.0, 30.0), GroupSums(9, 1, 5.0, 3.0)).bought is None
    alike = GroupSums(100, 9, 100.0, 100.0)
    assert BothGroups(alike, alike).stopped is None


def test_k_of_either_group_are_enough() -> None:
    moments = [WebMoment(float(i), f"s{i}", i % 2 == 0, False, 0.5) for i in range(8)]
    assert [(end, both.treated.n, both.held_out.n) for end, both in cut_moments(moments, 4, end_of)] == [(DAY, 4, 4)]
    assert cut_moments(moments, 5, end_of) == []
    assert cut_moments([*moments[:7], WebMoment(7.0, "s1", False, False, 0.5)], 4, end_of) == [], "one came twice"


def test_each_block_has_k_of_either_group_and_blocks_add_up() -> None:
    moments = drawn(600, 3)
    blocks = cut_moments(moments, 20, end_of)
    assert len(blocks) > 2
    assert all(min(both.treated.n, both.held_out.n) >= 20 for _, both in blocks)
    told = sum((both for _, both in blocks), BothGroups())
    until = blocks[-1][0]
    whole = BothGroups.of([m for m in moments if m.at < until])
    assert (told.treated.n, told.held_out.bought) == (whole.treated.n, whole.held_out.bought)
    assert told.treated.stopped == pytest.approx(whole.treated.stopped)
    later = cut_moments([m for m in moments if m.at >= blocks[0][0]], 20, end_of)
    assert later == blocks[1:], "what is told does not hang on when it was looked at"


def test_sums_of_a_group_and_their_variance() -> None:
    """Chances of 0.2, 0.5 and 0.8 have a mean of 0.5: 0.09 + 0 + 0.09 over two."""
    rows = [WebMoment(float(i), f"s{i}", False, i == 1, p) for i, p in enumerate((0.2, 0.5, 0.8))]
    both = BothGroups.of([*rows, WebMoment(9.0, "x", True, True, 0.4)])
    assert (both.treated.n, both.treated.bought, both.held_out.n, both.held_out.bought) == (3, 1, 1, 1)
    assert (both.treated.stopped, both.treated.stopped_sq) == pytest.approx((1.5, 0.04 + 0.25 + 0.64))
    assert both.treated.variance == pytest.approx(0.09)


def test_ten_of_each_are_enough_for_shares_and_thirty_for_means_of_90_percent() -> None:
    def wilson(hits: int, n: int) -> tuple[float, float]:
        of = stats.binomtest(hits, n).proportion_ci(0.9, method="wilson")
        return of.low, of.high

    (low, high), (held_low, held_high) = wilson(6, 10), wilson(2, 10)
    found = BothGroups(GroupSums(10, 6), GroupSums(10, 2)).bought
    assert found is not None
    assert (found.estimate, found.low, found.high) == pytest.approx(
        (0.4, 0.4 - np.hypot(0.6 - low, held_high - 0.2), 0.4 + np.hypot(high - 0.6, 0.2 - held_low))
    )
    alike = GroupSums(30, 0, 15.0, 10.0)  # mean 0.5, variance (10 - 7.5) / 29
    means = BothGroups(alike, GroupSums(30, 0, 6.0, 1.2 + 2.5)).stopped  # mean 0.2 and the same variance
    half = stats.t.ppf(0.95, 58) * np.sqrt(2 * 2.5 / 29 / 30)
    assert means is not None
    assert (means.estimate, means.low, means.high) == pytest.approx((0.3, 0.3 - half, 0.3 + half))
    assert BothGroups(alike, GroupSums(29, 0, 6.0, 3.7)).stopped is None


def test_a_day_begins_where_the_one_before_ends() -> None:
    at = [(DAY + 1, True), (0.0, False), (DAY, False), (5.0, True)]
    moments = [WebMoment(t, f"s{i}", held, False, 0.5) for i, (t, held) in enumerate(at)]
    found = [(end, both.treated.n, both.held_out.n) for end, both in cut_moments(moments, 1, end_of)]
    assert found == [(DAY, 1, 1), (2 * DAY, 1, 1)]
