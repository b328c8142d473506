"""What each kind of offer takes off which units, before anything is rounded.

Amounts here are in ten-thousandths of a minor unit (minor units times basis points), so that nothing is rounded until
the sum is known. Every rule looks at units, never at lines: the same units in other lines come to the same sum. And
every rule takes the most valuable units it may, from the dearest down: with one unit more, each place in that order is
worth at least as much as before, so the sum never falls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.offers.pricing.baskets import Basket, Line
from engine.offers.pricing.kinds import FULL_BP, Amount, BuyXGetY, FixedPrice, Offer, OfferKind, Percent

Caps = Mapping[str, int]
"""The most that may come off the price paid, in basis points by legal class; a class that is not named has no cap."""


@dataclass(frozen=True, slots=True)
class Units:
    """`count` equal units of one line: the `price` of each, what `others` take off it, in ten-thousandths; its cap."""

    line: int
    count: int
    price: int
    others: int
    cap_bp: int

    @property
    def room(self) -> int:
        """What the law lets off each."""
        return max(self.price * self.cap_bp // FULL_BP - self.others, 0)


def takings(offer: Offer, basket: Basket, eligible: Sequence[int], caps: Caps) -> list[int]:
    """What comes off each line, in ten-thousandths of a minor unit; zero where nothing does."""
    units = [_units(i, basket.lines[i], caps) for i in eligible]
    off = [0] * len(basket.lines)
    for taken, each in _RULES[offer.kind](offer, units):
        off[taken.line] += taken.count * each
    return off


def _units(i: int, line: Line, caps: Caps) -> Units:
    others = -(-line.advantages_minor * FULL_BP // line.quantity)  # of one unit, rounded up
    return Units(i, line.quantity, line.unit_price_minor * FULL_BP, others, caps.get(line.legal_class, FULL_BP))


Taken = list[tuple[Units, int]]
"""Units, and what comes off each of them."""


def _percent(offer: Offer, units: list[Units]) -> Taken:
    assert isinstance(offer, Percent)
    most = sum(u.count for u in units) if offer.applies_to == "basket" else offer.max_units
    return _best([(u, min(u.price * offer.basis_points // FULL_BP, u.room)) for u in units], most)


def _fixed_price(offer: Offer, units: list[Units]) -> Taken:
    assert isinstance(offer, FixedPrice)
    price = offer.price_minor * FULL_BP
    return _best([(u, min(max(u.price - price, 0), u.room)) for u in units], offer.max_units)


def _amount(offer: Offer, units: list[Units]) -> Taken:
    """The sum, off one line after the other as far as the law leaves room on each."""
    assert isinstance(offer, Amount)
    left = offer.amount_minor * FULL_BP
    off: Taken = []
    for u in units:
        part = min(left, u.count * u.room)
        left -= part
        off.append((replace(u, count=1), part))
    return off


def _buy_x_get_y(offer: Offer, units: list[Units]) -> Taken:
    """The cheapest `get` of every `buy + get` units, from the dearest down; an unfinished group gives nothing beyond
    its paid units. The law looks at the whole group, so a unit may be freed of as much as its cap is of the group.

    Where a cap binds, units of its class make groups of their own: no dear unit with a low cap drives out another.
    """
    assert isinstance(offer, BuyXGetY)
    size = offer.buy + offer.get
    kinds: dict[int, list[Units]] = {}
    for u in units:
        kinds.setdefault(min(offer.basis_points, u.cap_bp * size // offer.get), []).append(u)
    freed: Taken = []
    for same in kinds.values():
        at = 0
        for u in sorted(same, key=lambda u: (-u.price, u.line)):
            count = _freed(at + u.count, offer) - _freed(at, offer)
            at += u.count
            each = min(u.price * offer.basis_points // FULL_BP, u.room * size // offer.get, u.price - u.others)
            freed.append((replace(u, count=count), max(each, 0)))
    return _best(freed, offer.max_units)


def _freed(n: int, offer: BuyXGetY) -> int:
    """How many of the first `n` units, dearest first, are freed."""
    groups, rest = divmod(n, offer.buy + offer.get)
    return groups * offer.get + max(rest - offer.buy, 0)


def _best(worth: Taken, most: int) -> Taken:
    """The `most` units off which most comes."""
    out: Taken = []
    for u, each in sorted(worth, key=lambda w: (-w[1], w[0].line)):
        count = min(u.count, most)
        if count > 0:
            out.append((replace(u, count=count), each))
            most -= count
    return out


_RULES: Mapping[OfferKind, Callable[[Offer, list[Units]], Taken]] = {
    "percent": _percent,
    "amount": _amount,
    "fixed_price": _fixed_price,
    "buy_x_get_y": _buy_x_get_y,
}
