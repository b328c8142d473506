"""Segments against what the site has (stores, zones, products at which one can stop, tiers, currencies), and the
audiences of campaigns against the segments."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from engine.config.segments import ConditionConfig, SegmentConfig
from engine.errors import OperatorError, Problem
from engine.offers.campaigns import CAMPAIGNS_FILE, Campaign, CampaignState
from engine.plan.model import Plan
from engine.wording import MistakeCode

_SHOWN = 12
"""Names that a mistake lists at most."""


def check_segments(
    segments: Sequence[SegmentConfig],
    plans: Mapping[str, Plan],
    tiers: Collection[str],
    file: str,
    *,
    whole: bool = True,
) -> None:
    """Raises OperatorError with every condition on what the site has not, which would hold for nobody. Where `plans`
    are not its `whole`, what they lack is no mistake."""
    problems = [
        problem
        for n, segment in enumerate(segments)
        for i, condition in enumerate(segment.when)
        for problem in _problems(condition, f"segments[{n}].when[{i}]", plans if whole else None, tiers, file)
    ]
    if problems:
        raise OperatorError(problems)


def audience_problems(campaign: Campaign, segments: Collection[str], file: str, place: str) -> list[Problem]:
    """What of a campaign's audience names no segment of the site; `place` is the campaign's."""
    return [
        Problem(
            file,
            f"{place}.audience.segments.{i}",
            f"there is no segment {name!r}",
            _one_of(segments) if segments else "declare it under segments of config.yaml",
            code=MistakeCode.UNKNOWN_SEGMENT,
            values={"got": name, "known": ", ".join(sorted(segments)) or "—"},
        )
        for i, name in enumerate(campaign.audience.segments)
        if name not in segments
    ]


def check_audiences(
    campaigns: Mapping[str, Sequence[Campaign]], segments: Collection[str], floorplans_dir: Path
) -> None:
    """Raises OperatorError with every audience of the stores' files that names no segment of the site."""
    problems = [
        problem
        for store, listed in campaigns.items()
        for n, campaign in enumerate(listed)
        for problem in audience_problems(
            campaign, segments, str(floorplans_dir / store / CAMPAIGNS_FILE), f"campaigns.{n}"
        )
    ]
    if problems:
        raise OperatorError(problems)


def say_undeclared(campaign: Campaign, segments: Collection[str]) -> str:
    """What to say of a campaign that was stored when the site had other segments; empty where nothing is wrong, and of
    one that has ended."""
    gone = [name for name in campaign.audience.segments if name not in segments]
    if not gone or campaign.state is CampaignState.ENDED:
        return ""
    left = len(campaign.audience.segments) - len(gone)
    means = "its other segments are meant still" if left else "it speaks to nobody"
    return f"campaign {campaign.id} is for {', '.join(gone)}, which the site does not declare: {means}"


def _problems(
    condition: ConditionConfig, place: str, plans: Mapping[str, Plan] | None, tiers: Collection[str], file: str
) -> Iterator[Problem]:
    if plans is not None:
        yield from _lacking(condition, place, plans, file)
    for name in condition.tiers:
        if name not in tiers:
            fix = _one_of(tiers) if tiers else "declare it under loyalty.tiers"
            yield Problem(file, f"{place}.tiers", f"there is no tier {name!r}", fix)


def _lacking(condition: ConditionConfig, place: str, plans: Mapping[str, Plan], file: str) -> Iterator[Problem]:
    if condition.store is not None and condition.store not in plans:
        yield Problem(file, f"{place}.store", f"no store {condition.store!r}", _one_of(plans))
        return
    where = [plan for plan in plans.values() if condition.store in (None, plan.store)]
    if condition.zone is not None:
        zones = {zone.id for plan in where for zone in plan.zones}
        if condition.zone not in zones:
            yield Problem(file, f"{place}.zone", f"no zone {condition.zone!r} in {_name(where)}", _one_of(zones))
    if condition.fact == "stops":  # elsewhere a product or category may be the e-shop's alone
        yield from _goods(condition, place, where, file)
    if condition.currency is not None:
        currencies = {plan.currency for plan in plans.values()}
        if condition.currency not in currencies:
            why = "no store has this currency"
            yield Problem(file, f"{place}.currency", why, _one_of(currencies))


def _goods(condition: ConditionConfig, place: str, where: Sequence[Plan], file: str) -> Iterator[Problem]:
    products = [product for plan in where for product in plan.products]
    if condition.product is not None and all(product.sku != condition.product for product in products):
        why = f"{condition.product!r} is no product of {_name(where)}: nobody can stop at it"
        yield Problem(file, f"{place}.product", why, "a sku of products.csv")
    if condition.category is not None and all(product.category != condition.category for product in products):
        why = f"no product of {_name(where)} is of category {condition.category!r}: nobody can stop at one"
        yield Problem(file, f"{place}.category", why, _one_of({product.category for product in products}))


def _name(plans: Sequence[Plan]) -> str:
    return ", ".join(plan.store for plan in plans)


def _one_of(names: Collection[str]) -> str:
    shown = sorted(name for name in names if name)
    return f"one of {', '.join(shown[:_SHOWN])}" + (", …" if len(shown) > _SHOWN else "")
