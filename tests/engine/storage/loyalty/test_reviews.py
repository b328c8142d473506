"""Doubtful points wait for somebody of the shop; whatever happens in whatever order, the books add up."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import select

from engine.errors import BusinessRefusal, NotFound
from engine.loyalty.humans import Signal
from engine.loyalty.ledger import PROGRAMME, Balance
from engine.loyalty.sharing import ShareRules, Visitor
from engine.offers.codes import voucher_code
from engine.storage.database import Database
from engine.storage.loyalty.ledger import balance, release_pending
from engine.storage.loyalty.reviews import decide_review, review_log, waiting_reviews
from engine.storage.loyalty.shares import create_share, open_share
from engine.storage.models.ledger import LedgerPostingTable, ShareVisitTable
from engine.storage.people.shoppers import ShopperProfile
from engine.storage.vouchers.tills import redeem, void
from engine.storage.vouchers.vouchers import counts
from tests.engine.storage.scenes import NOW, SECRET, STORE, at_once, basket, issue, shopper, voucher

RULES = ShareRules(points=50, hold_s=86_400.0, per_day=100, per_campaign=100)
SHOP = "address of the shop"
LATER = NOW + 3 * 86_400


def browser(n: int, **changes: Any) -> Visitor:
    """One that calls itself differently from all others, and shows nothing else."""
    return replace(Visitor(f"opening-{n}", None, SHOP, f"Mozilla/5.0 ({n})"), **changes)


def tap(n: int, **changes: Any) -> Visitor:
    """The same asks for the coupon, and has a cookie of its own from then on."""
    return browser(n, cookie_id=f"guest-{n}", guest=True, tapped=True, opened=f"opening-{n}", **changes)


@pytest.fixture
def shared(db: Database) -> tuple[ShopperProfile, str]:
    who, voucher_id, _ = voucher(db)
    return who, create_share(db, voucher_id, who.shopper_id, NOW).token


def points(db: Database, who: ShopperProfile) -> Balance:
    return balance(db, PROGRAMME, who.member_id)


def sums(db: Database) -> int:
    with db.read() as session:
        return sum(session.exec(select(LedgerPostingTable.amount)))


def test_twenty_browsers_in_ten_minutes_make_no_points(db: Database, shared: tuple[ShopperProfile, str]) -> None:
    """Not even the first of them, whose openings looked like anybody's. (`tests/cases` sends a site forty.)"""
    who, link = shared
    for n in range(20):
        open_share(db, link, browser(n), NOW + 30 * n, RULES)
        open_share(db, link, tap(n), NOW + 30 * n + 3, RULES)
    release_pending(db, LATER)
    assert points(db, who) == Balance(0, 20 * 50)
    waiting = waiting_reviews(db, STORE, limit=100)
    assert len(waiting) == 20
    assert {w.sharer for w in waiting} == {waiting[0].sharer}
    assert all({Signal.BURST, Signal.TAPPED} <= set(w.signals) and w.tapped and not w.available for w in waiting)
    assert sums(db) == 0


def test_people_behind_the_shops_address_over_five_hours_count(
    db: Database, shared: tuple[ShopperProfile, str]
) -> None:
    """Half of them with a model that others have, too: who taps is known by a cookie of their own."""
    who, link = shared
    rng = random.Random(5)
    times = sorted(rng.uniform(0, 18_000) for _ in range(20))
    for n, t in enumerate(times):
        agent = f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_{n % 10})"
        open_share(db, link, browser(n, user_agent=agent), NOW + t, RULES)
        open_share(db, link, tap(n, user_agent=agent), NOW + t + 8, RULES)
    release_pending(db, LATER)
    assert points(db, who).available >= 19 * 50


def test_one_person_who_comes_back_and_taps_counts_once(db: Database, shared: tuple[ShopperProfile, str]) -> None:
    who, link = shared
    open_share(db, link, browser(1), NOW, RULES)
    again = replace(browser(1), cookie_id="opening-again")
    assert open_share(db, link, again, NOW + 60, RULES).outcome == "duplicate"
    mine = replace(tap(1), opened="opening-again")
    assert open_share(db, link, mine, NOW + 70, RULES).outcome == "duplicate"
    assert open_share(db, link, replace(mine, user_agent="newer"), NOW + 80, RULES).outcome == "duplicate"
    assert points(db, who).pending == 50


def test_private_windows_of_one_phone_wait(db: Database, shared: tuple[ShopperProfile, str]) -> None:
    who, link = shared
    for n in range(12):
        same = browser(n, user_agent="Mozilla/5.0 (one phone)")
        open_share(db, link, same, NOW + 60 * n, RULES)
        open_share(db, link, tap(n, user_agent=same.user_agent), NOW + 60 * n + 4, RULES)
    release_pending(db, LATER)
    assert points(db, who).available <= 50
    assert points(db, who).pending > 300


def test_a_purchase_speaks_for_a_person(db: Database, shared: tuple[ShopperProfile, str]) -> None:
    """And the return speaks no more."""
    who, link = shared
    friend = shopper(db)
    for n in range(5):
        open_share(db, link, browser(n), NOW + n, RULES)
    mine = browser(9, shopper_id=friend.shopper_id)
    assert open_share(db, link, mine, NOW + 6, RULES).outcome == "rewarded" or waiting_reviews(db, STORE)
    before = points(db, who)
    code = voucher_code(SECRET, issue(db, friend.shopper_id, name="d-friend"))
    done = redeem(db, code, basket(), STORE, "till", "k", NOW + 60, secret=SECRET)
    assert points(db, who) == Balance(50, before.pending - 50)
    void(db, done.redemption_id, NOW + 90)
    assert points(db, who) == before


def flagged(db: Database, shared: tuple[ShopperProfile, str]) -> list[int]:
    """Six browsers within seconds, all waiting; their openings."""
    for n in range(6):
        open_share(db, shared[1], browser(n), NOW + n, RULES)
    return [w.visit_id for w in waiting_reviews(db, STORE)]


def test_accepted_points_come_at_their_time_and_refused_ones_go(
    db: Database, shared: tuple[ShopperProfile, str]
) -> None:
    who, _ = shared
    one, two, *rest = flagged(db, shared)
    assert len(rest) == 4
    decide_review(db, STORE, one, accept=True, by="mgr", now=NOW + 100)
    decide_review(db, STORE, two, accept=False, by="mgr", now=NOW + 100)
    assert points(db, who) == Balance(0, 5 * 50)
    assert counts(db, STORE)["points"] == 5 * 50  # as the manager's page says
    release_pending(db, LATER)
    assert points(db, who) == Balance(50, 4 * 50)
    decide_review(db, STORE, rest[0], accept=True, by="mgr", now=LATER)
    release_pending(db, LATER)
    assert points(db, who) == Balance(100, 3 * 50)
    assert sums(db) == 0
    said = [(line.verdict, line.by) for line in review_log(db, STORE)][:3]
    assert said == [("accepted", "mgr"), ("refused", "mgr"), ("accepted", "mgr")]
    with db.read() as session:
        assert session.get_one(ShareVisitTable, one).reviewed_at == NOW + 100


def test_a_verdict_stands(db: Database, shared: tuple[ShopperProfile, str]) -> None:
    one, *_ = flagged(db, shared)
    for _ in range(2):
        assert decide_review(db, STORE, one, accept=False, by="a", now=NOW + 100) == "refused"
    with pytest.raises(BusinessRefusal):
        decide_review(db, STORE, one, accept=True, by="b", now=NOW + 101)
    for store, visit in (("elsewhere", one), (STORE, 10_000)):
        with pytest.raises(NotFound):
            decide_review(db, store, visit, accept=True, by="a", now=NOW)
    assert [line.verdict for line in review_log(db, STORE) if line.visit_id == one] == ["refused", "flagged"]


def test_two_managers_at_once_decide_once(db: Database, shared: tuple[ShopperProfile, str]) -> None:
    who, _ = shared
    one, *_ = flagged(db, shared)
    before = points(db, who).pending
    said = at_once(8, lambda i: decide_review(db, STORE, one, accept=False, by=str(i), now=NOW + 100))
    assert said == {"refused": 8}
    assert points(db, who).pending == before - 50


def test_points_that_are_out_already_are_clawed_back(db: Database, shared: tuple[ShopperProfile, str]) -> None:
    """Of a site whose hold is shorter than it takes to see the crowd."""
    who, link = shared
    short = replace(RULES, hold_s=1.0)
    open_share(db, link, browser(0), NOW, short)
    release_pending(db, NOW + 2)
    for n in range(1, 6):
        open_share(db, link, browser(n), NOW + 2 + n / 10, short)
    first = waiting_reviews(db, STORE)[0]
    assert first.available
    decide_review(db, STORE, first.visit_id, accept=False, by="m", now=NOW + 60)
    assert points(db, who).available == 0
    assert sums(db) == 0


def test_the_address_is_forgotten(db: Database, shared: tuple[ShopperProfile, str]) -> None:
    open_share(db, shared[1], browser(1), NOW, RULES)
    open_share(db, shared[1], browser(2), NOW + 7_201, RULES)
    with db.read() as session:
        kept = session.exec(select(ShareVisitTable.address_digest).order_by(ShareVisitTable.id)).all()
    assert list(kept) == [None, SHOP]
