"""What each member's purchases earn, and what returns take back: worked out without any of the ledger's code.

A line earns in proportion to what it cost; the sum over a purchase is rounded down once and spread over its lines by
largest remainder. Of a line that came back the member keeps the part that stayed, rounded down. Where the e-shop tells
of sums only (WooCommerce), what was given back is spread over all lines in proportion, rounded up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from simulators.channels.customers import Customers
from simulators.channels.orders import SoldLine, WebOrder
from simulators.channels.sales import BroughtBackGoods, TillReceipt
from simulators.scenario.channels import EarnHabit


@dataclass(slots=True)
class MemberPoints:
    """One member's: what all their purchases earned; what returns took back of it, told by lines and told as sums; and
    what cancelled orders had earned, which is gone whole."""

    earned: int = 0
    taken_back: int = 0
    taken_back_of_sums: int = 0
    cancelled: int = 0

    @property
    def kept(self) -> int:
        """Where returns name their lines."""
        return self.earned - self.taken_back - self.cancelled

    @property
    def kept_of_sums(self) -> int:
        """Where returns of the web are sums."""
        return self.earned - self.taken_back_of_sums - self.cancelled


def points_of(
    receipts: Sequence[TillReceipt],
    orders: Sequence[WebOrder],
    returns: Sequence[BroughtBackGoods],
    customers: Customers,
    habit: EarnHabit,
) -> dict[int, MemberPoints]:
    """Of everybody whom the programme can know, by their number."""
    found = {who: MemberPoints() for who in range(len(customers)) if customers.is_member(who)}
    back = {(one.web, one.purchase): one for one in returns}
    for receipt in receipts:
        if receipt.shown:
            _add(found[receipt.who], receipt.lines, back.get((False, receipt.name)), habit)
    for order in orders:
        if order.paid_at is not None:
            _add(found[order.who], order.lines, back.get((True, order.name)), habit)
            if order.cancelled_at is not None:
                found[order.who].cancelled += sum(line_points(order.lines, habit).values())
    return found


def line_points(lines: Sequence[SoldLine], habit: EarnHabit) -> dict[str, int]:
    """Points of each line, by its name."""
    exact = {line.name: Fraction(line.amount_minor * habit.points, habit.per_minor) for line in lines}
    points = {name: floor(part) for name, part in exact.items()}
    left = floor(sum(exact.values())) - sum(points.values())
    for name in sorted(exact, key=lambda name: points[name] - exact[name])[:left]:  # stable: the earlier line first
        points[name] += 1
    return points


def _add(member: MemberPoints, lines: Sequence[SoldLine], back: BroughtBackGoods | None, habit: EarnHabit) -> None:
    points = line_points(lines, habit)
    member.earned += sum(points.values())
    if back is None:
        return
    by_line = {line.name: line.amount_minor for line in back.lines}
    whole = sum(line.amount_minor for line in lines)
    spread = {line.name: ceil(Fraction(line.amount_minor * back.total_minor, whole)) for line in lines}
    taken = _count_taken(lines, points, by_line)
    member.taken_back += taken
    member.taken_back_of_sums += _count_taken(lines, points, spread) if back.web else taken


def _count_taken(lines: Sequence[SoldLine], points: Mapping[str, int], back: Mapping[str, int]) -> int:
    """Points that go: of each line all but what the part of it that was kept is worth, rounded down."""
    kept = {
        line.name: floor(Fraction(points[line.name] * (line.amount_minor - back.get(line.name, 0)), line.amount_minor))
        for line in lines
        if line.amount_minor
    }
    return sum(points.values()) - sum(kept.values())
