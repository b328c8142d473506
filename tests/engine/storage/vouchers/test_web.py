"""One coupon for the shop and the e-shop: whichever comes first has it."""

from __future__ import annotations

import pytest

from engine.errors import BusinessRefusal, NotFound
from engine.storage.database import Database
from engine.storage.vouchers.tills import check_voucher, redeem, void
from engine.storage.vouchers.vouchers import keep_for_web
from engine.vocabulary import SalesChannel
from tests.engine.storage.scenes import NOW, SECRET, STORE, at_once, basket, voucher

BOTH = ["store", "web"]
WEB, SHOP = SalesChannel.WEB, SalesChannel.STORE
WEEK_S = 7 * 86_400.0


def use(db: Database, code: str, channel: SalesChannel, key: str, at: float = NOW + 1) -> str:
    done = redeem(db, code, basket(), STORE, str(channel), key, at, secret=SECRET, channel=channel)
    return str(done.channel)


def test_at_once_in_the_shop_and_in_the_e_shop_it_is_used_once(db: Database) -> None:
    _, _, code = voucher(db, channels=BOTH)
    said = at_once(1_000, lambda i: use(db, code, WEB if i % 2 else SHOP, f"k{i}"))
    assert said["voucher_redeemed"] == 999
    assert said["web"] + said["store"] == 1


def test_a_key_that_a_till_and_the_e_shop_both_made_gives_nothing_twice(db: Database) -> None:
    """Made of the code, say, by a till and an e-shop that go by one name."""
    _, _, code = voucher(db, channels=BOTH)
    shared = (db, code, basket(), STORE, "1", code, NOW + 1)
    first = redeem(*shared, secret=SECRET, channel=SHOP)
    with pytest.raises(BusinessRefusal) as said:
        redeem(*shared, secret=SECRET, channel=WEB)
    assert said.value.code == "idempotency_key_reused"
    assert redeem(*shared, secret=SECRET, channel=SHOP) == first


@pytest.mark.parametrize(("channels", "refused"), [(["store"], WEB), (["web"], SHOP)])
def test_the_campaign_says_where(db: Database, channels: list[str], refused: SalesChannel) -> None:
    _, _, code = voucher(db, channels=channels)
    with pytest.raises(BusinessRefusal) as said:
        use(db, code, refused, "a")
    assert said.value.code == "voucher_channel"
    checked = check_voucher(db, code, basket(), STORE, NOW, secret=SECRET, channel=refused)
    assert (checked.ok, checked.reason) == (False, "channel")
    assert use(db, code, SHOP if refused is WEB else WEB, "b") != str(refused)


def test_what_the_web_gives_back_the_shop_can_use(db: Database) -> None:
    _, _, code = voucher(db, channels=BOTH)
    done = redeem(db, code, basket(), STORE, "web", "a", NOW + 1, secret=SECRET, channel=WEB)
    assert void(db, done.redemption_id, NOW + 2).channel is WEB
    assert use(db, code, SHOP, "b", NOW + 3) == "store"


def test_kept_for_later_it_holds_as_long_as_its_campaign_says(db: Database) -> None:
    who, voucher_id, code = voucher(db, channels=BOTH, web_valid_s=WEEK_S, valid_s=3_600)
    kept = [keep_for_web(db, voucher_id, who.shopper_id, NOW + n) for n in (1, 2)]
    assert kept == [NOW + WEEK_S] * 2
    assert use(db, code, WEB, "a", NOW + WEEK_S - 1) == "web"


def test_not_kept_are_others_what_is_over_and_what_is_for_the_shop(db: Database) -> None:
    who, voucher_id, _ = voucher(db, channels=BOTH, web_valid_s=WEEK_S, valid_s=3_600)
    with pytest.raises(NotFound):
        keep_for_web(db, voucher_id, "somebody else", NOW)
    with pytest.raises(BusinessRefusal):
        keep_for_web(db, voucher_id, who.shopper_id, NOW + 3_601)


def test_a_campaign_of_the_shop_keeps_nothing(db: Database) -> None:
    who, voucher_id, _ = voucher(db)
    with pytest.raises(BusinessRefusal):
        keep_for_web(db, voucher_id, who.shopper_id, NOW)
    with pytest.raises(ValueError, match="web_valid_s"):
        voucher(db, web_valid_s=WEEK_S)
