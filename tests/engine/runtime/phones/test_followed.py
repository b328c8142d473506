"""From the entrance to the staff's page: a seeded street of shoppers whose orders wait, second by second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from shapely.geometry import Point

from engine.commerce.records import Customer, Order
from engine.offers.audience import LinkedShopper
from engine.plan.cells import Cells
from engine.plan.model import Opening, Plan
from engine.privacy.consent import ConsentChoice
from engine.records import Fixes
from engine.runtime.phones.followed import FollowedPhones
from engine.storage.accounts.audit import COMMAND
from engine.storage.clerks.pickups import follow_orders, hand_over, pickup_code, waiting_pickups
from engine.storage.commerce.events import keep_events
from engine.storage.database import Database, open_database
from engine.storage.models.identity import IdentifierTable
from engine.storage.people.shoppers import linked_devices, set_consents
from engine.vocabulary import OrderState, PickupState
from tests.databases import new_sqlite
from tests.engine.presence.test_arrivals import CELLS, SITE, comes_in, passes
from tests.engine.storage.scenes import NOW, PAGE, SECRET, STORE, TELLING, shopper

COMES = ConsentChoice("pickup", "any", True)
DESK = Opening("desk", "ground", "pickup", Point(20.0, 16.0))
SHOP = replace(SITE, store=STORE, openings=(*SITE.openings, DESK))
PEOPLE = 40
PAGE_S = 1.0
"""How often the staff's page is told."""


@dataclass
class OpenStore:
    """A store that runs, whatever it runs on."""

    linked: Mapping[int, LinkedShopper]
    plan: Plan = SHOP
    cells: Cells = CELLS

    def linked_shoppers(self) -> Mapping[int, LinkedShopper]:
        return self.linked

    def zones_of(self, device: int) -> Sequence[tuple[str, float]]:
        return ()


@pytest.fixture
def lite(tmp_path: Path) -> Database:
    return open_database(new_sqlite(tmp_path / "rayon.db"))


def order(db: Database, device: int, *consents: ConsentChoice) -> str:
    """Somebody with this phone, and an order that waits for them."""
    who, digest = shopper(db, device, consents=consents).shopper_id, f"{device:064}"
    with db.write() as session:
        session.add(IdentifierTable(kind="email", digest=digest, shopper_id=who, sealed="", verified_at=NOW))
    ready = Order("web", str(device), 1, NOW, OrderState.READY, "EUR", 1, (), Customer(email=digest), STORE)
    keep_events(db, [ready], NOW)
    return who


def later(fixes: Fixes, by_s: float) -> Fixes:
    columns = {name: getattr(fixes, name) for name in Fixes.__dataclass_fields__}
    return Fixes(**columns | {"t": fixes.t + by_s})


def run(db: Database, ways: Sequence[Fixes]) -> dict[str, float]:
    """The evening, second by second: when the staff's page first calls each order (s of the store's clock)."""
    street = Fixes.concat(list(ways))
    store, phones, called = OpenStore(linked_devices(db, STORE)), FollowedPhones(db, TELLING, lambda do, *a: do(*a)), {}
    for second in range(int(street.t.min() - NOW), int(street.t.max() - NOW) + 2):
        now = NOW + second
        for one in waiting_pickups(db, STORE) if second % PAGE_S == 0 else ():
            if one.state is PickupState.ARRIVED:
                called.setdefault(one.order_id, now)
        phones.see(store, street.take(np.flatnonzero((street.t > now - 1) & (street.t <= now))), now)
    return called


def test_95_of_100_are_called_within_ten_seconds_of_the_entrance(lite: Database) -> None:
    rng, doors, ways = np.random.default_rng(8), {}, []
    for device in range(1, PEOPLE + 1):
        order(lite, device, PAGE, COMES)
        seen, at_door = comes_in(rng, device)
        ways.append(later(seen, NOW + device))
        doors[str(device)] = NOW + device + at_door
    follow_orders(lite, NOW, secret=SECRET)
    called = run(lite, ways)
    after_s = [called.get(name, NOW + 900) - at for name, at in doors.items()]
    assert float(np.quantile(after_s, 0.95)) <= 10.0, np.quantile(after_s, [0.5, 0.9, 0.95])


def test_nobody_is_called_who_passes_by_or_did_not_agree_or_has_the_order(lite: Database) -> None:
    rng = np.random.default_rng(9)
    for device, consents in ((1, (PAGE, COMES)), (2, (PAGE,)), (3, (PAGE, COMES)), (4, (PAGE, COMES))):
        who = order(lite, device, *consents)
        if device == 4:
            set_consents(lite, who, [ConsentChoice("pickup", "any", False)], "2026-11-29", "me", NOW)
    follow_orders(lite, NOW, secret=SECRET)
    hand_over(lite, STORE, pickup_code(SECRET, "web", "3"), COMMAND, NOW, secret=SECRET)
    ways = [passes(rng, 1), *(comes_in(rng, device)[0] for device in (2, 3, 4))]
    assert run(lite, [later(way, NOW) for way in ways]) == {}
