"""Products that a shopper stops at: shown to them alone, and erased for good, by product or with their zone."""

from __future__ import annotations

from engine.storage.database import Database
from engine.storage.models.visits import ProductStopTable
from engine.storage.people.rights import restrict
from engine.storage.presence.own_spots import erase_spot
from engine.storage.presence.own_stops import erase_stops, find_own_stops
from tests.engine.storage.scenes import NOW, STORE, shopper

DAY_S = 86_400.0


def stop(db: Database, who: str, *skus: str) -> None:
    with db.write() as session:
        for n, sku in enumerate(skus):
            at = NOW - n * DAY_S
            session.add(ProductStopTable(store=STORE, shopper_id=who, sku=sku, at=at, chance=0.9))


def seen(db: Database, who: str) -> list[tuple[str, str, int]]:
    return [(store, one.sku, one.visits) for store, one in find_own_stops(db, who, [STORE], NOW)]


def test_her_own_and_erased_line_by_line(db: Database) -> None:
    who, other = shopper(db).shopper_id, shopper(db).shopper_id
    stop(db, who, "coat", "coat", "hat", "hat", "bag")
    stop(db, other, "coat")
    assert seen(db, who) == [(STORE, "coat", 2), (STORE, "hat", 2)]
    assert find_own_stops(db, who, ["another"], NOW) == []
    assert seen(db, other) == []
    assert [erase_stops(db, who, STORE, ["coat"]) for _ in range(2)] == [True, False]
    assert seen(db, who) == [(STORE, "hat", 2)]
    assert erase_spot(db, who, STORE, "hats", NOW, ["hat", "cap"]), "nothing of the zone, and stops at its products"
    assert seen(db, who) == []
    assert not erase_stops(db, "nobody", STORE, ["coat"])
    stop(db, other, "coat")
    restrict(db, other, NOW)
    assert seen(db, other) == []
