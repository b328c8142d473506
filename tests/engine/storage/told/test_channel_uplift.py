"""Coupons by channel: each shopper's first moment there, what of the campaign's goods follows, told once in blocks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.offers.measured.web_uplift import BothGroups
from engine.storage.commerce.events import keep_events
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.models.vouchers import CampaignTable, DecisionTable
from engine.storage.told.channel_uplift import ChannelWindow, channel_uplift
from engine.storage.told.web_uplift import WebWindow, web_uplift
from engine.vocabulary import SalesChannel
from tests.engine.storage.told.web_world import BOTH, DAY, MONDAY, STORE, TIMEZONE, person, purchase

ASKED = ChannelWindow(STORE, TIMEZONE, {"COAT": "outdoor", "BOOTS": "outdoor", "SCARF": "wool"})
N, K = 40, 10
AT = MONDAY + DAY + 12 * 3600.0


def fill(db: Database) -> None:
    """Everybody has a moment by mail, then one on the page; odd ones are held out of mails, every fourth of the page.
    Who is treated by mail buys boots; every fifth buys a scarf. The last two agreed to no following."""
    offers = {"letters": {"applies_to": "category", "category": "outdoor"}, "coats": {"applies_to": "product"}}
    offers["coats"]["sku"] = "COAT"
    events = []
    with db.write() as session:
        for name, offer in offers.items():
            row: dict[str, Any] = {"version": 1, "seeded": False, "updated_at": 0.0, "state": "running"}
            session.add(CampaignTable(store=STORE, campaign_id=name, spec=json.dumps({"offer": offer}), **row))
        for i in range(N):
            person(session, f"s{i}", BOTH if i < N - 2 else ())
            mailed, paged = ("letters", "email", i % 2 == 1), ("coats", "page", i % 4 == 0)
            session.add(moment(f"s{i}", AT + i, *mailed))
            session.add(moment(f"s{i}", AT + DAY + i, *mailed))
            session.add(moment(f"s{i}", AT + 3600.0 + i, *paged))
            events += [purchase(f"s{i}", "BOOTS", AT + 2 * DAY, SalesChannel.STORE)] if i % 2 == 0 else []
            events += [purchase(f"s{i}", "SCARF", AT + DAY, SalesChannel.WEB)] if i % 5 == 0 else []
    keep_events(db, events, MONDAY)


def moment(who: str, at: float, campaign: str, channel: str, held_out: bool) -> DecisionTable:
    inputs = {"store": STORE, "currency": "EUR", "channel": channel, "gain_minor": 1.0}
    return DecisionTable(
        decision_id=f"{who}-{channel}-{at}",
        trigger_id=f"{who}-{channel}-{at}",
        store=STORE,
        campaign_id=campaign,
        shopper_id=who,
        visit_id="v",
        outcome="refuse" if held_out else "issue",
        reason="holdout" if held_out else "ok",
        at=at,
        since=at,
        probability=0.9,
        caused_by_t=at,
        inputs=json.dumps(inputs),
    )


def asked(db: Database, now: float, k: int) -> dict[str, BothGroups]:
    return channel_uplift(db, ASKED, from_t=MONDAY, to_t=MONDAY + 30 * DAY, k=k, now=now)


def test_by_channel_of_what_each_campaign_is_for(db: Database) -> None:
    fill(db)
    found = asked(db, MONDAY + 20 * DAY, 1)
    mails, pages = found["email"], found["page"]
    assert (mails.treated.n, mails.treated.bought, mails.held_out.n, mails.held_out.bought) == (19, 19, 19, 0)
    assert mails.bought is not None
    assert mails.bought.low > 0.5
    assert (pages.treated.n, pages.held_out.n) == (28, 10)
    assert pages.treated.bought + pages.held_out.bought == 0, "boots and scarves are not what the page was about"
    assert mails.stopped is pages.stopped is None


def test_told_a_week_later_and_for_good_beside_campaigns(db: Database) -> None:
    fill(db)
    assert asked(db, MONDAY + 8 * DAY, K) == {}, "a week is not over"
    told = asked(db, MONDAY + 12 * DAY, K)
    assert told == pytest.approx(asked(db, MONDAY + 12 * DAY, 1))
    erase_shopper(db, "s0", MONDAY + 12 * DAY)
    assert asked(db, MONDAY + 14 * DAY, K) == told
    assert asked(db, MONDAY + 14 * DAY, 1) != told
    other = WebWindow(STORE, ASKED.products, TIMEZONE, 30)
    assert web_uplift(db, other, from_t=MONDAY, to_t=MONDAY + 30 * DAY, k=K, now=MONDAY + 14 * DAY) == {}
