"""Segments on what the site has not, and audiences on segments that it has not: refused with their place and remedy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from engine.config.segments import SegmentConfig
from engine.errors import OperatorError
from engine.offers.audience import Audience, LinkedShopper
from engine.offers.segments.check import audience_problems, check_audiences, check_segments, say_undeclared
from engine.plan.model import Plan, Zone
from tests.engine.offers.plans import PLAN, campaign

NOW = 1_800_000_000.0


def check(*, whole: bool = True, **condition: object) -> None:
    raw = {"name": "s", "fr": "s", "en": "s", "when": [condition]}
    check_segments([SegmentConfig.model_validate(raw)], {"market": PLAN}, ["gold"], "config.yaml", whole=whole)


@pytest.mark.parametrize(
    ("condition", "key", "fix"),
    [
        ({"fact": "visits", "store": "moon"}, "store", "one of market"),
        ({"fact": "visits", "zone": "attic"}, "zone", "one of fruit"),
        ({"fact": "lingers", "zone": "attic", "store": "market"}, "zone", "one of fruit"),
        ({"fact": "stops", "product": "HAT"}, "product", "a sku of products.csv"),
        ({"fact": "stops", "category": "hats"}, "category", "one of care, fruit, leisure"),
        ({"fact": "spent", "currency": "CHF"}, "currency", "one of EUR"),
        ({"fact": "tier", "tiers": ["gold", "lead"]}, "tiers", "one of gold"),
    ],
)
def test_what_the_site_has_not(condition: dict[str, object], key: str, fix: str) -> None:
    with pytest.raises(OperatorError) as caught:
        check(**condition)
    assert [(p.file, p.place, p.fix) for p in caught.value.problems] == [
        ("config.yaml", f"segments[0].when[0].{key}", fix)
    ]
    if key != "tiers":
        check(whole=False, **condition)  # a store's plan waits to be mended: it may have it


def test_what_only_the_e_shop_has_is_right() -> None:
    check(fact="purchases", product="HAT", category="hats")
    check(fact="stops", product="BOOK", category="fruit", store="market")


def test_an_audience_names_a_segment_of_the_site() -> None:
    meant = campaign(audience={"segments": ["loyal", "lost"]})
    check_audiences({"market": [meant]}, ["loyal", "lost"], Path("floorplans"))
    with pytest.raises(OperatorError) as caught:
        check_audiences({"market": [campaign(), meant]}, ["loyal"], Path("floorplans"))
    [problem] = caught.value.problems
    assert (problem.file, problem.place) == ("floorplans/market/campaigns.yaml", "campaigns.1.audience.segments.1")
    assert problem.fix == "one of loyal"


def test_one_of_the_segments_is_enough_and_only_in_its_span() -> None:
    audience = Audience(segments=("loyal", "lost"))
    nobody = LinkedShopper("w", frozenset())
    lost = LinkedShopper("w", frozenset(), segments=(("lost", NOW, NOW + 10), ("other", 0.0, NOW + 99)))
    assert not audience.holds(nobody, NOW)
    assert [audience.holds(lost, NOW + s) for s in (-1, 0, 9, 10)] == [False, True, True, False]
    assert Audience().holds(nobody, NOW)


ANNEX = replace(
    PLAN,
    store="annex",
    currency="CHF",
    products=PLAN.products[:1],
    zones=(Zone("attic", "0", "Attic", "", PLAN.levels[0].polygon),),
)


def told(plans: Sequence[Plan], ranks: Sequence[str] = (), **condition: object) -> list[tuple[str, str, str | None]]:
    raw = {"name": "s", "fr": "s", "en": "s", "when": [{"fact": "visits"}, condition]}
    first = SegmentConfig.model_validate({"name": "f", "fr": "f", "en": "f", "when": [{"fact": "visits"}]})
    try:
        check_segments([first, SegmentConfig.model_validate(raw)], {p.store: p for p in plans}, ranks, "config.yaml")
    except OperatorError as refused:
        return [(p.place, p.reason, p.fix) for p in refused.problems]
    return []


@pytest.mark.parametrize(
    ("condition", "problem"),
    [
        ({"fact": "visits", "store": "moon", "zone": "attic"}, ("store", "no store 'moon'", "one of annex, market")),
        ({"fact": "visits", "zone": "attic"}, None),  # of one of the stores
        ({"fact": "visits", "zone": "cellar"}, ("zone", "no zone 'cellar' in market, annex", "one of attic, fruit")),
        ({"fact": "visits", "store": "market", "zone": "attic"},
         ("zone", "no zone 'attic' in market", "one of fruit")),
        ({"fact": "stops", "product": "BOOK"}, None),
        ({"fact": "stops", "product": "BOOK", "store": "annex"},
         ("product", "'BOOK' is no product of annex: nobody can stop at it", "a sku of products.csv")),
        ({"fact": "stops", "category": "leisure"}, None),
        ({"fact": "stops", "category": "leisure", "store": "annex"},
         ("category", "no product of annex is of category 'leisure': nobody can stop at one", "one of fruit")),
        ({"fact": "spent", "currency": "CHF"}, None),
        ({"fact": "spent", "currency": "USD"}, ("currency", "no store has this currency", "one of CHF, EUR")),
        ({"fact": "tier", "tiers": ["gold"]},
         ("tiers", "there is no tier 'gold'", "declare it under loyalty.tiers")),
    ],
)  # fmt: skip
def test_what_no_store_has_is_named_with_those_that_are(
    condition: dict[str, object], problem: tuple[str, str, str] | None
) -> None:
    found = told([PLAN, ANNEX], **condition)
    assert found == ([] if problem is None else [(f"segments[1].when[1].{problem[0]}", *problem[1:])])


def test_a_dozen_names_are_listed() -> None:
    assert told([PLAN], [f"t{i:02}" for i in range(12)], fact="tier", tiers=["x"])[0][2] == (
        "one of t00, t01, t02, t03, t04, t05, t06, t07, t08, t09, t10, t11"
    )
    assert told([PLAN], [f"t{i:02}" for i in range(13)], fact="tier", tiers=["x", "t12"])[0][2] == (
        "one of t00, t01, t02, t03, t04, t05, t06, t07, t08, t09, t10, t11, …"
    )


@pytest.mark.parametrize(
    ("segments", "state", "said"),
    [
        (["loyal"], "running", ""),
        ([], "running", ""),
        (["gone", "lost"], "running",
         "campaign books is for gone, lost, which the site does not declare: it speaks to nobody"),
        (["loyal", "gone"], "paused",
         "campaign books is for gone, which the site does not declare: its other segments are meant still"),
        (["gone"], "ended", ""),
        (["gone"], "draft", "campaign books is for gone, which the site does not declare: it speaks to nobody"),
    ],
)  # fmt: skip
def test_a_stored_campaign_for_segments_that_are_gone_is_told_of(segments: list[str], state: str, said: str) -> None:
    assert say_undeclared(campaign(audience={"segments": segments}, state=state), ["loyal"]) == said


def test_where_no_segment_is_declared_it_says_where_they_are() -> None:
    [found] = audience_problems(campaign(audience={"segments": ["loyal"]}), [], "f", "campaigns.3")
    assert (found.place, found.reason) == ("campaigns.3.audience.segments.0", "there is no segment 'loyal'")
    assert (found.fix, found.values) == ("declare it under segments of config.yaml", {"got": "loyal", "known": "—"})
    [other] = audience_problems(campaign(audience={"segments": ["loyal"]}), ["b", "a"], "f", "c")
    assert (other.fix, other.values) == ("one of a, b", {"got": "loyal", "known": "a, b"})
