"""What is done with fixes of phones whose shoppers agreed: their page's map, and the call for an order that waits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

from engine.offers.audience import LinkedShopper
from engine.plan.cells import Cells
from engine.plan.model import Plan
from engine.plan.pickup_places import pickup_place
from engine.presence.arrivals import ArrivalWatch
from engine.privacy.consent import allows
from engine.records import Fixes
from engine.runtime.phones.last_places import LastPlaces
from engine.storage.clerks.pickups import expected_shoppers, note_arrival
from engine.storage.database import Database
from engine.storage.last_places import note_places
from engine.storage.messages.decisions import Telling
from engine.vocabulary import Channel, Purpose

LOOK_S = 1.0
"""How often it is asked whose orders wait: an order that becomes ready is known within this and what its event took."""


class FollowedStore(Protocol):
    """A store that runs."""

    @property
    def plan(self) -> Plan:
        """Its plan."""

    @property
    def cells(self) -> Cells:
        """Where one can walk."""

    def linked_shoppers(self) -> Mapping[int, LinkedShopper]:
        """The devices of shoppers who agreed to offers by location, and whose they are."""

    def zones_of(self, device: int) -> Sequence[tuple[str, float]]:
        """The zones that a device is in now, and since when (s UTC)."""


class FollowedPhones:
    """Used by the engine's thread. `patiently` calls what needs the database until it is there."""

    def __init__(self, db: Database, telling: Telling, patiently: Callable[..., object]) -> None:
        self._db, self._telling, self._patiently = db, telling, patiently
        self._places = LastPlaces()
        self._arrivals: dict[str, ArrivalWatch] = {}
        self._expected: dict[str, dict[str, str]] = {}
        self._looked: dict[str, float] = {}

    def see(self, store: FollowedStore, fixes: Fixes, now: float) -> None:
        """New fixes of a store."""
        links = store.linked_shoppers()
        places = self._places.worth_noting(store.plan, fixes, links, now, store.zones_of)
        if places:
            self._patiently(note_places, self._db, places)
        if links and len(fixes):
            self._patiently(self._look, store.plan.store, now)
            self._call(store, fixes, links, now)

    def _look(self, store: str, now: float) -> None:
        if not 0 <= now - self._looked.get(store, 0.0) < LOOK_S:
            self._expected[store] = expected_shoppers(self._db, store)
            self._looked[store] = now

    def _call(self, store: FollowedStore, fixes: Fixes, links: Mapping[int, LinkedShopper], now: float) -> None:
        """Whoever came in for an order, and agreed that this is told."""
        plan, expected = store.plan, self._expected[store.plan.store]
        devices = {
            device: _at_drive(plan, expected[who.shopper_id])
            for device, who in (links.items() if expected else ())
            if who.shopper_id in expected and allows(who.consents, Purpose.PICKUP, Channel.ANY)
        }
        if plan.store not in self._arrivals:
            if not devices:
                return
            self._arrivals[plan.store] = ArrivalWatch(plan, store.cells)
        for arrival in self._arrivals[plan.store].update(fixes, devices):
            who = links[int(arrival.device)].shopper_id
            called = partial(note_arrival, telling=self._telling)
            self._patiently(called, self._db, plan.store, who, arrival.entered_at, now)
            expected.pop(who, None)


def _at_drive(plan: Plan, place: str) -> bool:
    found = pickup_place(plan, place)
    return found is not None and found.category == "drive"
