"""What the stores of HQ's campaign may spend together, and whether that needs a second person."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from engine.offers.campaigns import Campaign
from engine.offers.decide import worth_of
from engine.offers.hq.campaigns import HqCampaign, Range
from engine.offers.hq.terms import with_value
from engine.offers.lifecycle import may_spend_minor
from engine.offers.pricing.kinds import MAX_MINOR
from engine.plan.model import Plan

DEAREST: Mapping[str, int | None] = {
    "offer.basis_points": 10_000,
    "offer.amount_minor": MAX_MINOR,
    "offer.price_minor": 0,
    "offer.max_discount_minor": None,
    "budget.max_vouchers": None,
    "budget.max_amount_minor": None,
}
"""What a store may change and what makes it dear; the value that it may take where HQ sets no limit, None: any."""


def together_minor(hq: HqCampaign, plans: Iterable[Plan]) -> dict[str, int | None]:
    """The most that the coupons of these stores can take off, by currency, whatever the stores change within HQ's
    limits; None where no budget says."""
    dearest, found = _dearest(hq), defaultdict[str, list[Plan]](list)
    for plan in plans:
        found[plan.currency].append(plan)
    return {currency: _most(hq, dearest, of) for currency, of in found.items()}


def together_need_second(hq: HqCampaign, plans: Iterable[Plan], above_minor: int | None) -> bool:
    """Whether what all its stores may spend needs a second person's yes; `above_minor` None: nothing does."""
    if above_minor is None:
        return False
    return any(most is None or most > above_minor for most in together_minor(hq, plans).values())


def _most(hq: HqCampaign, dearest: Campaign, plans: list[Plan]) -> int | None:
    # where a coupon may take off anything its worth is unknown, 0: then sums of money alone bound what it costs
    worths = [0 if _takes_anything(hq, dearest) else worth_of(dearest, plan) for plan in plans]
    each = [may_spend_minor(dearest, worth) for worth in worths]
    shared = dearest.model_copy(update={"budget": hq.budget})
    bounds = [may_spend_minor(shared, max(worths) if all(worths) else 0)]
    bounds.append(None if None in each else sum(most for most in each if most is not None))
    return min((most for most in bounds if most is not None), default=None)


def _takes_anything(hq: HqCampaign, dearest: Campaign) -> bool:
    """Whether HQ lets a store take off whatever amount it likes, and no cap that it may not lift bounds it."""
    limit, offer = hq.may_change.get("offer.amount_minor"), dearest.offer
    return limit is not None and limit.to is None and offer.kind == "amount" and offer.max_discount_minor is None


def _dearest(hq: HqCampaign) -> Campaign:
    """The dearest that a store may make of it, but for an amount without a limit."""
    dearest, terms = hq.campaign, hq.store_terms()
    for key, most in DEAREST.items():
        if key not in hq.may_change or _none_of(terms, key):
            continue
        tried = with_value(terms, key, _limit(hq.may_change[key], key, most))
        if (read := _read(tried)) is not None:
            dearest, terms = read, tried
    return dearest


def _limit(limit: Range, key: str, most: int | None) -> int | None:
    end = limit.from_ if key == "offer.price_minor" else limit.to
    return most if end is None else int(end)


def _none_of(terms: Mapping[str, Any], key: str) -> bool:
    """Whether the campaign's kind of offer has no such key."""
    holder, last = key.split(".")
    return holder == "offer" and last not in terms["offer"]


def _read(terms: Mapping[str, Any]) -> Campaign | None:
    try:
        return Campaign.model_validate_json(json.dumps(terms))
    except ValidationError:
        return None
