"""Which coupons should fire, and when: true places against campaigns, in the simulator's own geometry.

A coupon is due when somebody has been at a campaign's place for its least dwell. What becomes of it (one coupon a
visit, caps, budgets) `simulators.truth.coupon_rules` says, a referee of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import shapely

from engine.config import OffersConfig
from engine.files.outcomes import CouponTable
from engine.offers.campaigns import Campaign, CampaignState
from engine.records import Bools
from simulators.truth.coupon_rules import DueCoupon, Fate, Person, fates
from simulators.truth.truth import Episode, Positions, episodes_at
from simulators.world import World

BLINK_S = 3.0
"""Who steps out of a place and back within a scan has not left it."""


def coupons(
    world: World, at: Positions, campaigns: Sequence[Campaign], offers: OffersConfig | None = None
) -> CouponTable:
    """Every stay at a running campaign's place that lasts as long as the campaign asks, of phones that are heard.

    Whoever scores decisions that heed consent looks at the rows of those who gave it: caps are each shopper's own.
    `outcome` and `reason` are those of a decision taken at `due_at` by somebody who knows the truth, all phones being
    those of consenting shoppers on one visit each.
    """
    start_t = world.scenario.starts_at.timestamp()
    due = []
    for campaign in campaigns:
        if campaign.state is not CampaignState.RUNNING:
            continue
        stays = episodes_at(at, campaign.id, np.flatnonzero(_present(world, at, campaign)))
        long_enough = (s for s in _join_blinks(stays) if s.until_s - s.since_s >= campaign.min_dwell_s)
        heard = [s for s in long_enough if world.phones.connected[s.shopper]]
        due += [(DueCoupon(start_t + s.since_s + campaign.min_dwell_s, s.shopper, campaign), s) for s in heard]
    due.sort(key=lambda d: (d[0].at, d[0].shopper, d[0].campaign.id))
    said = fates([d for d, _ in due], _people(world), world.plan, offers or OffersConfig())
    return _table(world, due, said)


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


def _join_blinks(stays: Sequence[Episode]) -> list[Episode]:
    out: list[Episode] = []
    for stay in stays:
        if out and out[-1].shopper == stay.shopper and stay.since_s - out[-1].until_s <= BLINK_S:
            out[-1] = Episode(stay.shopper, stay.place, out[-1].since_s, stay.until_s)
        else:
            out.append(stay)
    return out


def _people(world: World) -> dict[int, Person]:
    """Everybody by number: known to the store since they came in."""
    start_t, locale = world.scenario.starts_at.timestamp(), world.scenario.phones.locale
    return {i: Person(j.shopper.name, locale, start_t + j.start_s) for i, j in enumerate(world.journeys)}


def _table(
    world: World, due: Sequence[tuple[DueCoupon, Episode]], said: Mapping[tuple[float, int, str], Fate]
) -> CouponTable:
    names, start_t = world.device_names(), world.scenario.starts_at.timestamp()
    places = [d.campaign.place for d, _ in due]
    decided = [said[d.at, d.shopper, d.campaign.id] for d, _ in due]
    return CouponTable(
        device=np.array([names[s.shopper] for _, s in due], np.str_),
        campaign_id=np.array([d.campaign.id for d, _ in due], np.str_),
        place=np.array([p.product or p.zone or "store" for p in places], np.str_),
        since=np.array([start_t + s.since_s for _, s in due], np.float64),
        until=np.array([start_t + s.until_s for _, s in due], np.float64),
        due_at=np.array([d.at for d, _ in due], np.float64),
        outcome=np.array([outcome for outcome, _ in decided], np.str_),
        reason=np.array([reason for _, reason in decided], np.str_),
    )
