"""HQ's campaign in one store: whether the store can have it, and what of its own terms it keeps."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from engine.errors import OperatorError, Problem
from engine.offers.campaigns import Campaign, campaign_problems
from engine.offers.hq.campaigns import HqCampaign
from engine.offers.hq.limits import limit_findings, local_keys
from engine.offers.hq.terms import terms_of, with_value
from engine.plan.model import Plan
from engine.wording import MistakeCode, validation_problems

AT = "campaign"


@dataclass(frozen=True, slots=True)
class LocalTerms:
    """A store's campaign under HQ's newest version: the keys that it keeps of its own, and what it loses, and why."""

    campaign: Campaign
    kept: tuple[str, ...] = ()
    lost: tuple[Problem, ...] = ()


def store_findings(hq: HqCampaign, plan: Plan, on: dt.date | None = None) -> list[Problem]:
    """Why a store cannot have the campaign: what its plan lacks, and what the law of its goods forbids. `on` is the day
    whose law it is held to."""
    return _of_plan(hq.campaign, plan, on)


def require_one_currency(hq: HqCampaign, plans: Iterable[Plan]) -> None:
    """An amount is of one currency: 500 are 5 euros, 500 yen, half a dinar. So is a sum that stores share. Raises
    OperatorError, naming each amount, where the stores have several."""
    currencies = ", ".join(sorted({plan.currency for plan in plans}))
    if "," in currencies and (places := list(_amounts(hq))):
        reason, fix = f"its stores do not share a currency: {currencies}", "a campaign of its own for each currency"
        code, values = MistakeCode.HQ_CURRENCIES, {"known": currencies}
        raise OperatorError([Problem(f"campaign {hq.id}", p, reason, fix, code=code, values=values) for p in places])


def _amounts(hq: HqCampaign) -> Iterator[str]:
    """Places of what is money: in what all stores get, what they may change it to, and what they share."""
    yield from (f"{AT}.{place}" for place in _money_in(hq.store_terms()))
    bounded = (key for key, limit in hq.may_change.items() if not limit.is_open)
    yield from (f"may_change.{key}" for key in bounded if key.endswith("_minor"))
    if hq.budget.max_amount_minor is not None:
        yield "budget.max_amount_minor"


def _money_in(terms: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for key, value in terms.items():
        if isinstance(value, Mapping):
            yield from _money_in(value, f"{above}{key}.")
        elif key.endswith("_minor") and value:  # nothing is nothing in every currency
            yield f"{above}{key}"


def local_terms(
    hq: HqCampaign, plan: Plan, before: Mapping[str, Any], runs: Campaign, on: dt.date | None = None
) -> LocalTerms:
    """The newest version in a store that has an older one, in the state it is in.

    `before` is what HQ gave the store then, and `runs` what the store has made of it. What the store has changed stays
    where the newest version lets it; else HQ's own value holds. Where the mixture is no campaign, or breaks the plan or
    the law, the store has HQ's terms as they are.
    """
    given, own = hq.store_terms(), terms_of(runs)
    mixed, kept = dict(given), list[str]()
    lost: list[Problem] = []
    for key in local_keys(hq, before, own):
        tried = with_value(mixed, key, _value(own, key))
        if wrong := limit_findings(hq, given, tried, AT):
            lost += wrong
        else:
            mixed = tried
            kept.append(key)
    try:
        campaign = Campaign.model_validate_json(json.dumps(mixed | {"state": runs.state}))
        wrong = _of_plan(campaign, plan, on)
    except ValidationError as error:
        wrong = [replace(p, place=f"{AT}.{p.place}") for p in validation_problems(error, AT)]
    if not wrong:
        return LocalTerms(campaign, tuple(kept), tuple(lost))
    return LocalTerms(hq.campaign.model_copy(update={"state": runs.state}), (), (*lost, *wrong))


def _of_plan(campaign: Campaign, plan: Plan, on: dt.date | None) -> list[Problem]:
    found = campaign_problems([campaign], plan, AT, on)
    return [replace(p, place=p.place.replace("campaigns.0", AT, 1)) for p in found]


def _value(terms: Mapping[str, Any], key: str) -> Any:
    node: Any = terms
    for part in key.split("."):
        node = node.get(part) if isinstance(node, Mapping) else None
    return node
