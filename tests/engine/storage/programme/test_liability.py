"""What the programme owes equals what going through every entry gives, by age, and ends with the points."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from engine.loyalty.ledger import PROGRAMME, earn
from engine.storage.commerce.events import keep_events
from engine.storage.database import Database
from engine.storage.loyalty.ledger import entries_of, post
from engine.storage.loyalty.spending import spend
from engine.storage.programme.liability import AGES, Liability, age_of, liabilities
from engine.vocabulary import Account, EntryKind, PointsAge
from tests.engine.storage.programme.told import DAY_S, RULES, brought, has_card, receipt
from tests.engine.storage.programme.told import earn as earn_all
from tests.engine.storage.scenes import NOW, shopper


def given(db: Database, key: str, member: str, points: int, days_ago: float, *, days: float | None = None) -> None:
    at = NOW - days_ago * DAY_S
    ends = None if days is None else at + days * DAY_S
    post(db, earn(key, PROGRAMME, EntryKind.VISIT, member, points, at, expires_at=ends))


def test_it_says_by_age_what_can_be_spent_waits_is_owed_and_ended(db: Database) -> None:
    who = shopper(db)
    has_card(db, who.shopper_id)
    given(db, "new", "ann", 10, 1)
    given(db, "quarter", "ann", 20, 60)
    given(db, "old", "bob", 40, 400)
    given(db, "ended", "bob", 80, 100, days=90)
    spend(db, "s", PROGRAMME, ["ann"], 5, NOW)
    keep_events(db, [receipt("r", 3_000)], NOW)
    earn_all(db, NOW, replace(RULES, terms=replace(RULES.terms, pending_s=14 * DAY_S)))
    (said,) = liabilities(db, NOW)
    assert (said.available, said.pending, said.owed, said.ended, said.members) == (65, 30, 0, 80, 3)
    ages = {PointsAge.MONTH: said.by_age[PointsAge.MONTH], PointsAge.OLDER: 40}
    assert ages[PointsAge.MONTH] + said.by_age[PointsAge.QUARTER] == 25
    assert sum(said.by_age.values()) == said.available
    assert said.outstanding == 95


def test_it_equals_what_every_entry_comes_to(db: Database) -> None:
    who = shopper(db)
    has_card(db, who.shopper_id)
    keep_events(db, [receipt("r", 10_000), receipt("s", 4_000)], NOW)
    earn_all(db)
    spend(db, "s", PROGRAMME, [who.member_id], 120, NOW)
    keep_events(db, [brought("b", "r", (0, 10_000))], NOW)
    earn_all(db)
    held = Counter[Account]()
    for _, entry in entries_of(db, who.member_id, limit=200):
        for p in entry.postings:
            if p.member:
                held[p.account] += p.amount
    (said,) = liabilities(db, NOW)
    assert isinstance(said, Liability)
    assert (said.available, said.pending, -said.owed) == (
        held[Account.AVAILABLE],
        held[Account.PENDING],
        held[Account.OWED],
    )
    assert said.owed == 80


def test_every_age_has_its_points() -> None:
    assert [age_of(NOW - s, NOW) for _, s in AGES] == [age for age, _ in AGES]
    assert age_of(0.0, NOW) is PointsAge.OLDER


def test_nobody_is_owed_nothing(db: Database) -> None:
    assert liabilities(db, NOW) == []
