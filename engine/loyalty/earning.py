"""What a purchase earns: rules of the site's config, whole numbers, rounded down once.

Every rule that meets a line adds `points` for every `per_minor` of what the line cost; "double on coffee" is one more
rule. The sum over all lines is rounded down once and spread over the lines by largest remainder, so that the same
basket cut into other lines earns the same. What stays of a line after a return keeps its share, rounded down: points
are never more than what was kept is worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class BoughtLine:
    """One line of a receipt: what was paid for it after every discount, in minor units of the receipt's currency.

    `paid_minor` is what of it the receipt's total really holds, where the shop takes more off the whole; None: all.
    """

    line: str
    amount_minor: int
    product_id: str = ""
    category: str = ""
    paid_minor: int | None = None

    @property
    def earning_minor(self) -> int:
        """What points come of; never below zero."""
        return max(self.amount_minor if self.paid_minor is None else self.paid_minor, 0)


@dataclass(frozen=True, slots=True)
class Bought:
    """A purchase as the ledger needs it. `purchase_id` names it among all sources; `at` is s UTC."""

    purchase_id: str
    store: str
    at: float
    currency: str
    lines: tuple[BoughtLine, ...]


@dataclass(frozen=True, slots=True)
class BroughtBack:
    """Goods that came back: of each line (its name) how much of what was paid was given back, in minor units.

    Without lines, `amount_minor` is money that was given back for none of them: it is spread over what is left of all.
    """

    return_id: str
    purchase_id: str
    at: float
    lines: tuple[tuple[str, int], ...]
    amount_minor: int = 0


@dataclass(frozen=True, slots=True)
class EarnRule:
    """`points` for every `per_minor` of `currency`; the other fields narrow it down, and empty ones do not.

    Weekdays are 0 (Monday) to 6. Times are the store's; `until` is not part of it, and may lie after midnight.
    """

    points: int
    per_minor: int
    currency: str
    products: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    stores: frozenset[str] = frozenset()
    tiers: frozenset[str] = frozenset()
    weekdays: frozenset[int] = frozenset()
    since: time | None = None
    until: time | None = None

    def meets(self, bought: Bought, line: BoughtLine, tier: str, local: datetime) -> bool:
        """Whether the rule holds for this line, bought by somebody of this tier at this local time."""
        said = (
            (self.products, line.product_id),
            (self.categories, line.category),
            (self.stores, bought.store),
            (self.tiers, tier),
            (self.weekdays, local.weekday()),
        )
        narrowed = all(not allowed or value in allowed for allowed, value in said)
        return narrowed and self.currency == bought.currency and self._in_time(local.time())

    def _in_time(self, at: time) -> bool:
        since, until = self.since or time.min, self.until or time.max
        return since <= at < until if since <= until else at >= since or at < until


@dataclass(frozen=True, slots=True)
class Tier:
    """A level of the programme: from so many points that purchases earned and that were kept, within the period."""

    name: str
    from_points: int


@dataclass(frozen=True, slots=True)
class EarnTerms:
    """The rules of a programme: when points of a purchase become available and end, in s after it, and its tiers.

    `expire_s` of None: never. `tier_s` is the period that counts for a tier, up to now.
    """

    rules: tuple[EarnRule, ...] = ()
    pending_s: float = 0.0
    expire_s: float | None = None
    tiers: tuple[Tier, ...] = ()
    tier_s: float = 365 * 86_400.0
    per_visit: int = 0

    def end_of(self, earned_at: float) -> float | None:
        """When points earned then end (s UTC)."""
        return None if self.expire_s is None else earned_at + self.expire_s

    def tier_of(self, points: int) -> str:
        """The highest tier that so many points reach; empty below the first."""
        reached = [tier for tier in self.tiers if points >= tier.from_points]
        return max(reached, key=lambda tier: tier.from_points).name if reached else ""


def points_by_line(bought: Bought, rules: Sequence[EarnRule], tier: str, local: datetime) -> tuple[int, ...]:
    """What each line earns. Lines that cost nothing, or less, earn nothing."""
    exact = [_exact(bought, line, rules, tier, local) for line in bought.lines]
    points = [int(part) for part in exact]
    left = int(sum(exact)) - sum(points)
    by_remainder = sorted(range(len(exact)), key=lambda i: (points[i] - exact[i], i))
    for i in by_remainder[:left]:
        points[i] += 1
    return tuple(points)


def _exact(bought: Bought, line: BoughtLine, rules: Sequence[EarnRule], tier: str, local: datetime) -> Fraction:
    met = [rule for rule in rules if rule.meets(bought, line, tier, local)]
    return sum((Fraction(line.earning_minor * r.points, r.per_minor) for r in met), Fraction(0))


def reduce_points(points: int, amount_minor: int, returned_minor: int) -> int:
    """What a line's points come to once so much of it was given back; rounded down."""
    return points * (amount_minor - returned_minor) // amount_minor if amount_minor else 0
