"""Whoever watched a campaign's page saw its counter move, and so at which moment who came in got a coupon, used it, and
for how much; and by writing one budget after another, to the coupon how many were out.

Input: coupons given out, used, taken back and ended one by one; a reader who looks between any two and keeps every
answer, of each store and of HQ's sum, while budgets are edited. Right: two answers differ by nothing or by k coupons
and more, money moves with them alone, and what is said of the end of a budget follows from what is told.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

from engine.offers.caps import Spent
from engine.offers.codes import voucher_code
from engine.offers.hours import When
from engine.offers.measured.pacing import PaceState, pace_of
from engine.storage.database import Database, open_database
from engine.storage.told.spending import told_spending
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.claims import claim
from engine.storage.vouchers.tills import VoucherRefused, redeem, void
from engine.storage.vouchers.vouchers import expire_unredeemed
from tests.databases import new_sqlite
from tests.engine.storage.scenes import NO_LIMITS, NOW, SECRET, basket, campaign, candidate, shopper

K, BLOCK_S, STORES = 5, 900.0, ("market", "north")
KEYS = [(store, "apples") for store in STORES]


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    made = open_database(new_sqlite(tmp_path / "rayon.db"))
    for store in STORES:
        put_campaign(made, store, campaign(valid_s=3000.0), NOW)
    yield made
    made.close()


def step(db: Database, chance: random.Random, i: int, now: float, out: list[tuple[str, str]], uses: list[str]) -> None:
    """Something happens to one coupon."""
    what = chance.choice(("give", "give", "give", "use", "void", "end"))
    if what == "give":
        store = chance.choice(STORES)
        one = replace(candidate(shopper(db).shopper_id, name=f"d{i}", at=now), store=store)
        out += [(store, voucher_code(SECRET, v.voucher_id)) for v in claim(db, [one], NO_LIMITS, SECRET, now).vouchers]
    elif what == "use" and out:
        store, code = chance.choice(out)
        goods = basket(("A1", 1, chance.randrange(100, 400)))
        with suppress(VoucherRefused):
            uses.append(redeem(db, code, goods, store, "t", f"k{i}", now, secret=SECRET).redemption_id)
    elif what == "void" and uses:
        void(db, chance.choice(uses), now)
    else:
        expire_unredeemed(db, now)


def test_no_two_looks_differ_by_fewer_than_k_coupons(db: Database) -> None:
    chance, now = random.Random(3), NOW
    out, uses = list[tuple[str, str]](), list[str]()
    looks: list[dict[str, Spent]] = []
    for i in range(90):
        now += chance.choice((1.0, 200.0))
        step(db, chance, i, now, out, uses)
        told = told_spending(db, KEYS, k=K, block_s=BLOCK_S, now=now)
        both = Spent(sum(t.vouchers for t in told.values()), sum(t.amount_minor for t in told.values()))
        looks.append({store: told[store, "apples"] for store in STORES} | {"together": both})
    assert looks[-1]["together"].vouchers >= 4 * K  # something was told, or nothing is shown
    for one, other in combinations(looks, 2):
        for name in one:
            moved = other[name].vouchers - one[name].vouchers
            assert moved % K == 0
            assert moved or (name == "together") or one[name].amount_minor == other[name].amount_minor
    for look in looks:
        assert all((look["together"].vouchers - look[store].vouchers) % K == 0 for store in STORES)


def test_the_end_of_a_budget_is_said_of_what_is_told(db: Database) -> None:
    """23 are out: with every budget that an editor may try, the page says the same as with 20 to 24 out."""
    said = {pace_of(20, most, When(), NOW, untold=K - 1).state for most in (21, 22, 23, 24)}
    assert said == {PaceState.LAST}
    assert pace_of(20, 25, When(), NOW, untold=K - 1).state is PaceState.NO_LINE
    assert pace_of(20, 20, When(), NOW, untold=K - 1).state is PaceState.SPENT


def test_a_k_of_one_tells_everything_at_once(db: Database) -> None:
    one = candidate(shopper(db).shopper_id)
    claim(db, [one], NO_LIMITS, SECRET, NOW)
    assert told_spending(db, KEYS, k=1, block_s=BLOCK_S, now=NOW)[KEYS[0]] == Spent(1, 50)
    assert told_spending(db, KEYS, k=K, block_s=BLOCK_S, now=NOW)[KEYS[0]] == Spent()
