"""Shared links: a distinct human earns the sharer points, nobody and nothing else does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlmodel import select

from engine.errors import NotFound
from engine.loyalty.ledger import PROGRAMME, Balance
from engine.loyalty.sharing import ShareRules, Visitor
from engine.storage.database import Database
from engine.storage.loyalty.ledger import balance, entries_of, release_pending
from engine.storage.loyalty.shares import Share, create_share, get_share, open_share
from engine.storage.models.ledger import ShareTable, ShareVisitTable
from engine.storage.people.shoppers import ShopperProfile
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.vouchers import counts
from tests.engine.storage.scenes import NOW, STORE, at_once, campaign, issue, shopper, voucher

RULES = ShareRules(points=50, hold_s=86_400.0, per_day=3, per_campaign=25)
SHOP = "address of the shop"  # one public address for everybody on its Wi-Fi
SHARER = Visitor("cookie-0", "phone-0", SHOP, "Mozilla/5.0 (iPhone)")


def friend(n: int) -> Visitor:
    return Visitor(f"cookie-{n}", f"phone-{n}", SHOP, "Mozilla/5.0 (iPhone)")


@pytest.fixture
def shared(db: Database) -> tuple[ShopperProfile, Share]:
    who, voucher_id, _ = voucher(db)
    return who, create_share(db, voucher_id, who.shopper_id, NOW, sharer=SHARER)


def points(db: Database, who: ShopperProfile) -> Balance:
    return balance(db, PROGRAMME, who.member_id)


def test_a_friends_visit_earns_pending_points_in_the_same_transaction(
    db: Database, shared: tuple[ShopperProfile, Share]
) -> None:
    who, share = shared
    opened = open_share(db, share.token, friend(1), NOW + 10, RULES)
    assert (opened.outcome, opened.points) == ("rewarded", 50)
    assert opened.share.texts["fr"]["title"] == "Pommes"
    assert points(db, who) == Balance(0, 50)
    assert release_pending(db, NOW + 10 + RULES.hold_s - 1) == 0
    assert release_pending(db, NOW + 10 + RULES.hold_s) == 1
    assert points(db, who) == Balance(50, 0)
    assert share.token not in repr(entries_of(db, who.member_id))  # the ledger does not lead back to the link


def test_people_behind_one_address_are_distinct(db: Database, shared: tuple[ShopperProfile, Share]) -> None:
    who, share = shared
    said = [open_share(db, share.token, friend(n), NOW, RULES).outcome for n in (1, 2, 3)]
    assert said == ["rewarded"] * 3
    assert points(db, who).pending == 150


@pytest.mark.parametrize(
    "again",
    [
        friend(1),
        replace(friend(1), device_hash=None, user_agent="Mozilla/5.0 (newer)"),  # same cookie, device no longer known
        replace(friend(1), cookie_id=None),  # same device, cookies refused
        replace(friend(1), cookie_id="cookie-new"),  # same device, cookies cleared
        replace(friend(1), address_hash="at home"),  # the same phone elsewhere
    ],
)
def test_the_same_person_counts_once(db: Database, shared: tuple[ShopperProfile, Share], again: Visitor) -> None:
    who, share = shared
    open_share(db, share.token, friend(1), NOW, RULES)
    assert open_share(db, share.token, again, NOW + 1, RULES).outcome == "duplicate"
    assert points(db, who).pending == 50


def test_without_cookie_and_device_address_and_browser_stand_in(
    db: Database, shared: tuple[ShopperProfile, Share]
) -> None:
    _, share = shared
    bare = Visitor(None, None, "elsewhere", "Mozilla/5.0 (Android)")
    said = [open_share(db, share.token, bare, NOW, RULES).outcome for _ in range(2)]
    said.append(open_share(db, share.token, replace(bare, user_agent="Mozilla/5.0 (Pixel)"), NOW, RULES).outcome)
    assert said == ["rewarded", "duplicate", "rewarded"]


@pytest.mark.parametrize(
    "own",
    [
        SHARER,
        replace(SHARER, device_hash="other browser"),
        replace(SHARER, cookie_id=None),
        replace(SHARER, cookie_id="private", device_hash=None),  # a private window of the same phone
        replace(friend(9), shopper_id="ME"),  # another device, signed in as the sharer
    ],
)
def test_ones_own_devices_earn_nothing(db: Database, shared: tuple[ShopperProfile, Share], own: Visitor) -> None:
    who, share = shared
    visitor = replace(own, shopper_id=who.shopper_id) if own.shopper_id else own
    assert open_share(db, share.token, visitor, NOW, RULES).outcome == "self"
    assert points(db, who) == Balance(0, 0)


def test_machines_earn_nothing_and_do_not_spoil_the_human_after_them(
    db: Database, shared: tuple[ShopperProfile, Share]
) -> None:
    who, share = shared
    bot = replace(friend(1), is_preview=True)
    assert [open_share(db, share.token, bot, NOW, RULES).outcome for _ in range(3)] == ["preview"] * 3
    assert points(db, who) == Balance(0, 0)
    assert counts(db, STORE)["share_visits"] == 0  # bots leave none, and the sharer's own marks are no visits
    assert open_share(db, share.token, friend(1), NOW, RULES).outcome == "rewarded"


def test_a_day_has_a_cap_over_all_links_and_rolls(db: Database) -> None:
    for name in ("apples", "pears"):
        put_campaign(db, STORE, campaign(name))
    who = shopper(db)
    a, b = (
        create_share(db, issue(db, who.shopper_id, c, name=c), who.shopper_id, NOW).token for c in ("apples", "pears")
    )
    said = [open_share(db, t, friend(n), NOW + n, RULES).outcome for n, t in enumerate([a, b, a, b, a], start=1)]
    assert said == ["rewarded"] * 3 + ["capped"] * 2
    assert open_share(db, a, friend(8), NOW + 1 + 86_399, RULES).outcome == "capped"
    assert open_share(db, a, friend(9), NOW + 1 + 86_400, RULES).outcome == "rewarded"
    assert points(db, who).pending == 200


def test_a_campaign_has_a_cap_that_days_do_not_lift(db: Database) -> None:
    for name in ("apples", "pears"):
        put_campaign(db, STORE, campaign(name))
    who, rules = shopper(db), replace(RULES, per_campaign=4)
    a, b = (
        create_share(db, issue(db, who.shopper_id, c, name=c), who.shopper_id, NOW).token for c in ("apples", "pears")
    )
    days = [NOW + 90_000.0 * n for n in range(6)]
    assert [open_share(db, a, friend(n), t, rules).outcome for n, t in enumerate(days, 1)] == [
        *["rewarded"] * 4, *["capped"] * 2,
    ]  # fmt: skip
    assert open_share(db, b, friend(1), days[-1], rules).outcome == "rewarded"  # another campaign, another count
    assert points(db, who).pending == 5 * 50


def test_nothing_to_give_is_counted(db: Database, shared: tuple[ShopperProfile, Share]) -> None:
    who, share = shared
    opened = open_share(db, share.token, friend(1), NOW, replace(RULES, points=0))
    assert (opened.outcome, opened.points) == ("counted", 0)
    assert entries_of(db, who.member_id) == []


def test_a_neighbour_with_the_sharers_model_counts_where_known_and_elsewhere(
    db: Database, shared: tuple[ShopperProfile, Share]
) -> None:
    _, share = shared
    alike = Visitor("cookie-7", None, SHOP, SHARER.user_agent)
    said = [
        open_share(db, share.token, who, NOW, RULES).outcome
        for who in (
            alike,  # could be the sharer's private window: no
            replace(alike, device_hash="phone-7"),  # signed in with a phone of their own
            replace(alike, cookie_id="cookie-8", shopper_id="somebody"),  # signed in
            replace(alike, cookie_id="cookie-9", address_hash="at home"),
        )
    ]
    assert said == ["self", "rewarded", "rewarded", "rewarded"]


def test_asking_again_leaves_no_more_marks(db: Database, shared: tuple[ShopperProfile, Share]) -> None:
    who, share = shared
    with db.read() as session:
        voucher_id = session.get_one(ShareTable, share.token).voucher_id or ""
    for _ in range(3):
        create_share(db, voucher_id, who.shopper_id, NOW, sharer=SHARER)
    with db.read() as session:
        marks = session.exec(select(ShareVisitTable.outcome).where(ShareVisitTable.token == share.token)).all()
    assert list(marks) == ["sharer", "sharer"]


def test_sharing_twice_gives_the_same_link(db: Database) -> None:
    put_campaign(db, STORE, campaign())
    who = shopper(db)
    first, second = (issue(db, who.shopper_id, name=f"d{i}", visit=f"v{i}") for i in range(2))
    token = create_share(db, first, who.shopper_id, NOW).token
    assert create_share(db, second, who.shopper_id, NOW + 5).token == token
    assert get_share(db, token).campaign_id == "apples"
    assert len(token) == 16


def test_many_taps_at_once_make_one_link(db: Database) -> None:
    who, voucher_id, _ = voucher(db)
    said = at_once(20, lambda _: create_share(db, voucher_id, who.shopper_id, NOW).token)
    assert len(said) == 1


def test_only_ones_own_voucher_can_be_shared(db: Database) -> None:
    _, voucher_id, _ = voucher(db)
    stranger = shopper(db).shopper_id
    for voucher_, who in ((voucher_id, stranger), ("nothing", stranger), (voucher_id, "nobody")):
        with pytest.raises(NotFound):
            create_share(db, voucher_, who, NOW)
    for call in (lambda: get_share(db, "x"), lambda: open_share(db, "x", friend(1), NOW, RULES)):
        with pytest.raises(NotFound):
            call()


def test_of_many_openings_at_once_by_one_person_one_earns(db: Database, shared: tuple[ShopperProfile, Share]) -> None:
    who, share = shared
    said = at_once(30, lambda _: open_share(db, share.token, friend(1), NOW, RULES).outcome)
    assert said == {"rewarded": 1, "duplicate": 29}
    assert points(db, who).pending == 50


def test_of_many_friends_at_once_the_cap_is_exact(db: Database, shared: tuple[ShopperProfile, Share]) -> None:
    who, share = shared
    said = at_once(30, lambda n: open_share(db, share.token, friend(n + 1), NOW, RULES).outcome)
    assert said == {"rewarded": 3, "capped": 27}
    assert points(db, who).pending == 150
