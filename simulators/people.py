"""Who comes to the store, when, at what pace, and with what shopping list."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.errors import OperatorError, Problem
from engine.plan.model import Plan
from engine.records import F64
from simulators.scenario import DwellHabit, PeopleConfig, Scenario, ScriptedShopper

SCRIPTED_SPEED_M_S = 1.0


@dataclass(frozen=True, slots=True)
class Shopper:
    """One person: `name` is what offline tables call the device, `skus` the shopping list."""

    name: str
    arrive_s: float
    speed_m_s: float
    skus: tuple[str, ...]
    start_inside: bool
    script: ScriptedShopper | None = None


def scenario_problems(scenario: Scenario, plan: Plan) -> list[Problem]:
    """What the scenario asks of a plan that the plan does not have."""
    skus, categories = set(plan.product_by_sku), {p.category for p in plan.products}
    people, scripted = scenario.people, scenario.scripted
    wanted = [(f"people.favourites.{sku}", "product", sku in skus) for sku in people.favourites]
    wanted += [(f"people.dwell_by_category.{c}", "product category", c in categories) for c in people.dwell_by_category]
    wanted += [(f"scripted.{i}.sku", "product", script.sku in skus) for i, script in enumerate(scripted)]
    out = [_unknown(scenario, place, what) for place, what, known in wanted if not known]
    names = [s.name for s in scripted]
    if len(set(names)) < len(names):
        out.append(Problem(scenario.name, "scripted", "two shoppers of one name", "name them apart"))
    if not any(o.category in ("entrance", "exit") for o in plan.openings):
        out.append(Problem(scenario.name, "store", f"{plan.store} has no entrance", "add an opening to its plan"))
    if not plan.products:
        out.append(Problem(scenario.name, "store", f"{plan.store} has no products", "add products.csv to its plan"))
    return out


def draw_people(scenario: Scenario, plan: Plan, run_s: float, rng: np.random.Generator) -> list[Shopper]:
    """Everybody who comes within `run_s` or the duration, by arrival. OperatorError where plan and scenario differ."""
    problems = scenario_problems(scenario, plan)
    if problems:
        raise OperatorError(problems)
    people = scenario.people
    weights = popularity(plan, people)
    arrivals = arrival_times(people, max(scenario.duration_s, run_s), rng)
    times = np.concatenate([np.zeros(people.start_inside), arrivals])
    speeds = rng.uniform(people.speed_min_m_s, people.speed_max_m_s, len(times))
    skus = np.array([p.sku for p in plan.products])
    lengths = np.minimum(1 + rng.poisson(people.list_length_mean - 1, len(times)), np.count_nonzero(weights))
    out = []
    for i, (t, speed) in enumerate(zip(times, speeds, strict=True)):
        wanted = tuple(str(s) for s in rng.choice(skus, int(lengths[i]), replace=False, p=weights))
        out.append(Shopper(f"s{i + 1:05d}", float(t), float(speed), wanted, i < people.start_inside))
    out += [Shopper(s.name, s.arrive_s, SCRIPTED_SPEED_M_S, (s.sku,), s.start_inside, s) for s in scenario.scripted]
    return sorted(out, key=lambda p: (p.arrive_s, p.name))


def arrival_times(people: PeopleConfig, duration_s: float, rng: np.random.Generator) -> F64:
    """Sorted times of a Poisson process whose rate follows the arrival profile, by thinning (Lewis, Shedler 1979)."""
    steps = sorted(people.arrival_profile, key=lambda s: s.from_s)
    starts = np.array([0.0] + [s.from_s for s in steps])
    factors = np.array([1.0] + [s.factor for s in steps])
    most = float(factors.max())
    n = rng.poisson(people.arrivals_per_hour * most * duration_s / 3600)
    times = np.sort(rng.uniform(0.0, duration_s, n))
    rate = factors[np.searchsorted(starts, times, side="right") - 1]
    return times[rng.random(n) * most < rate]


def popularity(plan: Plan, people: PeopleConfig) -> F64:
    """How likely each product is to be on a list, (products,), summing to 1: Zipf in file order times favourites."""
    rank = np.arange(1, len(plan.products) + 1, dtype=np.float64)
    weights = rank**-people.popularity_exponent * np.array([people.favourites.get(p.sku, 1.0) for p in plan.products])
    if not weights.any():
        raise OperatorError([Problem(plan.store, "people.favourites", "nobody wants any product", "leave one above 0")])
    return np.asarray(weights / weights.sum(), np.float64)


def dwell_s(habit: DwellHabit, rng: np.random.Generator) -> float:
    """How long one person stands at one product."""
    return float(habit.median_s * np.exp(habit.sigma_log * rng.standard_normal()))


def _unknown(scenario: Scenario, place: str, what: str) -> Problem:
    return Problem(scenario.name, place, f"the store has no such {what}", "see products.csv of its plan")
