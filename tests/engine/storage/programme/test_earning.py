"""What shops tell comes to the ledger: once, in any order, with the difference of what they say anew."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import permutations
from threading import Event
from typing import Any

import pytest
from sqlmodel import select

from engine.commerce.records import CatalogueEntry, Customer, Purchase, Return
from engine.loyalty.earning import EarnRule, EarnTerms
from engine.loyalty.ledger import PROGRAMME, Balance
from engine.storage.commerce.events import keep_events
from engine.storage.database import Database, open_database
from engine.storage.erasure import erase_shopper
from engine.storage.loyalty.ledger import entries_of, release_pending
from engine.storage.loyalty.proof import prove
from engine.storage.loyalty.purchases import qualifying_points
from engine.storage.loyalty.spending import spend
from engine.storage.loyalty.waiting import release_by_identifier
from engine.storage.models.identity import IdentifierTable
from engine.storage.models.ledger import LoyaltyWaitTable
from engine.storage.programme import earning
from engine.storage.programme.earning import earn_from_shops, member_of
from engine.vocabulary import EarnWait
from tests.databases import Postgres
from tests.engine.storage.programme.told import (
    CARD,
    DAY_S,
    RULES,
    brought,
    earn,
    has_card,
    points,
    prove_card,
    receipt,
)
from tests.engine.storage.scenes import NOW, at_once, shopper


@pytest.fixture
def member(db: Database) -> str:
    """Somebody who has proved her card."""
    who = shopper(db)
    has_card(db, who.shopper_id)
    return who.member_id


def waits(db: Database) -> dict[EarnWait, int]:
    with db.read() as session:
        return Counter(EarnWait(reason) for reason in session.exec(select(LoyaltyWaitTable.reason)))


def test_a_purchase_earns_once_whoever_runs_the_job(db: Database, member: str) -> None:
    keep_events(db, [receipt(f"r{i}", 1_000) for i in range(5)], NOW)
    at_once(4, lambda _: earn(db))
    assert points(db, member) == Balance(50, 0)
    assert earn(db) == 0
    assert len(entries_of(db, member)) == 5


def test_in_any_order_and_twice_the_same_points_stay(db: Database) -> None:
    told: list[Purchase | Return] = [
        receipt("r", 10_000, 5_000),
        receipt("r", 10_000, 4_000, version=2),
        brought("b", "r", (0, 6_000)),
    ]
    for n, order in enumerate(permutations(told)):
        who = shopper(db)
        card = f"{n}".rjust(64, "c")
        has_card(db, who.shopper_id, card)
        for event in (*order, order[0]):
            mine = replace(event, id=f"{event.id}{n}")
            if isinstance(mine, Return):
                mine = replace(mine, purchase_id=f"r{n}")
            else:
                mine = replace(mine, customer=Customer(card=card))
            keep_events(db, [mine], NOW)
            earn(db)
        assert points(db, who.member_id) == Balance(80, 0), order
        assert qualifying_points(db, [who.member_id], 0.0) == 80
    assert prove(db).holds
    assert waits(db) == {}


def test_a_voided_purchase_leaves_nothing_and_what_was_spent_is_owed(db: Database, member: str) -> None:
    keep_events(db, [receipt("kept", 1_000), receipt("r", 10_000)], NOW)
    earn(db)
    spend(db, "s", PROGRAMME, [member], 70, NOW)
    keep_events(db, [receipt("r", 10_000, version=2, voided=True)], NOW)
    earn(db)
    assert points(db, member) == Balance(0, 0, 60)
    keep_events(db, [brought("late", "r", (0, 10_000)), receipt("r", 10_000, version=1)], NOW)
    earn(db)
    assert points(db, member) == Balance(0, 0, 60)


def test_a_purchase_voided_before_anybody_looked_earns_nothing(db: Database, member: str) -> None:
    keep_events(db, [receipt("r", 10_000, voided=True)], NOW)
    assert earn(db) == 1
    assert entries_of(db, member) == []


def test_a_correction_takes_pending_points_from_its_own_lot_and_they_are_released_once(
    db: Database, member: str
) -> None:
    rules = replace(RULES, terms=replace(RULES.terms, pending_s=14 * DAY_S))
    for version, minor in enumerate((10_000, 3_000, 5_000), 1):
        keep_events(db, [receipt("r", minor, version=version)], NOW)
        earn(db, rules=rules)
        assert points(db, member) == Balance(0, minor // 100)
    assert release_pending(db, NOW + 14 * DAY_S) == 2
    assert points(db, member) == Balance(50, 0)


def test_a_return_that_is_corrected_gives_points_back(db: Database, member: str) -> None:
    keep_events(db, [receipt("r", 10_000), brought("b", "r", (0, 8_000))], NOW)
    earn(db)
    assert points(db, member) == Balance(20, 0)
    for version, (back, left) in enumerate(((3_000, 70), (9_000, 10), (0, 100)), 2):
        keep_events(db, [brought("b", "r", (0, back), version=version)], NOW)
        earn(db)
        assert points(db, member) == Balance(left, 0)


def test_money_given_back_for_no_line_takes_its_share(db: Database, member: str) -> None:
    keep_events(db, [receipt("r", 6_000, 4_000), brought("b", "r", money=2_000)], NOW)
    earn(db)
    assert points(db, member) == Balance(80, 0)


def test_a_discount_on_the_whole_earns_nothing(db: Database, member: str) -> None:
    keep_events(db, [receipt("r", 6_000, 4_000, total=5_000), receipt("s", 6_000, -1_000)], NOW)
    earn(db)
    assert points(db, member) == Balance(100, 0)
    keep_events(db, [brought("b", "r", (0, 3_000), money=1_500)], NOW)  # half of the first line
    earn(db)
    assert points(db, member) == Balance(85, 0)


def test_who_is_unknown_earns_when_the_card_is_proved_in_time(db: Database) -> None:
    keep_events(db, [receipt("r", 10_000), receipt("old", 10_000, at=NOW - 31 * DAY_S)], NOW)
    keep_events(db, [brought("b", "r", (0, 2_500))], NOW)
    earn(db)
    assert waits(db) == {EarnWait.NO_MEMBER: 1, EarnWait.NO_PURCHASE: 1}
    who = shopper(db)
    prove_card(db, who.shopper_id, NOW + DAY_S / 2)
    earn(db, NOW + DAY_S / 2)
    assert points(db, who.member_id) == Balance(75, 0)
    assert waits(db) == {}


def test_after_its_time_an_unknown_purchase_is_given_up(db: Database) -> None:
    keep_events(db, [receipt("r", 10_000)], NOW)
    earn(db)
    assert earn(db, NOW + 31 * DAY_S) == 1
    assert waits(db) == {}
    who = shopper(db)
    prove_card(db, who.shopper_id, NOW + 31 * DAY_S)
    assert earn(db, NOW + 31 * DAY_S) == 0
    assert points(db, who.member_id) == Balance(0, 0)


def test_an_account_is_found_by_the_card_that_was_named_with_it(db: Database, member: str) -> None:
    keep_events(db, [receipt("r1", 1_000, who=Customer(account="a" * 64))], NOW)
    earn(db)
    assert waits(db) == {EarnWait.NO_MEMBER: 1}
    keep_events(db, [receipt("r2", 2_000, who=Customer(card=CARD, account="a" * 64))], NOW)
    earn(db)
    assert points(db, member) == Balance(30, 0)


@pytest.mark.parametrize(
    "back", [brought("b", "r", (0, 10_001)), brought("b", "r", (7, 1)), brought("b", "r", money=10_001)]
)
def test_a_return_larger_than_its_purchase_is_kept_and_said(db: Database, member: str, back: Return) -> None:
    keep_events(db, [receipt("r", 10_000), back], NOW)
    earn(db)
    assert points(db, member) == Balance(100, 0)
    assert waits(db) == {EarnWait.RETURN_TOO_LARGE: 1}
    keep_events(db, [receipt("r", 20_000, 0, 0, 0, 0, 0, 0, 1, version=2)], NOW)  # of which it may be part
    earn(db)
    assert waits(db) == {}


def test_nobodys_purchase_and_another_currency_earn_nothing(db: Database, member: str) -> None:
    back = brought("b", "r", (0, 100))
    dollars = replace(receipt("usd", 10_000), currency="USD")
    keep_events(db, [receipt("r", 10_000, who=Customer()), back, dollars], NOW)
    assert earn(db) == 3
    assert (points(db, member), waits(db)) == (Balance(0, 0), {EarnWait.NO_MEMBER: 1})
    keep_events(db, [receipt("r", 10_000, version=2)], NOW)  # the card was read after all
    earn(db)
    assert (points(db, member), waits(db)) == (Balance(99, 0), {})


def test_rules_by_category_know_the_catalogue_and_the_plan(db: Database, member: str) -> None:
    coffee = EarnTerms((EarnRule(1, 100, "EUR", categories=frozenset({"coffee"})),))
    keep_events(db, [CatalogueEntry("till", "c", 1, NOW, "COAT-38", "Beans", category="coffee")], NOW)
    keep_events(db, [receipt("r", 1_000)], NOW)
    earn_from_shops(db, replace(RULES, terms=coffee), NOW)
    assert points(db, member) == Balance(10, 0)
    keep_events(db, [receipt("r2", 1_000)], NOW)
    earn_from_shops(db, replace(RULES, terms=coffee, category_of=lambda store, sku: "coats"), NOW)
    assert points(db, member) == Balance(10, 0)


def test_who_was_erased_earns_no_more(db: Database) -> None:
    who = shopper(db)
    has_card(db, who.shopper_id)
    keep_events(db, [receipt("r", 1_000)], NOW)
    erase_shopper(db, who.shopper_id, NOW)
    assert earn(db) == 1
    assert (points(db, who.member_id), waits(db)) == (Balance(0, 0), {})


def test_a_card_that_is_proved_while_its_purchase_is_looked_at_is_found(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks finds nobody, and whoever proves finds nothing that waits: each before the other has committed."""
    looked = Event()

    def looks(*about: Any) -> str | None:
        found = member_of(*about)
        looked.set()
        return found

    monkeypatch.setattr(earning, "member_of", looks)
    with postgres.borrowed() as url:
        db = open_database(url)
        who = shopper(db)
        keep_events(db, [receipt("r", 10_000)], NOW)
        with ThreadPoolExecutor(1) as pool:
            with db.write() as session:
                row = IdentifierTable(kind="card", digest=CARD, shopper_id=who.shopper_id, sealed="", verified_at=NOW)
                session.add(row)
                session.flush()
                release_by_identifier(session, CARD)
                job = pool.submit(earn, db)
                assert looked.wait(60.0)
            job.result()
        assert points(db, who.member_id) == Balance(100, 0)
        assert waits(db) == {}
        db.close()
