"""The tiles of a page showed all coupons there ever were, whatever period its manager had chosen.

Input: one coupon issued yesterday, one today; the page shows yesterday. Right: one, and two without a period.
"""

from __future__ import annotations

import time

from engine.storage.vouchers.vouchers import counts
from tests.api.site import Site
from tests.cases.conftest import site

__all__ = ["site"]
DAY_S = 86_400.0


def test_tiles_follow_the_period(site: Site) -> None:
    now = time.time()
    for days_ago in (1, 0):
        with site.client() as phone:
            site.issue(site.sign_in(phone), now - days_ago * DAY_S, visit=f"visit-{days_ago}")
    store = site.plan.store
    yesterday = counts(site.db, store, from_t=now - 1.5 * DAY_S, to_t=now - 0.5 * DAY_S)
    assert (yesterday["vouchers_issued"], yesterday["decisions"]) == (1, 1)
    assert counts(site.db, store)["vouchers_issued"] == 2
    assert counts(site.db, store, from_t=now + DAY_S)["vouchers_issued"] == 0
