"""One person with one link and forty browsers made 500 points.

What happened: a sharer's own link was opened forty times from one address under forty names, and each counted as a
friend until the day's cap. Input: forty User-Agents from one address within ten minutes, with and without the tap that
takes the coupon. Right: no point becomes available before somebody of the shop has looked at it, and every one of the
forty has the page and its coupon all the same. Forty people behind the shop's one address over a day: at least 38
count.
"""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from engine.loyalty.ledger import PROGRAMME
from engine.loyalty.sharing import ShareRules, Visitor
from engine.offers.caps import Limits
from engine.records import Candidate, DeviceId, Trigger
from engine.storage.database import Database
from engine.storage.loyalty.friends import GUEST
from engine.storage.loyalty.ledger import balance, release_pending
from engine.storage.loyalty.shares import create_share, open_share
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.claims import claim
from engine.storage.vouchers.guests import take_shared
from engine.vocabulary import Channel
from tests.api.site import SECRETS, campaign, small_plan
from tests.engine.storage.scenes import NOW, at_once, shopper

PLAN = small_plan()
RULES = ShareRules(points=50, hold_s=86_400.0, per_day=10, per_campaign=25)  # as shipped
LATER = NOW + 3 * 86_400.0


@pytest.fixture
def shared(db: Database) -> tuple[str, str]:
    """(member, token) of a link to a campaign that is open to anyone."""
    put_campaign(db, PLAN.store, campaign(share={"open_to": "anyone"}))
    who = shopper(db)
    trigger = Trigger("t", "tea-20", DeviceId(1), "v", NOW - 9, NOW, 0.9, NOW)
    asked = Candidate("d", trigger, who.shopper_id, PLAN.store, "EUR", Channel.PAGE, 24.0, 99, 50)
    [voucher] = claim(db, [asked], Limits(9, 9, 9), SECRETS.site_key, NOW).vouchers
    return who.member_id, create_share(db, voucher.voucher_id, who.shopper_id, NOW).token


def browser(n: int) -> Visitor:
    return Visitor(f"opening-{n}", None, "one address", f"Mozilla/5.0 (browser {n})")


def tap(db: Database, token: str, n: int, at: float) -> str:
    """Takes the coupon with a cookie of its own; gives the coupon's id."""
    asks = replace(browser(n), cookie_id=f"guest-{n}", guest=True, tapped=True, opened=f"opening-{n}")
    open_share(db, token, asks, at, RULES)
    return take_shared(db, token, f"{GUEST}guest-{n}", PLAN, SECRETS.site_key, at)


@pytest.mark.parametrize("taps", [False, True])
def test_forty_browsers_make_no_points_by_themselves(db: Database, shared: tuple[str, str], taps: bool) -> None:
    member, token = shared
    coupons = set()
    for n in range(40):
        open_share(db, token, browser(n), NOW + 15 * n, RULES)
        if taps:
            coupons.add(tap(db, token, n, NOW + 15 * n + 4))
    release_pending(db, LATER)
    assert balance(db, PROGRAMME, member).available == 0
    assert len(coupons) == (40 if taps else 0)


def test_forty_people_behind_the_shops_address(db: Database, shared: tuple[str, str]) -> None:
    member, token = shared
    rng = random.Random(3)
    rules = replace(RULES, per_day=100, per_campaign=100)
    for n, t in enumerate(sorted(rng.uniform(0.0, 36_000.0) for _ in range(40))):
        open_share(db, token, browser(n), NOW + t, rules)
        tap(db, token, n, NOW + t + 6)
    release_pending(db, LATER)
    assert balance(db, PROGRAMME, member).available >= 38 * 50


def test_many_taps_of_one_guest_at_once_take_one_coupon(db: Database, shared: tuple[str, str]) -> None:
    said = at_once(12, lambda _: take_shared(db, shared[1], f"{GUEST}one", PLAN, SECRETS.site_key, NOW))
    assert len(said) == 1
