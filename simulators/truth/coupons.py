"""Which coupons should fire, and when: true places against campaigns, in the simulator's own geometry.

A trigger is due when somebody has been at a campaign's place for its least dwell. What becomes of it (one coupon a
visit, caps, budgets) follows from the same business rules as in the engine, told the truth: P(place) is 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
import shapely

from engine.config import OffersConfig
from engine.files.outcomes import CouponTable
from engine.offers.audience import LinkedShopper
from engine.offers.campaigns import Campaign
from engine.offers.caps import Limits
from engine.offers.claims import Claims
from engine.offers.decide import by_event, campaign_book, decide
from engine.privacy.consent import Grants
from engine.records import Bools, Decision, DeviceId, Trigger
from simulators.truth.truth import Episode, Positions, episodes_at
from simulators.world import World

BLINK_S = 3.0
"""Who steps out of a place and back within a scan has not left it."""

_CONSENTING: Grants = frozenset({("location_offers", "page")})


def coupons(
    world: World, at: Positions, campaigns: Sequence[Campaign], offers: OffersConfig | None = None
) -> CouponTable:
    """Every stay at a running campaign's place that lasts as long as the campaign asks, of phones that are heard.

    Whoever scores decisions that heed consent looks at the rows of those who gave it: caps are each shopper's own.
    `outcome` and `reason` are those of a decision taken at `due_at` by somebody who knows the truth, all phones being
    consenting shoppers with one visit each.
    """
    start_t = world.scenario.starts_at.timestamp()
    due = []
    for campaign in campaigns:
        if campaign.state != "running":
            continue
        stays = episodes_at(at, campaign.id, np.flatnonzero(_present(world, at, campaign)))
        long_enough = (s for s in _unblinked(stays) if s.until_s - s.since_s >= campaign.min_dwell_s)
        due += [_trigger(start_t, campaign, s) for s in long_enough if world.phones.connected[s.shopper]]
    due.sort(key=lambda d: (d[0].at, d[0].device, d[0].campaign_id))
    said = _decided(world, [trigger for trigger, _ in due], campaigns, offers or OffersConfig())
    return _table(world, campaigns, due, said)


def _present(world: World, at: Positions, campaign: Campaign) -> Bools:
    """(n,) who is at the campaign's place."""
    plan, place = world.plan, campaign.place
    if place.product is not None and place.radius_m is not None:
        name = f"product {place.product}"
        return world.store.ways.within(name, at.level, at.x_m, at.y_m, place.radius_m)
    if place.zone is None:
        return np.ones(len(at.t_s), np.bool_)
    zone = plan.zones[plan.zone_index[place.zone]]
    inside: Bools = shapely.intersects_xy(zone.polygon, at.x_m, at.y_m) & (at.level == plan.level_index[zone.level])
    return inside


def _unblinked(stays: Sequence[Episode]) -> list[Episode]:
    out: list[Episode] = []
    for stay in stays:
        if out and out[-1].shopper == stay.shopper and stay.since_s - out[-1].until_s <= BLINK_S:
            out[-1] = Episode(stay.shopper, stay.place, out[-1].since_s, stay.until_s)
        else:
            out.append(stay)
    return out


def _trigger(start_t: float, campaign: Campaign, stay: Episode) -> tuple[Trigger, Episode]:
    at = start_t + stay.since_s + campaign.min_dwell_s
    name = f"{campaign.id}|{stay.shopper}|{stay.since_s:.3f}"
    visit = str(stay.shopper)
    return Trigger(name, campaign.id, DeviceId(stay.shopper), visit, start_t + stay.since_s, at, 1.0, at), stay


def _decided(
    world: World, due: Sequence[Trigger], campaigns: Sequence[Campaign], offers: OffersConfig
) -> dict[str, Decision]:
    """The final decision of each trigger, by its id, taken at the time of each."""
    book = campaign_book(campaigns, world.plan)
    claims = Claims({c.id: c for c in campaigns}, Limits(offers.per_visit, offers.per_day, offers.per_week))
    start_t = world.scenario.starts_at.timestamp()
    people = {
        i: LinkedShopper(j.shopper.name, _CONSENTING, world.scenario.phones.locale, start_t + j.start_s)
        for i, j in enumerate(world.journeys)
    }
    out: dict[str, Decision] = {}
    for now, together in groupby(due, key=lambda t: t.at):
        judged = decide(list(together), book, people, now)
        final = [d for d in judged if d.outcome == "refuse"]
        for event in by_event(judged):
            final += claims.claim(event, now)
        out |= {d.trigger.trigger_id: d for d in final}
    return out


def _table(
    world: World, campaigns: Sequence[Campaign], due: Sequence[tuple[Trigger, Episode]], said: dict[str, Decision]
) -> CouponTable:
    names, start_t = world.device_names(), world.scenario.starts_at.timestamp()
    places = {c.id: c.place.product or c.place.zone or "store" for c in campaigns}
    decisions = [said[t.trigger_id] for t, _ in due]
    return CouponTable(
        device=np.array([names[s.shopper] for _, s in due], np.str_),
        campaign_id=np.array([t.campaign_id for t, _ in due], np.str_),
        place=np.array([places[t.campaign_id] for t, _ in due], np.str_),
        since=np.array([t.since for t, _ in due], np.float64),
        until=np.array([start_t + s.until_s for _, s in due], np.float64),
        due_at=np.array([t.at for t, _ in due], np.float64),
        outcome=np.array([d.outcome for d in decisions], np.str_),
        reason=np.array([d.reason for d in decisions], np.str_),
    )
