"""A campaign of HQ: one campaign for several stores, what they may change of it, and what they may spend together."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from engine.errors import OperatorError, Problem
from engine.offers.bounds import MOST, OneLine
from engine.offers.campaigns import Budget, Campaign, Name, plain_place
from engine.offers.hq.terms import terms_of
from engine.offers.segments.check import audience_problems
from engine.wording import MistakeCode, validation_problems
from engine.yaml_files import add_lines, read_yaml

ALL_STORES = "*"

RANGED = (
    "offer.basis_points",
    "offer.amount_minor",
    "offer.price_minor",
    "offer.min_basket_minor",
    "offer.max_discount_minor",
    "budget.max_vouchers",
    "budget.max_amount_minor",
    "caps.per_day",
    "caps.per_week",
    "place.radius_m",
    "min_probability",
    "min_dwell_s",
    "ttl_s",
    "valid_s",
    "web_valid_s",
    "margin_minor",
    "redeem_probability",
    "priority",
)
"""Numbers that a store may change, within a range or freely."""

WHOLE = (
    "name",
    "texts",
    "when.starts_at",
    "when.ends_at",
    "when.days",
    "when.hours",
    "when.quiet_hours",
    "place.zone",
    "audience",
    "on_request",
)
"""What a store may change as it likes, or not at all."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Range(_Strict):
    """From and to, both included; without one of them that side is open, without both any value is taken."""

    from_: float | None = Field(None, alias="from", ge=0, le=MOST)
    to: float | None = Field(None, ge=0, le=MOST)

    @model_validator(mode="after")
    def _in_order(self) -> Range:
        if self.from_ is not None and self.to is not None and self.from_ > self.to:
            raise PydanticCustomError("known_order", "`from` is above `to`")
        return self

    @property
    def is_open(self) -> bool:
        """Whether any value is taken."""
        return self.from_ is None and self.to is None

    def holds(self, value: Any) -> bool:
        """Whether a value may be given. None is no limit at all, which no range of numbers holds."""
        if self.is_open:
            return True
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return (self.from_ is None or value >= self.from_) and (self.to is None or value <= self.to)


class HqCampaign(_Strict):
    """One campaign for several stores.

    `stores` are its stores, or `*` for all of the site. `campaign` is what each of them gets, under the same id.
    `may_change` says what a store may change of that: keys of the campaign, each with a range, which is open where the
    file says `true`. All else is HQ's.
    `budget` is what all stores may spend together, beside what `campaign.budget` lets each of them.
    """

    id: Name
    stores: Annotated[tuple[OneLine, ...], Field(min_length=1)]
    may_change: Mapping[str, Range] = Field(default_factory=dict)
    budget: Budget = Budget()
    campaign: Campaign

    @model_validator(mode="after")
    def _keeps_its_own_word(self) -> HqCampaign:
        self.as_one_campaign()
        return self

    @property
    def is_budgeted(self) -> bool:
        """Whether its stores share a budget."""
        return self.budget.max_vouchers is not None or self.budget.max_amount_minor is not None

    def as_one_campaign(self) -> Campaign:
        """The campaign as all its stores together: under the budget that they share. Raises ValueError where such a
        campaign cannot have such a budget."""
        try:
            return Campaign.model_validate(dict(self.campaign) | {"budget": self.budget})
        except ValidationError as error:
            found = error.errors()[0]
            raise PydanticCustomError(found["type"], found["msg"]) from error

    def of(self, stores: Collection[str]) -> list[str]:
        """Which stores of a site it is for, by id; those that the site does not have are named too."""
        return sorted(stores) if ALL_STORES in self.stores else sorted(set(self.stores))

    def store_terms(self) -> dict[str, Any]:
        """What each store gets, as JSON without a state."""
        return terms_of(self.campaign)


class HqFile(_Strict):
    """`campaigns-hq.yaml`: a version and campaigns."""

    version: Literal[1]
    campaigns: tuple[Any, ...]


def load_hq_campaigns(path: Path, segments: Collection[str] = ()) -> list[HqCampaign]:
    """The campaigns of HQ's file. Raises OperatorError with all mistakes of its form, each with its line.

    What a store lacks of what a campaign names is no mistake of the file: see `engine.offers.hq.spread`.
    """
    raw = read_yaml(path)
    found, problems = read_hq_campaigns(raw, str(path), segments)
    if problems:
        raise OperatorError(add_lines(problems, path.read_bytes()))
    return found


def read_hq_campaigns(raw: Any, file: str, segments: Collection[str] = ()) -> tuple[list[HqCampaign], list[Problem]]:
    """What of the file can be read, and everything that is wrong with the form of the rest."""
    if not isinstance(raw, dict):
        fix = "version and campaigns"
        return [], [Problem(file, "(whole file)", "not a mapping of keys", fix, code=MistakeCode.NOT_CAMPAIGNS)]
    found: list[HqCampaign] = []
    problems: list[Problem] = []
    try:
        HqFile.model_validate_json(_json(raw))
    except ValidationError as error:
        problems += validation_problems(error, file, model=HqFile)
    items = raw.get("campaigns")
    seen: dict[str, int] = {}
    for i, item in enumerate(items if isinstance(items, list) else []):
        at = f"campaigns.{i}"
        campaign, wrong = read_hq_campaign(item, file, at, segments)
        problems += wrong
        if campaign is None:
            continue
        if campaign.id in seen:
            reason = f"{campaign.id!r} is used by campaigns.{seen[campaign.id]} too"
            values = {"id": campaign.id, "other": f"campaigns.{seen[campaign.id]}"}
            problems.append(Problem(file, f"{at}.id", reason, code=MistakeCode.DOUBLE_ID, values=values))
        seen.setdefault(campaign.id, i)
        found.append(campaign)
    return found, problems


def read_hq_campaign(
    raw: Any, file: str, at: str, segments: Collection[str] = ()
) -> tuple[HqCampaign | None, list[Problem]]:
    """One campaign of HQ out of YAML or JSON, or what is wrong with it, each at its place below `at`."""
    if not isinstance(raw, dict):
        return None, [Problem(file, at, "not a mapping of keys", code=MistakeCode.KEYS)]
    own = raw.get("campaign")
    doubled = [key for key in ("id", "stores") if isinstance(own, dict) and key in own]
    if doubled:
        wrong = [("is said above, for all stores", "leave it out", key) for key in doubled]
        return None, [
            Problem(file, f"{at}.campaign.{k}", reason, fix, code=MistakeCode.UNKNOWN_KEY) for reason, fix, k in wrong
        ]
    unread = list(_limit_problems(raw.get("may_change"), file, f"{at}.may_change"))
    if unread:
        return None, unread
    try:
        campaign = HqCampaign.model_validate_json(_json(_spell_out(raw)))
    except ValidationError as error:
        problems = [replace(p, place=_place(at, p.place)) for p in validation_problems(error, file, model=HqCampaign)]
        return None, [plain_place(p) for p in problems if p.place != f"{at}.campaign.id"]
    return campaign, list(audience_problems(campaign.campaign, segments, file, f"{at}.campaign"))


def _spell_out(raw: Mapping[Any, Any]) -> dict[Any, Any]:
    """What a file may say in short: one store or `*` without a list, true for any value, the id once."""
    own, stores, may = raw.get("campaign"), raw.get("stores"), raw.get("may_change")
    out = dict(raw)
    if isinstance(own, dict):
        out["campaign"] = {"id": raw.get("id", ""), **own}
    if isinstance(stores, str):
        out["stores"] = [stores]
    if isinstance(may, dict):
        out["may_change"] = {key: {} if limit is True else limit for key, limit in may.items() if limit is not False}
    return out


def _limit_problems(may: Any, file: str, at: str) -> Iterator[Problem]:
    for key, limit in may.items() if isinstance(may, dict) else ():
        place = f"{at}.{key}"
        if key not in RANGED + WHOLE:
            fix = "one of " + ", ".join(RANGED + WHOLE)
            yield Problem(file, place, "is nothing that HQ can let a store change", fix, code=MistakeCode.UNKNOWN_KEY)
        elif not isinstance(limit, bool) and key in WHOLE:
            yield Problem(
                file, place, "takes true and no range", "write true", code=MistakeCode.HQ_NO_RANGE, values={"key": key}
            )
        elif limit == {}:
            yield Problem(file, place, "is an empty range", "give from, to or true", code=MistakeCode.MISSING)


def _place(at: str, place: str) -> str:
    return f"{at}.{place}".removesuffix(".(whole file)")


def _json(raw: Mapping[Any, Any]) -> str:
    """Through JSON text: strict models then take lists for tuples and text for times. YAML reads times by itself."""
    return json.dumps({str(key): value for key, value in raw.items()}, default=_iso)


def _iso(value: object) -> str:
    return value.isoformat() if isinstance(value, dt.date | dt.time) else repr(value)
