"""What a campaign changes among shoppers who had looked at its product online: its coupon against those held out.

The unit is a shopper's first moment under the campaign, as in `engine.offers.measured.uplift`, of those with a view of
the product within the window before. What counts is a purchase of the product, here or online, and a stop at it, within
AFTER_S of the moment. Purchases are known, and compared by Newcombe's interval; of stops the chances are, whose means
are compared by Welch's.

Moments are told in blocks that hold k shoppers of *either* group, a good while after their end, when nothing that
counts can still happen: so no figure is of fewer than k, and none ever changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from engine.offers.measured.intervals import newcombe, welch
from engine.offers.measured.uplift import MIN_MEANS, MIN_SHARES, Difference

AFTER_S = 7 * 86_400.0
LEVEL = 0.9  # as of all figures of the console


@dataclass(frozen=True, slots=True)
class WebMoment:
    """A shopper's first moment at `at` (s UTC), whether they were held out, and what came of it: whether they bought,
    and the chance that they stopped."""

    at: float
    who: str
    held_out: bool
    bought: bool
    stopped: float


@dataclass(frozen=True, slots=True)
class GroupSums:
    """So many shoppers of a group; how many bought; the sums of their chances to have stopped, and of their squares."""

    n: int = 0
    bought: int = 0
    stopped: float = 0.0
    stopped_sq: float = 0.0

    def __add__(self, other: GroupSums) -> GroupSums:
        pairs = [(getattr(self, name), getattr(other, name)) for name in GroupSums.__slots__]
        return GroupSums(*(a + b for a, b in pairs))

    @staticmethod
    def of(moments: Iterable[WebMoment]) -> GroupSums:
        """Added up."""
        held = list(moments)
        stopped = [m.stopped for m in held]
        return GroupSums(len(held), sum(m.bought for m in held), sum(stopped), sum(p * p for p in stopped))

    @property
    def variance(self) -> float:
        """Of the chances to have stopped, with n - 1 below; of two shoppers and more."""
        return max(0.0, (self.stopped_sq - self.stopped**2 / self.n) / (self.n - 1))


@dataclass(frozen=True, slots=True)
class BothGroups:
    """Who got the coupon, and who was held out."""

    treated: GroupSums = GroupSums()
    held_out: GroupSums = GroupSums()

    def __add__(self, other: BothGroups) -> BothGroups:
        return BothGroups(self.treated + other.treated, self.held_out + other.held_out)

    @staticmethod
    def of(moments: Sequence[WebMoment]) -> BothGroups:
        """Added up by group."""
        return BothGroups(*(GroupSums.of(m for m in moments if m.held_out is out) for out in (False, True)))

    @property
    def bought(self) -> Difference | None:
        """Of the shares that bought; None of too few."""
        a, b = self.treated, self.held_out
        if min(a.n, b.n) < MIN_SHARES:
            return None
        return Difference(*map(float, newcombe(a.bought, a.n, b.bought, b.n, LEVEL)))

    @property
    def stopped(self) -> Difference | None:
        """Of the mean chances to have stopped; None of too few, or where all are alike."""
        a, b = self.treated, self.held_out
        if min(a.n, b.n) < MIN_MEANS or not a.variance + b.variance:
            return None
        means = (a.stopped / a.n, a.variance, a.n, b.stopped / b.n, b.variance, b.n)
        return Difference(*map(float, welch(*means, LEVEL)))


def cut_moments(
    moments: Sequence[WebMoment], k: int, end_of: Callable[[float], float]
) -> list[tuple[float, BothGroups]]:
    """Consecutive days of moments, each with its end, that hold k shoppers of either group; the rest waits. `end_of`
    says when the day of a time ends."""
    out: list[tuple[float, BothGroups]] = []
    behind: list[WebMoment] = []
    held = sorted(moments, key=lambda m: m.at)
    for i, moment in enumerate(held):
        behind.append(moment)
        end = end_of(moment.at)
        if i + 1 < len(held) and held[i + 1].at < end:
            continue
        people = [len({m.who for m in behind if m.held_out is out}) for out in (False, True)]
        if min(people) >= k:
            out.append((end, BothGroups.of(behind)))
            behind = []
    return out
