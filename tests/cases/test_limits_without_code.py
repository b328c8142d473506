"""Limits hung on the code that was typed: without one, offers were given without limit.

In: no code, an empty one, blanks, null; and vouchers whose code nobody has seen. Right: without a code nothing comes
off, and trying costs as much as a wrong code does; a voucher counts in caps and budgets whether its code is known or
not, and the offer's own limits hold however it is written.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from engine.config import ApiConfig, Config
from engine.storage.database import Database
from engine.storage.vouchers.campaigns import get_campaign, put_campaign
from engine.storage.vouchers.claims import claim
from tests.api.site import Site, basket, campaign, code_of
from tests.cases.sites import open_site
from tests.clocks import HeldClock
from tests.engine.storage import scenes

NONE: list[Any] = ["", " ", "\u00a0", "-", None, ...]


def asked(code: Any, **changes: Any) -> dict[str, Any]:
    body = {"code": code, "store": "corner", "till": "1", "basket": basket()} | changes
    return {k: v for k, v in body.items() if v is not ...}


@pytest.fixture
def site(db: Database, rate_clock: HeldClock) -> Iterator[Site]:
    with open_site(db, Config(api=ApiConfig(port=0, till_attempts_per_minute=20))) as made:
        yield made


@pytest.fixture
def till(site: Site) -> Iterator[httpx.Client]:
    with site.till() as client:
        yield client


def test_without_a_code_nothing_comes_off(site: Site, till: httpx.Client) -> None:
    with site.client() as phone:
        site.issue(site.sign_in(phone), time.time())
    for i, code in enumerate(NONE):
        check = till.post("/v1/till/check", json=asked(code))
        redeemed = till.post("/v1/till/redeem", json=asked(code), headers={"Idempotency-Key": f"k{i}"})
        if isinstance(code, str):
            assert (check.status_code, check.json()["reason"], redeemed.status_code) == (200, "unknown", 404)
        else:
            assert (check.status_code, redeemed.status_code) == (422, 422)
    assert get_campaign(site.db, "corner", "tea-20").amount_used_minor == 99  # reserved, and nothing given


def test_trying_without_one_costs_as_much_as_a_wrong_one(till: httpx.Client) -> None:
    statuses = [till.post("/v1/till/check", json=asked("", till=str(i))).status_code for i in range(22)]
    assert statuses == [200] * 20 + [429] * 2


def test_the_offers_limits_hold_however_the_code_is_written(site: Site, till: httpx.Client) -> None:
    limited = {"kind": "percent", "applies_to": "product", "sku": "tea-1", "basis_points": 2000, "max_units": 2}
    limits = {"max_discount_minor": 150, "min_basket_minor": 900}
    put_campaign(site.db, "corner", campaign("few", offer=limited | limits), time.time())
    with site.client() as phone:
        code = code_of(site.issue_shown(site.sign_in(phone), "few"))
    for written in (code, code.lower(), f" {code[:4]}-{code[4:8]} {code[8:]} "):
        for quantity, reason, off in ((1, "min_basket", 0), (2, "ok", 150), (50, "ok", 150)):
            said = till.post("/v1/till/check", json=asked(written, basket=basket(quantity=quantity))).json()
            assert (said["reason"], said["discount_minor"]) == (reason, off)


def test_a_voucher_counts_though_its_code_was_never_shown(db: Database) -> None:
    scenes.put_campaign(db, scenes.STORE, scenes.campaign(budget={"max_vouchers": 1}))
    first, second = scenes.shopper(db).shopper_id, scenes.shopper(db).shopper_id
    scenes.issue(db, first)
    made = scenes.candidate(second, name="d2")
    said = claim(db, [made], scenes.NO_LIMITS, scenes.SECRET, scenes.NOW)
    assert said.decisions[0].reason == "budget"
