"""Campaigns of HQ in the database: each store has its own, edits stay within limits, and no budget is passed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import select

from engine.errors import NotFound, OperatorError
from engine.offers.campaigns import Campaign, CampaignState
from engine.offers.hq.campaigns import HqCampaign, read_hq_campaign
from engine.offers.lifecycle import CampaignNotApproved, NeedsSecond, nobody_asks
from engine.plan.model import Product
from engine.storage.accounts.audit import COMMAND, Actor
from engine.storage.accounts.people import erase_account, make_account
from engine.storage.database import Database
from engine.storage.models.accounts import AuditEntryTable
from engine.storage.models.vouchers import HqCampaignTable
from engine.storage.vouchers.campaign_files import apply_campaigns
from engine.storage.vouchers.campaigns import get_campaign, has_campaign, put_campaign
from engine.storage.vouchers.campaigns import set_campaign_state as move
from engine.storage.vouchers.claims import claim
from engine.storage.vouchers.hq.giving import (
    GivenOut,
    HqStore,
    StoreChange,
    compare_hq_campaign,
    give_hq_campaign,
)
from engine.storage.vouchers.hq.revisions import approve_hq_campaign, hq_revisions
from engine.storage.vouchers.rows.writing import CampaignChanged
from engine.storage.vouchers.vouchers import expire_undelivered
from engine.vocabulary import Role
from tests.engine.offers.plans import PLAN
from tests.engine.storage.scenes import NO_LIMITS, NOW, OFTEN, SECRET, at_once, candidate, issue, shopper

HQ = Actor("head office")
STORES = ("market", "north", "south")
MAY = {"priority": {"from": 40, "to": 60}, "texts": True}


def hq(may: dict[str, Any] | None = None, *, stores: Any = "*", budget: Any = None, **terms: Any) -> HqCampaign:
    body = {
        "name": "Apples",
        "place": {"product": "A1", "radius_m": 3.0},
        "offer": {"kind": "percent", "applies_to": "product", "sku": "A1", "basis_points": 2000},
        "caps": OFTEN,
        "margin_minor": 100,
        "redeem_probability": 0.3,
        "texts": {"fr": {"title": "Pommes", "text": "-20 %"}, "en": {"title": "Apples", "text": "20% off"}},
    }
    raw = {"id": "apples", "stores": stores, "may_change": MAY if may is None else may, "campaign": body | terms}
    found, wrong = read_hq_campaign(raw | ({"budget": budget} if budget else {}), "f", "c")
    assert found is not None, wrong
    return found


def site(second: NeedsSecond = nobody_asks, *, lacks: str = "") -> dict[str, HqStore]:
    """Three stores that sell apples, but for one."""
    apples = (Product("A1", "Apples", "fruit", 250, "ground", 1.0, 1.0, "food"),)
    plans = [replace(PLAN, store=name, products=() if name == lacks else apples) for name in STORES]
    return {plan.store: HqStore(plan, None, second) for plan in plans}


def give(db: Database, of: HqCampaign, stores: dict[str, HqStore] | None = None, **how: Any) -> GivenOut:
    return give_hq_campaign(db, of, site() if stores is None else stores, NOW, by=HQ, **how)


def changes(given: GivenOut) -> dict[str, str]:
    return {o.store: o.change.value for o in given.stores}


def own(db: Database, store: str, **terms: Any) -> Campaign:
    """A store's campaign with other terms, as its editor would send it."""
    runs = get_campaign(db, store, "apples").campaign
    return Campaign.model_validate_json(json.dumps(json.loads(runs.model_dump_json(by_alias=True)) | terms))


def test_each_store_gets_its_own_and_who_cannot_is_named(db: Database) -> None:
    put_campaign(db, "north", hq().campaign, NOW)  # north's own, of the same id
    told = compare_hq_campaign(db, hq(stores=[*STORES, "moon"]), site(lacks="south"))
    assert not has_campaign(db, "market", "apples")
    given = give(db, hq(stores=[*STORES, "moon"]), site(lacks="south"))
    assert told.stores[0].campaign is not None  # what was only looked at says what the store would have
    assert given == replace(told, stores=tuple(replace(o, campaign=None) for o in told.stores))
    assert changes(given) == {"market": "new", "moon": "left_out", "north": "left_out", "south": "left_out"}
    why = {o.store: [p.place for p in o.why] for o in given.stores}
    lacks = ["campaign.place.product", "campaign.offer.sku"]
    assert why == {"market": [], "moon": ["stores"], "north": ["id"], "south": lacks}
    assert get_campaign(db, "market", "apples").campaign == hq().campaign
    assert get_campaign(db, "north", "apples").version == 1
    assert not has_campaign(db, "south", "apples")
    with db.read() as session:
        lines = session.exec(select(AuditEntryTable).order_by(AuditEntryTable.store)).all()
    assert [(e.who, e.action, e.store) for e in lines] == [
        ("head office", "hq_campaign_written", store) for store in ("market", "moon", "north", "south")
    ]


def test_a_store_edits_within_limits_by_every_door(db: Database) -> None:
    give(db, hq())
    put_campaign(db, "north", own(db, "north", priority=60), NOW, expected=1)
    for wrong in ({"priority": 61}, {"margin_minor": 5}):
        with pytest.raises(OperatorError, match="HQ"):
            put_campaign(db, "north", own(db, "north", **wrong), NOW)
        with pytest.raises(OperatorError, match="HQ"):
            apply_campaigns(db, "north", [own(db, "north", **wrong)], NOW)
    assert get_campaign(db, "north", "apples").campaign.priority == 60
    put_campaign(db, "north", hq().campaign.model_copy(update={"id": "pears", "priority": 99}), NOW)  # its own


def test_a_new_version_keeps_variants_states_and_spending_and_names_what_it_cannot_keep(db: Database) -> None:
    give(db, hq())
    put_campaign(db, "north", own(db, "north", priority=45), NOW)
    put_campaign(db, "south", own(db, "south", priority=60), NOW)
    move(db, "south", "apples", CampaignState.PAUSED, NOW)
    issue(db, shopper(db).shopper_id)
    given = give(db, hq({"priority": {"to": 50}}, margin_minor=80), expected=1)
    assert (given.version, changes(given)) == (2, dict.fromkeys(STORES, "changed"))
    _, north, south = given.stores
    assert (north.kept, north.lost) == (("priority",), ())
    assert (south.kept, [p.fix for p in south.lost]) == ((), ["50 at most"])
    runs = {s: get_campaign(db, s, "apples") for s in STORES}
    assert {s: (c.campaign.priority, c.campaign.margin_minor) for s, c in runs.items()} == {
        "market": (50, 80),
        "north": (45, 80),
        "south": (50, 80),
    }
    assert runs["south"].campaign.state is CampaignState.PAUSED
    assert runs["market"].vouchers_used == 1
    again = give(db, hq({"priority": {"to": 50}}, margin_minor=80))
    assert (again.version, changes(again)) == (2, dict.fromkeys(STORES, "same"))
    with pytest.raises(CampaignChanged):
        give(db, hq(), expected=1)


def test_a_store_that_is_no_longer_among_them_ends_its_own(db: Database) -> None:
    give(db, hq())
    given = give(db, hq(stores=["market"]))
    assert changes(given) == {"market": "same", "north": "ended", "south": "ended"}
    assert get_campaign(db, "north", "apples").campaign.state is CampaignState.ENDED
    assert changes(give(db, hq(stores=["market"])))["north"] == StoreChange.LEFT_OUT


def test_what_needs_a_second_person_waits_in_each_store(db: Database) -> None:
    stores = site(lambda campaign: campaign.margin_minor > 90)
    given = give(db, hq(), stores)
    assert {o.waits for o in given.stores} == {True}
    assert get_campaign(db, "north", "apples").campaign.state is CampaignState.DRAFT
    give(db, hq(margin_minor=90), stores)
    move(db, "north", "apples", CampaignState.RUNNING, NOW)
    give(db, hq(margin_minor=95), stores)
    assert get_campaign(db, "north", "apples").campaign.state is CampaignState.DRAFT


def test_claims_at_once_in_several_stores_never_pass_what_they_share(db: Database) -> None:
    give(db, hq(budget={"max_vouchers": 7}))
    who = [shopper(db).shopper_id for _ in range(30)]

    def work(i: int) -> str:
        one = replace(candidate(who[i], name=f"d{i}"), store=STORES[i % 3])
        return claim(db, [one], NO_LIMITS, SECRET, NOW).decisions[0].reason

    assert at_once(30, work) == {"ok": 7, "budget": 23}
    assert sum(get_campaign(db, s, "apples").vouchers_used for s in STORES) == 7
    expire_undelivered(db, NOW + 1e6)  # what never arrived makes room for every store
    late = replace(candidate(who[0], name="late", visit="v2", at=NOW + 2e6), store="south")
    assert claim(db, [late], NO_LIMITS, SECRET, NOW + 2e6).decisions[0].reason == "ok"


def test_an_amount_that_stores_share_is_never_passed(db: Database) -> None:
    give(db, hq(budget={"max_amount_minor": 120}))
    said = []
    for i, store in enumerate(STORES):
        one = replace(candidate(shopper(db).shopper_id, name=f"d{i}"), store=store)
        said.append(claim(db, [one], NO_LIMITS, SECRET, NOW).decisions[0].reason)
    assert said == ["ok", "ok", "budget"]


def test_stores_of_several_currencies_share_no_amount(db: Database) -> None:
    stores = site()
    stores["north"] = replace(stores["north"], plan=replace(stores["north"].plan, currency="CHF"))
    for money in (hq(), hq(margin_minor=0, budget={"max_amount_minor": 100})):
        with pytest.raises(OperatorError, match="CHF, EUR"):
            give(db, money, stores)
    assert changes(give(db, hq(margin_minor=0, budget={"max_vouchers": 100}), stores))["north"] == "new"


def test_of_an_erased_colleague_a_number_has_written_it(db: Database) -> None:
    with db.write() as session:
        ada = make_account(session, COMMAND, "ada", "", [(Role.HQ, "*")], NOW)
    give_hq_campaign(db, hq(), site(), NOW, by=Actor("ada", ada.account_id))
    erase_account(db, COMMAND, ada.account_id, NOW + 1)
    with db.read() as session:
        [row] = session.exec(select(HqCampaignTable)).all()
    [written] = hq_revisions(db, "apples")
    assert row.by == written.by
    assert row.by not in ("ada", "")


def test_what_all_may_spend_waits_for_a_second_person_at_hq(db: Database) -> None:
    """Each store's 400 is little, three times that is not: no door of a store starts it before somebody else's yes."""
    mine = {"budget": {"max_amount_minor": 400}}
    given = give_own(db, mine, above_minor=1000)
    assert (given.waits, {o.waits for o in given.stores}) == (True, {True})
    assert {get_campaign(db, s, "apples").campaign.state for s in STORES} == {CampaignState.DRAFT}
    running = get_campaign(db, "north", "apples").campaign.model_copy(update={"state": CampaignState.RUNNING})
    for start in (
        lambda: move(db, "north", "apples", CampaignState.RUNNING, NOW),
        lambda: move(db, "north", "apples", CampaignState.APPROVED, NOW),
        lambda: put_campaign(db, "north", running, NOW),
        lambda: apply_campaigns(db, "north", [running], NOW),
        lambda: approve_hq_campaign(db, "apples", 1, NOW, by=HQ),  # who wrote it
    ):
        with pytest.raises(CampaignNotApproved):
            start()
    approve_hq_campaign(db, "apples", 1, NOW + 1, by=Actor("somebody else"))
    move(db, "north", "apples", CampaignState.RUNNING, NOW)
    [first] = hq_revisions(db, "apples")
    assert (first.by, first.approved_by, first.approved_at) == ("head office", "somebody else", NOW + 1)
    assert not give_own(db, mine, above_minor=1000).waits  # the same again
    with pytest.raises(NotFound):
        approve_hq_campaign(db, "apples", 2, NOW, by=Actor("somebody else"))


def test_a_larger_shared_budget_alone_waits_too(db: Database) -> None:
    give(db, hq(budget={"max_amount_minor": 900}), above_minor=1000)
    assert get_campaign(db, "north", "apples").campaign.state is CampaignState.RUNNING
    given = give(db, hq(budget={"max_amount_minor": 1100}), above_minor=1000)
    assert (given.waits, changes(given)) == (True, dict.fromkeys(STORES, "changed"))
    assert {get_campaign(db, s, "apples").campaign.state for s in STORES} == {CampaignState.DRAFT}
    assert [r.said["budget"]["max_amount_minor"] for r in hq_revisions(db, "apples")] == [1100, 900]
    assert not give(db, hq(budget={"max_amount_minor": 900}), above_minor=1000).waits


def give_own(db: Database, own: dict[str, Any], **how: Any) -> GivenOut:
    """The campaign with a budget of each store's own."""
    wanted = hq()
    terms = json.loads(wanted.model_dump_json(by_alias=True, exclude_unset=True))
    terms["campaign"] |= own
    return give(db, HqCampaign.model_validate_json(json.dumps(terms)), **how)
