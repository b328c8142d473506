"""What each channel changes, as the engine reports it, against the truth of a drawn week: counts are equal, intervals
cover, and the channel that changes nothing stays quiet."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import Any

import pytest

from engine.commerce.records import OrderLine, Purchase
from engine.offers.measured.web_uplift import BothGroups, WebMoment
from engine.storage.commerce.events import keep_events
from engine.storage.database import Database, open_database
from engine.storage.models.vouchers import CampaignTable, DecisionTable
from engine.storage.told.channel_uplift import ChannelWindow, channel_uplift
from engine.vocabulary import SalesChannel
from simulators.channels.customers import MessageWay
from simulators.channels.fates import BothFates, first_fates
from simulators.channels.messages import Fate, WeekMessage
from simulators.channels.ropo import Paths
from simulators.channels.week import Week
from tests.databases import new_sqlite
from tests.engine.storage.told.web_world import STORE, mailbox, person
from tests.simulators.channels.made import small_week, swayed_week

SWAYS = {"page": 0.5, "email": 0.8, "push": 0.0}


@pytest.fixture(scope="module")
def week() -> Week:
    return swayed_week(600, 11, **SWAYS)


def fill(db: Database, week: Week) -> None:
    """Profiles, campaigns, decisions with their channels, and the purchases that shop systems can tell of."""
    events = []
    for (who, sku), sales in Paths(week).bought.items():
        for at, channel, known in sales:
            line = (OrderLine("1", sku, 1000, 100),)
            where = STORE if channel is SalesChannel.STORE else ""
            made = Purchase("shop", f"{who}-{sku}-{at}", 1, at, channel, "EUR", 100, line, mailbox(f"s{who}"), where)
            events += [made] if known else []
    keep_events(db, events, week.span.end)
    with db.write() as session:
        for who in sorted({m.moment.who for m in week.messages} | {who for who, _ in Paths(week).bought}):
            person(session, f"s{who}")
        for about in sorted({m.moment.about for m in week.messages}):
            row: dict[str, Any] = {"version": 1, "seeded": False, "updated_at": 0.0, "state": "running"}
            spec = json.dumps({"offer": offer_of(about, week)})
            session.add(CampaignTable(store=STORE, campaign_id=about, spec=spec, **row))
        for k, message in enumerate(week.messages):
            session.add_all([decision(f"d{k}", message)] if message.is_reached else [])


def offer_of(about: str, week: Week) -> dict[str, str]:
    if about in week.plan.product_by_sku:
        return {"applies_to": "product", "sku": about}
    return {"applies_to": "basket"} if about == "basket" else {"applies_to": "category", "category": about}


def decision(name: str, message: WeekMessage) -> DecisionTable:
    moment, ghost = message.moment, message.fate is Fate.HELD_OUT
    inputs: dict[str, Any] = {"store": STORE, "currency": "EUR", "channel": str(moment.way), "gain_minor": 1.0}
    return DecisionTable(
        decision_id=name,
        trigger_id=name,
        store=STORE,
        campaign_id=moment.about,
        shopper_id=f"s{moment.who}",
        visit_id=moment.visit,
        outcome="refuse" if ghost else "issue",
        reason="holdout" if ghost else "ok",
        at=moment.at,
        since=moment.at,
        probability=0.9,
        caused_by_t=moment.at,
        inputs=json.dumps(inputs),
    )


@pytest.fixture(scope="module")
def reported(week: Week, tmp_path_factory: pytest.TempPathFactory) -> dict[str, BothGroups]:
    db = open_database(new_sqlite(tmp_path_factory.mktemp("channels") / "rayon.db"))
    fill(db, week)
    asked = ChannelWindow(STORE, week.plan.timezone, {p.sku: p.category for p in week.plan.products})
    end = week.span.end
    found = channel_uplift(db, asked, from_t=week.span.start, to_t=end, k=1, now=end)
    db.close()
    return found


def fates_of(week: Week) -> dict[str, list[BothFates]]:
    found: dict[str, list[BothFates]] = defaultdict(list)
    for one in first_fates(week):
        found[str(one.way)].append(one)
    return found


def true_uplift(fates: list[BothFates]) -> float:
    return sum(one.buys_with - one.buys_without for one in fates) / len(fates)


def test_who_bought_is_counted_as_it_was(week: Week, reported: dict[str, BothGroups]) -> None:
    fates = fates_of(week)
    assert reported.keys() == fates.keys() == {str(way) for way in MessageWay}
    for way, both in reported.items():
        truth = Counter((one.held_out, one.buys) for one in fates[way])
        assert both.treated.n == truth[False, False] + truth[False, True]
        assert (both.treated.bought, both.held_out.bought) == (truth[False, True], truth[True, True])
        assert both.held_out.n == truth[True, False] + truth[True, True] > 40


def test_intervals_cover_the_uplift_of_each_channel(week: Week, reported: dict[str, BothGroups]) -> None:
    for way, fates in fates_of(week).items():
        found, true = reported[way].bought, true_uplift(fates)
        assert found is not None
        assert found.covers(true), (way, found, true)
        if SWAYS[way]:
            assert found.low > 0.0 < true, "so large an effect shows"
        else:
            assert true == 0.0


def test_of_many_weeks_nine_in_ten_intervals_cover_and_nought_is_quiet() -> None:
    """The report is what was counted (above), so that of these weeks the fates alone are added up."""
    covered, loud, n = 0, 0, 0
    for seed in range(5):
        for way, fates in fates_of(swayed_week(300, seed, page=0.5, email=0.8)).items():
            found = groups(fates).bought
            if found is not None:
                n += 1
                covered += found.covers(true_uplift(fates))
                loud += way == MessageWay.PUSH and not found.covers(0.0)
    assert n >= 13
    assert covered >= 0.8 * n
    assert loud <= 2


def groups(fates: list[BothFates]) -> BothGroups:
    return BothGroups.of([WebMoment(one.at, str(one.who), one.held_out, one.buys, 0.0) for one in fates])


def test_a_message_that_nobody_read_or_got_brings_nothing() -> None:
    week = small_week()
    brought = [week.messages[one.message] for one in week.swayed]
    assert {message.moment.way for message in brought} == set(MessageWay)
    assert all(message.opens and message.is_reached for message in brought)
    sold = {(who, sku, at) for (who, sku), sales in Paths(week).bought.items() for at, _, _ in sales}
    for one in week.swayed:
        came = week.messages[one.message].opened
        kept = one.order is None or one.known
        assert all(((one.who, sku, one.at) in sold) is (came and kept) for sku in one.skus)
    quiet = swayed_week(60, 3)
    assert quiet.swayed == ()
    assert all(one.buys_with is one.buys_without for one in first_fates(quiet))
