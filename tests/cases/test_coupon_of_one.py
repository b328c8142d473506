"""A page said that at least k people stand behind every figure, beside one coupon issued and one redeemed; and whoever
asked for 10:00 to 11:00 and then for 10:00 to 11:05 learned of the coupon of one person.

Input: a day of a hundred shoppers, looked at every five minutes. Right: "fewer than k" in both languages, null where
programs ask, until k people stand behind a figure; then it goes up by k, or not at all.
"""

from __future__ import annotations

from pathlib import Path

from api.context import AppContext
from api.managers import fragments
from api.managers.reports import Period, Reports
from api.managers.snapshot import Choice, take_snapshot
from engine.config import Config
from engine.storage.database import open_database
from engine.storage.vouchers.vouchers import counts
from tests.api.site import SECRETS
from tests.cases.hundred import PLAN, K, clock, drawn_stays, fill_coupons
from tests.databases import new_sqlite


def test_nobody_is_the_difference_of_two_looks(tmp_path: Path) -> None:
    db = open_database(new_sqlite(tmp_path / "rayon.db"))
    fill_coupons(db, drawn_stays(1))
    made = Reports(AppContext(Config(), db, SECRETS, {PLAN.store: PLAN}))
    early = take_snapshot(made, PLAN.store, Choice("today", None, "ground"), clock(9, 40))
    true = counts(db, PLAN.store, from_t=clock(0), to_t=clock(9, 40))["vouchers_issued"]
    assert 0 < true < K
    assert early.coupons.totals == dict.fromkeys(early.coupons.totals)
    assert fragments.counters(early, "en").count("<b>&lt; 20</b>") == 4
    assert fragments.counters(early, "fr").count("<b>&lt; 20</b>") == 4
    seen = set()
    for minutes in range(0, 11 * 60, 5):
        now = clock(10) + 60.0 * minutes
        seen.add(made.coupons(PLAN.store, Period(clock(0), now), now).totals["vouchers_issued"])
    db.close()
    assert seen == {None, 20, 40, 60, 80}
