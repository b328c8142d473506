"""Potential outcomes: what each shopper does on this visit without a campaign's coupon, and what with it.

Both fates of one person (Neyman 1923; Rubin 1974), of which an experiment ever sees one. They are the very draws that a
simulated phone acts on when the coupon comes (`simulators.people.responses`), so live and offline agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.files.experiments import PotentialTable
from engine.offers.campaigns import Campaign, CampaignState
from engine.offers.discounts import Basket, Line, discount
from engine.plan.model import Product
from simulators.people.responses import SHOPS, buy_shares, reaction, target_of
from simulators.people.till import coupon_basket
from simulators.truth.truth import consents
from simulators.world import World

Row = tuple[str, str, float, float, bool, bool, bool, int, int, int, int]


def potential_outcomes(world: World, campaigns: Sequence[Campaign]) -> PotentialTable:
    """A row for each consenting shopper with a connected phone who came, and each running campaign, in this order.

    What is bought besides is what the journey bought. `purchases.csv` is of journeys on which nobody got a coupon, and
    knows nothing of `phones.responses`: whether the product of a coupon is bought, this table alone says.
    """
    running = [c for c in campaigns if c.state is CampaignState.RUNNING]
    agrees = consents(world)
    came = [
        i
        for i, journey in enumerate(world.journeys)
        if agrees[i] and journey.shopper.kind in SHOPS and journey.start_s < world.run_s
    ]
    rows = [_row(world, i, campaign) for i in came for campaign in running]
    columns: list[Any] = list(zip(*rows, strict=True)) if rows else [()] * len(PotentialTable.__slots__)
    kinds = (np.str_, np.str_, np.float64, np.float64, *(np.bool_,) * 3, *(np.float64,) * 4)
    return PotentialTable(*(np.array(c, kind) for c, kind in zip(columns, kinds, strict=True)))


def _row(world: World, shopper: int, campaign: Campaign) -> Row:
    config, offer = world.scenario.phones, campaign.offer.model_dump(exclude_none=True)
    does = reaction(config, target_of(offer), world.scenario.seed, shopper)
    journey, products = world.journeys[shopper], world.plan.product_by_sku
    rest = [p.product for p in journey.purchases if not _is_meant(offer, p.product)]
    used = _basket(coupon_basket(world.plan, offer, rest))
    plain = _basket(coupon_basket(world.plan, {k: offer[k] for k in ("sku", "category") if k in offer}, rest))
    off = discount(campaign.offer, used).amount_minor
    nothing = sum(products[sku].price_minor for sku in {p.sku for p in rest})
    redeems = does.opens and does.buys
    without = plain.total_minor if does.would_buy_without else nothing
    with_it = used.total_minor - off if redeems else plain.total_minor if does.buys else nothing
    # What arbitration expects of one redemption is what is left after the discount: without one, that much more is.
    margin = campaign.margin_minor
    margin_without = (margin + off) * does.would_buy_without
    margin_with = margin if redeems else (margin + off) * does.buys
    fates = (does.would_buy_without, does.buys, redeems)
    amounts = (without, with_it, margin_without, margin_with)
    return (journey.shopper.name, campaign.id, *buy_shares(config, does.target), *fates, *amounts)


def _is_meant(offer: dict[str, Any], product: Product) -> bool:
    """Whether the coupon is for this product by name or category; one on the basket is for no single product."""
    return product.sku == offer.get("sku") or product.category == offer.get("category")


def _basket(said: dict[str, Any]) -> Basket:
    return Basket(said["currency"], tuple(Line(**line) for line in said["lines"]))
