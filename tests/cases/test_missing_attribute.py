"""An attribute that was not there was answered with 500.

In: a till's requests without each of their parts, with null in its place, and about goods, campaigns and categories
that are gone or never were. Right: 422 with the place where something has to be there, the default where it has not,
and a stable reason where the world has moved on.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from engine.storage.database import Database
from engine.storage.models.vouchers import CampaignTable, VoucherTable
from engine.storage.vouchers.campaigns import put_campaign
from tests.api.site import Site, basket, campaign, code_of
from tests.cases.sites import open_site
from tests.clocks import HeldClock

OF_DRINKS = {"kind": "percent", "applies_to": "category", "category": "drinks", "basis_points": 2000}
PARTS = [
    ("code",), ("store",), ("till",), ("basket",), ("basket", "currency"), ("basket", "lines"),
    ("basket", "lines", 0, "sku"), ("basket", "lines", 0, "quantity"), ("basket", "lines", 0, "unit_price_minor"),
]  # fmt: skip
OPTIONAL = [("basket", "lines", 0, "category"), ("basket", "lines", 0, "advantages_minor"), ("sold_at",)]


@pytest.fixture
def site(db: Database, rate_clock: HeldClock) -> Iterator[Site]:
    with open_site(db) as made:
        yield made


@pytest.fixture
def till(site: Site) -> Iterator[httpx.Client]:
    with site.till() as client:
        yield client


def coupon(site: Site, campaign_id: str = "tea-20") -> str:
    with site.client() as phone:
        return code_of(site.issue_shown(site.sign_in(phone), campaign_id))


def asked(code: str, **line: Any) -> dict[str, Any]:
    return {"code": code, "store": "corner", "till": "1", "basket": basket(**line)}


def without(body: dict[str, Any], part: tuple[str | int, ...], *, null: bool) -> dict[str, Any]:
    made = copy.deepcopy(body)
    at: Any = made
    for step in part[:-1]:
        at = at[step]
    if null:
        at[part[-1]] = None
    else:
        at.pop(part[-1], None)
    return made


def answers(till: httpx.Client, body: Any) -> list[httpx.Response]:
    """What check says, and what redeem says."""
    return [
        till.post("/v1/till/check", json=body),
        till.post("/v1/till/redeem", json=body, headers={"Idempotency-Key": f"k{time.monotonic_ns()}"}),
    ]


def test_each_part_of_a_request(site: Site, till: httpx.Client) -> None:
    whole = asked(coupon(site))
    for part in PARTS:
        for null in (False, True):
            for answer in answers(till, without(whole, part, null=null)):
                said = answer.json()
                assert (answer.status_code, said["code"]) == (422, "invalid_request"), (part, null)
                assert str(part[-1]) in answer.text
    for body in (None, [], "", 5, {}):
        assert {a.status_code for a in answers(till, body)} == {422}
    for part in OPTIONAL:  # null is no amount of other advantages, and no default of one
        found = [answers(till, without(whole, part, null=null))[0].status_code for null in (False, True)]
        assert found == [200, 422 if part[-1] == "advantages_minor" else 200]


def test_goods_that_nobody_knows(site: Site, till: httpx.Client) -> None:
    put_campaign(site.db, "corner", campaign("drinks", offer=OF_DRINKS), time.time())
    code = coupon(site, "drinks")
    for line in ({"sku": "what"}, {"sku": "what", "category": None}, {"sku": ""}):
        check, redeemed = answers(till, asked(code, **line))
        assert (check.status_code, check.json()["reason"]) == (200, "not_in_basket")
        assert (redeemed.status_code, redeemed.json()["code"]) == (409, "voucher_not_in_basket")
    check, redeemed = answers(till, asked(code, sku="what", category="drinks"))  # the till knows what it is
    assert (check.json()["discount_minor"], redeemed.json()["discount_minor"]) == (99, 99)


def test_a_campaign_that_is_gone(site: Site, till: httpx.Client) -> None:
    code = coupon(site)
    with site.db.write() as session:
        session.delete(session.get_one(CampaignTable, ("corner", "tea-20")))
    check, redeemed = answers(till, asked(code))
    assert (check.json()["ok"], redeemed.json()["discount_minor"]) == (True, 99)  # what was promised is kept
    undo = {"redemption_id": redeemed.json()["redemption_id"]}
    undone = till.post("/v1/till/void", json=undo, headers={"Idempotency-Key": "undo"})
    assert (undone.status_code, undone.json()["state"]) == (200, "voided")


def test_an_offer_as_it_was_written_before_it_had_all_its_parts(site: Site, till: httpx.Client) -> None:
    code = coupon(site)
    with site.db.write() as session:
        voucher_id = till.post("/v1/till/check", json=asked(code)).json()["voucher_id"]
        row = session.get_one(VoucherTable, voucher_id)
        row.offer = '{"kind": "percent", "applies_to": "product", "sku": "tea-1", "basis_points": 2000}'
    check, redeemed = answers(till, asked(code))
    assert (check.json()["discount_minor"], redeemed.status_code) == (99, 200)


def test_undoing_without_saying_what(till: httpx.Client) -> None:
    bodies: list[Any] = [{}, {"redemption_id": None}, {"redemption_id": "none"}, {"store": "corner"}, []]
    for body in bodies:
        answer = till.post("/v1/till/void", json=body, headers={"Idempotency-Key": f"undo {body}"})
        assert answer.status_code == (404 if body == {"redemption_id": "none"} else 422), body
