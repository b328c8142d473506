"""What is told of campaigns among shoppers who had looked at their product online: blocks, once and for good, under the
campaign's id (`engine.storage.told.group_blocks`).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session, col

from engine.offers.measured.web_uplift import AFTER_S, BothGroups, WebMoment
from engine.presence.ropo.journeys import ProductTouches, with_purchases
from engine.storage.database import Database
from engine.storage.models.vouchers import CampaignTable, DecisionTable
from engine.storage.told.group_blocks import ToldComparison, reached_moment, tell_groups, told_groups
from engine.storage.told.ropo import DAY_S
from engine.storage.told.touches import product_touches, willing_shoppers
from engine.vocabulary import DecisionReason


@dataclass(frozen=True, slots=True)
class WebWindow:
    """The store, its products and time zone, and for how many days a view online belongs to what follows."""

    store: str
    products: Collection[str]
    timezone: str
    window_days: int


def web_uplift(
    db: Database, asked: WebWindow, *, from_t: float, to_t: float, k: int, now: float
) -> dict[str, BothGroups]:
    """By campaign, of the blocks that ended on the days in [from_t, to_t). With a k of 1 of the moments then."""
    if k == 1:
        with db.read() as session:
            found = moments_of(session, asked, since=from_t, until=min(to_t, now), now=now)
        return {campaign: BothGroups.of(moments) for campaign, moments in sorted(found.items())}
    tell_campaigns(db, asked, k=k, now=now)
    return told_groups(db, _compare(asked), from_t=from_t, to_t=to_t)


def tell_campaigns(db: Database, asked: WebWindow, *, k: int, now: float) -> None:
    """Tells the blocks that are over for AFTER_S by `now` (s UTC): at most once for each day, whoever asks."""

    def among(session: Session, since: float, until: float) -> dict[str, list[WebMoment]]:
        return moments_of(session, asked, since=since, until=until, now=now)

    tell_groups(db, _compare(asked), among, k=k, now=now)


def _compare(asked: WebWindow) -> ToldComparison:
    return ToldComparison(asked.store, asked.timezone, "", "-campaigns", "-until")


def moments_of(
    session: Session, asked: WebWindow, *, since: float, until: float, now: float
) -> dict[str, list[WebMoment]]:
    """By campaign that stands at a product, the first moments of [since, until) of shoppers who may be followed and had
    looked at the product online."""
    places = {c: sku for c, sku in _about(session, asked.store).items() if sku in asked.products}
    shoppers = willing_shoppers(session)
    if not places or not shoppers:
        return {}
    window_s = asked.window_days * DAY_S
    touches = product_touches(
        session, asked.store, frozenset(places.values()), shoppers, since=max(0.0, since - window_s), until=now
    )
    out: dict[str, list[WebMoment]] = defaultdict(list)
    for (campaign, who), (at, held_out) in _first_moments(session, asked.store, places, until).items():
        done = touches.get((who, places[campaign]))
        if at >= since and done is not None and any(at - window_s <= view <= at for view in done.views):
            out[campaign].append(WebMoment(at, who, held_out, *_after(done, at)))
    return out


def _about(session: Session, store: str) -> dict[str, str]:
    """The product of each of the store's campaigns: of its offer, else of its place."""
    query = select(col(CampaignTable.campaign_id), col(CampaignTable.spec)).where(col(CampaignTable.store) == store)
    specs = {str(name): json.loads(spec) for name, spec in session.connection().execute(query)}
    about = {n: (s.get("offer") or {}).get("sku") or (s.get("place") or {}).get("product") for n, s in specs.items()}
    return {name: str(sku) for name, sku in about.items() if sku}


def _after(done: ProductTouches, at: float) -> tuple[bool, float]:
    """Whether the product was bought after a moment, and the chance that it was stopped at."""
    bought = any(at <= t < at + AFTER_S for t in (*done.bought_here, *done.bought_online))
    none = 1.0
    for stop in with_purchases(done.stops, done.bought_here):
        if at <= stop.at < at + AFTER_S:
            none *= 1.0 - stop.chance
    return bought, 1.0 - none


def _first_moments(
    session: Session, store: str, campaigns: Collection[str], until: float
) -> Mapping[tuple[str, str], tuple[float, bool]]:
    """When each shopper first reached each campaign's moment, and whether they were held out."""
    made = DecisionTable
    query = (
        select(col(made.campaign_id), col(made.shopper_id), col(made.at), col(made.reason))
        .where(col(made.store) == store, col(made.campaign_id).in_(sorted(campaigns)), col(made.at) < until)
        .where(reached_moment())
        .order_by(col(made.at))
    )
    out: dict[tuple[str, str], tuple[float, bool]] = {}
    for campaign, who, at, reason in session.connection().execute(query):
        out.setdefault((str(campaign), str(who)), (float(at), reason == DecisionReason.HOLDOUT))
    return out
