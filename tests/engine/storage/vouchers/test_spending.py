"""Given out, used, taken back and ended in whatever order: no budget is passed, and the books are right."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace

import pytest
from sqlmodel import select

from engine.offers.campaigns import Budget
from engine.offers.codes import voucher_code
from engine.storage.database import Database
from engine.storage.models.vouchers import CampaignTable, RedemptionTable, VoucherTable
from engine.storage.vouchers.claims import claim
from engine.storage.vouchers.tills import RedemptionState, VoucherRefused, redeem, void
from engine.storage.vouchers.vouchers import expire_undelivered, expire_unredeemed
from tests.engine.storage.scenes import NO_LIMITS, NOW, SECRET, basket, candidate, shopper
from tests.engine.storage.vouchers.test_hq import STORES, give, hq

SHARED = 260
Code = tuple[str, str]


def books(db: Database) -> dict[str, tuple[int, int]]:
    """By store, what its campaign says it has spent and what its coupons hold and took off."""
    with db.read() as session:
        found = {row.store: [row.amount_used_minor, 0] for row in session.exec(select(CampaignTable))}
        for held in session.exec(select(VoucherTable)):
            found[held.store][1] += held.reserved_minor
        for use in session.exec(select(RedemptionTable).where(RedemptionTable.state == RedemptionState.REDEEMED)):
            found[use.store][1] += use.discount_minor
    return {store: (said, true) for store, (said, true) in found.items()}


def one_step(db: Database, chance: random.Random, i: int, now: float, codes: list[Code], uses: list[str]) -> None:
    step = chance.choice(("claim", "claim", "use", "use", "void", "void", "end"))
    if step == "claim":
        store = chance.choice(STORES)
        one = replace(candidate(shopper(db).shopper_id, name=f"d{i}", at=now), store=store)
        made = claim(db, [one], NO_LIMITS, SECRET, now)
        codes += [(store, voucher_code(SECRET, v.voucher_id)) for v in made.vouchers]
    elif step == "use" and codes:
        store, code = chance.choice(codes)
        goods = basket(("A1", 1, chance.choice((100, 150, 250, 400))))
        with suppress(VoucherRefused):
            uses.append(redeem(db, code, goods, store, "t", f"k{i}", now, secret=SECRET).redemption_id)
    elif step == "void" and uses:
        void(db, chance.choice(uses), now)
    elif step == "end":
        chance.choice((expire_undelivered, expire_unredeemed))(db, now)


@pytest.mark.parametrize(("seed", "own"), [(1, None), (2, 130)])
def test_no_order_of_things_passes_a_budget(db: Database, seed: int, own: int | None) -> None:
    written = hq(budget={"max_amount_minor": SHARED})
    mine = written.campaign.model_copy(update={"budget": Budget(max_amount_minor=own)})
    give(db, written.model_copy(update={"campaign": mine}))
    chance, now = random.Random(seed), NOW
    codes, uses, most = list[Code](), list[str](), 0
    for i in range(70):
        now += chance.choice((1.0, 1.0, 60.0))
        one_step(db, chance, i, now, codes, uses)
        found = books(db)
        assert [told for told, true in found.values()] == [true for told, true in found.values()], i
        assert own is None or max(told for told, _ in found.values()) <= own, i
        most = max(most, sum(told for told, _ in found.values()))
        assert most <= SHARED, i
    assert len(uses) > 5
    assert most > SHARED - 50  # it was near its end, or nothing is shown


def test_what_is_taken_back_holds_no_more_than_what_is_there(db: Database) -> None:
    """40 of 50 came off, and another has had the rest: the coupon is worth 40 when its use is taken back."""
    give(db, hq(budget={"max_amount_minor": 90}))
    codes = []
    for i, store in enumerate(STORES[:2]):
        one = replace(candidate(shopper(db).shopper_id, name=f"d{i}", worth=50 - 10 * i), store=store)
        codes += claim(db, [one], NO_LIMITS, SECRET, NOW).vouchers
    code = voucher_code(SECRET, codes[0].voucher_id)
    used = redeem(db, code, basket(("A1", 1, 200)), "market", "t", "k", NOW + 1, secret=SECRET)
    late = replace(candidate(shopper(db).shopper_id, name="late", worth=10), store="south")
    assert claim(db, [late], NO_LIMITS, SECRET, NOW + 2).vouchers
    void(db, used.redemption_id, NOW + 3)
    assert sum(told for told, _ in books(db).values()) == 90
    again = redeem(db, code, basket(("A1", 1, 400)), "market", "t", "l", NOW + 4, secret=SECRET)
    assert (used.discount_minor, again.discount_minor) == (40, 40)
