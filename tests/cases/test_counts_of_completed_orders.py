"""Limits counted completed orders only: whoever asked before the first had paid got one more.

In: vouchers that nobody has redeemed yet. Right: a voucher counts in caps and budgets from the moment it is issued, in
number and with all it can be worth; what is not used comes back when it ends.
"""

from __future__ import annotations

from engine.offers.caps import Limits
from engine.offers.codes import voucher_code
from engine.storage.database import Database
from engine.storage.vouchers.campaigns import get_campaign, put_campaign
from engine.storage.vouchers.claims import claim
from engine.storage.vouchers.tills import redeem
from engine.storage.vouchers.vouchers import expire_unredeemed
from tests.engine.storage.scenes import (
    NO_LIMITS,
    NOW,
    SECRET,
    STORE,
    at_once,
    basket,
    campaign,
    candidate,
    issue,
    shopper,
)


def asked(db: Database, shopper_id: str, name: str, limits: Limits = NO_LIMITS, at: float = NOW) -> str:
    """Why one more voucher is issued, or is not."""
    made = candidate(shopper_id, visit=name, name=name, at=at)
    return claim(db, [made], limits, SECRET, at).decisions[0].reason


def test_a_budget_of_vouchers_counts_those_that_are_out(db: Database) -> None:
    put_campaign(db, STORE, campaign(budget={"max_vouchers": 2}))
    people = [shopper(db).shopper_id for _ in range(3)]
    assert [asked(db, who, f"d{i}") for i, who in enumerate(people)] == ["ok", "ok", "budget"]


def test_a_budget_of_money_counts_what_they_may_be_worth(db: Database) -> None:
    put_campaign(db, STORE, campaign(budget={"max_amount_minor": 120}, valid_s=600.0))
    people = [shopper(db).shopper_id for _ in range(4)]
    first = issue(db, people[0], name="d0")
    assert [asked(db, who, f"d{i}") for i, who in enumerate(people[1:3], start=1)] == ["ok", "budget"]
    code = voucher_code(SECRET, first)
    assert redeem(db, code, basket(("A1", 1, 100)), STORE, "t", "k", NOW + 60, secret=SECRET).discount_minor == 20
    assert asked(db, people[3], "d3") == "ok"  # 20 given and 50 out: 50 more fit
    assert get_campaign(db, STORE, "apples").amount_used_minor == 120
    assert expire_unredeemed(db, NOW + 600) == 2
    assert get_campaign(db, STORE, "apples").amount_used_minor == 20


def test_a_persons_caps_count_what_she_has_not_used(db: Database) -> None:
    put_campaign(db, STORE, campaign(caps={"per_day": 1, "per_week": 9}))
    put_campaign(db, STORE, campaign("pears"))
    who = shopper(db).shopper_id
    assert asked(db, who, "d0") == "ok"
    assert asked(db, who, "d1") == "cap_campaign_day"
    assert asked(db, who, "d2", Limits(per_visit=9, per_day=1, per_week=9)) == "cap_day"


def test_all_at_one_moment(db: Database) -> None:
    put_campaign(db, STORE, campaign(budget={"max_vouchers": 5, "max_amount_minor": 10_000}))
    people = [shopper(db).shopper_id for _ in range(20)]
    assert at_once(20, lambda i: asked(db, people[i], f"d{i}")) == {"ok": 5, "budget": 15}
