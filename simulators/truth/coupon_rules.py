"""What becomes of each coupon that is due, for somebody who knows the truth: an independent referee of the decisions.

It reads what a campaign says (`campaigns.yaml`), the site's caps (`offers` of its `config.yaml`) and the plan's prices,
and uses none of the engine's code for decisions, claims and caps. Everybody here has consented and is on one visit;
where people are is certain, deciding takes no time, and every coupon arrives. The rules:

* A campaign says nothing in other stores, before its start and after its end, in its quiet hours and outside its
  hours, nor to shoppers it is not meant for.
* Of those due for one shopper at one instant the one with the highest margin times probability of redemption wins, then
  the one of higher priority, then the first by name. One that is refused leaves its turn to the next; those after the
  winner have lost.
* A shopper gets a campaign once a visit, so many coupons a visit, so many in any 24 hours and in any seven days, and so
  many of one campaign in these times. They are asked in this order.
* A campaign ends with its budget, in coupons or in money, and money is what a coupon is worth at most. Who comes first
  is served first; at one instant shoppers come in their order.
* Who is held out of a campaign gets nothing instead of it: that uses up caps like a coupon, but no budget.

Campaigns that break the law are not here: no campaign file with one can be read.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from itertools import groupby
from zoneinfo import ZoneInfo

from engine.config import OffersConfig
from engine.offers.campaigns import Campaign
from engine.plan.model import Plan
from engine.vocabulary import DecisionOutcome, DecisionReason

DAY_S = 86_400.0
WEEK_S = 604_800.0
DAY_MIN = 24 * 60
WEEK_MIN = 7 * DAY_MIN
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Fate = tuple[DecisionOutcome, DecisionReason]
"""Outcome and reason, in the words of a decision."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who a coupon is for. `known_since` is when the store met them, s UTC."""

    name: str
    locale: str
    known_since: float


@dataclass(frozen=True, slots=True)
class DueCoupon:
    """Somebody has been at a campaign's place for its least dwell, at `at` (s UTC)."""

    at: float
    shopper: int
    campaign: Campaign


@dataclass
class _Given:
    """What was given so far: by shopper when and of which campaign, by campaign how many and what they are worth."""

    moments: dict[int, list[tuple[float, str]]] = field(default_factory=dict)
    coupons: Counter[str] = field(default_factory=Counter)
    worth_minor: Counter[str] = field(default_factory=Counter)


def fates(
    due: Sequence[DueCoupon], people: Mapping[int, Person], plan: Plan, rules: OffersConfig
) -> dict[tuple[float, int, str], Fate]:
    """Outcome and reason by time, shopper and campaign's id: at most one `issue` for each shopper at an instant."""
    given, out = _Given(), {}
    ordered = sorted(due, key=lambda d: (d.at, d.shopper, *_best_first(d.campaign)))
    for (at, shopper), together in groupby(ordered, key=lambda d: (d.at, d.shopper)):
        person, won = people[shopper], False
        for campaign in (d.campaign for d in together):
            reason = _silent(campaign, person, at, plan)
            if reason is None:
                reason = (
                    DecisionReason.LOST_ARBITRATION if won else _find_used_up(campaign, shopper, at, given, plan, rules)
                )
                won = won or reason is None
                if reason is None:
                    reason = _give(campaign, shopper, person, at, given, plan)
            out[at, shopper, campaign.id] = (
                DecisionOutcome.ISSUE if reason == DecisionReason.OK else DecisionOutcome.REFUSE,
                reason,
            )
    return out


def _best_first(campaign: Campaign) -> tuple[Decimal, int, str]:
    """Gains that differ by less than a thousandth of a cent are one."""
    gain = Decimal(str(campaign.redeem_probability)) * campaign.margin_minor
    return -round(gain, 3), -campaign.priority, campaign.id


def _silent(campaign: Campaign, person: Person, at: float, plan: Plan) -> DecisionReason | None:
    """Why the campaign says nothing to this person at this time, whatever was given before."""
    when, meant = campaign.when, campaign.audience
    if campaign.stores and plan.store not in campaign.stores:
        return DecisionReason.OTHER_STORE
    if when.starts_at is not None and at < when.starts_at.timestamp():
        return DecisionReason.NOT_STARTED
    if when.ends_at is not None and at >= when.ends_at.timestamp():
        return DecisionReason.ENDED
    local = dt.datetime.fromtimestamp(at, ZoneInfo(plan.timezone))
    minute = local.weekday() * DAY_MIN + local.hour * 60 + local.minute
    if _within(minute, [(h.from_, h.to) for h in when.quiet_hours], ()):
        return DecisionReason.QUIET_HOURS
    if not _within(minute, [(h.from_, h.to) for h in when.hours] or [("00:00", "24:00")], when.days):
        return DecisionReason.OUTSIDE_HOURS
    known_days = (at - person.known_since) / DAY_S
    too_new = meant.known_at_least_days is not None and known_days < meant.known_at_least_days
    too_old = meant.known_at_most_days is not None and known_days > meant.known_at_most_days
    other_language = meant.locales and person.locale not in meant.locales
    return DecisionReason.AUDIENCE if too_new or too_old or other_language else None


def _within(minute: int, hours: Sequence[tuple[str, str]], days: Sequence[str]) -> bool:
    """Whether a minute of the week lies in hours that begin on one of `days` (none given: on any)."""
    for begins, ends in hours:
        lasts = (_minutes(ends) - _minutes(begins)) % DAY_MIN or DAY_MIN
        for i, day in enumerate(WEEKDAYS):
            begun = i * DAY_MIN + _minutes(begins)
            if (not days or day in days) and (minute - begun) % WEEK_MIN < lasts:
                return True
    return False


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _find_used_up(
    campaign: Campaign, shopper: int, at: float, given: _Given, plan: Plan, rules: OffersConfig
) -> DecisionReason | None:
    """Which cap or budget leaves no room; None where there is room for one more."""
    moments = given.moments.get(shopper, [])
    of_day = [name for t, name in moments if at < t + DAY_S]
    of_week = [name for t, name in moments if at < t + WEEK_S]
    if campaign.id in {name for _, name in moments}:
        return DecisionReason.ALREADY_ISSUED
    if len(moments) + 1 > rules.per_visit:
        return DecisionReason.CAP_VISIT
    if len(of_day) + 1 > rules.per_day:
        return DecisionReason.CAP_DAY
    if len(of_week) + 1 > rules.per_week:
        return DecisionReason.CAP_WEEK
    # Once a visit, and one visit each: of the campaign itself nothing was given yet.
    if campaign.caps.per_day < 1:
        return DecisionReason.CAP_CAMPAIGN_DAY
    if campaign.caps.per_week < 1:
        return DecisionReason.CAP_CAMPAIGN_WEEK
    most, most_minor = campaign.budget.max_vouchers, campaign.budget.max_amount_minor
    too_many = most is not None and given.coupons[campaign.id] + 1 > most
    too_dear = most_minor is not None and given.worth_minor[campaign.id] + most_worth_minor(campaign, plan) > most_minor
    return DecisionReason.BUDGET if too_many or too_dear else None


def _give(campaign: Campaign, shopper: int, person: Person, at: float, given: _Given, plan: Plan) -> DecisionReason:
    given.moments.setdefault(shopper, []).append((at, campaign.id))
    if is_held_out(campaign, person.name):
        return DecisionReason.HOLDOUT
    given.coupons[campaign.id] += 1
    given.worth_minor[campaign.id] += most_worth_minor(campaign, plan)
    return DecisionReason.OK


def is_held_out(campaign: Campaign, name: str) -> bool:
    """Whether the shopper is of the control group: a share of all names, by the SHA-256 of experiment and name."""
    place = int(sha256(f"experiment|{campaign.experiment or campaign.id}|{name}".encode()).hexdigest()[:16], 16)
    return place / 2.0**64 < campaign.holdout_share


def most_worth_minor(campaign: Campaign, plan: Plan) -> int:
    """The most that one coupon can take off, in minor units; 0 where the plan has no price to tell by."""
    offer = campaign.offer.model_dump()
    prices = [p.price_minor for p in plan.products if p.sku == offer["sku"]]
    most = offer["max_discount_minor"]
    if offer["kind"] == "amount":
        worth = offer["amount_minor"]
    elif offer["applies_to"] != "product":
        return most or 0
    elif offer["kind"] == "fixed_price":
        worth = sum(max(price - offer["price_minor"], 0) * offer["max_units"] for price in prices)
    else:
        worth = sum(price * offer["max_units"] * offer["basis_points"] // 10_000 for price in prices)
    return int(worth if most is None else min(worth, most))
