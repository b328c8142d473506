"""What each kind of offer takes off which units, before anything is rounded.

Amounts here are in ten-thousandths of a minor unit (minor units times basis points), so that nothing is rounded until
the sum is known. Only what the law lets off a unit is whole minor units, rounded down, where other classes share the
sum: then no rounding of a line, up or down, brings it above its cap. Every rule looks at units, never at lines: the
same units in other lines come to the same sum. And every rule orders units by what can come off them, from the most
down: with one unit more, each place in that order is worth at least as much as before, so the sum never falls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.offers.pricing.baskets import Basket, Line
from engine.offers.pricing.kinds import FULL_BP, PERISHABLE, Amount, BuyXGetY, FixedPrice, Offer, OfferKind, Percent

Caps = Mapping[str, int]
"""The most that may come off the price paid, in basis points by legal class; a class that is not named has no cap."""


@dataclass(frozen=True, slots=True)
class Units:
    """`count` equal units of one line: the `price` of each, what `others` take off it, in ten-thousandths; its class,
    and the cap of that, or None."""

    line: int
    count: int
    price: int
    others: int
    legal_class: str
    cap_bp: int | None
    alone: bool = False  # no other class shares the sum, which is rounded down as a whole

    @property
    def room(self) -> int:
        """What may come off each: all that others leave of its price, or whole minor units within its cap."""
        if self.cap_bp is None:
            return max(self.price - self.others, 0)
        return self.floor(max(self.price * self.cap_bp // FULL_BP - self.others, 0))

    def floor(self, amount: int) -> int:
        """What may come off each, rounded down to whole minor units unless its class is alone."""
        return amount if self.alone else amount // FULL_BP * FULL_BP


def takings(offer: Offer, basket: Basket, eligible: Sequence[int], caps: Caps) -> list[int]:
    """What comes off each line, in ten-thousandths of a minor unit; zero where nothing does.

    All classes together, or one class with a cap alone where more comes off so.
    """
    units = [_units(i, basket.lines[i], _caps(offer, basket.lines[i], caps)) for i in eligible]
    capped = dict.fromkeys(u.legal_class for u in units if u.cap_bp is not None)
    choices = [units, *([replace(u, alone=True) for u in units if u.legal_class == one] for one in capped)]
    return max((_off_lines(offer, some, len(basket.lines)) for some in choices), key=lambda off: sum(off) // FULL_BP)


def _off_lines(offer: Offer, units: list[Units], lines: int) -> list[int]:
    off = [0] * lines
    for taken, each in _RULES[offer.kind](offer, units):
        off[taken.line] += taken.count * each
    return off


def _caps(offer: Offer, line: Line, caps: Caps) -> Caps:
    """Those that hold for a line: perishable units near their end have none, where the offer is for these."""
    if not (offer.near_end and line.near_end):
        return caps
    return {legal_class: cap for legal_class, cap in caps.items() if legal_class not in PERISHABLE}


def _units(i: int, line: Line, caps: Caps) -> Units:
    others = -(-line.advantages_minor * FULL_BP // line.quantity)  # of one unit, rounded up
    price, legal_class = line.unit_price_minor * FULL_BP, line.legal_class
    return Units(i, line.quantity, price, others, legal_class, caps.get(legal_class))


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
    """The least `get` of every `buy + get` units, from the most down; an unfinished group gives nothing beyond its
    paid units.

    What is paid for one class never counts towards the cap of another. So either all units are in groups together, and
    each is freed of what its own price allows; or every class with a cap has its groups to itself, and a unit is freed
    of what the whole group allows. The better of both.
    """
    assert isinstance(offer, BuyXGetY)
    classes: dict[str | None, list[Units]] = {}
    for u in units:
        classes.setdefault(None if u.cap_bp is None else u.legal_class, []).append(u)
    together = _best(_free(offer, [(u, min(_price_offer(offer, u), u.room)) for u in units]), offer.max_units)
    apart = [freed for same in classes.values() for freed in _free(offer, [(u, _in_own_group(offer, u)) for u in same])]
    return max(together, _best(apart, offer.max_units), key=lambda taken: sum(u.count * each for u, each in taken))


def _price_offer(offer: BuyXGetY, u: Units) -> int:
    return u.price * offer.basis_points // FULL_BP


def _in_own_group(offer: BuyXGetY, u: Units) -> int:
    """What may come off a freed unit where all of its group are of its class: each of them had as much room or more."""
    left = max(u.price - u.others, 0)
    if u.cap_bp is None:
        return min(_price_offer(offer, u), left)
    return min(_price_offer(offer, u), u.floor(u.room * (offer.buy + offer.get) // offer.get), u.floor(left))


def _free(offer: BuyXGetY, worth: Taken) -> Taken:
    """Those of the units that are freed, the least of each group by what can come off them."""
    freed: Taken = []
    at = 0
    for u, each in sorted(worth, key=lambda w: (-w[1], w[0].line)):
        freed.append((replace(u, count=_count_freed(at + u.count, offer) - _count_freed(at, offer)), each))
        at += u.count
    return freed


def _count_freed(n: int, offer: BuyXGetY) -> int:
    """How many of the first `n` units in their order are freed."""
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
