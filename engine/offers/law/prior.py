"""Reductions that are announced to everybody: computed from the lowest price of the last 30 days.

Article 6a of directive 98/6/EC (L.112-1-1 C. conso.), as the Court of Justice read it in C-330/23, Aldi Süd, of 26
September 2024: a percentage, too, is one of that lowest price. An offer to one person is none of these.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.errors import Problem
from engine.offers.bounds import Day
from engine.offers.pricing.kinds import MAX_MINOR, FixedPrice, Offer
from engine.plan.model import Plan
from engine.wording import MistakeCode as Code

Announced = Literal["personal", "everybody"]
PERIOD = dt.timedelta(days=30)
SOURCE = "L.112-1-1 C. conso., C-330/23"


class PriorPrice(BaseModel):
    """The lowest price that the shop asked in the 30 days before a reduction, and a day on which it did."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    price_minor: int = Field(ge=0, le=MAX_MINOR)
    on: Day


def prior_findings(
    offer: Offer, announced: Announced, prior: PriorPrice | None, first_day: dt.date | None, plan: Plan
) -> Iterator[Problem]:
    """What is wrong with a reduction announced to everybody, each at its place below the campaign.

    `first_day` is the reduction's, None where the campaign has no beginning.
    """
    if announced == "everybody" and first_day is None:
        reason = "a reduction announced to everybody needs its first day"
        yield Problem("", "when.starts_at", reason, f"give it ({SOURCE})", code=Code.NEEDS_FIRST_DAY)
    if prior is None:
        if announced == "everybody":
            reason = "a reduction announced to everybody needs the lowest price of the last 30 days"
            fix = f"price_minor and on, the day it was asked ({SOURCE})"
            yield Problem("", "prior_price", reason, fix, code=Code.NEEDS_PRIOR_PRICE)
        return
    if offer.applies_to != "product":
        reason, fix = "a prior price is of one product", "applies_to: product, or leave it out"
        yield Problem("", "prior_price", reason, fix, code=Code.PRIOR_OF_PRODUCT)
        return
    if first_day is not None and not first_day - PERIOD <= prior.on < first_day:
        reason = f"{prior.on} is not within the 30 days before {first_day}, when the reduction begins"
        fix, values = f"the lowest price of those days ({SOURCE})", {"day": prior.on, "first_day": first_day}
        yield Problem("", "prior_price.on", reason, fix, code=Code.PRIOR_NOT_WITHIN, values=values)
    product = plan.product_by_sku.get(offer.sku or "")
    if announced == "everybody" and product is not None:
        yield from _from_another_price(offer, prior, product.price_minor)


def _from_another_price(offer: Offer, prior: PriorPrice, price_minor: int) -> Iterator[Problem]:
    values = {"price_minor": price_minor, "lowest_minor": prior.price_minor}
    if isinstance(offer, FixedPrice):
        if offer.price_minor >= prior.price_minor:
            reason = f"{offer.price_minor} is no reduction of {prior.price_minor}, the lowest price of the last 30 days"
            fix = f"less than that ({SOURCE})"
            yield Problem("", "offer.price_minor", reason, fix, code=Code.NO_REDUCTION, values=values)
    elif price_minor > prior.price_minor:
        reason = f"is taken off {price_minor}, not off {prior.price_minor}, the lowest price of the last 30 days"
        fix = f"sell at that price again, or give a fixed_price below it ({SOURCE})"
        yield Problem("", "offer", reason, fix, code=Code.FROM_ANOTHER_PRICE, values=values)
