"""What is told of campaigns among shoppers who had looked at their product online: blocks, once and for good.

They stand in `ropo_day`, on the day on which a block ended, under the campaign's id; stops in thousandths of a shopper.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from engine.offers.measured.web_uplift import AFTER_S, BothGroups, GroupSums, WebMoment, cut_moments
from engine.presence.local_hours import hours_in
from engine.presence.ropo.blocks import day_end
from engine.presence.ropo.journeys import ProductTouches, with_purchases
from engine.storage.database import Database
from engine.storage.models.visits import RopoDayTable, RopoWaitTable
from engine.storage.models.vouchers import CampaignTable, DecisionTable
from engine.storage.told.ropo import ALL, DAY_S, SETTLED_S
from engine.storage.told.touches import product_touches, willing_shoppers
from engine.storage.upserts import named_lock, upsert
from engine.vocabulary import DecisionOutcome, DecisionReason

MILLI = 1_000.0
_LOOKED = "-campaigns"
_UNTIL = "-until"  # up to where a campaign's blocks reach
_GROUPS = ("treated", "held_out")
_FIGURES = ("n", "bought", "stopped", "stopped_sq")


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
    table = RopoDayTable
    query = (
        select(col(table.of), col(table.figure), func.sum(col(table.n)))
        .where(col(table.store) == asked.store, col(table.day_start) >= from_t, col(table.day_start) < to_t)
        .where(col(table.figure).in_([f"{group}.{name}" for group in _GROUPS for name in _FIGURES]))
        .group_by(col(table.of), col(table.figure))
    )
    sums: dict[str, dict[str, int]] = defaultdict(dict)
    with db.read() as session:
        for of, figure, n in session.connection().execute(query):
            sums[str(of)][str(figure)] = int(n)
    return {of: BothGroups(*(_group(found, group) for group in _GROUPS)) for of, found in sorted(sums.items())}


def tell_campaigns(db: Database, asked: WebWindow, *, k: int, now: float) -> None:
    """Tells the blocks that are over for AFTER_S by `now` (s UTC): at most once for each day, whoever asks."""
    local = hours_in(asked.timezone)
    until = local.midnight(local.clock(now - SETTLED_S - AFTER_S).date())
    with db.read() as session:
        looked = session.get(RopoWaitTable, (asked.store, ALL, _LOOKED))
        seen = None if looked is None else looked.since
        if seen is not None and seen >= until:
            return
        mine = select_rows(RopoWaitTable).where(
            col(RopoWaitTable.store) == asked.store, col(RopoWaitTable.figure) == _UNTIL
        )
        reached = {row.of: row.since for row in session.exec(mine)}
        moments = moments_of(session, asked, since=0.0, until=until, now=now)
    rows: list[dict[str, object]] = []
    waits = [_wait(asked.store, ALL, _LOOKED, until)]
    for campaign, of in sorted(moments.items()):
        fresh = [m for m in of if m.at >= reached.get(campaign, 0.0)]
        for end, both in cut_moments(fresh, k, day_end(local)):
            day = local.midnight(local.clock(end - 1.0).date())
            rows += _rows(asked.store, day, campaign, both)
            reached[campaign] = end
        waits.append(_wait(asked.store, campaign, _UNTIL, reached.get(campaign, 0.0)))
    with db.write() as session:
        named_lock(session, f"ropo.{asked.store}")
        row = session.get(RopoWaitTable, (asked.store, ALL, _LOOKED), populate_existing=True)
        if (None if row is None else row.since) != seen:
            return  # somebody else has told of it meanwhile
        upsert(session, RopoDayTable, rows, add=("n",))
        upsert(session, RopoWaitTable, waits, replace=("since",))


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
        .where((col(made.outcome) == DecisionOutcome.ISSUE) | (col(made.reason) == DecisionReason.HOLDOUT))
        .order_by(col(made.at))
    )
    out: dict[tuple[str, str], tuple[float, bool]] = {}
    for campaign, who, at, reason in session.connection().execute(query):
        out.setdefault((str(campaign), str(who)), (float(at), reason == DecisionReason.HOLDOUT))
    return out


def _rows(store: str, day: float, campaign: str, both: BothGroups) -> list[dict[str, object]]:
    said = {
        f"{group}.{name}": round(getattr(sums, name) * (MILLI if name.startswith("stopped") else 1))
        for group, sums in zip(_GROUPS, (both.treated, both.held_out), strict=True)
        for name in _FIGURES
    }
    return [
        {"store": store, "day_start": day, "of": campaign, "figure": figure, "n": n, "ambiguous": 0.0}
        for figure, n in said.items()
    ]


def _group(found: Mapping[str, int], group: str) -> GroupSums:
    n, bought, stopped, squares = (found.get(f"{group}.{name}", 0) for name in _FIGURES)
    return GroupSums(n, bought, stopped / MILLI, squares / MILLI)


def _wait(store: str, of: str, figure: str, since: float) -> dict[str, object]:
    nothing = {"n": 0.0, "ambiguous": 0.0, "before": 0}
    return {"store": store, "of": of, "figure": figure, "since": since, **nothing}
