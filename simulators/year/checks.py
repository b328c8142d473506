"""What a year cannot do, or asks of a plan that the plan does not have: all of it at once."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from engine.errors import Problem
from engine.plan.model import Plan
from simulators.people.people import scenario_problems
from simulators.scenario.scenario import Scenario
from simulators.scenario.year import YearConfig


def year_problems(scenario: Scenario, config: YearConfig, plan: Plan) -> list[Problem]:
    """Problems of the scenario as a year. Sections that only radio needs (radio, wire, attack, truth) are not looked
    at, but for names that the plan does not know."""
    out = scenario_problems(scenario, plan)
    people, name = scenario.people, scenario.name
    unfit = [
        ("people.start_inside", people.start_inside > 0, "0"),
        ("people.arrival_profile", bool(people.arrival_profile), "people.arrivals_by_hour"),
        ("people.congestion", people.congestion, "false: nobody has a position to be crowded at"),
        ("people.staff.count", people.staff.count > 0, "0"),
        ("people.cleaners", people.cleaners > 0, "0"),
        ("people.passers_by.per_hour", people.passers_by.per_hour > 0, "0"),
        ("scripted", bool(scenario.scripted), "[]"),
        ("phones.responses.basket", "basket" in scenario.phones.responses, "name products or categories"),
    ]
    out += [Problem(name, place, "a year has no such thing", fix) for place, there, fix in unfit if there]
    categories = {p.category for p in plan.products}
    for event_name, event in config.events.items():
        lost = [c for c in event.by_category if c not in categories]
        place = f"year.events.{event_name}.by_category"
        out += [
            Problem(name, f"{place}.{c}", "the store has no such product category", "see products.csv") for c in lost
        ]
    first = scenario.starts_at.astimezone(ZoneInfo(plan.timezone)).date()
    last = first + timedelta(config.days - 1)
    named = [(f"year.closed_on.{i}", day) for i, day in enumerate(config.closed_on)]
    named += [(f"year.opened_on.{day}", day) for day in config.opened_on]
    named += [] if config.coupons.from_day is None else [("year.coupons.from_day", config.coupons.from_day)]
    return out + [_outside(name, place, day, first, last) for place, day in named if not first <= day <= last]


def _outside(name: str, place: str, day: date, first: date, last: date) -> Problem:
    return Problem(name, place, f"{day} is no day of this year", f"from {first} to {last}")
