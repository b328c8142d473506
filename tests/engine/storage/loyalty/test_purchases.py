"""Points of purchases: once, in a lot with an end; spent soonest end first; returned from the same lot or owed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date

import pytest

from engine.errors import NotFound
from engine.loyalty.earning import EarnRule, Tier
from engine.loyalty.ledger import PROGRAMME, Balance
from engine.storage.database import Database
from engine.storage.loyalty.expiry import earn_visit, expire_lots
from engine.storage.loyalty.ledger import EntryConflict, NotEnoughPoints, balance, release_pending, spendable
from engine.storage.loyalty.lots import lots_of
from engine.storage.loyalty.purchases import ReturnTooLarge, qualifying_points
from engine.storage.loyalty.spending import spend
from tests.engine.storage.loyalty.bought import DAY_S, TERMS, back, bought, earn_purchase, return_goods
from tests.engine.storage.scenes import NOW, STORE, at_once

PENDING = replace(TERMS, pending_s=14 * DAY_S)


def held(db: Database, member: str = "m") -> Balance:
    return balance(db, PROGRAMME, member)


def test_a_purchase_earns_once(db: Database) -> None:
    said = at_once(8, lambda _: earn_purchase(db, "m", bought("r", 30, 12), TERMS, UTC, NOW))
    assert said == {"42": 8}
    assert held(db) == Balance(42, 0)
    with pytest.raises(EntryConflict):
        earn_purchase(db, "m", bought("r", 31, 12), TERMS, UTC, NOW)
    with pytest.raises(EntryConflict):
        earn_purchase(db, "another", bought("r", 30, 12), TERMS, UTC, NOW)


def test_points_wait_for_the_time_of_returns(db: Database) -> None:
    earn_purchase(db, "m", bought("r", 30, 12), PENDING, UTC, NOW)
    assert held(db) == Balance(0, 42)
    assert return_goods(db, back("b1", "r", (1, 12)), NOW + DAY_S) == 12
    assert held(db) == Balance(0, 30)
    release_pending(db, NOW + 14 * DAY_S)
    assert held(db) == Balance(30, 0)
    assert return_goods(db, back("b2", "r", (0, 30)), NOW + 15 * DAY_S) == 30
    assert held(db) == Balance(0, 0)


def test_all_returned_while_pending_is_never_released(db: Database) -> None:
    earn_purchase(db, "m", bought("r", 30), PENDING, UTC, NOW)
    return_goods(db, back("b", "r", (0, 30)), NOW)
    assert release_pending(db, NOW + 30 * DAY_S) == 0
    assert held(db) == Balance(0, 0)


def test_a_purchase_heard_of_late_is_available_and_ends_in_its_time(db: Database) -> None:
    earn_purchase(db, "m", bought("r", 30, at=NOW - 20 * DAY_S), PENDING, UTC, NOW)
    assert held(db) == Balance(30, 0)
    assert expire_lots(db, NOW + 345 * DAY_S) == 1


def test_a_purchase_from_the_future_is_of_now(db: Database) -> None:
    earn_purchase(db, "m", bought("r", 30, at=NOW + 900 * DAY_S), TERMS, UTC, NOW)
    assert expire_lots(db, NOW + 365 * DAY_S) == 1


def test_what_ends_first_is_spent_first(db: Database) -> None:
    earn_purchase(db, "m", bought("new", 50), TERMS, UTC, NOW)
    earn_purchase(db, "m", bought("old", 40, at=NOW - 100 * DAY_S), TERMS, UTC, NOW)
    assert spend(db, "s", PROGRAMME, ["m"], 60, NOW + 1) is True
    assert spend(db, "s", PROGRAMME, ["m"], 60, NOW + 2) is False
    with db.read() as session:
        (left,) = lots_of(session, PROGRAMME, ["m"])
    assert (left.available, left.expires_at) == (30, NOW + 365 * DAY_S)
    with pytest.raises(EntryConflict):
        spend(db, "s", PROGRAMME, ["m"], 61, NOW)


def test_points_past_their_end_are_not_spent_even_before_it_is_written_down(db: Database) -> None:
    earn_purchase(db, "m", bought("r", 30), TERMS, UTC, NOW)
    end = NOW + 365 * DAY_S
    assert [spendable(db, PROGRAMME, ["m"], at) for at in (end - 1, end)] == [30, 0]
    with pytest.raises(NotEnoughPoints):
        spend(db, "s", PROGRAMME, ["m"], 1, end)
    assert [expire_lots(db, at) for at in (end - 1, end, end)] == [0, 1, 0]
    assert held(db) == Balance(0, 0)


def test_what_was_spent_and_came_back_is_owed_and_paid_from_what_comes_next(db: Database) -> None:
    earn_purchase(db, "m", bought("r", 100), TERMS, UTC, NOW)
    spend(db, "s", PROGRAMME, ["m"], 80, NOW)
    assert return_goods(db, back("b", "r", (0, 100)), NOW) == 100
    assert held(db) == Balance(0, 0, 80)
    earn_purchase(db, "m", bought("r2", 50), TERMS, UTC, NOW)
    assert held(db) == Balance(0, 0, 30)
    earn_purchase(db, "m", bought("r3", 50), TERMS, UTC, NOW)
    assert held(db) == Balance(20, 0)


def test_a_debt_is_paid_at_once_from_other_lots(db: Database) -> None:
    earn_purchase(db, "m", bought("r1", 100), TERMS, UTC, NOW)
    earn_purchase(db, "m", bought("r2", 100, at=NOW + 1), TERMS, UTC, NOW + 1)
    spend(db, "s", PROGRAMME, ["m"], 80, NOW + 1)  # of r1
    return_goods(db, back("b", "r1", (0, 100)), NOW + 2)
    assert held(db) == Balance(20, 0)


def test_one_person_with_two_profiles_spends_and_owes_together(db: Database) -> None:
    earn_purchase(db, "m", bought("r1", 100), TERMS, UTC, NOW)
    spend(db, "s1", PROGRAMME, ["m"], 100, NOW)
    return_goods(db, back("b", "r1", (0, 70)), NOW)
    earn_purchase(db, "n", bought("r2", 100), TERMS, UTC, NOW)
    assert spendable(db, PROGRAMME, ["m", "n"], NOW) == 30
    with pytest.raises(NotEnoughPoints):
        spend(db, "s2", PROGRAMME, ["m", "n"], 31, NOW)
    assert spend(db, "s2", PROGRAMME, ["m", "n"], 30, NOW)
    assert (held(db), held(db, "n")) == (Balance(0, 0), Balance(0, 0))


@pytest.mark.parametrize("wrong", [((0, 31),), ((0, 20), (0, 11)), ((5, 1),), ((0, -1),)])
def test_no_more_comes_back_than_was_paid(db: Database, wrong: tuple[tuple[int, int], ...]) -> None:
    earn_purchase(db, "m", bought("r", 30), TERMS, UTC, NOW)
    with pytest.raises(ReturnTooLarge):
        return_goods(db, back("b", "r", *wrong), NOW)
    assert held(db) == Balance(30, 0)


def test_returns_are_counted_once_and_together(db: Database) -> None:
    earn_purchase(db, "m", bought("r", 30), TERMS, UTC, NOW)
    assert at_once(6, lambda _: return_goods(db, back("b", "r", (0, 20)), NOW)) == {"20": 6}
    with pytest.raises(EntryConflict):
        return_goods(db, back("b", "r", (0, 21)), NOW)
    with pytest.raises(ReturnTooLarge):
        return_goods(db, back("b2", "r", (0, 11)), NOW)
    with pytest.raises(NotFound):
        return_goods(db, back("b3", "unheard of", (0, 1)), NOW)


def test_of_many_spends_at_once_only_the_covered_ones_pass(db: Database) -> None:
    for i in range(3):
        earn_purchase(db, "m", bought(f"r{i}", 30, at=NOW + i), TERMS, UTC, NOW)
    said = at_once(8, lambda i: spend(db, f"s{i}", PROGRAMME, ["m"], 25, NOW))
    assert said == {"True": 3, "not_enough_points": 5}


def test_a_visit_earns_once_a_day_and_store(db: Database) -> None:
    terms = replace(TERMS, per_visit=5)
    day = date(2026, 6, 1)
    assert [earn_visit(db, "m", STORE, day, terms, NOW) for _ in range(2)] == [True, False]
    assert earn_visit(db, "m", STORE, date(2026, 6, 2), terms, NOW)
    assert not earn_visit(db, "m", STORE, date(2026, 6, 3), TERMS, NOW)
    assert held(db) == Balance(10, 0)


def test_a_tier_goes_by_what_was_kept_within_the_period(db: Database) -> None:
    gold = EarnRule(1, 100, "EUR", tiers=frozenset({"gold"}))
    terms = replace(TERMS, rules=(*TERMS.rules, gold), tiers=(Tier("gold", 100),), tier_s=30 * DAY_S)
    earn_purchase(db, "m", bought("r1", 100), terms, UTC, NOW)
    assert earn_purchase(db, "m", bought("r2", 10, at=NOW + 1), terms, UTC, NOW + 1) == 20
    return_goods(db, back("b", "r1", (0, 50)), NOW + 2)
    assert qualifying_points(db, ["m"], NOW - DAY_S) == 70
    assert earn_purchase(db, "m", bought("r3", 10, at=NOW + 3), terms, UTC, NOW + 3) == 10
    assert qualifying_points(db, ["m"], NOW + 2) == 10
