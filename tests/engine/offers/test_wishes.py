"""What a shopper wants less of is heeded, with its own reason, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from engine.offers.caps import Ask, Limits, Slot, Spent, cap_refusal
from engine.offers.hours import Hours
from engine.offers.wishes import (
    EVERYWHERE,
    About,
    Mute,
    Wishes,
    as_in_plan,
    asked_visit,
    is_asked,
    is_mailed,
    mailed_visit,
)
from engine.vocabulary import DecisionReason, MuteKind
from tests.engine.offers.plans import PLAN
from tests.engine.storage.scenes import campaign

PARIS = ZoneInfo("Europe/Paris")
NOON = 1_800_010_800.0  # 2027-01-15, 12:00 in Paris
TEA = About("tea-1", frozenset({"drinks"}))


@pytest.mark.parametrize(
    ("mute", "refused"),
    [
        (Mute(MuteKind.PRODUCT, "corner", "tea-1"), True),
        (Mute(MuteKind.CATEGORY, "corner", "drinks"), True),
        (Mute(MuteKind.SHOP, "corner"), True),
        (Mute(MuteKind.ALL, EVERYWHERE), True),
        (Mute(MuteKind.PRODUCT, "corner", "cup-1"), False),
        (Mute(MuteKind.CATEGORY, "corner", "dishes"), False),
        (Mute(MuteKind.PRODUCT, "market", "tea-1"), False),
        (Mute(MuteKind.CATEGORY, "corner", "tea-1"), False),
        (Mute(MuteKind.SHOP, "market"), False),
    ],
)
def test_what_is_muted_is_refused_and_nothing_else(mute: Mute, refused: bool) -> None:
    said = Wishes(frozenset({mute})).refusal("corner", TEA, NOON, PARIS)
    assert said is (DecisionReason.MUTED if refused else None)


def test_hours_of_ones_own_are_those_of_the_store() -> None:
    """From is within, to is not; 12:00 in Paris is 11:00 UTC."""
    lunch = Wishes(quiet=Hours.model_validate({"from": "12:00", "to": "13:00"}))
    assert lunch.refusal("corner", TEA, NOON, PARIS) is DecisionReason.OWN_QUIET_HOURS
    assert lunch.refusal("corner", TEA, NOON - 1, PARIS) is None
    assert lunch.refusal("corner", TEA, NOON + 3600, PARIS) is None
    assert lunch.refusal("corner", TEA, NOON, ZoneInfo("UTC")) is None


@pytest.mark.parametrize(
    ("kind", "store", "name"),
    [
        ("all", "corner", ""),
        ("shop", "", ""),
        ("shop", "corner", "x"),
        ("product", "corner", ""),
        ("category", "", "x"),
    ],
)
def test_a_mute_that_means_nothing_is_refused(kind: MuteKind, store: str, name: str) -> None:
    with pytest.raises(ValueError, match="store"):
        Mute(MuteKind(kind), store, name)


@pytest.mark.parametrize(
    ("wishes", "reason"),
    [
        (Wishes(), None),
        (Wishes(per_day=1), DecisionReason.CAP_OWN_DAY),
        (Wishes(per_day=2, per_week=2), DecisionReason.CAP_OWN_WEEK),
        (Wishes(per_day=2, per_week=3), None),
        (Wishes(per_week=0), DecisionReason.CAP_OWN_WEEK),
    ],
)
def test_the_lower_cap_decides(wishes: Wishes, reason: DecisionReason | None) -> None:
    """One coupon an hour ago, one three days ago; the shop would allow nine."""
    key = ("market", "apples")
    slots = [Slot(("market", "x"), "v0", NOON - 3600, counts=True), Slot(("market", "x"), "v9", NOON - 3 * 86400, True)]
    ask = Ask(campaign(), key, "v1", 50, NOON)
    assert cap_refusal(ask, slots, Spent(), Limits(9, 9, 9), wishes) is reason


def test_the_shops_cap_holds_whatever_is_wished() -> None:
    slots = [Slot(("market", "x"), "v0", NOON - 3600, counts=True)]
    ask = Ask(campaign(), ("market", "apples"), "v1", 50, NOON)
    assert cap_refusal(ask, slots, Spent(), Limits(9, 1, 9), Wishes(per_day=50)) is DecisionReason.CAP_DAY


SPELT = replace(PLAN, products=(*PLAN.products, replace(PLAN.products[1], sku="GEL", category="Care")))


@pytest.mark.parametrize(
    ("mute", "name"),
    [
        (Mute(MuteKind.PRODUCT, "market", "APPLE"), "APPLE"),
        (Mute(MuteKind.PRODUCT, "market", "apple"), None),
        (Mute(MuteKind.CATEGORY, "market", "fruit"), "fruit"),
        (Mute(MuteKind.CATEGORY, "market", "FRUIT"), "fruit"),
        (Mute(MuteKind.CATEGORY, "market", "fish"), None),
        (Mute(MuteKind.CATEGORY, "market", "care"), "care"),  # of two spellings the one that was meant
        (Mute(MuteKind.CATEGORY, "market", "CARE"), "Care"),  # or the first
        (Mute(MuteKind.SHOP, "market"), ""),
        (Mute(MuteKind.ALL, EVERYWHERE), ""),
    ],
)
def test_a_mute_is_spelt_as_the_plan_spells_it(mute: Mute, name: str | None) -> None:
    assert as_in_plan(mute, SPELT) == (None if name is None else replace(mute, name=name))


def test_what_was_asked_for_or_sent_home_is_of_no_visit() -> None:
    visits = asked_visit("2026-06-01"), mailed_visit("tea"), "v-asked-1"
    assert [(is_asked(v), is_mailed(v)) for v in visits] == [(True, False), (False, True), (False, False)]
    assert visits[:2] == ("asked-2026-06-01", "mailed-tea")
