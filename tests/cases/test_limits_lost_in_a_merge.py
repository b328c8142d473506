"""Joining another profile took from a person what they had asked for: no offers, no statistics, silence.

What happened elsewhere: a profile that was restricted, objected to statistics, muted everything and wanted no message a
day joined one without any of it. All of it was gone, and a coupon was issued. Its phone was pushed to no more, and its
address was left behind. Two coupons of one visit were both used, and one of them was in no wallet. Input: such
profiles, merged and split. Right: the stricter side wins, a split gives back, one of two coupons can be used.
"""

from __future__ import annotations

import pytest
from sqlmodel import select

from engine.offers.caps import Limits
from engine.offers.hours import Hours
from engine.offers.wishes import Mute, Wishes
from engine.privacy.consent import ConsentChoice
from engine.storage.database import Database
from engine.storage.models.shoppers import ShopperTable
from engine.storage.models.vouchers import VoucherTable
from engine.storage.people.merges import merge_in, split
from engine.storage.people.rights import object_to_statistics, restrict
from engine.storage.people.shoppers import get_shopper
from engine.storage.people.wishes import get_wishes, put_mute, put_wishes
from engine.storage.sending.subscriptions import Subscription, put_subscription, subscriptions_of
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.claims import claim
from engine.storage.vouchers.vouchers import vouchers_of
from engine.vocabulary import IdentifierKind, MuteKind
from tests.engine.storage.scenes import NOW, PAGE, SECRET, STORE, campaign, candidate, issue, shopper

PUSH = ConsentChoice("location_offers", "push", True)
ALL, FRUIT = Mute(MuteKind.ALL, ""), Mute(MuteKind.CATEGORY, STORE, "fruit")


def hours(start: str, end: str) -> Hours:
    return Hours.model_validate({"from": start, "to": end})


@pytest.fixture
def two(db: Database) -> tuple[str, str]:
    put_campaign(db, STORE, campaign("apples"))
    return shopper(db).shopper_id, shopper(db, consents=[PAGE, PUSH]).shopper_id


def merge(db: Database, kept: str, merged: str) -> str:
    with db.write() as session:
        return merge_in(session, kept, merged, IdentifierKind.EMAIL, NOW + 10)


def test_rights_and_address(db: Database, two: tuple[str, str]) -> None:
    kept, merged = two
    restrict(db, merged, NOW)
    object_to_statistics(db, merged, NOW)
    with db.write() as session:
        session.get_one(ShopperTable, merged).email = "ana@example.org"
    before = get_shopper(db, kept)
    merge_id = merge(db, kept, merged)
    after = get_shopper(db, kept)
    assert (after.restricted_at, after.objected_at, after.email) == (NOW, NOW, "ana@example.org")
    assert claim(db, [candidate(kept)], Limits(9, 9, 9), SECRET, NOW + 20).vouchers == []
    split(db, merge_id, kept, NOW + 30)
    assert get_shopper(db, kept) == before
    assert get_shopper(db, merged).restricted_at == NOW


@pytest.mark.parametrize("own", [True, False])
def test_mutes_caps_and_quiet_hours(db: Database, two: tuple[str, str], own: bool) -> None:
    kept, merged = two
    if own:
        put_mute(db, kept, FRUIT, NOW)
        put_wishes(db, kept, 3, 4, hours("20:00", "07:00"), NOW)
    put_mute(db, merged, ALL, NOW)
    put_wishes(db, merged, 0, None, hours("12:00", "22:00"), NOW)
    before = get_wishes(db, kept), get_wishes(db, merged)
    merge_id = merge(db, kept, merged)
    stricter = Wishes(frozenset({ALL, FRUIT}), 0, 4, hours("12:00", "07:00"))
    assert get_wishes(db, kept) == (stricter if own else before[1])
    split(db, merge_id, kept, NOW + 30)
    assert (get_wishes(db, kept), get_wishes(db, merged)) == before


def test_what_was_changed_since_stays(db: Database, two: tuple[str, str]) -> None:
    kept, merged = two
    put_wishes(db, merged, 0, None, None, NOW)
    merge_id = merge(db, kept, merged)
    put_wishes(db, kept, 1, None, None, NOW + 20)
    split(db, merge_id, kept, NOW + 30)
    assert get_wishes(db, kept).per_day == 1


def test_both_phones_are_pushed_to(db: Database, two: tuple[str, str]) -> None:
    kept, merged = two
    put_subscription(db, merged, Subscription("https://push.example.org/1", "p", "a", "k"), NOW)
    merge_id = merge(db, kept, merged)
    assert (len(subscriptions_of(db, kept)), len(subscriptions_of(db, merged))) == (1, 0)
    split(db, merge_id, kept, NOW + 30)
    assert (len(subscriptions_of(db, kept)), len(subscriptions_of(db, merged))) == (0, 1)


def states(db: Database, who: str) -> dict[str, str]:
    return {v.voucher.voucher_id: v.voucher.state for v in vouchers_of(db, who)}


def set_state(db: Database, voucher_id: str, state: str) -> None:
    with db.write() as session:
        session.get_one(VoucherTable, voucher_id).state = state


@pytest.mark.parametrize(
    ("ours", "theirs", "after"),
    [
        ("issued", "issued", ("issued", "voided")),
        ("seen", "seen", ("seen", "voided")),
        ("redeemed", "seen", ("redeemed", "voided")),
        ("seen", "redeemed", ("voided", "redeemed")),
        ("expired", "seen", ("expired", "seen")),
        ("seen", "expired", ("seen", "expired")),
        ("redeemed", "redeemed", ("redeemed", "redeemed")),
    ],
)
def test_one_of_two_coupons_of_a_visit(
    db: Database, two: tuple[str, str], ours: str, theirs: str, after: tuple[str, str]
) -> None:
    kept, merged = two
    mine, other = issue(db, kept, name="d1"), issue(db, merged, name="d2")
    set_state(db, mine, ours)
    set_state(db, other, theirs)
    merge_id = merge(db, kept, merged)
    assert states(db, kept) == {mine: after[0], other: after[1]}
    split(db, merge_id, kept, NOW + 30)
    assert (states(db, kept), states(db, merged)) == ({mine: after[0]}, {other: after[1]})
    with db.read() as session:
        assert set(session.exec(select(VoucherTable.visit_id))) == {"v1"}


def test_the_caps_of_the_visit_count_both(db: Database, two: tuple[str, str]) -> None:
    kept, merged = two
    for name, who in (("d1", kept), ("d2", merged)):
        set_state(db, issue(db, who, name=name), "seen")
    merge(db, kept, merged)
    put_campaign(db, STORE, campaign("pears"))
    ask = candidate(kept, "pears", name="d3", at=NOW + 20)
    said = claim(db, [ask], Limits(per_visit=2, per_day=9, per_week=9), SECRET, NOW + 20)
    assert said.decisions[0].reason == "cap_visit"
