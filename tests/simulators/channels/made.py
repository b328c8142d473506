"""A small store's week with its e-shop: 60 people, four products at prices that divide by nothing."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from engine.plan.model import Plan
from simulators.channels.week import Week, draw_week
from simulators.scenario.scenario import Scenario
from tests.simulators.made import small_plan

PRICES = (249, 1_199, 377, 1_850)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat")


def priced_plan() -> Plan:
    """The small store, each product at another price."""
    plan = small_plan()
    products = tuple(replace(p, price_minor=minor) for p, minor in zip(plan.products, PRICES, strict=True))
    return replace(plan, products=products)


def channel_scenario(**channels: Any) -> Scenario:
    """Seven days of some 20 visits each, the Sunday closed."""
    return Scenario.model_validate(
        {
            "name": "small-week",
            "store": "small",
            "seed": 11,
            "starts_at": "2026-11-02T00:00:00+01:00",
            "people": {
                "arrivals_per_hour": 2,
                "opening_hours": {day: {"opens": "09:00", "closes": "19:00"} for day in DAYS},
                "list_length_mean": 2.5,
                "buy_share": 0.5,
            },
            "phones": {
                "connected_share": 0.9,
                "sign_in_share": 1,
                "consent_share": 0.9,
                "open_share": 0.7,
                "responses": {"milk": {}, "household": {}},
            },
            "year": {
                "days": 7,
                "public_holidays": "none",
                "shoppers": {"count": 60, "adoption_visits_mean": 1},
                "coupons": {"per_visit": 0},
            },
            "channels": channels,
        }
    )


def swayed_week(count: int, seed: int, **sways: float) -> Week:
    """Messages on three channels, four in ten held out of each, and what they really do."""
    messages = {"holdout_share": 0.4, "mail_consent_share": 0.9, "mail_open_share": 0.9, "sways": sways}
    messages |= {"push_consent_share": 0.9, "push_open_share": 0.8, "per_day": 4, "per_week": 6}
    given = channel_scenario(account_share=0.9, card_share=0.9, messages=messages).model_dump()
    given["year"]["shoppers"]["count"], given["people"]["arrivals_per_hour"] = count, count / 20
    return draw_week(Scenario.model_validate(given | {"seed": seed}), priced_plan())


@cache
def small_week() -> Week:
    """Drawn once: nobody changes it."""
    much = {
        "orders": {"cancel_share": 0.15, "ready_after_s": 5_000, "no_show_share": 0.4, "collect_share": 0.6},
        "returns": {"receipt_share": 0.3, "order_share": 0.4},
        "messages": {"push_consent_share": 0.3, "sways": {"page": 0.3, "email": 0.8, "push": 1.0}},
    }
    return draw_week(channel_scenario(account_share=0.8, card_share=0.7, **much), priced_plan())
