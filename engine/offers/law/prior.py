"""Reductions that are announced to everybody: computed from the lowest price of the last 30 days.

Article 6a of directive 98/6/EC (L.112-1-1 C. conso.), as the Court of Justice read it in C-330/23, Aldi Süd, of 26
September 2024: a percentage, too, is one of that lowest price. An offer to one person is none of these.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.offers.bounds import Day
from engine.offers.pricing.kinds import MAX_MINOR, FixedPrice, Offer
from engine.plan.model import Plan

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
) -> Iterator[tuple[str, str, str]]:
    """What is wrong with a reduction announced to everybody, as (place below the campaign, reason, fix).

    `first_day` is the reduction's, None where the campaign has no beginning.
    """
    if announced == "everybody" and first_day is None:
        yield "when.starts_at", "a reduction announced to everybody needs its first day", f"give it ({SOURCE})"
    if prior is None:
        if announced == "everybody":
            reason = "a reduction announced to everybody needs the lowest price of the last 30 days"
            yield "prior_price", reason, f"price_minor and on, the day it was asked ({SOURCE})"
        return
    if offer.applies_to != "product":
        yield "prior_price", "a prior price is of one product", "applies_to: product, or leave it out"
        return
    if first_day is not None and not first_day - PERIOD <= prior.on < first_day:
        reason = f"{prior.on} is not within the 30 days before {first_day}, when the reduction begins"
        yield "prior_price.on", reason, f"the lowest price of those days ({SOURCE})"
    product = plan.product_by_sku.get(offer.sku or "")
    if announced == "everybody" and product is not None:
        yield from _from_another_price(offer, prior, product.price_minor)


def _from_another_price(offer: Offer, prior: PriorPrice, price_minor: int) -> Iterator[tuple[str, str, str]]:
    if isinstance(offer, FixedPrice):
        if offer.price_minor >= prior.price_minor:
            reason = f"{offer.price_minor} is no reduction of {prior.price_minor}, the lowest price of the last 30 days"
            yield "offer.price_minor", reason, f"less than that ({SOURCE})"
    elif price_minor > prior.price_minor:
        reason = f"is taken off {price_minor}, not off {prior.price_minor}, the lowest price of the last 30 days"
        yield "offer", reason, f"sell at that price again, or give a fixed_price below it ({SOURCE})"
