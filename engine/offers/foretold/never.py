"""Why a campaign can never give anything out, or never in the time to come: said before it runs, with a remedy each."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from zoneinfo import ZoneInfo

from engine.offers.campaigns import Campaign
from engine.offers.caps import DAY_S, WEEK_S, Limits
from engine.offers.promise import Promise
from engine.vocabulary import DecisionReason

STEP_S = 300.0
SPOKEN = ("fr", "en")
"""The languages that a shopper's page may be in."""


class NeverReason(StrEnum):
    """What keeps a campaign silent whatever happens in the shop."""

    IS_OVER = "is_over"
    NO_HOUR = "no_hour"
    NO_CAP = "no_cap"
    NO_SITE_CAP = "no_site_cap"
    NO_BUDGET = "no_budget"
    NO_SUCH_LANGUAGE = "no_such_language"
    NO_SUCH_PLACE = "no_such_place"
    NOT_PRECISE = "not_precise"
    NO_GAIN = "no_gain"
    NO_CONSENT_ASKED = "no_consent_asked"
    NO_USE_LEFT = "no_use_left"


def never_fires(
    campaign: Campaign,
    now: float,
    timezone: ZoneInfo,
    limits: Limits,
    *,
    worth_minor: int,
    reachable: bool = True,
    promise: Promise | None = None,
    asked: bool = True,
    message_minor: float = 0.0,
) -> Iterator[NeverReason]:
    """Everything that keeps it silent. `reachable`: somebody can stand at its place; `promise` of that place, where it
    states a precision; `asked`: the site asks for the consent to offers; `message_minor` is what one message costs."""
    if campaign.when.ends_at is not None and campaign.when.ends_at.timestamp() <= now:
        yield NeverReason.IS_OVER
    elif not _speaks(campaign, now, timezone):
        yield NeverReason.NO_HOUR
    if 0 in (campaign.caps.per_day, campaign.caps.per_week):
        yield NeverReason.NO_CAP
    if 0 in (limits.per_visit, limits.per_day, limits.per_week):
        yield NeverReason.NO_SITE_CAP
    budget = campaign.budget
    if budget.max_vouchers == 0 or (budget.max_amount_minor is not None and budget.max_amount_minor < worth_minor):
        yield NeverReason.NO_BUDGET
    if campaign.audience.locales and not set(campaign.audience.locales) & set(SPOKEN):
        yield NeverReason.NO_SUCH_LANGUAGE
    if not reachable:
        yield NeverReason.NO_SUCH_PLACE
    if campaign.precision is not None and promise is not None and not promise.kept:
        yield NeverReason.NOT_PRECISE
    if campaign.margin_minor * campaign.redeem_probability - message_minor < 0:
        yield NeverReason.NO_GAIN
    if not asked:
        yield NeverReason.NO_CONSENT_ASKED
    if worth_minor <= 0:
        yield NeverReason.NO_USE_LEFT


def _speaks(campaign: Campaign, now: float, timezone: ZoneInfo) -> bool:
    """Whether there is any moment of a whole week after its beginning, or of what is left of it, in which it may."""
    starts = campaign.when.starts_at
    t = max(now, starts.timestamp() if starts else now)
    until = t + WEEK_S + DAY_S
    while t < until:
        reason = campaign.when.refusal(t, timezone)
        if reason is None:
            return True
        if reason is DecisionReason.ENDED:
            return False
        t += STEP_S
    return False
