"""What one shopper did about one product, on the web and in the store, as steps of journeys that are counted once.

*From the web into the store* (research online, purchase offline): a view online begins a journey, which lasts a window
and is followed to a stop at the product, and to its purchase, here or online. *From the store to the web* is its
mirror: a stop of who had not looked at the product online in the window before. Whatever follows within the window is
of the same journey; so a shopper counts once for each product and window, however often they come back to it.

Views and purchases are known. Stops are not: each has a chance (`engine.presence.expected.products`), and what counts
is the first one, so that a stop's part is its own chance times that of there having been none before. Whoever bought
the product in the store was at it, whatever the radio says: a purchase takes the place of the uncertain stops of its
visit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

SAME_VISIT_S = 12 * 3600.0
"""Stops so long before a purchase in the store are of the same visit, and need no guessing any more."""


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
class LikelyStop:
    """A stop at a product at `at` (s UTC), with the chance that there was one."""

    at: float
    chance: float


@dataclass(frozen=True, slots=True)
class MadeStop:
    """The first stop of a device's stay in the store at the product `sku`."""

    device: int
    sku: str
    stop: LikelyStop


@dataclass(frozen=True, slots=True)
class ProductTouches:
    """What one shopper did about one product, times in s UTC, in any order."""

    views: Sequence[float] = ()
    stops: Sequence[LikelyStop] = ()
    bought_here: Sequence[float] = ()
    bought_online: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class StepTaken:
    """A step at `at` (s UTC), with its chance: 1 of what is known."""

    step: RopoStep
    at: float
    chance: float = 1.0


def steps_of(touches: ProductTouches, window_s: float) -> list[StepTaken]:
    """The steps of one shopper and product, of both ways. For each way they are of journeys that do not overlap."""
    views, stops = sorted(touches.views), stops_with_purchases(touches.stops, touches.bought_here)
    here, online = sorted(touches.bought_here), sorted(touches.bought_online)
    out = [step for start in starts(views, window_s) for step in _from_web(start, window_s, stops, here, online)]
    unseen = [stop for stop in stops if not any(stop.at - window_s < view <= stop.at for view in views)]
    for start in starts([stop.at for stop in unseen], window_s):
        out += _from_store(start, window_s, unseen, views, online)
    return [step for step in out if step.chance > 0.0]


def starts(times: Iterable[float], window_s: float) -> list[float]:
    """Where journeys begin, of ascending times: at the first, and at the first that is a window or more after the
    beginning before."""
    out: list[float] = []
    for t in times:
        if not out or t >= out[-1] + window_s:
            out.append(t)
    return out


def stops_with_purchases(stops: Iterable[LikelyStop], bought_here: Iterable[float]) -> list[LikelyStop]:
    """The stops by time, with a sure one at each purchase in the store in place of those of the visit before it."""
    bought = sorted(bought_here)
    left = [stop for stop in stops if not any(0.0 <= t - stop.at < SAME_VISIT_S for t in bought)]
    return sorted([*left, *(LikelyStop(t, 1.0) for t in bought)], key=lambda stop: stop.at)


def first_stops(stops: Iterable[LikelyStop]) -> list[LikelyStop]:
    """For each of ascending stops, the chance that it is the first: they add up to that of any."""
    out: list[LikelyStop] = []
    none = 1.0
    for stop in stops:
        out.append(LikelyStop(stop.at, none * stop.chance))
        none *= 1.0 - stop.chance
    return out


def any_stop(stops: Iterable[LikelyStop], before: float) -> float:
    """The chance of a stop before a time."""
    return sum(stop.chance for stop in first_stops(stop for stop in stops if stop.at < before))


def _from_web(
    start: float, window_s: float, stops: Sequence[LikelyStop], here: Sequence[float], online: Sequence[float]
) -> list[StepTaken]:
    end = start + window_s
    own = [stop for stop in stops if start <= stop.at < end]
    out = [StepTaken(RopoStep.VIEWED, start)]
    out += [StepTaken(RopoStep.STOPPED, stop.at, stop.chance) for stop in first_stops(own)]
    bought = next((t for t in here if start <= t < end), None)
    if bought is not None:
        return [*out, StepTaken(RopoStep.BOUGHT_HERE, bought)]
    later = next((t for t in online if start <= t < end and any_stop(own, t) > 0.0), None)
    if later is not None:
        out.append(StepTaken(RopoStep.BOUGHT_ONLINE, later, any_stop(own, later)))
    return out


def _from_store(
    start: float, window_s: float, stops: Sequence[LikelyStop], views: Sequence[float], online: Sequence[float]
) -> list[StepTaken]:
    end = start + window_s
    viewed = next((t for t in views if start < t < end), None)
    own = [stop for stop in stops if start <= stop.at < end]
    out = [StepTaken(RopoStep.STOPPED_FIRST, stop.at, stop.chance) for stop in first_stops(own)]
    if viewed is not None:
        out.append(StepTaken(RopoStep.VIEWED_AFTER, viewed, any_stop(own, viewed)))
    bought = next((t for t in online if start < t < end), None)
    if bought is not None:
        out.append(StepTaken(RopoStep.BOUGHT_AFTER, bought, any_stop(own, bought)))
    return out
