"""Points buy a voucher once, of the lots that end soonest; unused it gives them back to the same lots."""

from __future__ import annotations

import pytest

from engine.config import LoyaltyConfig
from engine.errors import NotFound
from engine.loyalty.ledger import PROGRAMME, Balance
from engine.offers.bought.rewards import Reward, rewards_of
from engine.offers.codes import voucher_code
from engine.storage.commerce.events import keep_events
from engine.storage.database import Database
from engine.storage.loyalty.expiry import expire_lots
from engine.storage.loyalty.ledger import EntryConflict, NotEnoughPoints
from engine.storage.loyalty.lots import lots_of
from engine.storage.loyalty.proof import prove
from engine.storage.people.shoppers import ShopperProfile
from engine.storage.programme.rewards import RewardUsed, buy_reward, undo_reward
from engine.storage.vouchers.tills import check_voucher, redeem, void
from engine.storage.vouchers.verdicts import TillReason
from tests.engine.storage.programme.told import DAY_S, earn, has_card, points, receipt
from tests.engine.storage.scenes import NOW, SECRET, STORE, at_once, basket, shopper


def reward(**changes: object) -> Reward:
    """50 points take 0.80 off the basket for 90 days."""
    said = {"id": "one", "fr": "1 €", "en": "1 €", "points": 50, "amount_minor": 80, "currency": "EUR"} | changes
    return rewards_of(LoyaltyConfig.model_validate({"rewards": [said]}))[0]


ONE = reward()


@pytest.fixture
def who(db: Database) -> ShopperProfile:
    """Somebody with 40 points that end in 265 days and 60 that end in 365."""
    made = shopper(db)
    has_card(db, made.shopper_id)
    keep_events(db, [receipt("old", 4_000, at=NOW - 100 * DAY_S), receipt("new", 6_000, at=NOW - 60)], NOW)
    earn(db)
    return made


def left(db: Database, member: str) -> list[int]:
    """What the lots have, soonest end first."""
    with db.read() as session:
        lots = lots_of(session, PROGRAMME, [member])
    return [lot.available for lot in sorted(lots, key=lambda lot: lot.expires_at or 0.0)]


def buy(db: Database, who: ShopperProfile, key: str = "k", what: Reward = ONE) -> str:
    return buy_reward(db, what, who.shopper_id, STORE, key, SECRET, NOW)


def test_one_key_buys_once_and_of_what_ends_first(db: Database, who: ShopperProfile) -> None:
    assert len(at_once(6, lambda _: buy(db, who))) == 1
    assert left(db, who.member_id) == [50]
    with pytest.raises(EntryConflict):
        buy(db, who, what=reward(id="two"))


def test_points_for_two_buy_two_whoever_asks_at_once(db: Database, who: ShopperProfile) -> None:
    said = at_once(5, lambda i: buy(db, who, f"k{i}"))
    assert said["not_enough_points"] == 3
    assert points(db, who.member_id) == Balance(0, 0)


def test_its_voucher_is_used_as_any_other(db: Database, who: ShopperProfile) -> None:
    code = voucher_code(SECRET, buy(db, who))
    assert check_voucher(db, code, basket(), STORE, NOW, secret=SECRET).discount_minor == 80
    done = redeem(db, code, basket(), STORE, "1", "r", NOW, secret=SECRET)
    assert (done.discount_minor, done.campaign_id) == (80, "reward:one")
    assert check_voucher(db, code, basket(), STORE, NOW, secret=SECRET).reason is TillReason.REDEEMED
    void(db, done.redemption_id, NOW)
    assert check_voucher(db, code, basket(), STORE, NOW, secret=SECRET).ok


def test_given_back_unused_the_points_are_in_their_lots_again(db: Database, who: ShopperProfile) -> None:
    bought = buy(db, who)
    assert at_once(4, lambda _: undo_reward(db, bought, who.shopper_id, NOW)) == {"50": 4}
    assert left(db, who.member_id) == [40, 60]
    code = voucher_code(SECRET, bought)
    assert check_voucher(db, code, basket(), STORE, NOW, secret=SECRET).reason is TillReason.VOIDED
    assert prove(db).holds


def test_points_that_come_back_past_their_end_are_gone(db: Database, who: ShopperProfile) -> None:
    bought = buy(db, who, what=reward(valid_days=400))
    undo_reward(db, bought, who.shopper_id, NOW + 300 * DAY_S)
    expire_lots(db, NOW + 300 * DAY_S)
    assert left(db, who.member_id) == [60]


def test_used_over_or_somebody_elses_gives_nothing_back(db: Database, who: ShopperProfile) -> None:
    bought = buy(db, who)
    with pytest.raises(NotFound):
        undo_reward(db, bought, shopper(db).shopper_id, NOW)
    with pytest.raises(RewardUsed):
        undo_reward(db, bought, who.shopper_id, NOW + 90 * DAY_S)
    redeem(db, voucher_code(SECRET, bought), basket(), STORE, "1", "r", NOW, secret=SECRET)
    with pytest.raises(RewardUsed):
        undo_reward(db, bought, who.shopper_id, NOW)
    assert points(db, who.member_id) == Balance(50, 0)


def test_used_and_given_back_at_once_is_one_of_both(db: Database, who: ShopperProfile) -> None:
    bought = buy(db, who)
    code = voucher_code(SECRET, bought)

    def either(i: int) -> str:
        if i % 2:
            return str(undo_reward(db, bought, who.shopper_id, NOW))
        return redeem(db, code, basket(), STORE, "1", "r", NOW, secret=SECRET).state

    said = at_once(4, either)
    assert said in ({"redeemed": 2, "reward_used": 2}, {"50": 2, "voucher_voided": 2})
    assert points(db, who.member_id).available == (100 if "50" in said else 50)


def test_too_few_points_buy_nothing(db: Database, who: ShopperProfile) -> None:
    with pytest.raises(NotEnoughPoints):
        buy(db, who, what=reward(points=101))
    assert left(db, who.member_id) == [40, 60]
