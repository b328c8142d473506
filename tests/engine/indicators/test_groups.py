"""Groups of fewer than k people are merged: nothing is blank, nothing is lost, nothing can be taken from the rest."""

from __future__ import annotations

import numpy as np
import pytest

from engine.indicators.catalogue import PRESETS
from engine.indicators.counts import Counts, FunnelCounts, add_counts
from engine.indicators.groups import Group, merge_neighbours, merge_small
from engine.indicators.presets import Indicator
from engine.presence.expected.figures import Figure, Spread

K = 20


def group(name: str, people: int, part: int = 0) -> Group[Counts]:
    return Group((name,), people, Counts(came_in=people, short_stays=part))


def test_hours_are_merged_with_their_neighbours() -> None:
    hours = [group("9", 5), group("10", 16), group("11", 40), group("12", 3)]
    found = merge_neighbours(hours, K, add_counts)
    assert [(g.names, g.people) for g in found] == [(("9", "10"), 21), (("11", "12"), 43)]
    assert [g.counted.came_in for g in found] == [21, 43]
    assert merge_neighbours(hours[:1], K, add_counts) == []


def test_small_zones_are_one_and_take_the_smallest_large_one_where_they_must() -> None:
    zones = [group("a", 50), group("b", 25), group("c", 12), group("d", 4)]
    found = merge_small(zones, K, add_counts)
    assert [(g.names, g.people) for g in found] == [(("a",), 50), (("b", "c", "d"), 41)]
    found = merge_small([*zones, group("e", 19)], K, add_counts)
    assert [(g.names, g.people) for g in found] == [(("a",), 50), (("b",), 25), (("e", "c", "d"), 35)]
    assert merge_small([group("a", 5), group("b", 4)], K, add_counts) == []
    assert merge_small([group("a", 50)], K, add_counts) == [group("a", 50)]


@pytest.mark.parametrize("merge", [merge_neighbours, merge_small])
def test_whatever_is_taken_from_the_total_has_k_people_behind_it(merge: type[object]) -> None:
    rng = np.random.default_rng(2)
    for _ in range(200):
        people = rng.integers(0, 60, int(rng.integers(1, 12))).tolist()
        groups = [group(f"g{i}", n, int(rng.integers(0, n + 1))) for i, n in enumerate(people)]
        found = merge(groups, K, add_counts)  # type: ignore[call-arg, attr-defined]
        if not found:
            assert sum(people) < K
            continue
        assert all(g.people >= K or g.people == 0 for g in found)
        assert sorted(name for g in found for name in g.names) == sorted(g.names[0] for g in groups)
        for name in ("came_in", "short_stays"):
            assert sum(getattr(g.counted, name) for g in found) == sum(getattr(g.counted, name) for g in groups)


def test_a_share_of_merged_groups_is_that_of_their_sums() -> None:
    [found] = merge_neighbours([group("9", 10, 9), group("10", 30, 3)], K, add_counts)
    share = PRESETS[Indicator.BOUNCE].work_out(found.counted)
    assert isinstance(share, Figure)
    assert share.value == 12 / 40


def test_counts_add_up_where_both_were_counted() -> None:
    a = Counts(came_in=3, visits=Spread(2.0, 1.0, 16.0, 2.0), funnel=FunnelCounts(9, 5, 2, 1))
    b = Counts(came_in=4, visits=Spread(3.0, 1.0, 9.0, 3.0), funnel=FunnelCounts(1, 1, 1, 1))
    both = add_counts(a, b)
    assert both.came_in == 7
    assert both.visits == Spread(5.0, 2.0, 49.0, 5.0), "one map is wrong for both: (4 + 3) squared"
    assert both.funnel == FunnelCounts(10, 6, 3, 2)
    assert add_counts(b, a).visits == both.visits
    assert add_counts(a, Counts()).came_in is None


def test_every_number_and_expected_figure_is_added_up_and_a_mean_is_not() -> None:
    numbers = ("devices_heard", "came_in", "short_stays", "long_stays", "shoppers", "shoppers_again", "shopper_days",
               "transactions", "door_count", "stop_shoppers", "stop_buyers")  # fmt: skip
    sums, means = ("visits", "stops", "passes", "waiting"), ("dwell", "wait")
    one = Spread(2.0, 1.0, 4.0, 2.0, 0.5)
    all_of_it = Counts(**{n: i for i, n in enumerate(numbers, 1)}, **dict.fromkeys((*sums, *means), one))  # type: ignore[arg-type]
    both = add_counts(all_of_it, all_of_it)
    assert [getattr(both, n) for n in numbers] == [2 * i for i in range(1, 12)]
    assert {getattr(both, n) for n in sums} == {Spread(4.0, 2.0, 16.0, 4.0, 1.0)}
    assert {getattr(both, n) for n in means} == {None}
    assert set(Counts.__slots__) == {*numbers, *sums, *means, "funnel"}
    half = add_counts(all_of_it, Counts(came_in=1))
    assert (half.came_in, half.visits, half.shoppers) == (3, None, None)
    funnel = Counts(funnel=FunnelCounts(9, 5, 2, 1))
    assert add_counts(funnel, Counts()).funnel is add_counts(Counts(), funnel).funnel is None


def test_exactly_k_people_are_a_group_of_their_own() -> None:
    assert [g.names for g in merge_small([group("a", 20), group("b", 19)], K, add_counts)] == [("a", "b")]
    assert [g.names for g in merge_small([group("a", 20), group("b", 10), group("c", 10)], K, add_counts)] == [
        ("a",), ("b", "c"),
    ]  # fmt: skip


def test_zones_in_which_nobody_was_hide_nobody() -> None:
    """They are named together, beside those that are large enough, and take none of them away."""
    found = merge_small([group("b", 0), group("a", 25), group("c", 0)], K, add_counts)
    assert [(g.names, g.people) for g in found] == [(("a",), 25), (("b", "c"), 0)]
    assert [(g.names, g.people) for g in merge_small([group("a", 0)], K, add_counts)] == [(("a",), 0)]
    assert merge_small([], K, add_counts) == []
