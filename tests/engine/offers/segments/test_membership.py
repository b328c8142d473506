"""Who is in a segment and until when: the rules of the config on the facts of one person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import parse_config
from engine.config.segments import SegmentConfig
from engine.errors import OperatorError
from engine.offers.segments.facts import Came, KeptPurchase, KnownGoods, Looked, ShopperFacts
from engine.offers.segments.membership import spans_in
from engine.offers.segments.spans import FAR, NEVER, Span, Spans, always, both, neither, when_within
from engine.vocabulary import SalesChannel
from tests.examples import examples

NOW, DAY = 1_800_000_000.0, 86_400.0
COAT, SCARF = KnownGoods("COAT-38", "coats", 18_900), KnownGoods("SCARF", "scarves", 2_500)


def bought(
    days_ago: float, *lines: KnownGoods, channel: SalesChannel = SalesChannel.STORE, store: str = "boutique"
) -> KeptPurchase:
    return KeptPurchase(NOW - days_ago * DAY, channel, store if channel is SalesChannel.STORE else "", "EUR", lines)


def looked(days_ago: float, *goods: KnownGoods, store: str = "") -> Looked:
    return Looked(NOW - days_ago * DAY, goods, store)


ALL = ShopperFacts(
    True,
    purchases=(bought(3, COAT, SCARF), bought(40, SCARF, channel=SalesChannel.WEB), bought(100, COAT)),
    views=(looked(1, COAT), looked(2, COAT), looked(50, SCARF)),
    baskets=(looked(1, SCARF),),
    stops=(looked(2, COAT, store="boutique"), looked(9, COAT, store="boutique")),
    visits=(Came(NOW - 2 * DAY, "boutique", frozenset({"coats"})), Came(NOW - 20 * DAY, "annexe", frozenset())),
    lingers=frozenset({("boutique", "coats")}),
    tier="gold",
)


def segment(*when: dict[str, object]) -> SegmentConfig:
    return SegmentConfig.model_validate({"name": "s", "fr": "s", "en": "s", "when": when})


def holds_at(spans: Sequence[Span], now: float) -> bool:
    return any(start <= now < end for start, end in spans)


def within(facts: ShopperFacts, *when: dict[str, object], at: float = NOW) -> bool:
    return holds_at(spans_in(segment(*when), facts, NOW), at)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"fact": "purchases", "at_least": 3}, True),
        ({"fact": "purchases", "at_least": 3, "within_days": 90}, False),
        ({"fact": "purchases", "channel": "web", "at_most": 1}, True),
        ({"fact": "purchases", "category": "scarves", "at_least": 2, "store": "boutique"}, False),
        ({"fact": "purchases", "product": "COAT-38", "within_days": 30}, True),
        ({"fact": "purchases", "product": "HAT"}, False),
        ({"fact": "spent", "currency": "EUR", "within_days": 30, "at_least": 21_400}, True),
        ({"fact": "spent", "currency": "EUR", "within_days": 30, "at_least": 21_401}, False),
        ({"fact": "spent", "currency": "CHF"}, False),
        ({"fact": "spent", "currency": "EUR", "category": "scarves", "at_most": 5_000}, True),
        ({"fact": "favourite", "category": "coats", "top": 1}, True),
        ({"fact": "favourite", "category": "scarves", "top": 1}, False),
        ({"fact": "favourite", "category": "scarves"}, True),
        ({"fact": "tier", "tiers": ["silver", "gold"]}, True),
        ({"fact": "tier", "tiers": ["silver"]}, False),
        ({"fact": "views", "category": "coats", "at_least": 2, "within_days": 7}, True),
        ({"fact": "baskets_left", "category": "scarves"}, True),
        ({"fact": "stops", "product": "COAT-38", "at_least": 2, "within_days": 30, "store": "boutique"}, True),
        ({"fact": "stops", "category": "coats", "at_least": 2, "within_days": 7}, False),
        ({"fact": "visits", "at_least": 2, "within_days": 30}, True),
        ({"fact": "visits", "zone": "coats", "store": "annexe"}, False),
        ({"fact": "lingers", "zone": "coats", "store": "boutique"}, True),
        ({"fact": "lingers", "zone": "coats", "store": "annexe"}, False),
    ],
)
def test_each_fact(condition: dict[str, object], holds: bool) -> None:
    assert within(ALL, condition) is holds
    assert within(ALL, condition | {"holds": False}) is not holds


def test_stopped_twice_and_has_not_bought() -> None:
    rule = (
        {"fact": "stops", "product": "COAT-38", "at_least": 2, "within_days": 30},
        {"fact": "purchases", "product": "COAT-38", "within_days": 90, "holds": False},
    )
    assert not within(ALL, *rule)
    undecided = replace(ALL, purchases=(bought(3, SCARF), bought(100, COAT)))
    assert within(undecided, *rule)
    assert spans_in(segment(*rule), undecided, NOW) == ((NOW, NOW + 21 * DAY),)  # then the older stop is too old


def test_what_is_not_known_is_neither() -> None:
    """Who has not agreed has bought nothing as far as we may know, and is not taken for somebody who has not bought."""
    silent = ShopperFacts(False, visits=ALL.visits, lingers=ALL.lingers)
    assert within(silent, {"fact": "visits"})
    for holds in (True, False):
        assert not within(silent, {"fact": "visits"}, {"fact": "purchases", "holds": holds})
        assert not within(silent, {"fact": "tier", "tiers": ["gold"], "holds": holds})


def test_a_basket_is_left_once_nobody_touches_it() -> None:
    just_now = replace(ALL, baskets=(looked(0, SCARF),))
    assert not within(just_now, {"fact": "baskets_left"})
    assert within(just_now, {"fact": "baskets_left"}, at=NOW + 2 * 3_600)
    assert not within(replace(just_now, baskets=(looked(4, SCARF),)), {"fact": "baskets_left"})  # bought since
    assert not within(replace(ALL, baskets=(looked(1),)), {"fact": "baskets_left"})  # emptied


TIMES = st.lists(st.tuples(st.integers(-40, 10), st.integers(0, 5)), max_size=8)


@examples(120)
@given(TIMES, st.none() | st.integers(1, 30), st.integers(0, 9), st.none() | st.integers(0, 12), st.integers(0, 60))
def test_spans_say_what_counting_at_that_moment_says(
    counted: list[tuple[int, int]], window: int | None, least: int, most: int | None, later: int
) -> None:
    spans = when_within([(float(t), n) for t, n in counted], window, least, most, 0.0)
    total = sum(n for t, n in counted if t <= later and (window is None or later < t + window))
    holds = least <= total and (most is None or total <= most)
    assert holds_at(spans, float(later)) is holds
    assert holds_at(neither(spans, 0.0), float(later)) is not holds
    assert all(0.0 <= a < b <= FAR for a, b in spans)
    assert list(spans) == sorted(spans)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"fact": "purchases", "zone": "coats"}, "zone says nothing of purchases"),
        ({"fact": "spent", "at_least": 5}, "spent needs currency"),
        ({"fact": "visits", "at_least": 5, "at_most": 4}, "nobody would be meant"),
        ({"fact": "visits", "at_least": 0}, "everybody"),
        ({"fact": "horoscope"}, "purchases"),
        ({"fact": "visits", "within": 3}, "no key"),
    ],
)
def test_mistakes_are_said_with_their_place(condition: dict[str, object], said: str) -> None:
    raw = {"segments": [{"name": "s", "fr": "s", "en": "s", "when": [{"fact": "visits"}, condition]}]}
    with pytest.raises(OperatorError) as caught:
        parse_config(raw, "config.yaml")
    [problem] = caught.value.problems
    assert problem.place.startswith("segments[0].when[1]")
    assert said in f"{problem.reason} {problem.fix}"


def spent_on(*rows: tuple[str, int, str], days_ago: float = 1.0) -> ShopperFacts:
    """A receipt for each (category, kept, currency)."""
    return ShopperFacts(
        True,
        purchases=tuple(
            KeptPurchase(
                NOW - days_ago * DAY, SalesChannel.STORE, "boutique", currency, (KnownGoods("X", category, n),)
            )
            for category, n, currency in rows
        ),
    )


@pytest.mark.parametrize(
    ("facts", "top", "favourites"),
    [
        (spent_on(("a", 5, "EUR"), ("b", 9, "EUR")), 1, "b"),
        (spent_on(("b", 9, "EUR"), ("a", 9, "EUR")), 1, "a"),  # names decide between two
        (spent_on(("a", 5, "EUR"), ("b", 4, "EUR"), ("a", -2, "EUR")), 1, "b"),  # what came back is not kept
        (spent_on(("a", 0, "EUR"), ("b", 1, "EUR")), 2, "b"),  # of nothing nothing is a favourite
        (spent_on(("a", 9, "EUR"), ("b", 1, "CHF"), ("b", 1, "CHF")), 2, "b"),  # in the currency of most receipts
        (spent_on(("a", 1, "EUR"), ("b", 9, "CHF")), 2, "b"),  # of two that are alike the first by its code
        (spent_on(("", 9, "EUR"), ("a", 1, "EUR")), 1, "a"),  # of which nobody knows the category
        (spent_on(("a", 4, "EUR"), ("b", 3, "EUR"), ("c", 2, "EUR"), ("d", 1, "EUR")), None, "abc"),
        (spent_on(), 1, ""),
    ],
)
def test_favourites_are_what_most_was_kept_of(facts: ShopperFacts, top: int | None, favourites: str) -> None:
    condition: dict[str, object] = {"fact": "favourite"} | ({} if top is None else {"top": top})
    assert "".join(c for c in "abcd" if within(facts, condition | {"category": c})) == favourites


@pytest.mark.parametrize(("days_ago", "counts"), [(29.99, True), (30.0, False)])
def test_what_was_bought_counts_until_its_days_are_over(days_ago: float, counts: bool) -> None:
    facts = spent_on(("a", 5, "EUR"), days_ago=days_ago)
    for condition in (
        {"fact": "favourite", "category": "a"},
        {"fact": "purchases"},
        {"fact": "spent", "currency": "EUR"},
    ):
        assert within(facts, condition | {"within_days": 30}) is counts
        assert within(facts, condition)


@pytest.mark.parametrize(
    ("touched_s", "bought_s", "left"),
    [(7_200, None, True), (7_199, None, False), (9_000, 9_000, False), (9_000, 9_001, True), (9_000, 8_999, False)],
)
def test_a_basket_is_left_two_hours_after_it_was_touched_unless_it_was_bought_since(
    touched_s: float, bought_s: float | None, left: bool
) -> None:
    """Both so many seconds ago."""
    purchases = () if bought_s is None else (bought(bought_s / DAY, COAT),)
    facts = ShopperFacts(True, purchases=purchases, baskets=(looked(touched_s / DAY, SCARF),))
    assert within(facts, {"fact": "baskets_left"}) is left


@pytest.mark.parametrize(
    ("counted", "window_s", "least", "most", "spans"),
    [
        ([(0, 1), (10, 1)], 5, 1, None, ((0, 5), (10, 15))),  # apart
        ([(0, 1), (5, 1)], 5, 1, None, ((0, 10),)),  # what touches is one
        ([(0, 1), (3, 1)], 5, 1, None, ((0, 8),)),
        ([(0, 1), (3, 1)], 5, 2, None, ((3, 5),)),
        ([(0, 1), (3, 1)], 5, 0, 1, ((0, 3), (5, FAR))),
        ([(0, 1), (3, 1)], None, 2, None, ((3, FAR),)),
        ([(-5, 1)], 5, 1, None, ()),  # over just now
        ([(-4, 1)], 5, 1, None, ((0, 1),)),
        ([(-9, 1)], None, 1, 1, ((0, FAR),)),
        ([(2, 3)], 4, 3, 3, ((2, 6),)),
        ([(2, 3)], 4, 4, None, ()),
        ([], 4, 0, 0, ((0, FAR),)),
        ([], 4, 1, None, ()),
    ],
)
def test_when_a_count_lies_within_its_bounds(
    counted: list[tuple[float, int]], window_s: float | None, least: int, most: int | None, spans: Spans
) -> None:
    assert when_within(counted, window_s, least, most, 0.0) == spans


def test_spans_that_hold_together_and_what_is_left() -> None:
    assert always(3.0) == ((3.0, FAR),)
    one, other = ((0.0, 5.0), (8.0, 12.0)), ((3.0, 9.0), (11.0, FAR))
    assert both(one, other) == both(other, one) == ((3.0, 5.0), (8.0, 9.0), (11.0, 12.0))
    assert both(((0.0, 3.0),), ((3.0, 4.0),)) == NEVER, "a last moment is not within"
    assert both(one, NEVER) == NEVER
    assert neither(one, 0.0) == ((5.0, 8.0), (12.0, FAR))
    assert neither(((2.0, FAR),), 0.0) == ((0.0, 2.0),)
    assert neither(NEVER, 4.0) == ((4.0, FAR),)
    assert neither(always(4.0), 4.0) == NEVER
    assert neither(((0.0, 5.0),), 2.0) == ((5.0, FAR),)
