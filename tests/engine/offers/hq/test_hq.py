"""Campaigns of HQ: read strictly, left out where a store lacks something, kept within limits."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.errors import OperatorError
from engine.offers.campaigns import Campaign
from engine.offers.caps import Ask, Limits, SharedBudget, Spent, cap_refusal
from engine.offers.hq.campaigns import HqCampaign, load_hq_campaigns, read_hq_campaign
from engine.offers.hq.limits import limit_findings
from engine.offers.hq.spread import local_terms, store_findings
from engine.offers.hq.terms import terms_of
from engine.vocabulary import DecisionReason
from tests.engine.offers.plans import PLAN, campaign, spec

MAY = {"offer.basis_points": {"from": 100, "to": 500}, "budget.max_vouchers": {"to": 200}, "texts": True}
NO_LIMITS = Limits(per_visit=None, per_day=None, per_week=None)


def hq(may: dict[str, Any] | None = None, **changes: Any) -> HqCampaign:
    """A campaign for every store, 3 % off a book, at most 100 coupons in each."""
    terms = spec() | {"offer": offer(300), "budget": {"max_vouchers": 100}} | changes.pop("terms", {})
    del terms["id"]
    raw = {"id": "books", "stores": "*", "may_change": MAY if may is None else may, "campaign": terms} | changes
    found, wrong = read_hq_campaign(raw, "f", "c")
    assert found is not None, wrong
    return found


def offer(basis_points: int, sku: str = "BOOK") -> dict[str, Any]:
    return {"kind": "percent", "applies_to": "product", "sku": sku, "basis_points": basis_points}


def local(**changes: Any) -> Campaign:
    return campaign(**({"offer": offer(300), "budget": {"max_vouchers": 100}} | changes))


def found(of: HqCampaign, wanted: Campaign) -> list[tuple[str, str, str]]:
    return [(p.place, p.code, p.fix) for p in limit_findings(of, of.store_terms(), terms_of(wanted), "body")]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"offer": offer(500), "budget": {"max_vouchers": 1}}, []),
        ({"offer": offer(501)}, [("body.offer.basis_points", "hq_between", "100 to 500")]),
        ({"offer": offer(99)}, [("body.offer.basis_points", "hq_between", "100 to 500")]),
        ({"budget": {"max_vouchers": 201}}, [("body.budget.max_vouchers", "hq_at_most", "200 at most")]),
        ({"budget": {}}, [("body.budget.max_vouchers", "hq_at_most", "200 at most")]),
        ({"texts": {k: {"title": "B", "text": "b"} for k in ("fr", "en")}}, []),
        ({"name": "Ours"}, [("body.name", "hq_keeps", "leave it at 'Books'")]),
        ({"priority": 90, "state": "paused"}, [("body.priority", "hq_keeps", "leave it at 50")]),
    ],
)
def test_a_store_changes_what_hq_lets_it_and_nothing_else(
    changes: dict[str, Any], said: list[tuple[str, str, str]]
) -> None:
    assert found(hq(), local(**changes)) == said


def test_times_are_read_as_yaml_reads_them_and_what_no_json_holds_is_refused() -> None:
    terms = {k: v for k, v in spec().items() if k != "id"}
    begins = dt.datetime(2026, 12, 1, 9, tzinfo=dt.UTC)
    whole = {"id": "books", "stores": "*", "campaign": terms | {"when": {"starts_at": begins}}}
    read, wrong = read_hq_campaign(whole, "f", "c")
    assert read is not None, wrong
    assert read.campaign.when.starts_at == begins
    none, wrong = read_hq_campaign(whole | {"campaign": terms | {"priority": {1, 2}}}, "f", "c")
    assert (none, [p.place for p in wrong]) == (None, ["c.campaign.priority"])


def test_a_range_may_have_one_end() -> None:
    [(_, code, fix)] = found(hq({"priority": {"from": 40}}), local(priority=39))
    assert (code, fix) == ("hq_at_least", "40 at least")


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        ({"stores": []}, "c.stores"),
        ({"may_change": {"texts": {"to": 3}}}, "c.may_change.texts"),
        ({"may_change": {"id": True}}, "c.may_change.id"),
        ({"may_change": {"priority": {"from": 9, "to": 3}}}, "c.may_change.priority"),
        ({"may_change": {"priority": {"from_": 3, "to": 9}}}, "c.may_change.priority.from_"),
        ({"may_change": {"priority": {}}}, "c.may_change.priority"),
        ({"budget": {"max_vouchers": 9, "pace": "even"}}, "c"),
        ({"campaign": spec()}, "c.campaign.id"),
        ({"shops": []}, "c.shops"),
    ],
)
def test_what_is_no_campaign_of_hq_is_named_with_its_place(raw: dict[str, Any], place: str) -> None:
    terms = {k: v for k, v in spec().items() if k != "id"}
    whole = {"id": "books", "stores": "*", "campaign": terms} | raw
    none, wrong = read_hq_campaign(whole, "f", "c")
    assert none is None
    assert place in [p.place for p in wrong]


def test_a_store_that_lacks_the_product_or_breaks_the_law_is_named() -> None:
    assert store_findings(hq(), PLAN) == []
    without = replace(PLAN, products=PLAN.products[:2], zones=())
    places = [p.place for p in store_findings(hq(), without)]
    assert places == ["campaign.place.product", "campaign.offer.sku"]
    dear = hq(terms={"offer": offer(9000, "APPLE"), "place": {"zone": "fruit"}})
    assert [p.code for p in store_findings(dear, PLAN)] == ["above_cap"]


def test_a_newer_version_keeps_what_is_still_within_its_limits() -> None:
    before = hq().store_terms()
    mine = local(offer=offer(500), budget={"max_vouchers": 150}, state="paused")
    newer = hq(MAY | {"offer.basis_points": {"to": 400}}, terms={"offer": offer(200), "priority": 70})
    said = local_terms(newer, PLAN, before, mine)
    assert said.kept == ("budget.max_vouchers",)
    assert [(p.place, p.code) for p in said.lost] == [("campaign.offer.basis_points", "hq_at_most")]
    assert said.campaign.budget.max_vouchers == 150
    assert said.campaign == local(offer=offer(200), budget={"max_vouchers": 150}, priority=70, state="paused")


def test_a_key_that_stores_may_no_longer_change_is_hqs_again() -> None:
    mine = local(texts={k: {"title": "B", "text": "b"} for k in ("fr", "en")})
    said = local_terms(hq({}), PLAN, hq().store_terms(), mine)
    assert said.campaign == local()
    assert {p.code for p in said.lost} == {"hq_keeps"}


def test_own_terms_that_no_longer_fit_the_plan_are_hqs_again() -> None:
    may = {"place.zone": True}
    terms = {"place": {"zone": "fruit"}}
    gone = campaign(offer=offer(300), budget={"max_vouchers": 100}, place={"zone": "cellar"})
    said = local_terms(hq(may, terms=terms), PLAN, hq(may, terms=terms).store_terms(), gone)
    assert said.campaign.place.zone == "fruit"
    assert [p.code for p in said.lost] == ["unknown_zone"]


def test_the_budget_that_stores_share_holds_beside_a_stores_own() -> None:
    of = hq(budget={"max_vouchers": 150, "max_amount_minor": 10_000})
    ask = Ask(of.campaign, ("market", "books"), "v1", 30, 0.0)
    for spent, wrong in (
        (Spent(149, 0), None),
        (Spent(150, 0), DecisionReason.BUDGET),
        (Spent(9, 9_970), None),
        (Spent(9, 9_971), DecisionReason.BUDGET),
    ):
        assert cap_refusal(ask, [], Spent(3, 90), NO_LIMITS, shared=SharedBudget(of.as_one_campaign(), spent)) is wrong
    assert (
        cap_refusal(ask, [], Spent(100, 0), NO_LIMITS, shared=SharedBudget(of.as_one_campaign(), Spent())) is not None
    )


def test_the_shared_budget_is_released_day_by_day() -> None:
    terms = {"when": {"starts_at": "2027-01-01T00:00:00Z", "ends_at": "2027-01-11T00:00:00Z"}}
    of = hq(budget={"max_vouchers": 100, "pace": "even"}, terms=terms)
    first = 1_798_761_600.0
    for days, spent, wrong in ((0, 9, None), (0, 10, DecisionReason.BUDGET), (1, 10, None)):
        ask = Ask(of.campaign, ("market", "books"), "v1", 30, first + days * 86_400.0)
        assert (
            cap_refusal(ask, [], Spent(), NO_LIMITS, shared=SharedBudget(of.as_one_campaign(), Spent(spent, 0)))
            is wrong
        )


def test_mistakes_of_a_file_have_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "campaigns-hq.yaml"
    file.write_text(
        'version: 1\ncampaigns:\n  - id: a\n    stores: "*"\n    may_change:\n      shoe_size: true\n  - {}\n'
    )
    with pytest.raises(OperatorError) as wrong:
        load_hq_campaigns(file)
    places = {(p.place, p.line) for p in wrong.value.problems}
    assert places >= {("campaigns.0.may_change.shoe_size", 6), ("campaigns.1.campaign", 7), ("campaigns.1.id", 7)}
