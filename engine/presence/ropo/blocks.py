"""Steps of many shoppers, told in blocks that k of them stand behind: whole ks, whether they are known or expected.

As counts of coupons are (`engine.presence.withheld.counted`), with chances in place of ones. A block is let out when k
distinct people are behind it and count for k (Kish's effective number, as in `engine.presence.expected.waiting`), and
when what is expected of it comes to k; it goes in whole ks, and what is left waits on, so that no sum or difference of
figures is more than nobody and fewer than k.

What is not known of a block's people is kept beside it: `ambiguous` is the sum of p (1 - p) over its steps, of which
both errors of an expected count are made (`engine.presence.expected.figures`).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from engine.presence.expected.figures import COMMON_VISITS, Spread
from engine.presence.local_hours import QUARTER_S, LocalHours
from engine.privacy.k_anonymity import count_for, lay_ks, whole_ks

LEAST_CHANCE = 0.1
"""Whoever is less likely to be part of a figure does not count among its people."""
LONGEST_DAYS = 62
"""A block that waited for longer is laid over so many days."""


@dataclass(frozen=True, slots=True)
class ChanceEvent:
    """That somebody did something at `at` (s UTC), with its chance."""

    at: float
    who: str
    chance: float = 1.0


@dataclass(frozen=True, slots=True)
class WaitingChance:
    """What is not told of a figure: all events since `since`, and `n` people expected of those before."""

    since: float = 0.0
    n: float = 0.0
    ambiguous: float = 0.0


@dataclass(frozen=True, slots=True)
class ToldChance:
    """From `since` to `until` (s UTC): `n` people, a multiple of k."""

    since: float
    until: float
    n: int
    ambiguous: float


@dataclass(frozen=True, slots=True)
class ChanceSum:
    """How many people a figure has, and how much of that is not known."""

    n: float = 0.0
    ambiguous: float = 0.0

    def __add__(self, other: ChanceSum) -> ChanceSum:
        return ChanceSum(self.n + other.n, self.ambiguous + other.ambiguous)

    @property
    def spread(self) -> Spread:
        """With its variances; those of what is known are 0."""
        return Spread(self.n, self.ambiguous, (COMMON_VISITS * self.ambiguous) ** 2, self.n)


def sum_of(events: Sequence[ChanceEvent]) -> ChanceSum:
    """Everything together, to the person: for a k of one."""
    return ChanceSum(sum(e.chance for e in events), sum(e.chance * (1.0 - e.chance) for e in events))


def hides(events: Sequence[ChanceEvent], k: int) -> bool:
    """Whether k distinct people are behind these events, and count for k."""
    parts: dict[str, float] = defaultdict(float)
    for event in events:
        parts[event.who] += event.chance
    people = sum(part >= LEAST_CHANCE for part in parts.values())
    return people >= k and count_for(k, sum(parts.values()), sum(part**2 for part in parts.values()))


def tell_chances(
    events: Sequence[ChanceEvent], waiting: WaitingChance, k: int, end_of: Callable[[float], float]
) -> tuple[list[ToldChance], WaitingChance]:
    """The blocks that `events` complete, which are all since `waiting.since`, by time; and what waits then. `end_of`
    says when the day of a time ends: blocks end nowhere else."""
    by_end: Mapping[float, list[ChanceEvent]] = defaultdict(list)
    for event in events:
        by_end[end_of(event.at)].append(event)
    out: list[ToldChance] = []
    behind: list[ChanceEvent] = []
    for end in sorted(by_end):
        behind += by_end[end]
        if len(behind) < k:
            continue
        total = sum_of(behind) + ChanceSum(waiting.n, waiting.ambiguous)
        told = whole_ks(int(total.n + 1e-9), k)
        if not told or not hides(behind, k):
            continue
        since = max(waiting.since, min(event.at for event in behind))
        part = told / total.n
        out.append(ToldChance(since, end, told, total.ambiguous * part))
        waiting = WaitingChance(end, max(0.0, total.n - told), total.ambiguous * (1.0 - part))
        behind = []
    return out, waiting


def day_end(local: LocalHours) -> Callable[[float], float]:
    """When the day that holds a time ends by the store's calendar; each quarter of an hour is looked up once."""
    known: dict[float, float] = {}

    def end(t: float) -> float:
        quarter = t // QUARTER_S
        if quarter not in known:
            known[quarter] = local.midnight(local.clock(t).date() + dt.timedelta(days=1))
        return known[quarter]

    return end


def lay_days(block: ToldChance, local: LocalHours, k: int) -> list[tuple[float, int, float]]:
    """(midnight, people in whole ks, ambiguous) of the days of a block; days that get none have no row."""
    last = local.clock(block.until - 1.0).date()
    first = max(local.clock(block.since).date(), last - dt.timedelta(days=LONGEST_DAYS - 1))
    days = [local.midnight(first + dt.timedelta(days=i)) for i in range((last - first).days + 1)]
    laid = lay_ks(block.n, [1.0 / len(days)] * len(days), k)
    return [(day, n, block.ambiguous * n / block.n) for day, n in zip(days, laid, strict=True) if n]
