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
    a = Counts(came_in=3, visits=Spread(2.0, 1.0, 4.0, 2.0), funnel=FunnelCounts(9, 5, 2, 1))
    b = Counts(came_in=4, visits=Spread(3.0, 1.0, 9.0, 3.0), funnel=FunnelCounts(1, 1, 1, 1))
    both = add_counts(a, b)
    assert both.came_in == 7
    assert both.visits == Spread(5.0, 2.0, 25.0, 5.0)
    assert both.funnel == FunnelCounts(10, 6, 3, 2)
    assert add_counts(a, Counts()).came_in is None
