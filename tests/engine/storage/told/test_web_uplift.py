"""Campaigns among who had looked online: first moments, what follows in a week, told once in blocks of either group."""

from __future__ import annotations

import json

from engine.storage.commerce.events import keep_events
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.models.vouchers import CampaignTable, DecisionTable
from engine.storage.told.web_uplift import WebWindow, web_uplift
from engine.vocabulary import SalesChannel
from tests.engine.storage.told.web_world import (
    DAY,
    MONDAY,
    SKUS,
    STORE,
    TIMEZONE,
    keep_stops_of,
    person,
    purchase,
    view,
)

ASKED = WebWindow(STORE, SKUS, TIMEZONE, 30)
N, K = 60, 10
WHOLE = {"from_t": MONDAY - DAY, "to_t": MONDAY + 30 * DAY}


def fill(db: Database) -> None:
    """Even ones get the coupon on Tuesday at noon, odd ones are held out. Everybody looked online but the last ten; of
    those with the coupon every third buys a day later, of the others every fifth."""
    events = []
    with db.write() as session:
        offer = {"offer": {"sku": "COAT"}, "place": {}}
        row = {"version": 1, "seeded": False, "updated_at": 0.0, "state": "running", "spec": json.dumps(offer)}
        session.add(CampaignTable(store=STORE, campaign_id="coats", **row))
        for i in range(N):
            who, at = f"s{i}", MONDAY + DAY + 12 * 3600.0 + i
            person(session, who)
            for again in (0.0, DAY):
                session.add(moment(who, at + again, held_out=i % 2 == 1 and not again))
            events += [view(who, "COAT", MONDAY + i)] if i < N - 10 else []
            if (i % 2 == 0 and i % 3 == 0) or (i % 2 == 1 and i % 5 == 0):
                events.append(purchase(who, "COAT", at + DAY, SalesChannel.STORE if i % 4 else SalesChannel.WEB))
    keep_events(db, events, MONDAY)
    keep_stops_of(db, [(f"s{i}", "COAT", MONDAY + 2 * DAY, 0.5) for i in range(0, N, 4)])


def moment(who: str, at: float, *, held_out: bool) -> DecisionTable:
    outcome, reason = ("refuse", "holdout") if held_out else ("issue", "ok")
    return DecisionTable(
        decision_id=f"{who}-{at}",
        trigger_id=f"{who}-{at}",
        store=STORE,
        campaign_id="coats",
        shopper_id=who,
        visit_id="v",
        outcome=outcome,
        reason=reason,
        at=at,
        since=at,
        probability=0.9,
        caused_by_t=at,
        inputs="{}",
    )


def test_first_moments_of_who_had_looked_and_what_followed(db: Database) -> None:
    fill(db)
    both = web_uplift(db, ASKED, k=1, now=MONDAY + 20 * DAY, **WHOLE)["coats"]
    assert (both.treated.n, both.held_out.n) == (25, 25)
    assert both.treated.bought == sum(i % 3 == 0 for i in range(0, 50, 2))
    assert both.held_out.bought == sum(i % 5 == 0 for i in range(1, 50, 2))
    assert both.bought is not None
    assert both.bought.covers(both.treated.bought / 25 - both.held_out.bought / 25)
    assert both.treated.stopped > both.held_out.stopped


def test_told_a_week_later_and_for_good(db: Database) -> None:
    fill(db)
    assert web_uplift(db, ASKED, k=K, now=MONDAY + 8 * DAY, **WHOLE) == {}, "a week is not over"
    told = web_uplift(db, ASKED, k=K, now=MONDAY + 10 * DAY, **WHOLE)
    exact = web_uplift(db, ASKED, k=1, now=MONDAY + 10 * DAY, **WHOLE)
    assert told["coats"].treated.bought == exact["coats"].treated.bought
    assert abs(told["coats"].treated.stopped - exact["coats"].treated.stopped) < 0.01
    erase_shopper(db, "s0", MONDAY + 10 * DAY)
    assert web_uplift(db, ASKED, k=K, now=MONDAY + 12 * DAY, **WHOLE) == told
    assert web_uplift(db, ASKED, k=K, now=MONDAY + 12 * DAY, from_t=MONDAY, to_t=MONDAY + DAY) == {}


def test_too_few_of_either_group_wait(db: Database) -> None:
    fill(db)
    assert web_uplift(db, ASKED, k=26, now=MONDAY + 20 * DAY, **WHOLE) == {}
