"""The people a store lives on: each comes at a rate of their own, with a phone that is theirs, and adopts or does not.

Visits per person in a period are a Poisson number whose rate is gamma over people: negative binomial (Ehrenberg 1959,
*The Pattern of Consumer Purchases*). Here a day's number of visits is drawn first and dealt out by rate, which is the
same thing for a Poisson number; what weather adds to it all people share.
"""

from __future__ import annotations

import numpy as np

from engine.errors import OperatorError, Problem
from engine.records import F64, Bools
from simulators.scenario.phones import PhonesConfig
from simulators.scenario.year import YearConfig
from simulators.year.floor import Index

MOST_COMPANIONS = 12
"""Larger groups are cut: each person of the base has so many phones of companions at most."""

REST_S = 3 * 3600.0
"""Nobody comes twice within so long."""

ROUNDS = 200


class ShopperPopulation:
    """The state of all people, each array (count,): what is theirs for good, and how often they have come.

    `connected`: their phone joins the network on every visit. `consents_from`: the visit (1 the first) on which they
    agree to offers; a very large number for those who never do. `control`: held out from coupons.
    """

    def __init__(
        self, config: YearConfig, phones: PhonesConfig, companion_phones: float, seed: np.random.SeedSequence
    ) -> None:
        rng, base = np.random.default_rng(seed), config.shoppers
        self._reach = np.cumsum(rng.gamma(base.frequency_shape, 1.0, base.count))
        self.connected: Bools = rng.random(base.count) < phones.connected_share
        ever = self.connected & (rng.random(base.count) < phones.sign_in_share * phones.consent_share)
        on_visit = rng.geometric(1 / base.adoption_visits_mean, base.count)
        self.consents_from: Index = np.where(ever, on_visit, np.iinfo(np.int64).max)
        self.control: Bools = rng.random(base.count) < config.coupons.holdout_share
        carries = companion_phones * phones.connected_share
        self.companion_connected: Bools = rng.random((base.count, MOST_COMPANIONS)) < carries
        self.visits: Index = np.zeros(base.count, np.int64)

    def __len__(self) -> int:
        return int(self.connected.shape[0])

    def come(self, arrive_s: F64, rng: np.random.Generator) -> Index:
        """Who comes at each of these times of one day, counted as their visits. Raises OperatorError when there are too
        few people for so many visits."""
        who = self._draw(len(arrive_s), rng)
        for round_ in range(ROUNDS):
            again = _too_soon(who, arrive_s)
            if not len(again):
                np.add.at(self.visits, who, 1)
                return who
            if round_ < ROUNDS // 2:
                for i in again.tolist():  # somebody else takes the time: how often people come stays as drawn
                    j = int(rng.integers(len(who)))
                    who[i], who[j] = who[j], who[i]
            else:
                who[again] = self._draw(len(again), rng)
        reason = f"{len(self)} people cannot make {len(arrive_s)} visits in a day"
        raise OperatorError([Problem("scenario", "year.shoppers.count", reason, "name more, or fewer arrivals")])

    def consenting(self, who: Index, arrive_s: F64) -> Bools:
        """(visits,) who has agreed to offers by then: `who` as `come` has just counted them, each visit in its turn."""
        order = np.lexsort((arrive_s, who))
        same = np.concatenate([[False], np.diff(who[order]) == 0])
        nth = np.arange(len(who)) - np.maximum.accumulate(np.where(same, 0, np.arange(len(who))))
        today = np.bincount(who, minlength=len(self))
        turn = np.empty(len(who), np.int64)
        turn[order] = (self.visits - today)[who[order]] + nth + 1
        return np.asarray(turn >= self.consents_from[who], np.bool_)

    def _draw(self, n: int, rng: np.random.Generator) -> Index:
        return np.asarray(np.searchsorted(self._reach, rng.random(n) * self._reach[-1], side="right"), np.int64)


def _too_soon(who: Index, arrive_s: F64) -> Index:
    """Visits that begin less than `REST_S` after one of the same person."""
    order = np.lexsort((arrive_s, who))
    soon = (np.diff(who[order]) == 0) & (np.diff(arrive_s[order]) < REST_S)
    return np.asarray(order[1:][soon], np.int64)
