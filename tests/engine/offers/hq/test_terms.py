"""Terms key by key, ranges to their ends, and how a file of HQ may say things in short."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.errors import OperatorError
from engine.offers.hq.campaigns import Range, read_hq_campaign, read_hq_campaigns
from engine.offers.hq.limits import local_keys
from engine.offers.hq.spread import require_one_currency, store_findings
from engine.offers.hq.terms import term_changes, terms_of, with_value
from tests.engine.offers.hq.test_hq import hq, local, offer
from tests.engine.offers.plans import PLAN, spec

TERMS = {k: v for k, v in spec().items() if k != "id"}
WHOLE = {"id": "books", "stores": "*", "campaign": TERMS}


@pytest.mark.parametrize(
    ("limit", "held", "refused"),
    [
        ({}, [0, -5, None, "x", True, [1]], []),
        ({"from": 2}, [2, 2.5, 1e9], [1.999, None, "3", True]),
        ({"to": 3}, [3, 0, -1], [3.001, None, [], False]),
        ({"from": 2, "to": 2}, [2, 2.0], [1, 3]),
        ({"from": 0}, [0], [-1]),
    ],
)
def test_a_range_holds_its_ends(limit: dict[str, float], held: list[Any], refused: list[Any]) -> None:
    of = Range.model_validate(limit)
    assert [v for v in held + refused if of.holds(v)] == held
    assert of.is_open is (limit == {})


def test_what_differs_is_told_by_key_path_and_one_value_is_put_in() -> None:
    before = {"a": {"b": 1, "c": [1, 2]}, "d": 2, "e": {}}
    after = {"a": {"b": 1, "c": [2]}, "f": {"g": None, "h": 0}}
    assert term_changes(before, after) == [("a.c", [1, 2], [2]), ("d", 2, None), ("f.h", None, 0)]
    assert term_changes(before, before) == []
    assert with_value(before, "d.x.y", 3) == {"a": {"b": 1, "c": [1, 2]}, "d": {"x": {"y": 3}}, "e": {}}
    assert with_value(before, "a.b", 9)["a"] == {"b": 9, "c": [1, 2]}
    assert before == {"a": {"b": 1, "c": [1, 2]}, "d": 2, "e": {}}, "what is given stays as it is"


def test_a_store_differs_in_keys_that_hq_lets_it_change_or_in_its_own() -> None:
    of = hq({"texts": True, "priority": True})
    mine = local(texts={k: {"title": "B", "text": "b"} for k in ("fr", "en")}, name="Ours", priority=9, state="paused")
    assert local_keys(of, of.store_terms(), terms_of(mine)) == ["name", "priority", "texts"]
    assert local_keys(of, of.store_terms(), terms_of(local())) == []


def test_a_campaign_is_of_its_stores_and_a_star_of_all() -> None:
    assert hq().of(["b", "a"]) == ["a", "b"]
    assert hq(stores=["c", "a", "c"]).of(["b", "a"]) == ["a", "c"]
    assert hq(stores="a").of(["b"]) == ["a"]


@pytest.mark.parametrize(
    ("budget", "budgeted"),
    [({}, False), ({"max_vouchers": 0}, True), ({"max_amount_minor": 0}, True), ({"max_vouchers": 1}, True)],
)
def test_stores_share_a_budget_where_hq_gives_one(budget: dict[str, int], budgeted: bool) -> None:
    assert hq(budget=budget).is_budgeted is budgeted


def test_true_is_any_value_and_false_none() -> None:
    of = hq({"priority": True, "texts": False, "ttl_s": {"to": 90}, "name": True})
    assert {key: limit.is_open for key, limit in of.may_change.items()} == {
        "priority": True,
        "ttl_s": False,
        "name": True,
    }


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ([], [("c", "keys")]),
        (WHOLE | {"campaign": TERMS | {"id": "x", "stores": ["a"]}},
         [("c.campaign.id", "unknown_key"), ("c.campaign.stores", "unknown_key")]),
        (WHOLE | {"may_change": {"shoe": 1, "texts": {}, "ttl_s": {}, "priority": True, "name": False}},
         [("c.may_change.shoe", "unknown_key"), ("c.may_change.texts", "hq_no_range"),
          ("c.may_change.ttl_s", "missing")]),
        (WHOLE | {"campaign": TERMS | {"audience": {"segments": ["rare"]}}},
         [("c.campaign.audience.segments.0", "unknown_segment")]),
    ],
)  # fmt: skip
def test_each_mistake_of_a_campaign_has_its_place_and_code(raw: Any, said: list[tuple[str, str]]) -> None:
    _, wrong = read_hq_campaign(raw, "f", "c", ["loyal"])
    assert [(p.place, str(p.code)) for p in wrong] == said


def test_a_file_is_read_as_far_as_it_can_be() -> None:
    assert [p.place for p in read_hq_campaigns([], "f")[1]] == ["(whole file)"]
    rows = [WHOLE, "x", WHOLE | {"id": "two"}, WHOLE, WHOLE]
    found, wrong = read_hq_campaigns({"version": 1, "campaigns": rows}, "f")
    assert [c.id for c in found] == ["books", "two", "books", "books"]
    assert [(p.place, str(p.code)) for p in wrong] == [
        ("campaigns.1", "keys"), ("campaigns.3.id", "double_id"), ("campaigns.4.id", "double_id"),
    ]  # fmt: skip
    assert wrong[1].values == wrong[2].values == {"id": "books", "other": "campaigns.0"}
    assert read_hq_campaigns({"version": 1, "campaigns": 3}, "f")[0] == []
    assert read_hq_campaigns({"version": 2, "campaigns": rows[:1]}, "f")[1] != []


@pytest.mark.parametrize(
    ("changes", "places"),
    [
        ({}, ["campaign.margin_minor"]),
        ({"terms": {"margin_minor": 0}}, []),  # nothing is nothing in every currency
        ({"terms": {"margin_minor": 0}, "budget": {"max_amount_minor": 0}}, ["budget.max_amount_minor"]),
        ({"terms": {"margin_minor": 0, "offer": offer(300) | {"max_discount_minor": 90}}},
         ["campaign.offer.max_discount_minor"]),
        ({"terms": {"margin_minor": 0}, "may": {"margin_minor": True, "priority": {"to": 9}}}, []),
        ({"terms": {"margin_minor": 0}, "may": {"margin_minor": {"to": 9}}}, ["may_change.margin_minor"]),
    ],
)  # fmt: skip
def test_amounts_are_of_one_currency(changes: dict[str, Any], places: list[str]) -> None:
    swiss = replace(PLAN, currency="CHF")
    require_one_currency(hq(**changes), [PLAN, PLAN])
    if not places:
        require_one_currency(hq(**changes), [PLAN, swiss])
        return
    with pytest.raises(OperatorError) as refused:
        require_one_currency(hq(**changes), [PLAN, swiss])
    assert [p.place for p in refused.value.problems] == places
    assert {str(p.values) for p in refused.value.problems} == {"{'known': 'CHF, EUR'}"}


def test_what_a_store_lacks_is_named_below_the_campaign_alone() -> None:
    of = hq(terms={"name": "campaigns.0"})
    places = [p.place for p in store_findings(of, replace(PLAN, products=()))]
    assert places == ["campaign.place.product", "campaign.offer.sku"]
