"""The campaign: offer, place, time, audience, caps and budget; and the strict reading of `campaigns.yaml`."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from engine.errors import OperatorError, Problem
from engine.offers.audience import Audience
from engine.offers.bounds import MOST, OneLine, Plain
from engine.offers.discounts import MAX_MINOR, Offer, OfferKind
from engine.offers.hours import When
from engine.offers.law.findings import near_end_findings
from engine.offers.law.legal import legal_findings
from engine.offers.law.prior import Announced, PriorPrice, prior_findings
from engine.plan.model import Plan
from engine.vocabulary import DecisionReason, SalesChannel
from engine.wording import MistakeCode as Code
from engine.wording import validation_problems
from engine.yaml_files import add_lines, read_yaml

MAILED_VALID_S = 86_400.0
CAMPAIGNS_FILE = "campaigns.yaml"
M = TypeVar("M", bound=BaseModel)
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]


class CampaignState(StrEnum):
    """Whether a campaign speaks: drawn up, approved, then running. One that has ended may run again."""

    DRAFT = "draft"
    APPROVED = "approved"
    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"


STATE_REFUSAL: Mapping[CampaignState, DecisionReason] = {
    CampaignState.DRAFT: DecisionReason.CAMPAIGN_DRAFT,
    CampaignState.APPROVED: DecisionReason.CAMPAIGN_DRAFT,
    CampaignState.PAUSED: DecisionReason.CAMPAIGN_PAUSED,
    CampaignState.ENDED: DecisionReason.ENDED,
}
"""Why a campaign in a state says no; one that runs is in none of them."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class CampaignPlace(_Strict):
    """Where: at a product (within `radius_m` walking), in a zone, or anywhere in the store. Exactly one of them."""

    product: OneLine | None = None
    radius_m: float | None = Field(None, gt=0, le=50)
    zone: OneLine | None = None
    store: bool = False

    @model_validator(mode="after")
    def _one(self) -> CampaignPlace:
        if (self.product is not None) + (self.zone is not None) + self.store != 1:
            raise PydanticCustomError("one_place", "give exactly one of product, zone and store: true")
        if (self.product is not None) != (self.radius_m is not None):
            raise PydanticCustomError("radius", "`radius_m` goes with `product`, and only with it")
        return self


class CampaignCaps(_Strict):
    """How often one shopper may get this campaign, in exact rolling windows. The store's own caps hold besides."""

    per_day: int = Field(1, ge=0, le=100)
    per_week: int = Field(3, ge=0, le=100)


class Budget(_Strict):
    """What the campaign may spend at most; None is no limit. With a `pace` no more than its days have released."""

    max_vouchers: int | None = Field(None, ge=0, le=MOST)
    max_amount_minor: int | None = Field(None, ge=0, le=MOST)
    pace: Literal["even"] | None = None


class Sharing(_Strict):
    """Who may take the coupon from a shared link: `anyone` gets one for the browser they ask with."""

    open_to: Literal["anyone", "signed_in"] = "signed_in"


class Text(_Strict):
    """What the shopper reads."""

    title: Annotated[OneLine, StringConstraints(min_length=1, max_length=80)]
    text: Annotated[Plain, StringConstraints(min_length=1, max_length=300)]


class Texts(_Strict):
    """The same in French and in English."""

    fr: Text
    en: Text


class Campaign(_Strict):
    """An offer with its place, time, audience, caps and budget. See docs for every field's meaning.

    `precision` is the share of its triggers that must be right: the threshold of probability is then found for its
    place, in place of `min_probability`, and where none keeps it the campaign does not speak.
    `ttl_s` is how long an undelivered message stays relevant at the shelf, `valid_s` how long the voucher can be
    redeemed. `margin_minor` and `redeem_probability` are what arbitration expects of one redemption. `holdout_share` of
    the shoppers are a control group that never gets this campaign, so that its uplift can be measured; campaigns that
    name the same `experiment` (by default each is one of its own, called by its id) hold out the same shoppers.
    It may be used on its `channels`; kept for later on the web, a voucher holds for `web_valid_s` from its issue.
    What goes out `by_email` is sent to its audience, wherever they are, once each.
    What is given `on_request` stands on the shopper's page besides, to be asked for. What is `announced` to everybody
    needs its `prior_price`, see `engine.offers.law.prior`.
    """

    id: Name
    name: Annotated[OneLine, StringConstraints(min_length=1, max_length=120)]
    stores: tuple[OneLine, ...] = ()  # empty: the store whose file it stands in
    state: CampaignState = CampaignState.RUNNING
    place: CampaignPlace
    min_probability: float = Field(0.6, gt=0, le=1)
    min_dwell_s: float = Field(5.0, ge=0, le=3600)
    precision: float | None = Field(None, ge=0.5, le=0.95)
    when: When = When()
    audience: Audience = Audience()
    offer: Offer
    caps: CampaignCaps = CampaignCaps()
    budget: Budget = Budget()
    ttl_s: float = Field(120.0, ge=60, le=180)
    valid_s: float = Field(7200.0, ge=60, le=90 * 86_400)
    priority: int = Field(50, ge=0, le=100)
    margin_minor: int = Field(ge=0, le=MAX_MINOR)
    redeem_probability: float = Field(ge=0, le=1)
    holdout_share: float = Field(0.0, ge=0, le=0.9)
    experiment: Name | None = None
    on_request: bool = False
    by_email: bool = False
    announced: Announced = "personal"
    prior_price: PriorPrice | None = None
    share: Sharing = Sharing()
    channels: Annotated[tuple[SalesChannel, ...], Field(min_length=1)] = (SalesChannel.STORE,)
    web_valid_s: float | None = Field(None, ge=60, le=90 * 86_400)
    texts: Texts

    @model_validator(mode="after")
    def _budget_is_bounded(self) -> Campaign:
        """An amount budget needs a voucher whose worth is known when it is issued."""
        unbounded = (
            self.offer.applies_to != "product" and self.offer.kind != "amount" and not self.offer.max_discount_minor
        )
        if self.budget.max_amount_minor is not None and unbounded:
            reason = "budget.max_amount_minor on a category or basket offer needs offer.max_discount_minor"
            raise PydanticCustomError("unbounded_budget", reason)
        if self.budget.pace is not None:
            if self.when.starts_at is None or self.when.ends_at is None:
                reason = "budget.pace needs when.starts_at and when.ends_at: it is a line between them"
                raise PydanticCustomError("pace_without_line", reason)
            if self.budget.max_vouchers is None and self.budget.max_amount_minor is None:
                reason = "budget.pace needs budget.max_vouchers or budget.max_amount_minor"
                raise PydanticCustomError("pace_without_budget", reason)
        return self

    @model_validator(mode="after")
    def _worth_a_letter(self) -> Campaign:
        """Who reads it at home has to come; and what ends soon is announced inside the shop alone."""
        if self.by_email and self.valid_s < MAILED_VALID_S:
            raise ValueError("`by_email` needs `valid_s` of a day at least: its reader has to come to the shop")
        if self.by_email and self.offer.near_end:
            raise ValueError(
                "`by_email` and `near_end` exclude each other: what ends soon is announced inside the shop"
            )
        return self

    @model_validator(mode="after")
    def _kept_where_it_is_used(self) -> Campaign:
        if self.web_valid_s is not None and SalesChannel.WEB not in self.channels:
            raise ValueError("`web_valid_s` needs `web` among the channels")
        return self


class CampaignFile(_Strict):
    """`campaigns.yaml`: a version, the store it is for, its campaigns."""

    version: Literal[1]
    store: str
    campaigns: tuple[Campaign, ...]


def load_campaigns(path: Path, plan: Plan, on: dt.date | None = None) -> list[Campaign]:
    """The campaigns of a store's file. Raises OperatorError with all problems of the file and against the plan.

    `on` is the day whose law they are held to; without it, the newest that we know.
    """
    campaigns, problems = read_campaigns(read_yaml(path), plan, str(path), on)
    if problems:
        raise OperatorError(add_lines(problems, path.read_bytes()))
    return campaigns


def parse_campaigns(raw: Any, plan: Plan, file: str, on: dt.date | None = None) -> list[Campaign]:
    """The campaigns of already-read YAML or JSON. Raises OperatorError with all problems, each with its key path."""
    campaigns, problems = read_campaigns(raw, plan, file, on)
    if problems:
        raise OperatorError(problems)
    return campaigns


def read_campaigns(
    raw: Any, plan: Plan | None, file: str, on: dt.date | None = None
) -> tuple[list[Campaign], list[Problem]]:
    """What of the file can be read, and everything that is wrong with the rest: form, plan and law at once.

    Without a plan (it has mistakes of its own) only what needs none is looked at.
    """
    if not isinstance(raw, dict):
        reason, fix = "not a mapping of keys", "version, store and campaigns"
        return [], [Problem(file, "(whole file)", reason, fix, code=Code.NOT_CAMPAIGNS)]
    listed = raw.get("campaigns")
    items = listed if isinstance(listed, list) else []
    problems = _problems_of(CampaignFile, raw | {"campaigns": []} if items else raw, file)[1]
    found: dict[int, Campaign] = {}
    for i, item in enumerate(items):
        campaign, wrong = _problems_of(Campaign, item, file)
        problems += [
            plain_place(replace(p, place=f"campaigns.{i}.{p.place}".removesuffix(".(whole file)"))) for p in wrong
        ]
        if campaign is not None:
            found[i] = campaign
    if plan is not None:
        problems += _against_plan(found, plan, file, on)
        if isinstance(raw.get("store"), str) and raw["store"] != plan.store:
            reason = f"{raw['store']!r} is not this plan's store"
            fix = f"write {plan.store}"
            problems.insert(0, Problem(file, "store", reason, fix, code=Code.OTHER_STORE, values=_of(plan)))
    return list(found.values()), problems


def _problems_of(model: type[M], raw: Any, file: str) -> tuple[M | None, list[Problem]]:
    try:
        # Through JSON text: pydantic then takes lists for tuples and ISO times, and is strict about all else.
        text = json.dumps(raw, default=_iso)
    except TypeError:  # YAML's keys may be dates
        reason, fix = "a key that is no text", "write it as one that Rayon knows"
        return None, [Problem(file, "(whole file)", reason, fix, code=Code.UNKNOWN_KEY)]
    try:
        return model.model_validate_json(text), []
    except ValidationError as error:
        return None, validation_problems(error, file, model=model)


def campaign_problems(campaigns: Sequence[Campaign], plan: Plan, file: str, on: dt.date | None = None) -> list[Problem]:
    """What is wrong between campaigns and plan: unknown product, zone, category or store, double ids, and the law."""
    return _against_plan(dict(enumerate(campaigns)), plan, file, on)


def _against_plan(campaigns: Mapping[int, Campaign], plan: Plan, file: str, on: dt.date | None) -> list[Problem]:
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for i, campaign in campaigns.items():
        at = f"campaigns.{i}"
        if campaign.id in seen:
            other = f"campaigns.{seen[campaign.id]}"
            reason = f"{campaign.id!r} is used by {other} too"
            problems.append(
                Problem(file, f"{at}.id", reason, code=Code.DOUBLE_ID, values={"id": campaign.id, "other": other})
            )
        seen.setdefault(campaign.id, i)
        problems += [replace(p, file=file, place=f"{at}.{p.place}") for p in _findings(campaign, plan, on)]
    return problems


def _findings(campaign: Campaign, plan: Plan, on: dt.date | None) -> Iterator[Problem]:
    """What is wrong with one campaign, each at its place below it."""
    place, offer = campaign.place, campaign.offer
    if campaign.stores and plan.store not in campaign.stores:
        reason = f"{plan.store!r}, the store of this file, is not among them"
        yield Problem("", "stores", reason, "add it, or leave stores out", code=Code.OTHER_STORE, values=_of(plan))
    if place.product is not None and place.product not in plan.product_by_sku:
        yield _unknown("place.product", "sku", place.product, Code.UNKNOWN_PRODUCT)
    if place.zone is not None and place.zone not in plan.zone_index:
        yield _unknown("place.zone", "zone", place.zone, Code.UNKNOWN_ZONE, sorted(plan.zone_index)[:20])
    if offer.sku is not None and offer.sku not in plan.product_by_sku:
        yield _unknown("offer.sku", "sku", offer.sku, Code.UNKNOWN_PRODUCT)
    categories = {p.category for p in plan.products}
    about = campaign.audience.interested
    if about is not None and about.product is not None and about.product not in plan.product_by_sku:
        yield _unknown("audience.interested.product", "sku", about.product, Code.UNKNOWN_PRODUCT)
    if about is not None and about.category is not None and about.category not in categories:
        known = sorted(categories)
        yield _unknown("audience.interested.category", "category", about.category, Code.UNKNOWN_CATEGORY, known)
    if offer.category is not None and offer.category not in categories:
        yield _unknown("offer.category", "category", offer.category, Code.UNKNOWN_CATEGORY, sorted(categories))
    yield from campaign.when.findings()
    yield from legal_findings(offer, campaign.texts.model_dump(), plan, on)
    starts_at = campaign.when.starts_at
    first_day = None if starts_at is None else starts_at.astimezone(ZoneInfo(plan.timezone)).date()
    yield from near_end_findings(offer, campaign.announced, plan)
    yield from prior_findings(offer, campaign.announced, campaign.prior_price, first_day, plan)


def _unknown(place: str, what: str, name: str, code: Code, known: Sequence[str] = ()) -> Problem:
    fix = "use one of: " + ", ".join(known) if known else "use a sku of products.csv"
    values = {"got": name, "known": ", ".join(known)}
    return Problem("", place, f"unknown {what} {name!r}", fix, code=code, values=values)


def _of(plan: Plan) -> dict[str, object]:
    return {"store": plan.store}


def plain_place(problem: Problem) -> Problem:
    """pydantic names the kind of offer in the path, where the file has no such key: `offer.percent.sku`."""
    return replace(problem, place=_KIND_IN_PATH.sub("", problem.place))


_KIND_IN_PATH = re.compile(rf"(?<=\.offer)\.({'|'.join(get_args(OfferKind))})(?=\.|$)")


def _iso(value: object) -> str:
    """YAML reads times by itself; JSON wants them as text. Anything else stays as Python prints it, for the message."""
    return value.isoformat() if isinstance(value, dt.date) else repr(value)
