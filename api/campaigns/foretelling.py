"""What-if: the next week of a campaign, saved or only typed, from a replay of the last four."""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import shapely

from api.context import AppContext
from api.texts.language import Language
from api.texts.money import money
from api.texts.numbers import number
from engine.config import PrivacyConfig
from engine.offers.campaigns import Campaign
from engine.offers.caps import Limits
from engine.offers.decide import worth_of
from engine.offers.foretold.forecast import (
    LEAST_WEEKS,
    CouponWorth,
    ForecastBand,
    Point,
    curve,
    days_of,
    week_ahead,
)
from engine.offers.foretold.replay import replay
from engine.plan.model import Plan
from engine.presence.withheld.counted import CountedEvent, ToldBlock, WaitingCount, tell_blocks
from engine.privacy.k_anonymity import whole_ks
from engine.storage.vouchers.pauses import PauseSource, first_of_k, past_of
from engine.storage.vouchers.results import used_and_unused
from engine.vocabulary import DecisionReason

WEEKS = 4
WARM_UP = 1
"""Weeks before those that are counted: only so that the caps have a past."""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The week to come, without a budget and with several; no points where fewer than two whole weeks are known."""

    source: PauseSource
    weeks: int
    moments: int | None  # None: of fewer than k shoppers, of whom nothing is foretold
    points: list[Point]
    refused: Mapping[DecisionReason, int]
    worth: CouponWorth


def foretell_week(ctx: AppContext, store: str, campaign: Campaign, now: float) -> WhatIf:
    """Replays the last whole days of the store's clock, and draws the week after them. The same look, the same answer.

    What was never kept (moments of people who agreed to no offers) is in none of it. With a k of more than one nothing
    is foretold of fewer than k shoppers, whatever was typed; all is made of blocks with k of them each, whose coupons
    are drawn anew over the block's time.
    """
    plan, offers, k = ctx.plan(store), ctx.config.offers, ctx.config.privacy.k
    zone = ZoneInfo(plan.timezone)
    until = dt.datetime.fromtimestamp(now, zone).date()
    from_t = _midnight(until - dt.timedelta(weeks=WEEKS + WARM_UP), zone)
    around, share = _around(plan, campaign)
    past = past_of(ctx.db, store, campaign, from_t, _midnight(until, zone), zone=around, share=share, k=k)
    limits = Limits(offers.per_visit, offers.per_day, offers.per_week)
    running = campaign.model_copy(
        update={"when": campaign.when.model_copy(update={"starts_at": None, "ends_at": None})}
    )
    begun = first_of_k(past.pauses, k)
    if k > 1 and begun is None:
        taken = CouponWorth(worth_of(campaign, plan), campaign.margin_minor, campaign.redeem_probability)
        return WhatIf(PauseSource.NONE, 0, None, [], {}, taken)  # not what they stand on: one makes the difference
    replayed = replay(running, past.pauses, past.others, limits, zone)
    weeks = _weeks(now if begun is None else begun, until, zone)
    used, unused = (whole_ks(n, k) for n in used_and_unused(ctx.db, store, campaign.id))
    worth = CouponWorth(worth_of(campaign, plan), campaign.margin_minor, campaign.redeem_probability, used, unused)
    points = []
    if weeks >= LEAST_WEEKS:
        rng = np.random.default_rng(zlib.crc32(f"{store}|{campaign.id}".encode()))
        blocks = _blocks(replayed.issued_at, replayed.issued_to, from_t, ctx.config.privacy)
        issued = replayed.issued_at if k == 1 else [t for b in blocks for t in rng.uniform(b.since, b.until, b.n)]
        points = curve(week_ahead(days_of(issued, until, weeks, zone), rng), worth, rng)
    refused = {reason: told for reason, n in replayed.refused.items() if (told := whole_ks(n, k))}
    those = _blocks([p.t for p in past.pauses], [p.shopper_id for p in past.pauses], from_t, ctx.config.privacy)
    return WhatIf(past.source, weeks, sum(b.n for b in those), points, refused, worth)


def _blocks(at: Sequence[float], whose: Sequence[str], since: float, told: PrivacyConfig) -> list[ToldBlock]:
    """In whole ks, with k shoppers behind each: when in a block somebody came is not told."""
    events = [CountedEvent(t, who) for t, who in zip(at, whose, strict=True)]
    return tell_blocks(events, WaitingCount(since), told.k, told.block_s)[0]


def show_forecast(what_if: WhatIf, plan: Plan, lang: Language, k: int) -> dict[str, Any]:
    """The same, as the page shows it; `k` is what it was told by."""

    def sum_of(band: ForecastBand) -> list[str]:
        return [money(round(v), plan.currency, lang) for v in (band.expected, band.low, band.high)]

    def count_of(band: ForecastBand) -> list[str]:
        return [number(round(v), lang) for v in (band.expected, band.low, band.high)]

    rows = [
        {
            "budget": None if p.budget is None else number(p.budget, lang),
            "coupons": count_of(p.coupons),
            "used": count_of(p.used),
            "cost": sum_of(p.cost_minor),
            "margin": sum_of(p.margin_minor),
        }
        for p in what_if.points
    ]
    return {
        "source": what_if.source.value,
        "weeks": what_if.weeks,
        "moments": what_if.moments,
        "rows": rows,
        "chart": _chart(what_if.points),
        "refused": sorted(((r.value, n) for r, n in what_if.refused.items()), key=lambda p: -p[1]),
        "measured": what_if.worth.measured,
        "least": LEAST_WEEKS,
        "k": k,
    }


def _chart(points: list[Point]) -> dict[str, str] | None:
    """The coupons by budget in a square of 100 by 50: the band's outline, and the line of what is expected."""
    some = [p for p in points if p.budget is not None]
    if len(some) < 2:
        return None
    widest, highest = max(p.budget or 0 for p in some), max(p.margin_minor.high for p in some) or 1.0

    def at(p: Point, value: float) -> str:
        return f"{100 * (p.budget or 0) / widest:.1f},{50 - 48 * value / highest:.1f}"

    upper = [at(p, p.margin_minor.high) for p in some]
    lower = [at(p, p.margin_minor.low) for p in reversed(some)]
    return {"band": " ".join(upper + lower), "line": " ".join(at(p, p.margin_minor.expected) for p in some)}


def _weeks(first: float, until: dt.date, zone: ZoneInfo) -> int:
    """Whole weeks before `until` that something is known of, after the one that fills the caps where there are more."""
    known = (until - dt.datetime.fromtimestamp(first, zone).date()).days // 7
    return min(WEEKS, known)


def _midnight(day: dt.date, zone: ZoneInfo) -> float:
    return dt.datetime.combine(day, dt.time(), zone).timestamp()


def _around(plan: Plan, campaign: Campaign) -> tuple[str | None, float]:
    """The smallest zone around the campaign's product, and the share of its floor that is near enough to it."""
    product = plan.product_by_sku.get(campaign.place.product or "")
    if product is None or campaign.place.radius_m is None:
        return None, 1.0
    spot = shapely.Point(product.x_m, product.y_m)
    zones = [z for z in plan.zones if z.level == product.level and z.polygon.distance(spot) < 0.5]
    if not zones:
        return None, 1.0
    zone = min(zones, key=lambda z: z.polygon.area)
    return zone.id, min(
        1.0, float(zone.polygon.intersection(spot.buffer(campaign.place.radius_m)).area / zone.polygon.area)
    )
