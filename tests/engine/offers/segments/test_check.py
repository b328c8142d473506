"""Segments on what the site has not, and audiences on segments that it has not: refused with their place and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.config.segments import SegmentConfig
from engine.errors import OperatorError
from engine.offers.audience import Audience, LinkedShopper
from engine.offers.segments.check import check_audiences, check_segments
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
