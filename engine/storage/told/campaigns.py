"""What is told of one campaign: how far its coupons came and what they cost, out of the same blocks as every other page
(`engine.storage.told.coupons`), so that its own page and the one of products never differ by a person or their money.
"""

from __future__ import annotations

from dataclasses import replace

from engine.offers.measured.intervals import wilson
from engine.offers.measured.uplift import MIN_SHARES, Difference, Uplift
from engine.presence.local_hours import hours_in
from engine.storage.database import Database
from engine.storage.told.coupons import (
    COST_OF,
    HELD_OUT_OF,
    ISSUED_AT,
    SEEN_OF,
    SENT_OF,
    SHOWN_OF,
    USED_AT,
    tell_coupons,
    told_coupons,
)
from engine.storage.vouchers.results import Funnel, Results, results_of


def campaign_results(
    db: Database,
    store: str,
    campaign_id: str,
    timezone: str,
    *,
    from_t: float,
    to_t: float,
    k: int,
    block_s: float,
    now: float,
) -> Results:
    """Of the hours that begin in [from_t, to_t): with a k of more than one what was told of them; with one what came of
    the coupons issued in them, to the second."""
    found = results_of(db, store, campaign_id, from_t, min(to_t, now), k=k, block_s=block_s)
    if k == 1:
        return found
    tell_coupons(db, store, hours_in(timezone), k=k, block_s=block_s, now=now)
    return replace(found, funnel=told_funnel(db, store, campaign_id, from_t=from_t, to_t=to_t))


def told_funnel(db: Database, store: str, campaign_id: str, *, from_t: float, to_t: float) -> Funnel:
    """Counts in whole ks; the cost is that of the blocks of uses, of which whole ks are paid for at the block's mean,
    rounded to the minor unit, and the rest goes with the next block."""
    told = told_coupons(db, store, from_t=from_t, to_t=to_t)
    n = {name: told.get(name + campaign_id, 0) for name in _NAMES}
    return Funnel(
        issued=n[ISSUED_AT],
        messages=max(n[SENT_OF], n[ISSUED_AT]),
        delivered=n[SHOWN_OF],
        seen=n[SEEN_OF],
        redeemed=n[USED_AT],
        cost_minor=n[COST_OF],
        ghosts=n[HELD_OUT_OF],
    )


def told_share(told: Uplift, funnel: Funnel) -> Uplift:
    """The uplift with the share of coupons used out of what was told of them: one worked out of the people themselves
    would say how many they were."""
    n, used = funnel.issued, min(funnel.issued, funnel.redeemed)
    share = Difference(used / n, *map(float, wilson(used, n))) if used and n >= MIN_SHARES else None
    return replace(told, redeemed=share)


_NAMES = (ISSUED_AT, SENT_OF, SHOWN_OF, SEEN_OF, USED_AT, COST_OF, HELD_OUT_OF)
