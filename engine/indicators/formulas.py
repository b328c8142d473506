"""One formula for each indicator: from counts to a figure with its 90 % interval, or to the steps of a funnel.

Shares have Wilson's interval (`engine.offers.measured.intervals`); ratios of expected figures that of a ratio to first
order (Cochran 1977, "Sampling Techniques", 6.3); means Student's. None where what is needed was not counted, or comes
to nothing: no figure is better than one of nobody.
"""

from __future__ import annotations

from math import sqrt

from scipy import special

from engine.indicators.counts import Counts
from engine.offers.measured.intervals import wilson
from engine.presence.expected.figures import LEVEL, NORMAL_90, Figure, Spread


def capture(c: Counts) -> Figure | None:
    """Of the devices heard, who came in."""
    return share(c.came_in, c.devices_heard)


def bounce(c: Counts) -> Figure | None:
    """Of who came in, who left at once."""
    return share(c.short_stays, c.came_in)


def engagement_rate(c: Counts) -> Figure | None:
    """Of who came in, who stayed for long."""
    return share(c.long_stays, c.came_in)


def dwell(c: Counts) -> Figure | None:
    """Mean dwell of a visit, s."""
    return None if c.dwell is None else c.dwell.figure()


def repeat(c: Counts) -> Figure | None:
    """Of the shoppers who agreed, who came again."""
    return share(c.shoppers_again, c.shoppers)


def frequency(c: Counts) -> Figure | None:
    """Days on which a shopper who agreed came."""
    return rate(c.shopper_days, c.shoppers)


def conversion(c: Counts) -> Figure | None:
    """Transactions at tills to people who came in: more than one each is possible, so that it is a rate."""
    return rate(c.transactions, c.came_in)


def stops(c: Counts) -> Figure | None:
    """Stops at a product."""
    return None if c.stops is None else c.stops.figure()


def stop_rate(c: Counts) -> Figure | None:
    """Stops at a product to visits of its zone."""
    return None if c.stops is None or c.passes is None else ratio(c.stops, c.passes)


def stop_purchase(c: Counts) -> Figure | None:
    """Of who stopped and whose receipts are known, who bought."""
    return share(c.stop_buyers, c.stop_shoppers)


def funnel(c: Counts) -> list[Figure | None]:
    """Shares of who entered that came to the zone, to the product and to the till with it."""
    if c.funnel is None:
        return []
    steps = (c.funnel.zone, c.funnel.product, c.funnel.till)
    return [share(n, c.funnel.entered) for n in steps]


def queue(c: Counts) -> Figure | None:
    """People who wait at tills, at once."""
    return None if c.waiting is None else c.waiting.figure()


def waiting(c: Counts) -> Figure | None:
    """Mean time at the tills, waiting and being served, s."""
    return None if c.wait is None else c.wait.figure()


def share(part: int | None, whole: int | None) -> Figure | None:
    """A share of people. Raises ValueError where a part is more than its whole."""
    if part is None or not whole:
        return None
    if not 0 <= part <= whole:
        raise ValueError(f"{part} of {whole} is no share")
    low, high = wilson(part, whole, LEVEL)
    return Figure(part / whole, float(low), float(high))


def rate(events: int | None, of: int | None) -> Figure | None:
    """Events for each, with the exact interval of a Poisson count (Garwood 1936)."""
    if events is None or not of:
        return None
    tail = (1 - LEVEL) / 2
    low = special.gammaincinv(events, tail) if events else 0.0
    high = special.gammaincinv(events + 1, 1 - tail)
    return Figure(events / of, float(low) / of, float(high) / of)


def ratio(part: Spread, whole: Spread) -> Figure | None:
    """A ratio of expected figures, taken as independent: what they have in common makes it better than it says."""
    if whole.value <= 0:
        return None
    value = part.value / whole.value
    own, other = (s.known_var + s.common_var for s in (part, whole))
    half = NORMAL_90 * sqrt(own + value**2 * other) / whole.value
    return Figure(value, max(0.0, value - half), value + half)
