"""What campaigns can promise, told beforehand from the plan alone: precision, recall, and what would do better."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from math import floor

import shapely

from engine.offers.campaigns import Campaign, CampaignPlace
from engine.offers.promise import Promise
from engine.offers.targets import place_membership, target_of
from engine.plan.cells import Cells, walkable_cells, zone_membership
from engine.plan.model import AccessPoint, Plan
from engine.presence.place_prior import PlacePrior
from engine.runtime.promised.promises import Promises

CELL_M = 1.0
WIDER_M = 5.0
CEILING_M = 2.8


class RemedyKind(StrEnum):
    """What would keep a word that a campaign's place cannot keep."""

    WIDER = "wider"
    ZONE = "zone"
    ACCESS_POINT = "access_point"


@dataclass(frozen=True, slots=True)
class PlaceRemedy:
    """One of them: within how many metres, or the zone by its id and by its name."""

    kind: RemedyKind
    value: str = ""
    name: str = ""

    def __str__(self) -> str:
        words = {RemedyKind.WIDER: f"a radius of {self.value} m", RemedyKind.ZONE: f"the zone {self.value}"}
        return words.get(self.kind, "one more access point there")


@dataclass(frozen=True, slots=True)
class Foretold:
    """A campaign's promise for the precision `asked` of it, and what would keep that word where it cannot.

    Where it states none, `asked` is None and the promise says what is to be expected at its own `min_probability`.
    """

    campaign_id: str
    asked: float | None
    promise: Promise
    instead: tuple[PlaceRemedy, ...]

    def sentence(self) -> str:
        """One line: how many of ten coupons go to people who are there, how many of ten people who are due get one, or
        what to take instead. What decides comes first: the pessimistic end, where that does not keep the word."""
        given = self.promise
        kept = given.threshold is not None or self.asked is None
        right, low = (_of_ten(p if kept else floor(10 * p) / 10) for p in (given.precision, given.precision_low))
        there = "coupons go to people who are there"
        if self.asked is None or given.threshold is not None:
            due = f"{_of_ten(given.recall)} people who are due get one"
            said = f"{right} {there} ({low} if it goes badly); {due}, at a min_probability of {given.threshold or 0:g}"
            return said if self.asked is None else f"promises {100 * self.asked:.0f} %: {said}"
        advice = (
            f"Instead: {', or '.join(map(str, self.instead))}"
            if self.instead
            else "Nothing near would do: take a larger place"
        )
        no = f"cannot promise {100 * self.asked:.0f} %"
        return f"{no}: if it goes badly, only {low} {there} ({right} on average). {advice}"


class Foresight:
    """Of one plan. Costs some tenths of a second, in large stores some seconds."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._cells: Cells = walkable_cells(plan, CELL_M)
        self._zones = zone_membership(plan, self._cells)
        self._places = PlacePrior(plan, self._cells)
        self._promises = Promises(plan, self._cells, self._zones)

    def foretell(self, campaign: Campaign) -> Foretold:
        """For the precision that it states, else at its own threshold. KeyError for a place that the plan has not."""
        if campaign.precision is not None:
            return self.foretell_place(campaign.id, campaign.place, campaign.precision)
        target = target_of(campaign, self._plan, self._cells, self._zones)
        return Foretold(campaign.id, None, self._promises.expect(target, self._places), ())

    def foretell_place(self, name: str, place: CampaignPlace, asked: float) -> Foretold:
        """The same of a place that no campaign has yet, under the campaign's `name` to be."""
        given = self._promise(place, asked, self._promises)
        instead = () if given.kept else tuple(self._better(place, asked))
        return Foretold(name, asked, given, instead)

    def _promise(self, place: CampaignPlace, asked: float, promises: Promises) -> Promise:
        membership = place_membership(place, self._plan, self._cells, self._zones)
        return promises.promise(membership, self._places, asked)

    def _better(self, place: CampaignPlace, asked: float) -> Iterator[PlaceRemedy]:
        """What keeps the word at the same shelf, of what a manager can do."""
        for remedy, other in self._others(place):
            if self._promise(other, asked, self._promises).kept:
                yield remedy
        at = self._middle(place)
        if at is not None:
            more = replace(self._plan, access_points=(*self._plan.access_points, at))
            if self._promise(place, asked, Promises(more, self._cells, self._zones)).kept:
                yield PlaceRemedy(RemedyKind.ACCESS_POINT)

    def _others(self, place: CampaignPlace) -> Iterator[tuple[PlaceRemedy, CampaignPlace]]:
        product = self._plan.product_by_sku.get(place.product or "")
        if product is None or place.radius_m is None:
            return
        if place.radius_m < WIDER_M:
            wider = PlaceRemedy(RemedyKind.WIDER, f"{WIDER_M:g}")
            yield wider, CampaignPlace(product=product.sku, radius_m=WIDER_M)
        around = [
            z
            for z in self._plan.zones
            if z.level == product.level and shapely.intersects_xy(z.polygon, product.x_m, product.y_m)
        ]
        for zone in sorted(around, key=lambda z: z.polygon.area)[:1]:
            yield PlaceRemedy(RemedyKind.ZONE, zone.id, zone.name), CampaignPlace(zone=zone.id)

    def _middle(self, place: CampaignPlace) -> AccessPoint | None:
        """An access point over the place."""
        if place.product is not None:
            p = self._plan.product_by_sku[place.product]
            return AccessPoint("more", p.level, p.x_m, p.y_m, CEILING_M, "", None, None)
        if place.zone is not None:
            z = self._plan.zones[self._plan.zone_index[place.zone]]
            middle = z.polygon.representative_point()
            return AccessPoint("more", z.level, middle.x, middle.y, CEILING_M, "", None, None)
        return None


def _of_ten(share: float) -> str:
    return f"{10 * share:.0f} of 10"
