"""A friend who opens a link, comes and redeems: the sharer has those points at once, and no others."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlmodel import select

from engine.loyalty.ledger import PROGRAMME, Balance, burn
from engine.loyalty.sharing import ShareRules, Visitor
from engine.offers.codes import voucher_code
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.loyalty.friends import recognise
from engine.storage.loyalty.ledger import balance, post, release_pending
from engine.storage.loyalty.shares import create_share, open_share
from engine.storage.models.ledger import HoldTable
from engine.storage.people.shoppers import ShopperProfile
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.tills import redeem, void
from tests.engine.storage.scenes import NOW, SECRET, STORE, at_once, basket, campaign, issue, shopper

RULES = ShareRules(points=50, hold_s=86_400.0, per_day=9, per_campaign=9)
STRANGER = Visitor("cookie", None, "address", "Mozilla/5.0")
HELD, FREE = Balance(0, 50), Balance(50, 0)


@pytest.fixture
def people(db: Database) -> tuple[ShopperProfile, ShopperProfile, str]:
    """The sharer, the friend, and the sharer's link to the apples; both have a coupon for them."""
    for name in ("apples", "pears"):
        put_campaign(db, STORE, campaign(name))
    sharer, friend = shopper(db), shopper(db)
    shared = issue(db, sharer.shopper_id, name="d-sharer")
    return sharer, friend, create_share(db, shared, sharer.shopper_id, NOW).token


def buy(db: Database, who: ShopperProfile, campaign_id: str = "apples", at: float = NOW + 60) -> str:
    """The shopper redeems a coupon of this campaign; gives the redemption's id."""
    mine = issue(db, who.shopper_id, campaign_id, name=f"d-{who.shopper_id}-{campaign_id}")
    code = voucher_code(SECRET, mine)
    for _ in range(2):  # a till asks twice
        done = redeem(db, code, basket(), STORE, "till", f"key-{mine}", at, secret=SECRET)
    return done.redemption_id


def points(db: Database, who: ShopperProfile) -> Balance:
    return balance(db, PROGRAMME, who.member_id)


def test_a_friend_who_was_signed_in(db: Database, people: tuple[ShopperProfile, ShopperProfile, str]) -> None:
    sharer, friend, link = people
    open_share(db, link, replace(STRANGER, shopper_id=friend.shopper_id), NOW, RULES)
    assert points(db, sharer) == HELD
    sold = buy(db, friend)
    assert points(db, sharer) == FREE
    assert release_pending(db, NOW + 2 * RULES.hold_s) == 0  # its time brings nothing more
    void(db, sold, NOW + 2 * RULES.hold_s)
    assert points(db, sharer) == FREE  # that time has come already


def test_a_return_takes_the_points_back_until_their_time(
    db: Database, people: tuple[ShopperProfile, ShopperProfile, str]
) -> None:
    sharer, friend, link = people
    open_share(db, link, replace(STRANGER, shopper_id=friend.shopper_id), NOW, RULES)
    for i in range(3):
        mine = issue(db, friend.shopper_id, visit=f"v{i}", name=f"d{i}")
        done = redeem(db, voucher_code(SECRET, mine), basket(), STORE, "till", f"k{i}", NOW + 60, secret=SECRET)
        assert points(db, sharer) == FREE
        for _ in range(2):
            void(db, done.redemption_id, NOW + 100)
            assert points(db, sharer) == HELD
    assert release_pending(db, NOW + RULES.hold_s) == 1
    assert points(db, sharer) == FREE


def test_another_purchase_that_stands_keeps_the_points(
    db: Database, people: tuple[ShopperProfile, ShopperProfile, str]
) -> None:
    sharer, friend, link = people
    open_share(db, link, replace(STRANGER, shopper_id=friend.shopper_id), NOW, RULES)
    done = []
    for i in range(2):
        mine = issue(db, friend.shopper_id, visit=f"v{i}", name=f"d{i}")
        done.append(redeem(db, voucher_code(SECRET, mine), basket(), STORE, "t", f"k{i}", NOW + 60, secret=SECRET))
    void(db, done[0].redemption_id, NOW + 100)
    assert points(db, sharer) == FREE
    void(db, done[1].redemption_id, NOW + 100)
    assert points(db, sharer) == HELD


def test_what_was_spent_meanwhile_is_owed(db: Database, people: tuple[ShopperProfile, ShopperProfile, str]) -> None:
    sharer, friend, link = people
    open_share(db, link, replace(STRANGER, shopper_id=friend.shopper_id), NOW, RULES)
    sold = buy(db, friend)
    post(db, burn("gift", PROGRAMME, sharer.member_id, 30, NOW + 70))
    void(db, sold, NOW + 100)
    assert points(db, sharer) == Balance(0, 50, 30)
    assert release_pending(db, NOW + RULES.hold_s) == 1
    assert points(db, sharer) == Balance(20, 0)


@pytest.mark.parametrize("who", ["friend", "sharer"])
def test_an_erased_persons_return_leads_nowhere(
    db: Database, people: tuple[ShopperProfile, ShopperProfile, str], who: str
) -> None:
    sharer, friend, link = people
    open_share(db, link, replace(STRANGER, shopper_id=friend.shopper_id), NOW, RULES)
    sold = buy(db, friend)
    erase_shopper(db, {"friend": friend, "sharer": sharer}[who].shopper_id, NOW + 70)
    void(db, sold, NOW + 100)
    assert points(db, sharer) == (HELD if who == "friend" else FREE)
    with db.read() as session:
        assert [(h.friend, h.deal, h.released_by) for h in session.exec(select(HoldTable))] == [(None, None, None)]


def test_when_the_time_has_come_nothing_says_who_came_before(
    db: Database, people: tuple[ShopperProfile, ShopperProfile, str]
) -> None:
    sharer, friend, link = people
    open_share(db, link, replace(STRANGER, shopper_id=friend.shopper_id), NOW, RULES)
    sold = buy(db, friend)
    release_pending(db, NOW + RULES.hold_s)
    with db.read() as session:
        assert [h.released_by for h in session.exec(select(HoldTable))] == [None]
    void(db, sold, NOW + RULES.hold_s + 1)
    assert points(db, sharer) == FREE


def test_a_friend_who_signs_in_later_with_the_same_browser(
    db: Database, people: tuple[ShopperProfile, ShopperProfile, str]
) -> None:
    sharer, friend, link = people
    open_share(db, link, STRANGER, NOW, RULES)
    assert recognise(db, friend.shopper_id, "another browser") == 0
    assert recognise(db, friend.shopper_id, "cookie") == 1
    buy(db, friend)
    assert points(db, sharer) == FREE


def test_another_deal_or_another_person_changes_nothing(
    db: Database, people: tuple[ShopperProfile, ShopperProfile, str]
) -> None:
    sharer, friend, link = people
    open_share(db, link, replace(STRANGER, shopper_id=friend.shopper_id), NOW, RULES)
    buy(db, friend, "pears")
    buy(db, shopper(db))
    buy(db, sharer, "pears")
    assert points(db, sharer) == HELD
    assert release_pending(db, NOW + RULES.hold_s) == 1
    assert points(db, sharer) == FREE


def test_who_redeemed_before_opening_the_link_brings_nothing_sooner(
    db: Database, people: tuple[ShopperProfile, ShopperProfile, str]
) -> None:
    sharer, friend, link = people
    buy(db, friend)
    open_share(db, link, replace(STRANGER, shopper_id=friend.shopper_id), NOW + 90, RULES)
    assert points(db, sharer) == HELD


def test_time_and_till_at_once_release_once(db: Database, people: tuple[ShopperProfile, ShopperProfile, str]) -> None:
    sharer, friend, link = people
    open_share(db, link, replace(STRANGER, shopper_id=friend.shopper_id), NOW, RULES)
    late = NOW + RULES.hold_s

    def work(i: int) -> str:
        if i % 2:
            release_pending(db, late)
        elif i == 0:
            buy(db, friend, at=NOW + 60)
        return "ok"

    assert at_once(6, work) == {"ok": 6}
    assert points(db, sharer) == FREE


def test_an_erased_friend_is_forgotten_and_the_points_wait(
    db: Database, people: tuple[ShopperProfile, ShopperProfile, str]
) -> None:
    sharer, friend, link = people
    who = replace(STRANGER, shopper_id=friend.shopper_id)
    open_share(db, link, who, NOW, RULES)
    erase_shopper(db, friend.shopper_id, NOW + 5)
    assert recognise(db, friend.shopper_id, "cookie") == 0
    assert points(db, sharer) == HELD
    # a cookie that outlived its shopper is a browser like any other
    second = replace(who, cookie_id="second", address_hash="elsewhere")
    assert open_share(db, link, replace(second, device_hash="d2"), NOW + 6, RULES).outcome == "rewarded"
    assert recognise(db, shopper(db).shopper_id, "second") == 1
