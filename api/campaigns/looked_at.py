"""A campaign looked at before it is saved: the law, what it can promise at its place, and whether it can ever speak."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from math import floor
from typing import Any
from zoneinfo import ZoneInfo

import shapely

from api.campaigns.desk import BODY, read_campaign, segment_names
from api.campaigns.mistakes import form_field
from api.context import AppContext
from api.texts.catalogue import words
from api.texts.language import Language
from api.texts.numbers import number, whole_percent
from engine.errors import Problem
from engine.offers.campaigns import Campaign, CampaignPlace
from engine.offers.caps import Limits
from engine.offers.decide import worth_of
from engine.offers.foretold.never import NeverReason, never_fires
from engine.plan.drawing.draw import draw_svg
from engine.plan.model import Plan
from engine.runtime.promised.foresight import Foresight, Foretold
from engine.storage.vouchers.hq.limits import hq_findings

KEPT = 200  # promises of places that somebody looked at
RING = 'fill="#f2a71b" fill-opacity="0.35" stroke="#a93414" stroke-width="0.15"'


@dataclass(frozen=True, slots=True)
class LookedAt:
    """What there is to say of a campaign that was typed. `campaign` is None where it has no form yet."""

    campaign: Campaign | None
    wrong: list[Problem]
    never: list[NeverReason]
    told: Foretold | None


class Foresights:
    """What plans say of places, worked out once each. Thread-safe."""

    def __init__(self) -> None:
        self._of: dict[str, Foresight] = {}
        self._told: OrderedDict[tuple[Any, ...], Foretold] = OrderedDict()
        self._lock = threading.Lock()

    def foretell(self, plan: Plan, campaign: Campaign) -> Foretold | None:
        """What the campaign can promise at its place; None in a store without access points."""
        if not plan.access_points:
            return None
        key = _key(plan, campaign)
        with self._lock:
            if key not in self._told:
                if plan.store not in self._of:
                    self._of[plan.store] = Foresight(plan)
                self._told[key] = self._of[plan.store].foretell(campaign)
                while len(self._told) > KEPT:
                    self._told.popitem(last=False)
            return self._told[key]

    def has_told(self, plan: Plan, campaign: Campaign) -> bool:
        """Whether that costs nothing more."""
        with self._lock:
            return not plan.access_points or _key(plan, campaign) in self._told


def look_at(
    ctx: AppContext, foresights: Foresights, store: str, body: dict[str, Any], typed: list[Problem]
) -> LookedAt:
    """Everything about a body that a form gave; `typed` is what could not be read of it."""
    plan, now = ctx.plan(store), time.time()
    campaign, wrong = read_campaign(body, plan, now, segment_names(ctx))
    wrong += [] if campaign is None else hq_findings(ctx.db, store, campaign, BODY)
    names = {p.place.rpartition(".")[2] for p in typed}
    wrong = typed + [p for p in wrong if form_field(p.place.removeprefix(f"{BODY}.")) not in names]
    if campaign is None or typed or not _is_on(campaign.place, plan):
        return LookedAt(campaign if not typed else None, wrong, [], None)
    told = foresights.foretell(plan, campaign)
    return LookedAt(campaign, wrong, find_never(ctx, store, campaign, told, now), told)


def promise_words(told: Foretold, lang: Language) -> str:
    """How many of ten triggers are right, how many of ten stays get one, or what to take instead."""
    t, given = words(lang), told.promise
    come = number(round(10 * given.recall), lang)
    # where a word is not kept, rounding up would say in one breath that it is
    whole = round if given.threshold is not None else floor
    right, low = (number(whole(10 * p), lang) for p in (given.precision, given.precision_low))
    said = [t.campaigns.right.format(n=right, low=low)]
    if given.threshold is not None:
        said.append(t.campaigns.come.format(n=come, p=number(given.threshold, lang, 2)))
        said += [t.campaigns.not_promised] if told.asked is None else []
        return " ".join(said)
    said.append(t.campaigns.not_kept.format(p=whole_percent(told.asked or 0.0, lang)))
    others = [t.place_remedies[r.kind].format(value=r.value, name=r.name) for r in told.instead]
    said.append(f"{t.campaigns.instead} {', '.join(others)}." if others else t.campaigns.nothing_near)
    return " ".join(said)


def find_never(ctx: AppContext, store: str, campaign: Campaign, told: Foretold | None, now: float) -> list[NeverReason]:
    """Why the campaign can never give anything out in this store."""
    plan, offers = ctx.plan(store), ctx.config.offers
    limits = Limits(offers.per_visit, offers.per_day, offers.per_week)
    worth = worth_of(campaign, plan)
    unknown = worth == 0 and campaign.offer.applies_to != "product"  # of a basket nobody knows before
    return list(
        never_fires(
            campaign,
            now,
            ZoneInfo(plan.timezone),
            limits,
            worth_minor=1 if unknown else worth,
            reachable=told is None or told.promise.precision > 0,
            promise=None if told is None else told.promise,
            asked=any(a.startswith("location_offers:") for a in ctx.config.privacy.asked),
        )
    )


def draw_place(plan: Plan, place: CampaignPlace, width_px: int) -> str:
    """The level of the place as SVG, with the place lit. A product's ring is drawn as the crow flies."""
    if place.product is not None and place.radius_m is not None:
        p = plan.product_by_sku[place.product]
        ring, floor = shapely.Point(p.x_m, p.y_m).buffer(place.radius_m), plan.levels[plan.level_index[p.level]].polygon
        shape, level = ring.intersection(floor), p.level
        mark = f'<circle cx="{p.x_m:.2f}" cy="{p.y_m:.2f}" r="0.3" fill="#a93414"/>'
    elif place.zone is not None:
        zone = plan.zones[plan.zone_index[place.zone]]
        shape, level, mark = zone.polygon, zone.level, ""
    else:
        ground = min(plan.levels, key=lambda lv: (lv.ordinal != 0, lv.ordinal))
        shape, level, mark = ground.polygon, ground.id, ""
    return draw_svg(
        plan, level=level, layers=[f'<path d="{_path(shape)}" {RING}/>{mark}'], width_px=width_px, signs=False
    )


def _key(plan: Plan, campaign: Campaign) -> tuple[Any, ...]:
    return (plan.store, campaign.place, campaign.precision or (campaign.min_probability,))


def _is_on(place: CampaignPlace, plan: Plan) -> bool:
    return (place.product is None or place.product in plan.product_by_sku) and (
        place.zone is None or place.zone in plan.zone_index
    )


def _path(shape: shapely.Geometry) -> str:
    parts = [part for part in shapely.get_parts(shape) if isinstance(part, shapely.Polygon)]
    rings = [ring for part in parts for ring in (part.exterior, *part.interiors)]
    return "".join("M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in ring.coords) + "Z" for ring in rings)
