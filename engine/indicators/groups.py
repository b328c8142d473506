"""Indicators by group (hour, day, zone, product): groups with fewer than k people are merged, not blanked.

Groups in an order (hours, days, weeks) are merged with their neighbours, as short as it goes
(`engine.presence.withheld.blocks.cut`); those without one (zones, products) with all the others that are too small,
and the smallest that is large enough where they still are. So every figure has k people behind it, and what is merged
is said by its name. A blank would say that there was something to hide, and be taken from the total; here all groups
together are the total, and whatever is taken from it is a sum of groups.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from engine.presence.withheld.blocks import cut

Counted = TypeVar("Counted")


@dataclass(frozen=True, slots=True)
class Group(Generic[Counted]):
    """`people` are distinct ones; `names` are those of all groups that were merged into it, in order."""

    names: tuple[str, ...]
    people: int
    counted: Counted


Merge = Callable[[Counted, Counted], Counted]


def merge_neighbours(groups: Sequence[Group[Counted]], k: int, merge: Merge[Counted]) -> list[Group[Counted]]:
    """Groups in their order, each of k people at least; none where all of them together are fewer.

    People are added up, so that they must be different ones: whoever came in two hours counts in one of them.
    """
    return [_merge(groups[block.start : block.stop], merge) for block in cut([g.people for g in groups], k)]


def merge_small(groups: Sequence[Group[Counted]], k: int, merge: Merge[Counted]) -> list[Group[Counted]]:
    """Groups without an order, largest first, what was merged last; none where all of them together are fewer."""
    ordered = sorted(groups, key=lambda g: (-g.people, g.names))
    large = [g for g in ordered if g.people >= k]
    small = [g for g in ordered if g.people < k]
    if small and sum(g.people for g in small) < k and any(g.people for g in small):
        if not large:
            return []
        small = [large.pop(), *small]
    return [*large, _merge(small, merge)] if small else large


def _merge(groups: Sequence[Group[Counted]], merge: Merge[Counted]) -> Group[Counted]:
    names = tuple(name for group in groups for name in group.names)
    counted = groups[0].counted
    for group in groups[1:]:
        counted = merge(counted, group.counted)
    return Group(names, sum(g.people for g in groups), counted)
