"""A new profile on the same phone, or another phone of the same person, started with empty caps.

What happened: `DELETE /v1/me` and a new sign-in gave another coupon, as often as one liked. Input: caps of one coupon a
visit, two a day and three a week; a shopper with two phones gets what the caps allow, is erased, and signs in anew on
one of them. Right: the caps go on where they stood until their windows have passed, and then nothing of them is left.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.offers.caps import DAY_S, WEEK_S, Limits
from engine.offers.experiments import is_control
from engine.records import device_hex
from engine.storage.cap_counts import purge
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.people.shoppers import set_consents
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.claims import claim
from engine.storage.vouchers.vouchers import expire_undelivered
from engine.vocabulary import DecisionReason
from tests.databases import database_url, db, postgres
from tests.engine.storage.people.test_shoppers import everything, mentions
from tests.engine.storage.scenes import NOW, PAGE, SECRET, STORE, campaign, candidate, proved, shopper

__all__ = ["database_url", "db", "postgres"]
PHONE, TABLET = 0xABCDEF0123456789, 0x1122334455667788
LIMITS = Limits(per_visit=1, per_day=2, per_week=3)


@pytest.fixture
def shop(db: Database) -> Database:
    for name in ("apples", "pears", "plums"):
        put_campaign(db, STORE, campaign(name))
    return db


def ask(db: Database, who: str, name: str, *, visit: str, at: float, of: str = "apples") -> DecisionReason:
    [said] = claim(db, [candidate(who, of, name=name, visit=visit, at=at)], LIMITS, SECRET, at).decisions
    return said.reason


def anew(db: Database, who: str, at: float, device: int = PHONE) -> str:
    erase_shopper(db, who, at)
    return shopper(db, device).shopper_id


def test_the_visit_the_day_and_the_week_go_on(shop: Database) -> None:
    who = shopper(shop, PHONE).shopper_id
    assert ask(shop, who, "d1", visit="v1", at=NOW) == "ok"
    who = anew(shop, who, NOW + 1)
    assert ask(shop, who, "d2", visit="v1", at=NOW + 2, of="pears") == "cap_visit"
    assert ask(shop, who, "d3", visit="v1", at=NOW + 2) == "already_issued"
    assert ask(shop, who, "d4", visit="v2", at=NOW + 3) == "ok"
    who = anew(shop, who, NOW + 4)
    assert ask(shop, who, "d5", visit="v3", at=NOW + 5) == "cap_day"
    assert ask(shop, who, "d6", visit="v4", at=NOW + DAY_S + 10) == "ok"
    who = anew(shop, who, NOW + DAY_S + 11)
    assert ask(shop, who, "d7", visit="v5", at=NOW + 3 * DAY_S) == "cap_week"
    assert ask(shop, who, "d8", visit="v6", at=NOW + WEEK_S + 1) == "ok"


def test_another_phone_of_the_same_person(shop: Database) -> None:
    both = shopper(shop, PHONE)
    set_consents(shop, both.shopper_id, [PAGE], "1", "me", NOW, store=STORE, phone=proved(TABLET))
    assert ask(shop, both.shopper_id, "d1", visit="v1", at=NOW) == "ok"
    assert ask(shop, both.shopper_id, "d2", visit="v2", at=NOW + 1) == "ok"
    who = anew(shop, both.shopper_id, NOW + 2, TABLET)
    assert ask(shop, who, "d3", visit="v3", at=NOW + 3) == "cap_day"
    stranger = shopper(shop, 0x99).shopper_id
    assert ask(shop, stranger, "d4", visit="v9", at=NOW + 3) == "ok"


def test_campaigns_and_ghosts_count_too(shop: Database) -> None:
    put_campaign(shop, STORE, campaign("figs", caps={"per_day": 1, "per_week": 1}))
    held = campaign("kiwis", holdout_share=0.5)
    put_campaign(shop, STORE, held)
    who = shopper(shop, PHONE).shopper_id
    assert ask(shop, who, "d1", visit="v1", at=NOW, of="figs") == "ok"
    who = anew(shop, who, NOW + 1)
    assert ask(shop, who, "d2", visit="v2", at=NOW + 2, of="figs") == "cap_campaign_day"
    while not is_control(held, who):
        who = anew(shop, who, NOW + 3)
    assert ask(shop, who, "d3", visit="v3", at=NOW + 4, of="kiwis") == "holdout"
    who = anew(shop, who, NOW + 5)
    assert ask(shop, who, "d4", visit="v3", at=NOW + 6, of="pears") == "cap_visit"


def test_what_never_arrived_is_given_back(shop: Database) -> None:
    who = shopper(shop, PHONE).shopper_id
    assert ask(shop, who, "d1", visit="v1", at=NOW) == "ok"
    assert expire_undelivered(shop, NOW + 3600) == 1
    who = anew(shop, who, NOW + 3601)
    assert ask(shop, who, "d2", visit="v1", at=NOW + 3602, of="pears") == "ok"


def test_the_digest_leads_nowhere_and_ends_with_the_window(shop: Database) -> None:
    who = shopper(shop, PHONE).shopper_id
    made = candidate(who, name="d1")
    voucher = claim(shop, [made], LIMITS, SECRET, NOW).vouchers[0].voucher_id
    erase_shopper(shop, who, NOW + 1)
    counted = [row for table, row in everything(shop) if table == "cap_count"]
    assert len(counted) == 1
    assert mentions(shop, device_hex(PHONE)) == []
    for name in (voucher, made.decision_id, made.trigger.visit_id, who):
        assert name not in counted[0].values()
    assert purge(shop, NOW + WEEK_S - 1) == 0
    assert purge(shop, NOW + WEEK_S) == 1
    assert "cap_count" not in dict(everything(shop))
    again = replace(made, decision_id="d2", shopper_id=shopper(shop, PHONE).shopper_id)
    assert claim(shop, [again], LIMITS, SECRET, NOW + WEEK_S).decisions[0].reason == "ok"
