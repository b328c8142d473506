"""What shoppers do after a stop says whether there was one: how much, out of the store's own journeys.

Of journeys whose stop has chance c, those who did stop go on (look or buy online) at a rate a, those who did not at a
rate b. Both are found by expectation and maximisation (Dempster, Laird and Rubin 1977; a mixture of two coins whose
weights are known), as if PRIOR journeys of either kind had been seen that were like all of them. Who went on had then
stopped with chance c a / (c a + (1 - c) b). A stop keeps nobody from going on: where few journeys would have a below
b, both are taken for one. To take c instead would miss those whom the stop sent on their way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.presence.ropo.journeys import RopoJourney, RopoStep, RopoWay
from engine.records import F64, Bools

ROUNDS = 60
PRIOR = 2.0


@dataclass(frozen=True, slots=True)
class StepTaken:
    """A step at `at` (s UTC), with its chance: 1 of what is known."""

    step: RopoStep
    at: float
    chance: float = 1.0


@dataclass(frozen=True, slots=True)
class GoOnRates:
    """How many go on of those who stopped, and of those who did not, 0 to 1."""

    stopped: float
    others: float

    def had_stopped(self, chance: float) -> float:
        """How likely who went on had stopped, where that had this chance before it was known."""
        of_stopped, of_others = chance * self.stopped, (1.0 - chance) * self.others
        return of_stopped / (of_stopped + of_others) if of_stopped > 0.0 else 0.0


def estimate_rates(chance: F64, went_on: Bools) -> GoOnRates:
    """The rates that make (n,) journeys with these chances of a stop likeliest, of which some went on."""
    mean = float(went_on.mean()) if len(went_on) else 0.0
    a, b = min(1.0, 1.5 * mean), 0.5 * mean
    for _ in range(ROUNDS):
        yes, no = chance * np.where(went_on, a, 1.0 - a), (1.0 - chance) * np.where(went_on, b, 1.0 - b)
        post = np.divide(yes, yes + no, out=chance.copy(), where=yes + no > 0)
        a, b = _share(post, went_on, mean), _share(1.0 - post, went_on, mean)
    return GoOnRates(a, b) if a >= b else GoOnRates(mean, mean)


def _share(weight: F64, went_on: Bools, mean: float) -> float:
    return (float(weight[went_on].sum()) + PRIOR * mean) / (float(weight.sum()) + PRIOR)


def steps_of(journeys: Sequence[RopoJourney]) -> list[list[StepTaken]]:
    """The steps of each of a store's journeys, in their order."""
    rates = {step: _rates(journeys, step) for step in GO_ON}
    return [_steps(journey, rates) for journey in journeys]


GO_ON: Mapping[RopoStep, RopoWay] = {
    RopoStep.BOUGHT_ONLINE: RopoWay.WEB_FIRST,
    RopoStep.VIEWED_AFTER: RopoWay.STORE_FIRST,
    RopoStep.BOUGHT_AFTER: RopoWay.STORE_FIRST,
}
"""The steps that may or may not follow a stop, and of which way they are."""


def _at(journey: RopoJourney, step: RopoStep) -> float | None:
    """When a journey took this step, with or without a stop at the shelf; None where it did not. Who bought in the
    store needed no later step."""
    if step is RopoStep.VIEWED_AFTER:
        return journey.viewed
    return journey.online if step is RopoStep.BOUGHT_AFTER or journey.here is None else None


def _rates(journeys: Iterable[RopoJourney], step: RopoStep) -> GoOnRates:
    mine = [(j, _at(j, step)) for j in journeys if j.way is GO_ON[step]]
    chances = [j.chance if at is None else j.chance_before(at) for j, at in mine]
    return estimate_rates(np.array(chances, np.float64), np.array([at is not None for _, at in mine], np.bool_))


def _steps(journey: RopoJourney, rates: Mapping[RopoStep, GoOnRates]) -> list[StepTaken]:
    web = journey.way is RopoWay.WEB_FIRST
    out = [StepTaken(RopoStep.VIEWED, journey.began_at)] if web else []
    stopped = RopoStep.STOPPED if web else RopoStep.STOPPED_FIRST
    out += [StepTaken(stopped, stop.at, stop.chance) for stop in journey.stops]
    if web and journey.here is not None:
        out.append(StepTaken(RopoStep.BOUGHT_HERE, journey.here))
    for step, way in GO_ON.items():
        at = _at(journey, step) if journey.way is way else None
        chance = 0.0 if at is None else rates[step].had_stopped(journey.chance_before(at))
        if at is not None and chance > 0.0:
            out.append(StepTaken(step, at, chance))
    return out
