"""Somebody of the control group got the campaign's coupon from a friend's link: the groups differed in less than it.

Right: whoever is held out gets it on no way; who is not gets it.
"""

from __future__ import annotations

import pytest

from engine.offers.experiments import is_control
from engine.storage.database import Database
from engine.storage.loyalty.shares import create_share
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.guests import ShareOver, take_shared
from engine.vocabulary import DecisionReason
from tests.engine.offers.plans import PLAN
from tests.engine.storage.scenes import NOW, SECRET, STORE, campaign, shopper, voucher


def test_who_is_held_out_gets_nothing_by_a_link(db: Database) -> None:
    sharer, voucher_id, _ = voucher(db)
    token = create_share(db, voucher_id, sharer.shopper_id, NOW).token
    half = campaign(holdout_share=0.5)
    put_campaign(db, STORE, half)
    people = [shopper(db).shopper_id for _ in range(40)]
    control = next(who for who in people if is_control(half, who))
    treated = next(who for who in people if not is_control(half, who))
    assert take_shared(db, token, treated, PLAN, SECRET, NOW)
    with pytest.raises(ShareOver, match=DecisionReason.HOLDOUT):
        take_shared(db, token, control, PLAN, SECRET, NOW)
