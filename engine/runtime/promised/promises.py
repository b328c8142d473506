"""What a store's campaigns can promise now, by where people pause in it and by how far fixes are off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from engine.offers.campaigns import Campaign
from engine.offers.measured.labelled import LabelledTriggers
from engine.offers.promise import Promise, promise, promise_at
from engine.offers.targets import Target, keep_word, target_of
from engine.plan.cells import Cells, zone_membership
from engine.plan.model import Plan
from engine.positioning.accuracy import expected_error
from engine.presence.place_prior import PlacePrior
from engine.records import F32, F64

TRACKED_M, PER_BOUND = 1.5, 0.1
"""Before anything was heard: a track in a store whose bound of one scan is b is off by about TRACKED_M + PER_BOUND b
(five stores, 1.6 to 2.4 m; a little more than measured)."""


class Promises:
    """The campaigns' targets, each with the threshold that keeps its word."""

    def __init__(self, plan: Plan, cells: Cells, zones: F32 | None = None) -> None:
        self._plan, self._cells = plan, cells
        self._zones = zone_membership(plan, cells) if zones is None else zones
        self._bound_m: F64 | None = None
        self.given: dict[str, Promise] = {}

    def targets(
        self, campaigns: Sequence[Campaign], places: PlacePrior, labelled: LabelledTriggers | None = None
    ) -> list[Target]:
        """Targets of these campaigns; `given` then holds the promises of those that state a precision.

        Where enough labelled devices and tracks say what triggers are worth there, their word goes before what is
        expected of the plan.
        """
        targets = [target_of(c, self._plan, self._cells, self._zones) for c in campaigns]
        self.given = {}
        for k, campaign in enumerate(campaigns):
            if campaign.precision is not None:
                given = self.promise(targets[k].membership, places, campaign.precision)
                if labelled is not None and labelled.enough(targets[k]):
                    given = promise_of_labels(labelled, targets[k], campaign.precision, given)
                targets[k], self.given[campaign.id] = keep_word(targets[k], given), given
        return targets

    def figures(self, campaigns: Sequence[Campaign]) -> dict[str, dict[str, Any]]:
        """What each campaign that states a precision stands on, by its id: for the manager."""
        asked = {c.id: c.precision for c in campaigns}
        return {
            name: {
                "asked": asked.get(name),
                "threshold": given.threshold,
                "precision": round(given.precision, 3),
                "precision_low": round(given.precision_low, 3),
                "precision_high": None if given.precision_high is None else round(given.precision_high, 3),
                "recall": round(given.recall, 3),
                "labelled": given.labelled,
                "by_labels": given.labelled > 0,
            }
            for name, given in self.given.items()
        }

    def promise(self, member: F32, places: PlacePrior, precision: float) -> Promise:
        """At a place (C,)."""
        sigma_m = places.sigma_m if places.sigma_m is not None else self._before(member)
        return promise(self._cells, places.occupancy, member, sigma_m, precision)

    def expect(self, target: Target, places: PlacePrior) -> Promise:
        """At a target's place, with the threshold that it has."""
        sigma_m = places.sigma_m if places.sigma_m is not None else self._before(target.membership)
        return promise_at(self._cells, places.occupancy, target.membership, sigma_m, target.min_probability)

    def _before(self, member: F32) -> float:
        """At a place (C,), by the plan alone."""
        if self._bound_m is None:
            self._bound_m = expected_error(self._plan, self._cells)
        there = self._bound_m[member >= 0.5]
        return TRACKED_M + PER_BOUND * float(there.mean()) if len(there) else TRACKED_M


def promise_of_labels(labelled: LabelledTriggers, target: Target, precision: float, expected: Promise) -> Promise:
    """What the store's own labels say of a target's triggers, in place of what was expected. Where no threshold keeps
    the word by them, none is given."""
    found = labelled.calibrate(target, precision)
    if found is None:
        return replace(expected, threshold=None, labelled=labelled.devices)
    return Promise(found.threshold, found.precision, found.low, found.recall, labelled.devices, found.high)
