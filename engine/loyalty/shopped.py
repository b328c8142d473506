"""What shop systems tell, as the ledger needs it: a purchase with what was really paid, a return by its lines.

Points come of money that was paid and kept: a discount that stands on no line, or on a line of its own below zero, is
spread over the others by largest remainder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import count

from engine.commerce.records import Purchase, Return
from engine.loyalty.earning import Bought, BoughtLine, BroughtBack

CategoryOf = Callable[[str], str]
"""A product's category, for lines that name none; empty where nobody knows."""


def ledger_name(source: str, name: str) -> str:
    """By which name the ledger knows a purchase or a return of this source."""
    return f"{source}:{name}"


def to_bought(purchase: Purchase, category_of: CategoryOf = lambda sku: "") -> Bought:
    """The purchase with what each line really cost. One that is voided has no lines."""
    said = () if purchase.voided else purchase.lines
    paid = spread_paid([line.amount_minor for line in said], purchase.total_minor)
    lines = tuple(
        BoughtLine(name, max(line.amount_minor, 0), line.sku, line.category or category_of(line.sku), part)
        for name, line, part in zip(_names([line.id for line in said]), said, paid, strict=True)
    )
    name = ledger_name(purchase.source, purchase.id)
    return Bought(name, purchase.store, purchase.at, purchase.currency, lines)


def back_of(back: Return) -> BroughtBack:
    """The return by its lines; lines of one name are added up."""
    lines: Counter[str] = Counter()
    for line in back.lines:
        lines[line.id] += line.amount_minor
    return BroughtBack(
        ledger_name(back.source, back.id),
        ledger_name(back.source, back.purchase_id),
        back.at,
        tuple(sorted(lines.items())),
        0 if lines else back.total_minor,
    )


def deduct_returns(purchase: Purchase, back: Sequence[Return]) -> tuple[list[int], list[int]]:
    """What was paid for each line, and what of that was kept, each (lines,).

    A return in another currency, or of more than was paid, is none of this purchase: points do not go by it either.
    Lines of one name give up what came back of it one after the other. Money that was given back for no line is taken
    off all.
    """
    paid = spread_paid([line.amount_minor for line in purchase.lines], purchase.total_minor)
    real = [one for one in back if one.currency == purchase.currency and one.total_minor <= purchase.total_minor]
    gone: Counter[str] = Counter()
    for line in (line for one in real for line in one.lines):
        gone[line.id] += max(line.amount_minor, 0)
    left = []
    for line, amount in zip(purchase.lines, paid, strict=True):
        taken = min(amount, gone[line.id])
        gone[line.id] -= taken
        left.append(amount - taken)
    return paid, spread_paid(left, sum(left) - sum(one.total_minor for one in real if not one.lines))


def spread_paid(amounts: Sequence[int], total: int) -> list[int]:
    """What each of these amounts comes to where only `total` was paid for all: never more than itself, and nothing for
    what is below zero. Sums to the least of the total and the amounts' own sum, or to 0."""
    positive = [max(amount, 0) for amount in amounts]
    whole, payable = sum(positive), max(0, min(sum(amounts), total))
    if payable == whole:
        return positive
    parts = [amount * payable // whole for amount in positive]
    rest = sorted(range(len(parts)), key=lambda i: (-(positive[i] * payable % whole), i))
    for i in rest[: payable - sum(parts)]:
        parts[i] += 1
    return parts


def _names(said: Sequence[str]) -> list[str]:
    """The lines' names, each once: a shop may give two lines one name."""
    taken, numbers = set(said), dict[str, Iterator[int]]()
    names = []
    for name in said:
        if name in numbers:
            names.append(next(one for n in numbers[name] if (one := f"{name}#{n}") not in taken))
        else:
            names.append(name)
            numbers[name] = count(2)
    return names
