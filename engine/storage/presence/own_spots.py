"""A shopper's own hot spots, from the stays they agreed to and the store's own figures; and those that they erased.

Nothing is kept of a spot: it is made when it is looked at. Of an erased one it is kept that it was, as long as there
may be stays of before. There are none for who has their data at rest, or agrees to no offers by place any more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import func
from sqlmodel import Session, col, select

from engine.presence.own.spots import DAY_S, OwnSpot, OwnStay, PeoplesDwell, drop_erased, own_spots
from engine.privacy.consent import allows_targeting
from engine.storage.database import Database
from engine.storage.figures.segment_spans import look_again
from engine.storage.models.shoppers import ShopperTable
from engine.storage.models.visits import ErasedSpotTable, VisitTable, ZoneHourTable
from engine.storage.people.shoppers import grants_of
from engine.storage.presence.own_stops import erase_stops_in

STAYS_S = 365 * DAY_S
"""How far stays are looked at: before that they weigh less than 2 % of one of today."""
PEOPLE_S = 90 * DAY_S
MOST_STAYS = 2_000


def spots_of(
    db: Database, shopper_id: str, zones: Mapping[str, Collection[str]], now: float
) -> list[tuple[str, OwnSpot]]:
    """(store, spot), the strongest first, of the `zones` of each store that anybody may linger in."""
    with db.read() as session:
        found = [(store, spot) for store in zones for spot in spots_in(session, shopper_id, store, zones[store], now)]
    return sorted(found, key=lambda pair: (-pair[1].ratio, pair[0], pair[1].zone))


def spots_in(session: Session, shopper_id: str, store: str, zones: Collection[str], now: float) -> list[OwnSpot]:
    """Those of one store, the strongest first. One statement for who has no stay there, five at most."""
    stays = _stays(session, shopper_id, store, now)
    mine = {stay.zone for stay in stays} & set(zones)
    if not mine or not _may(session, shopper_id):
        return []
    spots = own_spots(stays, _people(session, store, mine, now), _read_erased(session, shopper_id, store), now)
    return [spot for spot in spots if spot.zone in mine]


def erase_spot(db: Database, shopper_id: str, store: str, zone: str, now: float, skus: Collection[str] = ()) -> bool:
    """The stays of the visits so far say nothing of this zone any more, and stops at its products, `skus`, are gone.
    Whether there was anything to be said of."""
    with db.write() as session:
        if session.get(ShopperTable, shopper_id, with_for_update=True) is None:
            return False
        gone = erase_stops_in(session, shopper_id, store, skus)
        stays = drop_erased(_stays(session, shopper_id, store, now), _read_erased(session, shopper_id, store))
        if all(stay.zone != zone for stay in stays):
            return gone
        session.add(ErasedSpotTable(shopper_id=shopper_id, store=store, zone=zone, at=now))
        look_again(session, [shopper_id])
        return True


def _may(session: Session, shopper_id: str) -> bool:
    shopper = session.get(ShopperTable, shopper_id)
    return shopper is not None and shopper.restricted_at is None and allows_targeting(grants_of(session, shopper_id))


def _stays(session: Session, shopper_id: str, store: str, now: float) -> list[OwnStay]:
    visit = VisitTable
    mine = (
        select(visit)
        .where(col(visit.shopper_id) == shopper_id, col(visit.store) == store, col(visit.started_at) > now - STAYS_S)
        .order_by(col(visit.started_at).desc())
        .limit(MOST_STAYS)
    )
    return [OwnStay(r.zone, r.store_visit_id, r.started_at, r.ended_at, r.dwell_s) for r in session.exec(mine)]


def _people(session: Session, store: str, zones: Collection[str], now: float) -> dict[str, PeoplesDwell]:
    hour = ZoneHourTable
    sums = (
        select(hour.zone, func.sum(col(hour.visits)), func.sum(col(hour.dwell_s_sum)))
        .where(col(hour.store) == store, col(hour.hour_start) > now - PEOPLE_S, col(hour.zone).in_(zones))
        .group_by(col(hour.zone))
    )
    return {zone: PeoplesDwell(int(visits), float(dwell_s)) for zone, visits, dwell_s in session.exec(sums)}


def _read_erased(session: Session, shopper_id: str, store: str) -> dict[str, float]:
    gone = ErasedSpotTable
    marks = (
        select(gone.zone, func.max(col(gone.at)))
        .where(col(gone.shopper_id) == shopper_id, col(gone.store) == store)
        .group_by(col(gone.zone))
    )
    return {zone: float(at) for zone, at in session.exec(marks)}
