"""Two profiles become one, and two again: what moved is on the record, and nothing is lost."""

from __future__ import annotations

import json

import pytest
from sqlmodel import select

from engine.errors import NotFound
from engine.loyalty.ledger import PROGRAMME, Balance
from engine.loyalty.sharing import ShareRules, Visitor
from engine.offers.caps import Limits
from engine.privacy.consent import ConsentChoice, replay
from engine.records import device_hex
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.loyalty.ledger import wallet_balance
from engine.storage.loyalty.reviews import waiting_reviews
from engine.storage.loyalty.shares import create_share, open_share
from engine.storage.loyalty.wallets import members_of
from engine.storage.models.identity import MergeLogTable
from engine.storage.people.merges import latest_regrouped, list_regrouped_after, merge_in, merges_of, split
from engine.storage.people.phones import phone_of
from engine.storage.people.shoppers import ShopperProfile, consent_log, get_shopper, linked_devices, set_consents
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.claims import claim
from engine.storage.vouchers.vouchers import vouchers_of
from engine.vocabulary import IdentifierKind
from tests.engine.storage.people.test_shoppers import mentions
from tests.engine.storage.scenes import NOW, PAGE, SECRET, STORE, campaign, candidate, issue, shopper

RULES = ShareRules(points=50, hold_s=86_400.0, per_day=2, per_campaign=9)
STATISTICS = ConsentChoice("statistics", "any", True)
NO_STATISTICS = ConsentChoice("statistics", "any", False)


@pytest.fixture
def two(db: Database) -> tuple[ShopperProfile, ShopperProfile]:
    """One person's old phone and new one, with a coupon each."""
    for name in ("apples", "pears"):
        put_campaign(db, STORE, campaign(name))
    old, new = shopper(db, 1), shopper(db, 2)
    issue(db, old.shopper_id, name="d-old")
    issue(db, new.shopper_id, "pears", name="d-new", visit="v2")
    return old, new


def merge(db: Database, kept: ShopperProfile, merged: ShopperProfile, at: float = NOW + 10) -> str:
    with db.write() as session:
        return merge_in(session, kept.shopper_id, merged.shopper_id, IdentifierKind.EMAIL, at)


def coupons(db: Database, who: ShopperProfile) -> set[str]:
    return {v.voucher.campaign_id for v in vouchers_of(db, who.shopper_id)}


def log(db: Database) -> list[tuple[str, dict[str, int]]]:
    with db.read() as session:
        rows = session.exec(select(MergeLogTable).order_by(MergeLogTable.id)).all()
        return [(row.change, json.loads(row.moved)) for row in rows]


def test_everything_moves_and_comes_back(db: Database, two: tuple[ShopperProfile, ShopperProfile]) -> None:
    old, new = two
    before = (coupons(db, old), coupons(db, new), {d: s.shopper_id for d, s in linked_devices(db, STORE).items()})
    merge_id = merge(db, old, new)
    assert (coupons(db, old), coupons(db, new)) == ({"apples", "pears"}, set())
    assert {s.shopper_id for s in linked_devices(db, STORE).values()} == {old.shopper_id}
    assert [m.merge_id for m in merges_of(db, old.shopper_id)] == [merge_id]
    for _ in range(2):
        split(db, merge_id, old.shopper_id, NOW + 20)
    after = (coupons(db, old), coupons(db, new), {d: s.shopper_id for d, s in linked_devices(db, STORE).items()})
    assert after == before
    assert merges_of(db, old.shopper_id) == []
    assert [change for change, _ in log(db)] == ["merge", "split"]
    assert all(moved["vouchers"] == moved["phones"] == 1 for _, moved in log(db))


def test_what_came_after_the_merge_stays(db: Database, two: tuple[ShopperProfile, ShopperProfile]) -> None:
    old, new = two
    merge_id = merge(db, old, new)
    issue(db, old.shopper_id, "apples", name="later", visit="v3", at=NOW + 15)
    split(db, merge_id, old.shopper_id, NOW + 20)
    assert len(vouchers_of(db, old.shopper_id)) == 2
    assert len(vouchers_of(db, new.shopper_id)) == 1


def test_caps_count_the_person(db: Database, two: tuple[ShopperProfile, ShopperProfile]) -> None:
    """Two coupons on two phones are two of one person's."""
    old, new = two
    ask = candidate(old.shopper_id, "apples", visit="v9", name="d9", at=NOW + 30)
    limits = Limits(per_visit=9, per_day=2, per_week=9)
    merge(db, old, new)
    assert claim(db, [ask], limits, SECRET, NOW + 30).decisions[0].reason == "cap_day"


def test_a_wallet_adds_up_and_the_ledger_is_left_alone(
    db: Database, two: tuple[ShopperProfile, ShopperProfile]
) -> None:
    old, new = two
    for i, who in enumerate(two):
        link = create_share(db, vouchers_of(db, who.shopper_id)[0].voucher.voucher_id, who.shopper_id, NOW).token
        open_share(db, link, Visitor(f"c{i}", f"d{i}", f"a{i}", "Mozilla/5.0"), NOW, RULES)
    merge_id = merge(db, old, new)
    assert wallet_balance(db, PROGRAMME, members_of(db, old.shopper_id)) == Balance(0, 100)
    # The day's cap is the person's: two links, two points already.
    third = Visitor("c9", "d9", "a9", "Mozilla/5.0")
    assert open_share(db, link, third, NOW + 60, RULES).outcome == "capped"
    # And each of the person's browsers is the sharer's own.
    mine = Visitor("c8", "d8", "a8", "Mozilla/5.0", shopper_id=old.shopper_id)
    assert open_share(db, link, mine, NOW + 60, RULES).outcome == "self"
    split(db, merge_id, old.shopper_id, NOW + 90)
    assert wallet_balance(db, PROGRAMME, members_of(db, old.shopper_id)) == Balance(0, 50)


def test_points_brought_to_oneself_wait_for_a_review(db: Database, two: tuple[ShopperProfile, ShopperProfile]) -> None:
    old, new = two
    mine = vouchers_of(db, old.shopper_id)[0].voucher.voucher_id
    link = create_share(db, mine, old.shopper_id, NOW).token
    me_too = Visitor("c1", None, "home", "Mozilla/5.0", shopper_id=new.shopper_id)
    assert open_share(db, link, me_too, NOW, RULES).outcome == "rewarded"
    merge_id = merge(db, old, new)
    assert ["one_person" in r.signals for r in waiting_reviews(db, STORE)] == [True]
    split(db, merge_id, old.shopper_id, NOW + 20)
    assert waiting_reviews(db, STORE) == []


@pytest.mark.parametrize(
    ("kept_says", "merged_says", "after"),
    [
        ([STATISTICS], [NO_STATISTICS], False),
        ([NO_STATISTICS], [STATISTICS], False),
        ([STATISTICS], [STATISTICS], True),
        ([], [STATISTICS], True),  # never asked is no refusal
        ([STATISTICS], [], True),
        ([], [NO_STATISTICS], False),
    ],
)
def test_a_no_on_either_side_wins(
    db: Database, kept_says: list[ConsentChoice], merged_says: list[ConsentChoice], after: bool
) -> None:
    old, new = shopper(db, consents=[PAGE, *kept_says]), shopper(db, consents=[PAGE, *merged_says])
    before = get_shopper(db, old.shopper_id).grants
    merge_id = merge(db, old, new)
    assert (("statistics", "any") in get_shopper(db, old.shopper_id).grants) is after
    assert replay(consent_log(db, old.shopper_id))[old.shopper_id] == get_shopper(db, old.shopper_id).grants
    split(db, merge_id, old.shopper_id, NOW + 20)
    assert get_shopper(db, old.shopper_id).grants == before


def test_a_no_after_the_merge_holds_for_both(db: Database) -> None:
    old, new = shopper(db, 1, consents=[PAGE, STATISTICS]), shopper(db, 2, consents=[PAGE, STATISTICS])
    merge_id = merge(db, old, new)
    no = ConsentChoice("location_offers", "page", False)
    set_consents(db, old.shopper_id, [no], "2026-01", "me", NOW + 15)
    assert linked_devices(db, STORE) == {}
    split(db, merge_id, old.shopper_id, NOW + 20)
    assert ("location_offers", "page") not in get_shopper(db, new.shopper_id).grants
    assert phone_of(db, new.shopper_id, STORE) is None


def test_erasing_a_person_erases_all_their_profiles(db: Database, two: tuple[ShopperProfile, ShopperProfile]) -> None:
    old, new = two
    merge(db, old, new)
    erase_shopper(db, old.shopper_id, NOW + 30)
    assert mentions(db, device_hex(1), device_hex(2)) == []
    assert set(mentions(db, old.shopper_id)) | set(mentions(db, new.shopper_id)) <= {"consent_log", "merge_log"}
    with pytest.raises(NotFound):
        get_shopper(db, new.shopper_id)


def test_a_merge_that_is_somebody_elses(db: Database, two: tuple[ShopperProfile, ShopperProfile]) -> None:
    old, new = two
    merge_id = merge(db, old, new)
    for who in (new.shopper_id, shopper(db).shopper_id):
        with pytest.raises(NotFound):
            split(db, merge_id, who, NOW + 20)


def test_open_pages_hear_of_it(db: Database, two: tuple[ShopperProfile, ShopperProfile]) -> None:
    old, new = two
    before = latest_regrouped(db)
    merge_id = merge(db, old, new)
    split(db, merge_id, old.shopper_id, NOW + 20)
    both = frozenset({old.shopper_id, new.shopper_id})
    assert [who for _, who in list_regrouped_after(db, before)] == [both, both]
    assert list_regrouped_after(db, latest_regrouped(db)) == []
