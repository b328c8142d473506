"""Visits earn once a day and store, when they are over and were none to the pavement; never of before."""

from __future__ import annotations

from dataclasses import replace

from engine.loyalty.ledger import Balance
from engine.storage.database import Database
from engine.storage.models.visits import VisitTable
from engine.storage.programme.visits import earn_from_visits
from tests.engine.storage.programme.told import DAY_S, RULES, points
from tests.engine.storage.scenes import NOW, STORE, shopper

VISITS = replace(RULES, terms=replace(RULES.terms, per_visit=5), visit_min_s=120.0)


def stay(db: Database, shopper_id: str, visit: str, zone: str, began: float, dwell_s: float) -> None:
    with db.write() as session:
        session.add(
            VisitTable(
                store=STORE,
                shopper_id=shopper_id,
                zone=zone,
                store_visit_id=visit,
                started_at=began,
                ended_at=began + dwell_s,
                dwell_s=dwell_s,
            )
        )


def test_a_visit_earns_once_a_day_and_only_once_it_is_long_enough(db: Database) -> None:
    who = shopper(db)
    stay(db, who.shopper_id, "before", "door", NOW, 600)
    assert [earn_from_visits(db, VISITS, NOW) for _ in range(2)] == [0, 0]
    stay(db, who.shopper_id, "v1", "door", NOW + 1_000, 60)
    assert earn_from_visits(db, VISITS, NOW + 1_100) == 0
    stay(db, who.shopper_id, "v1", "shoes", NOW + 1_100, 90)
    stay(db, who.shopper_id, "v2", "shoes", NOW + 3_000, 900)
    assert [earn_from_visits(db, VISITS, NOW + 4_000) for _ in range(2)] == [1, 0]
    stay(db, who.shopper_id, "v3", "shoes", NOW + DAY_S, 900)
    assert earn_from_visits(db, VISITS, NOW + DAY_S + 1_000) == 1
    assert points(db, who.member_id) == Balance(10, 0)


def test_without_a_rule_nothing_is_looked_at(db: Database) -> None:
    who = shopper(db)
    stay(db, who.shopper_id, "v1", "door", NOW, 600)
    assert earn_from_visits(db, RULES, NOW) == 0
