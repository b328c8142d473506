"""What one shopper did about one product, on the web and in the store, as steps of journeys that are counted once.

*From the web into the store* (research online, purchase offline): a view online begins a journey, which lasts a window
and is followed to a stop at the product, and to its purchase, here or online. *From the store to the web* is its
mirror: a stop of who had not looked at the product online in the window before. Whatever follows within the window is
of the same journey; so a shopper counts once for each product and window, however often they come back to it.

Views and purchases are known. Stops are not: each has a chance (`engine.presence.expected.products`), and what counts
is the first one, so that a stop's part is its own chance times that of there having been none before. What somebody did
after a stop says something of the stop as well; how much, the store's own journeys say (`engine.presence.ropo.rates`).
A purchase in the store of a visit in which the phone was nowhere near the product is a sure stop: the phone was off.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from engine.presence.expected.stops import LikelyStop

SAME_VISIT_S = 12 * 3600.0
"""Stops so long before a purchase in the store are of the same visit."""


class RopoWay(StrEnum):
    """From where to where a journey goes."""

    WEB_FIRST = "web_first"
    STORE_FIRST = "store_first"


class RopoStep(StrEnum):
    """Steps of both ways. All but the first and the third may be expected rather than known."""

    VIEWED = "viewed"
    STOPPED = "stopped"  # in the store, after the view
    BOUGHT_HERE = "bought_here"  # in the store, after the view
    BOUGHT_ONLINE = "bought_online"  # after view and stop, and not here
    STOPPED_FIRST = "stopped_first"  # in the store, without a view before
    VIEWED_AFTER = "viewed_after"  # online, after that stop
    BOUGHT_AFTER = "bought_after"  # online, after that stop


@dataclass(frozen=True, slots=True)
class ProductTouches:
    """What one shopper did about one product, times in s UTC, in any order."""

    views: Sequence[float] = ()
    stops: Sequence[LikelyStop] = ()
    bought_here: Sequence[float] = ()
    bought_online: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class RopoJourney:
    """One shopper and product, for a window from `began_at` on. `stops` by time, each with the chance that it is the
    first one. `here` and `online` are the first purchases there, `viewed` the first view after the beginning, s UTC;
    None for none."""

    way: RopoWay
    began_at: float
    stops: tuple[LikelyStop, ...]
    here: float | None = None
    online: float | None = None
    viewed: float | None = None

    @property
    def chance(self) -> float:
        """That there was a stop at all."""
        return min(1.0, sum(stop.chance for stop in self.stops))

    def chance_before(self, t: float) -> float:
        """That there was one before a time."""
        return min(1.0, sum(stop.chance for stop in self.stops if stop.at < t))


def journeys_of(touches: ProductTouches, window_s: float) -> list[RopoJourney]:
    """The journeys of one shopper and product, of both ways; those of one way do not overlap."""
    views, stops = sorted(touches.views), with_purchases(touches.stops, touches.bought_here)
    here, online = sorted(touches.bought_here), sorted(touches.bought_online)
    unseen = [stop for stop in stops if not any(stop.at - window_s < view <= stop.at for view in views)]
    out = []
    for start in starts(views, window_s):
        own = [stop for stop in stops if start <= stop.at < start + window_s]
        bought = [first_within(times, start, start + window_s) for times in (here, online)]
        out.append(RopoJourney(RopoWay.WEB_FIRST, start, first_stops(own), *bought))
    for start in starts([stop.at for stop in unseen], window_s):
        own = [stop for stop in unseen if start <= stop.at < start + window_s]
        after = [first_within(times, start, start + window_s) for times in (here, online, views)]
        out.append(RopoJourney(RopoWay.STORE_FIRST, start, first_stops(own), *after))
    return out


def starts(times: Iterable[float], window_s: float) -> list[float]:
    """Where journeys begin, of ascending times: at the first, and at the first that is a window or more after the
    beginning before."""
    out: list[float] = []
    for t in times:
        if not out or t >= out[-1] + window_s:
            out.append(t)
    return out


def first_within(times: Iterable[float], start: float, end: float) -> float | None:
    """The first of ascending times in [start, end)."""
    return next((t for t in times if start <= t < end), None)


def with_purchases(stops: Iterable[LikelyStop], bought_here: Iterable[float]) -> list[LikelyStop]:
    """The stops by time, with a sure one at each purchase in the store before which there is none of its visit."""
    held = list(stops)
    unseen = [t for t in bought_here if not any(0.0 <= t - stop.at < SAME_VISIT_S for stop in held)]
    return sorted([*held, *(LikelyStop(t, 1.0) for t in unseen)], key=lambda stop: stop.at)


def first_stops(stops: Iterable[LikelyStop]) -> tuple[LikelyStop, ...]:
    """For each of ascending stops, the chance that it is the first: they add up to that of any."""
    out: list[LikelyStop] = []
    none = 1.0
    for stop in stops:
        out.append(LikelyStop(stop.at, none * stop.chance))
        none *= 1.0 - stop.chance
    return tuple(out)
