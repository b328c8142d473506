"""What becomes of coupons for somebody who knows the truth: each rule by hand, then the engine on random days."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.config import OffersConfig
from engine.offers.audience import LinkedShopper
from engine.offers.campaigns import Campaign
from engine.offers.caps import Limits
from engine.offers.claims import Claims
from engine.offers.decide import campaign_book, decide
from engine.privacy.consent import Grants
from engine.records import DeviceId, Trigger
from engine.vocabulary import Channel, Purpose
from simulators.truth.coupon_rules import DueCoupon, Fate, Person, fates, is_held_out, most_worth_minor
from tests.simulators.made import small_plan
from tests.simulators.truth.test_truth import campaign

PLAN = replace(small_plan(), products=tuple(replace(p, legal_class="other") for p in small_plan().products))
NOON = dt.datetime(2026, 3, 4, 11, tzinfo=dt.UTC).timestamp()  # a Wednesday: noon in Paris
PEOPLE = {i: Person(f"p{i}", "fr", NOON - 86_400.0) for i in range(40)}
RULES = OffersConfig(per_visit=2, per_day=2, per_week=2)
ZONE = {"zone": "front"}


def reasons(*due: tuple[float, int, Campaign], rules: OffersConfig = RULES) -> list[str]:
    """Why, of each in the order given; the time in seconds after noon."""
    said = fates([DueCoupon(NOON + t_s, who, c) for t_s, who, c in due], PEOPLE, PLAN, rules)
    for outcome, reason in said.values():
        assert outcome == ("issue" if reason == "ok" else "refuse")
    return [said[NOON + t_s, who, c.id][1] for t_s, who, c in due]


def test_the_highest_gain_wins_then_priority_then_the_name() -> None:
    rich = campaign("z", ZONE, margin_minor=400)
    a, b = campaign("a", ZONE), campaign("b", ZONE)
    urgent = campaign("y", ZONE, priority=51)
    assert reasons((0, 0, a), (0, 0, rich)) == ["lost_arbitration", "ok"]
    assert reasons((0, 0, a), (0, 0, urgent)) == ["lost_arbitration", "ok"]
    assert reasons((0, 0, b), (0, 0, a)) == ["lost_arbitration", "ok"]
    rare = campaign("a", ZONE, margin_minor=400, redeem_probability=0.01)
    assert reasons((0, 0, rare), (0, 0, b)) == ["lost_arbitration", "ok"]
    thirty = campaign("x", ZONE, margin_minor=300, redeem_probability=0.1)  # 30, as 100 times 0.3 is
    assert reasons((0, 0, thirty), (0, 0, a)) == ["lost_arbitration", "ok"]


def test_who_was_refused_leaves_the_turn_to_the_next_best() -> None:
    best, next_ = campaign("best", ZONE, margin_minor=400), campaign("next", ZONE)
    assert reasons((0, 0, best), (9, 0, best), (9, 0, next_)) == ["ok", "already_issued", "ok"]


def test_caps_of_the_visit_and_of_rolling_windows_that_end_exactly_after_them() -> None:
    four = [campaign(f"c{i}", ZONE) for i in range(4)]
    assert reasons(*((i, 0, c) for i, c in enumerate(four))) == ["ok", "ok", "cap_visit", "cap_visit"]
    of_day = OffersConfig(per_visit=9, per_day=1, per_week=9)
    assert reasons((0, 0, four[0]), (86_399, 0, four[1]), (86_400, 0, four[2]), rules=of_day) == ["ok", "cap_day", "ok"]
    of_week = OffersConfig(per_visit=9, per_day=9, per_week=1)
    said = reasons((0, 0, four[0]), (604_799, 0, four[1]), (604_800, 0, four[2]), rules=of_week)
    assert said == ["ok", "cap_week", "ok"]
    assert reasons((0, 0, campaign("no", ZONE, caps={"per_day": 0}))) == ["cap_campaign_day"]
    assert reasons((0, 0, campaign("no", ZONE, caps={"per_week": 0}))) == ["cap_campaign_week"]


def test_budgets_go_first_come_first_served_by_number_and_by_worth() -> None:
    two = campaign("two", ZONE, budget={"max_vouchers": 2})
    assert reasons((1, 3, two), (1, 2, two), (0, 7, two)) == ["budget", "ok", "ok"]
    money = campaign("money", ZONE, budget={"max_amount_minor": 149})  # each takes 50 off
    assert reasons((0, 0, money), (1, 1, money), (2, 2, money)) == ["ok", "ok", "budget"]
    exact = campaign("money", ZONE, budget={"max_amount_minor": 150})
    assert reasons((0, 0, exact), (1, 1, exact), (2, 2, exact)) == ["ok", "ok", "ok"]


def test_who_is_held_out_gets_nothing_uses_up_the_caps_and_costs_nothing() -> None:
    half = campaign("half", ZONE, holdout_share=0.5, budget={"max_vouchers": 1}, margin_minor=900)
    out = next(i for i, p in PEOPLE.items() if is_held_out(half, p.name))
    in_ = next(i for i, p in PEOPLE.items() if not is_held_out(half, p.name))
    other, third = campaign("other", ZONE), campaign("third", ZONE)
    assert reasons((0, out, half), (0, out, other), (1, in_, half)) == ["holdout", "lost_arbitration", "ok"]
    assert reasons((0, out, half), (1, out, other), (2, out, third)) == ["holdout", "ok", "cap_visit"]


def test_the_control_group_is_a_share_that_only_grows() -> None:
    groups = [
        {p for p in range(2000) if is_held_out(campaign("c", ZONE, holdout_share=s), f"p{p}")} for s in (0, 0.2, 0.6)
    ]
    assert not groups[0]
    assert groups[1] < groups[2]
    assert len(groups[1]) / 2000 == pytest.approx(0.2, abs=0.03)
    named = campaign("d", ZONE, holdout_share=0.2, experiment="c")
    assert {p for p in range(2000) if is_held_out(named, f"p{p}")} == groups[1]


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        ({}, "ok"),
        ({"starts_at": "2026-03-04T11:00:00Z"}, "ok"),
        ({"starts_at": "2026-03-04T11:00:01Z"}, "not_started"),
        ({"ends_at": "2026-03-04T11:00:00Z"}, "ended"),
        ({"ends_at": "2026-03-04T11:00:01Z"}, "ok"),
        ({"days": ["wed"]}, "ok"),
        ({"days": ["tue", "thu"]}, "outside_hours"),
        ({"hours": [{"from": "12:00", "to": "12:01"}]}, "ok"),
        ({"hours": [{"from": "11:00", "to": "12:00"}]}, "outside_hours"),
        ({"hours": [{"from": "22:00", "to": "12:01"}], "days": ["tue"]}, "ok"),  # began on Tuesday
        ({"hours": [{"from": "22:00", "to": "12:01"}], "days": ["wed"]}, "outside_hours"),
        ({"hours": [{"from": "09:00", "to": "09:00"}], "days": ["wed"]}, "ok"),  # around the clock
        ({"hours": [{"from": "00:00", "to": "24:00"}], "days": ["wed"]}, "ok"),
        ({"quiet_hours": [{"from": "11:59", "to": "12:01"}]}, "quiet_hours"),
        ({"quiet_hours": [{"from": "12:01", "to": "11:59"}]}, "ok"),
    ],
)
def test_times_are_the_stores_own(when: dict[str, Any], reason: str) -> None:
    assert reasons((0, 0, campaign("c", ZONE, when=when))) == [reason]


@pytest.mark.parametrize(
    ("audience", "reason"),
    [
        ({"locales": ["fr"]}, "ok"),
        ({"locales": ["en"]}, "audience"),
        ({"known_at_least_days": 1}, "ok"),
        ({"known_at_least_days": 1.01}, "audience"),
        ({"known_at_most_days": 1}, "ok"),
        ({"known_at_most_days": 0.99}, "audience"),
    ],
)
def test_who_is_meant(audience: dict[str, Any], reason: str) -> None:
    assert reasons((0, 0, campaign("c", ZONE, audience=audience))) == [reason]


def test_other_stores_campaigns_say_nothing() -> None:
    assert reasons((0, 0, campaign("c", ZONE, stores=["tall"]))) == ["other_store"]
    assert reasons((0, 0, campaign("c", ZONE, stores=["tall", "small"]))) == ["ok"]


OF_MILK = {"applies_to": "product", "sku": "milk"}  # costs 250


@pytest.mark.parametrize(
    ("offer", "worth"),
    [
        ({"kind": "amount", "amount_minor": 70, **OF_MILK}, 70),
        ({"kind": "amount", "amount_minor": 70, "applies_to": "basket", "max_discount_minor": 60}, 60),
        ({"kind": "percent", "basis_points": 1010, **OF_MILK}, 25),  # 25.25, rounded down
        ({"kind": "percent", "basis_points": 1010, "max_units": 3, **OF_MILK}, 75),
        ({"kind": "percent", "basis_points": 5000, "max_discount_minor": 99, **OF_MILK}, 99),
        ({"kind": "percent", "basis_points": 5000, "applies_to": "basket", "max_discount_minor": 99}, 99),
        ({"kind": "percent", "basis_points": 5000, "applies_to": "category", "category": "grocery"}, 0),
        ({"kind": "percent", "basis_points": 5000, "applies_to": "product", "sku": "gone"}, 0),
        ({"kind": "fixed_price", "price_minor": 190, "max_units": 2, **OF_MILK}, 120),
        ({"kind": "fixed_price", "price_minor": 260, **OF_MILK}, 0),
        ({"kind": "buy_x_get_y", "buy": 2, "get": 1, "basis_points": 4000, "max_units": 2, **OF_MILK}, 200),
    ],
)
def test_what_a_coupon_is_worth_at_most(offer: dict[str, Any], worth: int) -> None:
    assert most_worth_minor(campaign("c", ZONE, offer=offer), PLAN) == worth


def engine_says(
    due: list[DueCoupon], campaigns: list[Campaign], rules: OffersConfig
) -> dict[tuple[float, int, str], Any]:
    """The same through the engine: every trigger decided at its time, then claimed."""
    book = campaign_book(campaigns, PLAN)
    claims = Claims({c.id: c for c in campaigns}, Limits(rules.per_visit, rules.per_day, rules.per_week))
    grants: Grants = frozenset({(Purpose.LOCATION_OFFERS, Channel.PAGE)})
    people = {i: LinkedShopper(p.name, grants, p.locale, p.known_since) for i, p in PEOPLE.items()}
    out: dict[tuple[float, int, str], Fate] = {}
    for at in sorted({d.at for d in due}):
        triggers = [
            Trigger(f"{d.campaign.id} {d.shopper}", d.campaign.id, DeviceId(d.shopper), str(d.shopper), at, at, 1.0, at)
            for d in due
            if d.at == at
        ]
        judged = decide(triggers, book, people, at)
        final = list(judged.refused)
        for event in judged.events:
            final += claims.claim(event, at)
        out |= {(at, int(d.trigger.device), d.trigger.campaign_id): (d.outcome, d.reason) for d in final}
    return out


def drawn(rng: np.random.Generator, name: str) -> Campaign:
    """A campaign at random, with conditions that hold for some and times that hold for parts of two days."""
    hours = [{"from": f"{rng.integers(24):02}:00", "to": f"{rng.integers(24):02}:30"} for _ in range(rng.integers(3))]
    quiet = [{"from": f"{rng.integers(24):02}:15", "to": f"{rng.integers(24):02}:15"}] if rng.random() < 0.1 else []
    days = [d for d in ("tue", "wed", "thu") if rng.random() < 0.3]
    budget = {"max_vouchers": int(rng.integers(12))} if rng.random() < 0.3 else {}
    budget |= {"max_amount_minor": int(rng.integers(900))} if rng.random() < 0.3 else {}
    offers: list[dict[str, Any]] = [
        {"kind": "percent", "basis_points": int(rng.integers(1, 4000)), **OF_MILK},
        {"kind": "fixed_price", "price_minor": int(rng.integers(150, 260)), **OF_MILK},
        {"kind": "amount", "amount_minor": int(rng.integers(1, 90)), "applies_to": "basket"},
        {"kind": "buy_x_get_y", "buy": 2, "get": 1, "max_units": int(rng.integers(1, 3)), **OF_MILK},
    ]
    return campaign(
        name,
        ZONE,
        offer=offers[rng.integers(4)],
        margin_minor=int(rng.integers(4)) * 100,
        priority=int(rng.integers(49, 52)),
        when={"hours": hours, "days": days, "quiet_hours": quiet},
        audience={"known_at_least_days": 1.2} if rng.random() < 0.2 else {},
        caps={"per_day": int(rng.integers(2)), "per_week": 3} if rng.random() < 0.2 else {},
        budget=budget,
        holdout_share=float(rng.choice([0, 0, 0.4])),
    )


def test_the_engine_decides_the_same_on_random_days() -> None:
    rng, seen = np.random.default_rng(8), set[str]()
    for _ in range(60):
        campaigns = [drawn(rng, f"c{i}") for i in range(6)]
        rules = OffersConfig(
            per_visit=int(rng.integers(1, 4)), per_day=int(rng.integers(1, 4)), per_week=int(rng.integers(1, 5))
        )
        # Many moments of few people, so that several are due at once and caps are reached.
        at = NOON + rng.integers(0, 12, 80) * 10_000.0
        rows = {(t, int(rng.integers(8)), int(rng.integers(6))) for t in at.tolist()}
        due = [DueCoupon(t, who, campaigns[c]) for t, who, c in sorted(rows)]
        said = fates(due, PEOPLE, PLAN, rules)
        assert said == engine_says(due, campaigns, rules)
        seen |= {reason for _, reason in said.values()}
    assert seen == {
        *("ok", "lost_arbitration", "holdout", "budget", "already_issued", "outside_hours", "quiet_hours", "audience"),
        *("cap_visit", "cap_day", "cap_week", "cap_campaign_day"),
    }
