"""What a campaign can promise, told from the plan alone: in words, and with what would do where its place cannot."""

from __future__ import annotations

from pathlib import Path

import pytest
from shapely import Point

from engine.offers.campaigns import Campaign, CampaignPlace, load_campaigns
from engine.offers.promise import Promise
from engine.plan.load import load_plan
from engine.plan.model import Plan
from engine.runtime.promised.foresight import Foresight, Foretold, PlaceRemedy, RemedyKind

BOUTIQUE = Path(__file__).parents[4] / "floorplans" / "boutique"
WIDER, ZONE = PlaceRemedy(RemedyKind.WIDER, "5"), PlaceRemedy(RemedyKind.ZONE, "tea", "Tea")


@pytest.mark.parametrize(
    ("asked", "given", "instead", "said"),
    [
        # a word that is kept is told to the nearest tenth, one that is not to the tenth below: 0.79 is no 8 of 10
        (None, Promise(None, 0.79, 0.61, 0.86), (),
         "8 of 10 coupons go to people who are there (6 of 10 if it goes badly); 9 of 10 people who are due get one, "
         "at a min_probability of 0"),
        (0.8, Promise(0.35, 0.79, 0.69, 0.5), (),
         "promises 80 %: 8 of 10 coupons go to people who are there (7 of 10 if it goes badly); 5 of 10 people who are "
         "due get one, at a min_probability of 0.35"),
        (0.8, Promise(None, 0.79, 0.69, 0.5), (WIDER, ZONE),
         "cannot promise 80 %: if it goes badly, only 6 of 10 coupons go to people who are there (7 of 10 on average). "
         "Instead: a radius of 5 m, or the zone tea"),
        (0.8, Promise(None, 0.79, 0.69, 0.5), (),
         "cannot promise 80 %: if it goes badly, only 6 of 10 coupons go to people who are there (7 of 10 on average). "
         "Nothing near would do: take a larger place"),
    ],
)  # fmt: skip
def test_a_promise_is_one_sentence(
    asked: float | None, given: Promise, instead: tuple[PlaceRemedy, ...], said: str
) -> None:
    assert Foretold("c", asked, given, instead).sentence() == said


def test_what_is_advised_instead_keeps_the_word_and_what_is_not_does_not() -> None:
    plan = load_plan(BOUTIQUE)
    foresight, campaigns = Foresight(plan), {c.id: c for c in load_campaigns(BOUTIQUE / "campaigns.yaml", plan)}
    dress = campaigns["robe-portefeuille"]
    sku = dress.place.product
    assert sku is not None
    seen = set()
    for radius_m, asked in ((1.0, 0.5), (1.0, 0.7), (1.0, 0.9), (5.0, 0.9), (1.0, 0.999)):
        campaign = _with(dress, CampaignPlace(product=sku, radius_m=radius_m), asked)
        found = foresight.foretell(campaign)
        if found.promise.kept:
            assert found.instead == ()
            continue
        advised = {remedy.kind: remedy for remedy in found.instead}
        wider = foresight.foretell(_with(dress, CampaignPlace(product=sku, radius_m=5.0), asked)).promise.kept
        assert (RemedyKind.WIDER in advised) == (wider and radius_m < 5.0)
        around = min((z for z in plan.zones if z.id in _zones_of(plan, sku)), key=lambda z: z.polygon.area)
        zone = foresight.foretell(_with(dress, CampaignPlace(zone=around.id), asked)).promise.kept
        assert (RemedyKind.ZONE in advised) == zone
        seen |= {(RemedyKind.WIDER, wider and radius_m < 5.0), (RemedyKind.ZONE, zone)}
    assert {True, False} <= {kept for _, kept in seen}, "both are tried"


def _with(campaign: Campaign, place: CampaignPlace, asked: float) -> Campaign:
    return campaign.model_copy(update={"place": place, "precision": asked})


def _zones_of(plan: Plan, sku: str) -> set[str]:
    product = plan.product_by_sku[sku]
    at = Point(product.x_m, product.y_m)
    return {z.id for z in plan.zones if z.level == product.level and z.polygon.intersects(at)}
