"""What coupons change by the channel on which they were said: who got one beside who was held out at that moment.

The unit is a shopper's first moment on a channel, under whichever campaign, of shoppers who may be followed over time
(`willing_shoppers`). What counts is a known purchase, here or online, of what that campaign is for (its product, its
category, or anything) within AFTER_S. Blocks are told once and for good, under the channel's name
(`engine.storage.told.group_blocks`).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session, col

from engine.offers.measured.web_uplift import AFTER_S, BothGroups, WebMoment
from engine.storage.database import Database
from engine.storage.models.vouchers import CampaignTable, DecisionTable
from engine.storage.told.group_blocks import ToldComparison, reached_moment, tell_groups, told_groups
from engine.storage.told.touches import Touches, product_touches, willing_shoppers
from engine.storage.vouchers.decisions import read_grounds
from engine.vocabulary import DecisionReason


@dataclass(frozen=True, slots=True)
class ChannelWindow:
    """The store, its time zone, and its products with their categories."""

    store: str
    timezone: str
    products: Mapping[str, str]


def channel_uplift(
    db: Database, asked: ChannelWindow, *, from_t: float, to_t: float, k: int, now: float
) -> dict[str, BothGroups]:
    """By channel, of the blocks that ended on the days in [from_t, to_t). With a k of 1 of the moments then."""
    if k == 1:
        with db.read() as session:
            found = channel_moments(session, asked, since=from_t, until=min(to_t, now), now=now)
        return {channel: BothGroups.of(moments) for channel, moments in sorted(found.items())}
    tell_channels(db, asked, k=k, now=now)
    return told_groups(db, _compare(asked), from_t=from_t, to_t=to_t)


def tell_channels(db: Database, asked: ChannelWindow, *, k: int, now: float) -> None:
    """Tells the blocks that are over for AFTER_S by `now` (s UTC): at most once for each day, whoever asks."""

    def by_channel(session: Session, since: float, until: float) -> dict[str, list[WebMoment]]:
        return channel_moments(session, asked, since=since, until=until, now=now)

    tell_groups(db, _compare(asked), by_channel, k=k, now=now)


def _compare(asked: ChannelWindow) -> ToldComparison:
    return ToldComparison(asked.store, asked.timezone, "channel.", "-channels", "-channel-until")


def channel_moments(
    session: Session, asked: ChannelWindow, *, since: float, until: float, now: float
) -> dict[str, list[WebMoment]]:
    """By channel, the first moments of [since, until). Of stops nothing is said: a stop is where a page speaks."""
    shoppers = willing_shoppers(session)
    firsts = {key: one for key, one in _firsts(session, asked.store, until).items() if key[1] in shoppers}
    if not any(one.at >= since for one in firsts.values()):
        return {}
    goods = _goods(session, asked)
    bought = _find_bought(product_touches(session, asked.store, asked.products, shoppers, since=since, until=now))
    out: dict[str, list[WebMoment]] = defaultdict(list)
    for (channel, who), one in firsts.items():
        if one.at >= since:
            mine = goods.get(one.campaign, frozenset())
            follows = any(one.at <= t < one.at + AFTER_S for t, sku in bought.get(who, ()) if sku in mine)
            out[channel].append(WebMoment(one.at, who, one.held_out, follows, 0.0))
    return out


@dataclass(frozen=True, slots=True)
class _First:
    at: float
    campaign: str
    held_out: bool


def _firsts(session: Session, store: str, until: float) -> dict[tuple[str, str], _First]:
    """Each shopper's first moment on each channel."""
    made = DecisionTable
    query = (
        select(col(made.shopper_id), col(made.at), col(made.campaign_id), col(made.reason), col(made.inputs))
        .where(col(made.store) == store, col(made.at) < until, reached_moment())
        .order_by(col(made.at), col(made.decision_id))
    )
    out: dict[tuple[str, str], _First] = {}
    for who, at, campaign, reason, inputs in session.connection().execute(query):
        channel = read_grounds(inputs)[0].channel
        if channel is not None:
            first = _First(float(at), str(campaign), reason == DecisionReason.HOLDOUT)
            out.setdefault((channel.value, str(who)), first)
    return out


def _goods(session: Session, asked: ChannelWindow) -> dict[str, frozenset[str]]:
    """The products of the store that each of its campaigns is for."""
    table = CampaignTable
    query = select(col(table.campaign_id), col(table.spec)).where(col(table.store) == asked.store)
    return {str(name): _goods_of(json.loads(spec), asked) for name, spec in session.connection().execute(query)}


def _goods_of(spec: Mapping[str, Mapping[str, str]], asked: ChannelWindow) -> frozenset[str]:
    offer = spec.get("offer") or {}
    if offer.get("applies_to") == "product":
        return frozenset({offer["sku"]})
    if offer.get("applies_to") == "category":
        return frozenset(sku for sku, category in asked.products.items() if category == offer["category"])
    return frozenset(asked.products)


def _find_bought(touches: Touches) -> dict[str, list[tuple[float, str]]]:
    """Known purchases by shopper: when (s UTC), and which product."""
    out: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for (who, sku), done in touches.items():
        out[who] += [(t, sku) for t in (*done.bought_here, *done.bought_online)]
    return out
