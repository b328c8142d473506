"""What the law keeps inside the shop has no link, and a link made before gives no more of it."""

from __future__ import annotations

import pytest

from engine.storage.database import Database
from engine.storage.loyalty.shares import NotShareable, create_share
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.guests import ShareOver, take_shared
from tests.engine.offers.plans import PLAN
from tests.engine.storage.scenes import NOW, SECRET, STORE, campaign, shopper, voucher

NEAR_END = {"kind": "percent", "applies_to": "product", "sku": "A1", "basis_points": 5000, "near_end": True}


def test_goods_near_their_end_have_no_link(db: Database) -> None:
    who, voucher_id, _ = voucher(db, offer=NEAR_END)
    with pytest.raises(NotShareable):
        create_share(db, voucher_id, who.shopper_id, NOW)


def test_an_older_link_gives_no_more(db: Database) -> None:
    who, voucher_id, _ = voucher(db)
    token = create_share(db, voucher_id, who.shopper_id, NOW).token
    put_campaign(db, STORE, campaign(offer=NEAR_END))
    with pytest.raises(ShareOver, match="legal_channel"):
        take_shared(db, token, shopper(db).shopper_id, PLAN, SECRET, NOW)
