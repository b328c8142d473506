"""Moments of the past for a replay, and what came of a campaign: read back from what claims and tills wrote."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from engine.errors import OperatorError
from engine.offers.measured.purchases import WITHIN_S, KnownPurchase, read_purchases, with_purchases
from engine.offers.measured.uplift import uplift
from engine.storage.database import Database
from engine.storage.models.visits import VisitTable
from engine.storage.models.vouchers import DecisionTable
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.pauses import past_of
from engine.storage.vouchers.results import results_of
from tests.engine.storage.scenes import NOW, STORE, campaign

N = 30


def decided(session: Session, i: int, reason: str, campaign_id: str = "apples", who: str = "") -> None:
    session.add(
        DecisionTable(
            decision_id=f"{campaign_id}-{i}",
            trigger_id=f"{campaign_id}-{i}",
            store=STORE,
            campaign_id=campaign_id,
            shopper_id=who or f"s{i}",
            visit_id=f"v{i}",
            outcome="issue" if reason == "ok" else "refuse",
            reason=reason,
            at=NOW + i,
            since=NOW,
            probability=0.9,
            caused_by_t=NOW,
            inputs='{"store":"","currency":"EUR","channel":null,"gain_minor":1.0,"experiment":"x","holdout_share":0.5}',
        )
    )


def stay(who: str, visit: str) -> VisitTable:
    times = {"started_at": NOW, "ended_at": NOW + 60, "dwell_s": 60.0}
    return VisitTable(store=STORE, shopper_id=who, zone="z", store_visit_id=visit, **times)


def test_its_own_triggers_then_others_there_then_visits(db: Database) -> None:
    put_campaign(db, STORE, campaign())
    put_campaign(db, STORE, campaign("pears", min_dwell_s=9.0))
    with db.write() as session:
        session.add(
            VisitTable(
                store=STORE,
                shopper_id="s9",
                zone="z",
                store_visit_id="v9",
                started_at=NOW,
                ended_at=NOW + 60,
                dwell_s=60.0,
            )
        )
    there = campaign("new", place={"zone": "z"}, min_dwell_s=30.0)
    said = past_of(db, STORE, there, NOW - 1, NOW + 99)
    assert (said.source, [p.t for p in said.pauses]) == ("visits", [NOW + 30])
    assert (
        past_of(db, STORE, campaign("new", place={"zone": "z"}, min_dwell_s=61.0), NOW - 1, NOW + 99).source == "none"
    )
    with db.write() as session:
        for i, reason in enumerate(("ok", "cap_day", "no_consent", "audience", "holdout", "campaign_paused")):
            decided(session, i, reason)
    own = past_of(db, STORE, campaign(), NOW - 1, NOW + 99)
    assert (own.source, [p.shopper_id for p in own.pauses], own.others) == (
        "own_triggers",
        ["s0", "s1", "s4", "s5"],
        [],
    )
    pears = past_of(db, STORE, campaign("pears", min_dwell_s=9.0), NOW - 1, NOW + 99)
    assert pears.source == "triggers_there"
    assert [h.shopper_id for h in pears.others] == ["s0", "s4"]  # a coupon and a ghost hold their places
    stricter = past_of(db, STORE, campaign("quick", min_dwell_s=1.0), NOW - 1, NOW + 99)
    assert stricter.source == "none"  # others' triggers came too late for it, and no zone is known around it


def test_around_a_product_a_share_of_stays_counts(db: Database) -> None:
    with db.write() as session:
        for i in range(400):
            session.add(
                VisitTable(
                    store=STORE,
                    shopper_id=f"s{i}",
                    zone="z",
                    store_visit_id="v",
                    started_at=NOW,
                    ended_at=NOW,
                    dwell_s=60.0,
                )
            )
    said = past_of(db, STORE, campaign("new"), NOW - 1, NOW + 99, zone="z", share=0.25)
    assert said.source == "visits_around"
    assert 70 <= len(said.pauses) <= 130
    assert said == past_of(db, STORE, campaign("new"), NOW - 1, NOW + 99, zone="z", share=0.25)


def test_groups_are_those_who_got_it_and_ghosts_with_their_receipts(db: Database) -> None:
    with db.write() as session:
        for i in range(2 * N):
            decided(session, i, "ok" if i % 2 else "holdout")
        decided(session, 99, "cap_day")
    found = results_of(db, STORE, "apples", NOW - 1, NOW + 999)
    assert (len(found.moments), found.funnel.ghosts, found.holdout_share) == (2 * N, N, 0.5)
    bought = [KnownPurchase(f"s{i}", NOW + i + 60, 1000, 200) for i in range(2 * N) if i % 2 or i % 4 == 0]
    late = [KnownPurchase("s2", NOW + 2 + WITHIN_S, 9999, 999)]
    told = uplift(with_purchases(found.moments, bought + late), {"apples": found.holdout_share})["apples"]
    assert (told.treated, told.ghosts, told.bought, told.sample_ratio_alarm) == (N, N, (N, N // 2), False)
    assert told.purchase is not None
    assert told.purchase.estimate == pytest.approx(0.5)
    assert told.basket is not None
    assert told.basket.estimate == pytest.approx(500)
    assert told.margin is not None
    some = [KnownPurchase("s1", NOW + 9, 1000)]
    assert uplift(with_purchases(found.moments, some), {"apples": 0.5})["apples"].margin is None


def test_receipts_that_cannot_be_read_are_named_line_by_line() -> None:
    assert read_purchases("\ufeffshopper,t,basket_minor\ns1,1.5,100\n\n", "r") == [KnownPurchase("s1", 1.5, 100)]
    with pytest.raises(OperatorError) as wrong:
        read_purchases("shopper,t,basket_minor\ns1,x,1\ns1,1\ns1,nan,3\ns1,1,-3\n", "r")
    assert [p.place for p in wrong.value.problems] == ["line 2", "line 3", "line 4", "line 5"]
    with pytest.raises(OperatorError, match="header"):
        read_purchases("shopper;t;basket_minor\n", "r")
