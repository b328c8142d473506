"""Counts of coupons are told in whole ks, on both databases, and what was told stays told."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from engine.presence.local_hours import hours_in
from engine.storage.database import Database
from engine.storage.models.vouchers import RedemptionTable
from engine.storage.told.coupons import COST_OF, coupon_figures, tell_coupons, told_coupons
from engine.storage.vouchers.vouchers import counts
from tests.cases.hundred import BLOCK_S, PLAN, SHOPPERS, K, clock, drawn_stays, fill_coupons

STORE = PLAN.store
EVENING = clock(22)


def tell(db: Database, now: float, k: int = K) -> dict[str, int]:
    tell_coupons(db, STORE, hours_in(PLAN.timezone), k=k, block_s=BLOCK_S, now=now)
    return told_coupons(db, STORE, from_t=0.0, to_t=1e12)


def test_told_in_whole_ks_whoever_looks_when_and_for_good(db: Database) -> None:
    fill_coupons(db, drawn_stays(1))
    true = counts(db, STORE)
    for hour in (10, 13, 14, 22):
        told = tell(db, clock(hour))
    for name in ("vouchers_issued", "vouchers_acknowledged", "vouchers_redeemed"):
        assert told[name] == true[name] // K * K, "a figure misses less than k"
    by_hour = [told_coupons(db, STORE, from_t=clock(h), to_t=clock(h + 1)) for h in range(8, 22)]
    counted = [(name, n) for hour in (told, *by_hour) for name, n in hour.items() if not name.startswith(COST_OF)]
    assert all(n % K == 0 for _, n in counted), "what uses cost is money, told with the block of the uses"
    with db.write() as session:
        for table in ("redemption", "delivery", "voucher", "decision"):
            session.connection().execute(text(f"DELETE FROM {table}"))
    assert tell(db, EVENING + 3600) == told, "who is erased changes nothing that was told"


def test_looked_at_once_it_is_the_same(db: Database) -> None:
    fill_coupons(db, drawn_stays(1))
    once = tell(db, EVENING)
    with db.write() as session:
        for table in ("coupon_hour", "coupon_wait"):
            session.connection().execute(text(f"DELETE FROM {table}"))
    for quarter in range(4 * 14):
        often = tell(db, clock(8) + BLOCK_S * quarter + 61)
    assert often == once


def test_uses_that_a_till_reports_later_come_with_the_next_block(db: Database) -> None:
    stays = drawn_stays(2)
    fill_coupons(db, stays)
    before = tell(db, EVENING)["vouchers_redeemed"]
    unused = [s for s in stays if s.issued and not s.used][: 2 * K]
    with db.write() as session:
        for i, stay in enumerate(unused):
            at = clock(9, 1) if i < K else EVENING + 60.0 * i
            session.add(
                RedemptionTable(
                    redemption_id=f"late-{i}", voucher_id=f"v-s{stay.device}", store=STORE, till="2", key=f"late-{i}",
                    content="", state="redeemed", discount_minor=99, line_minor="[]", basket_minor=499, currency="EUR",
                    redeemed_at=at, state_before="seen",
                )
            )  # fmt: skip
    true = counts(db, STORE)["vouchers_redeemed"]
    assert tell(db, EVENING + 86_400)["vouchers_redeemed"] == true // K * K > before


@pytest.mark.parametrize("k", [1, K])
def test_with_a_k_of_one_all_is_told_at_once(db: Database, k: int) -> None:
    fill_coupons(db, drawn_stays(3))
    span = {"from_t": clock(8), "to_t": EVENING}
    found = coupon_figures(db, STORE, PLAN.timezone, **span, k=k, block_s=BLOCK_S, now=EVENING)
    true = counts(db, STORE, **span)
    assert found.totals["vouchers_issued"] == true["vouchers_issued"] // k * k
    assert found.totals["points"] == (0 if k == 1 else None)
    assert sum(n for (outcome, _), n in found.reasons.items() if outcome == "issue") == true["vouchers_issued"] // k * k
    assert set(found.messages) <= {("page", "acknowledged", None), ("page", "expired", "not_shown")}
    assert sum(found.reasons.values()) <= SHOPPERS
