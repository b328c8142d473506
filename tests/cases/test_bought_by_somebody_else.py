"""A receipt was corrected because the till had scanned the wrong card, and the points stayed with the wrong customer.

In: a coat of 100 euros on one card; then a version that names another, before and after some points were spent, with
other amounts, with a card that nobody has proved yet, with no card at all. Right: all points of it are the other's, and
what was spent is owed; returns after that take them from the other; who is not known yet gets them once they are.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.commerce.records import NOBODY, Customer
from engine.loyalty.earning import EarnRule, Tier
from engine.loyalty.ledger import PROGRAMME, Balance
from engine.storage.commerce.events import keep_events
from engine.storage.database import Database
from engine.storage.loyalty.proof import prove
from engine.storage.loyalty.purchases import qualifying_points
from engine.storage.loyalty.spending import spend
from engine.storage.people.merges import merge_in, split
from engine.vocabulary import IdentifierKind
from tests.engine.storage.programme.told import (
    DAY_S,
    HER_CARD,
    RULES,
    TERMS,
    brought,
    earn,
    has_card,
    points,
    prove_card,
    receipt,
)
from tests.engine.storage.scenes import NOW, shopper

OTHER = "d" * 64
ANOTHER = Customer(card=OTHER)


@pytest.fixture
def two(db: Database) -> tuple[str, str]:
    """Whose card was scanned, and who bought."""
    first, second = shopper(db), shopper(db)
    has_card(db, first.shopper_id)
    has_card(db, second.shopper_id, OTHER)
    keep_events(db, [receipt("r", 10_000)], NOW)
    earn(db)
    assert points(db, first.member_id) == Balance(100, 0)
    return first.member_id, second.member_id


def test_the_points_move_and_what_was_spent_is_owed(db: Database, two: tuple[str, str]) -> None:
    first, second = two
    spend(db, "s", PROGRAMME, [first], 30, NOW)
    keep_events(db, [receipt("r", 9_000, version=2, who=ANOTHER)], NOW)
    for _ in range(2):
        earn(db, NOW + 1)
    assert points(db, first) == Balance(0, 0, 30)
    assert points(db, second) == Balance(90, 0)
    assert [qualifying_points(db, [who], 0.0) for who in two] == [0, 90]
    keep_events(db, [brought("b", "r", (0, 4_000))], NOW)
    earn(db, NOW + 2)
    assert points(db, second) == Balance(50, 0)
    keep_events(db, [receipt("r", 9_000, version=3)], NOW)
    earn(db, NOW + 3)
    assert [points(db, who) for who in two] == [Balance(20, 0), Balance(0, 0)]
    assert [qualifying_points(db, [who], 0.0) for who in two] == [50, 0]
    assert prove(db).holds


def test_what_waits_goes_on_waiting_with_its_new_owner(db: Database, two: tuple[str, str]) -> None:
    slow = replace(RULES, terms=replace(TERMS, pending_s=DAY_S))
    keep_events(db, [receipt("w", 5_000)], NOW)
    earn(db, NOW, slow)
    keep_events(db, [receipt("w", 5_000, version=2, who=ANOTHER)], NOW)
    earn(db, NOW, slow)
    assert [points(db, who) for who in two] == [Balance(100, 0), Balance(0, 50)]


def test_who_is_not_known_yet_gets_them_once_they_are(db: Database, two: tuple[str, str]) -> None:
    first, _ = two
    late = shopper(db)
    keep_events(db, [receipt("r", 8_000, version=2, who=Customer(card="e" * 64))], NOW)
    earn(db, NOW + 1)
    assert points(db, first) == Balance(80, 0)
    prove_card(db, late.shopper_id, NOW + 2, "e" * 64)
    earn(db, NOW + 3)
    assert [points(db, who) for who in (first, late.member_id)] == [Balance(0, 0), Balance(80, 0)]
    assert prove(db).holds


@pytest.mark.parametrize("who", [NOBODY, HER_CARD])
def test_nobody_and_the_same_move_nothing(db: Database, two: tuple[str, str], who: Customer) -> None:
    first, second = two
    keep_events(db, [receipt("r", 8_000, version=2, who=who)], NOW)
    earn(db, NOW + 1)
    assert [points(db, who) for who in (first, second)] == [Balance(80, 0), Balance(0, 0)]


def test_two_profiles_of_one_person_are_no_other(db: Database) -> None:
    old, new = shopper(db), shopper(db)
    has_card(db, old.shopper_id)
    has_card(db, new.shopper_id, OTHER)
    keep_events(db, [receipt("r", 10_000)], NOW)
    earn(db)
    with db.write() as session:
        merge = merge_in(session, new.shopper_id, old.shopper_id, IdentifierKind.CARD, NOW + 1)
    keep_events(db, [receipt("r", 9_000, version=2, who=ANOTHER)], NOW)
    earn(db, NOW + 2)
    assert [points(db, who.member_id) for who in (old, new)] == [Balance(90, 0), Balance(0, 0)]
    split(db, merge, new.shopper_id, NOW + 3)
    keep_events(db, [receipt("r", 9_000, version=3, who=ANOTHER)], NOW)
    earn(db, NOW + 4)
    assert [points(db, who.member_id) for who in (old, new)] == [Balance(0, 0), Balance(90, 0)]


def test_points_are_by_the_tier_of_who_bought(db: Database, two: tuple[str, str]) -> None:
    rules = (*TERMS.rules, EarnRule(1, 100, "EUR", tiers=frozenset({"gold"})))
    twice = replace(RULES, terms=replace(TERMS, rules=rules, tiers=(Tier("gold", 50),)))
    keep_events(db, [receipt("g", 3_000)], NOW)
    earn(db, NOW, twice)
    assert points(db, two[0]) == Balance(160, 0)  # her hundred made her gold
    keep_events(db, [receipt("g", 3_000, version=2, who=ANOTHER)], NOW)
    earn(db, NOW, twice)
    assert [points(db, who) for who in two] == [Balance(100, 0), Balance(30, 0)]
