"""Who comes to the store, when, at what pace, and with what shopping list; who works there; who only passes by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from engine.errors import OperatorError, Problem
from engine.plan.model import Plan
from engine.records import F64
from simulators.people.hours import arrival_rates, arrival_times
from simulators.scenario.people import DwellHabit, PeopleConfig
from simulators.scenario.scenario import Scenario, ScriptedShopper

SCRIPTED_SPEED_M_S = 1.0
CLEANER_SPEED_M_S = 0.8

FREE_SPEED_MEAN_M_S = 1.34
FREE_SPEED_SD_M_S = 0.26
"""Pedestrians' free speed in the open (Weidmann 1993): that of passers-by. Shoppers walk slower, as configured."""

FREE_SPEED_LIMITS_M_S = (0.5, 2.2)

Kind = Literal["shopper", "companion", "staff", "cleaner", "passer-by"]
Carries = Literal["own", "none", "connected", "probing"]


@dataclass(frozen=True, slots=True)
class Shopper:
    """One person: `name` is what offline tables call the device, `skus` the shopping list.

    `party` is the name of whom a companion goes with. `carries`: a phone as everybody's, none, one that is surely
    connected, or one that surely is not.
    """

    name: str
    arrive_s: float
    speed_m_s: float
    skus: tuple[str, ...]
    start_inside: bool
    script: ScriptedShopper | None = None
    kind: Kind = "shopper"
    party: str = ""
    carries: Carries = "own"


def scenario_problems(scenario: Scenario, plan: Plan) -> list[Problem]:
    """What the scenario asks of a plan that the plan does not have."""
    skus, categories = set(plan.product_by_sku), {p.category for p in plan.products}
    zones, aps = {z.id for z in plan.zones}, {ap.id for ap in plan.access_points}
    people, scripted = scenario.people, scenario.scripted
    wanted = [(f"people.favourites.{sku}", "product", sku in skus) for sku in people.favourites]
    wanted += [(f"people.dwell_by_category.{c}", "product category", c in categories) for c in people.dwell_by_category]
    wanted += [(f"people.impulse.attraction.{z}", "zone", z in zones) for z in people.impulse.attraction]
    if people.fitting_rooms is not None:
        wanted.append(("people.fitting_rooms.zone", "zone", people.fitting_rooms.zone in zones))
    known = {*skus, *categories, "basket"}
    wanted += [(f"phones.responses.{t}", "product or category", t in known) for t in scenario.phones.responses]
    wanted += [(f"scripted.{i}.sku", "product", script.sku in skus) for i, script in enumerate(scripted)]
    wanted += [(place, "access point", ap in aps) for place, ap in scenario.radio.named_access_points()]
    out = [_unknown(scenario, place, what) for place, what, there in wanted if not there]
    names = [s.name for s in scripted]
    if len(set(names)) < len(names):
        out.append(Problem(scenario.name, "scripted", "two shoppers of one name", "name them apart"))
    if people.passers_by.per_hour and scenario.phones.probe_interval_s is None:
        fix = "give phones.probe_interval_s: passers-by are heard by their probes only"
        out.append(Problem(scenario.name, "people.passers_by", "nobody would ever hear them", fix))
    if not any(o.category in ("entrance", "exit") for o in plan.openings):
        out.append(Problem(scenario.name, "store", f"{plan.store} has no entrance", "add an opening to its plan"))
    if not plan.products:
        out.append(Problem(scenario.name, "store", f"{plan.store} has no products", "add products.csv to its plan"))
    return out


def draw_people(scenario: Scenario, plan: Plan, run_s: float, rng: np.random.Generator) -> list[Shopper]:
    """Everybody within `run_s` or the duration, by arrival. OperatorError where plan and scenario differ.

    Shoppers are drawn first: who else is there takes nothing away from their chance.
    """
    problems = scenario_problems(scenario, plan)
    if problems:
        raise OperatorError(problems)
    people, until_s = scenario.people, max(scenario.duration_s, run_s)
    weights = popularity(plan, people)
    rates = arrival_rates(people, until_s, scenario.starts_at, plan.timezone)
    times = np.concatenate([np.zeros(people.start_inside), arrival_times(people, until_s, rates, rng)])
    speeds = walking_speeds(people, len(times), rng)
    skus = np.array([p.sku for p in plan.products])
    lengths = np.minimum(1 + rng.poisson(people.list_length_mean - 1, len(times)), np.count_nonzero(weights))
    out = []
    for i, (t, speed) in enumerate(zip(times, speeds, strict=True)):
        wanted = tuple(str(s) for s in rng.choice(skus, int(lengths[i]), replace=False, p=weights))
        out.append(Shopper(f"s{i + 1:05d}", float(t), float(speed), wanted, i < people.start_inside))
    out += _companions(out, people, rng) + _workers(people, rng) + _passers_by(people, until_s, rng)
    out += [Shopper(s.name, s.arrive_s, SCRIPTED_SPEED_M_S, (s.sku,), s.start_inside, s) for s in scenario.scripted]
    return sorted(out, key=lambda p: (p.arrive_s, p.name))


def walking_speeds(people: PeopleConfig, n: int, rng: np.random.Generator) -> F64:
    """(n,) free speeds in m/s: even between the limits, or normal and cut off there."""
    low, high, habit = people.speed_min_m_s, people.speed_max_m_s, people.speed
    if habit is None:
        return rng.uniform(low, high, n)
    return cut_normal(habit.mean_m_s, habit.sd_m_s, low, high, n, rng)


def cut_normal(mean: float, sd: float, low: float, high: float, n: int, rng: np.random.Generator) -> F64:
    """(n,) normal values between two limits: what falls outside is drawn again."""
    out = rng.normal(mean, sd, n)
    while len(bad := np.flatnonzero((out < low) | (out > high))):
        out[bad] = rng.normal(mean, sd, len(bad))
    return out


def popularity(plan: Plan, people: PeopleConfig) -> F64:
    """How likely each product is to be on a list, (products,), summing to 1: Zipf in file order times favourites."""
    rank = np.arange(1, len(plan.products) + 1, dtype=np.float64)
    weights = rank**-people.popularity_exponent * np.array([people.favourites.get(p.sku, 1.0) for p in plan.products])
    if not weights.any():
        raise OperatorError([Problem(plan.store, "people.favourites", "nobody wants any product", "leave one above 0")])
    return np.asarray(weights / weights.sum(), np.float64)


def dwell_s(habit: DwellHabit, rng: np.random.Generator) -> float:
    """How long one person stays at one place."""
    return float(habit.median_s * np.exp(habit.sigma_log * rng.standard_normal()))


def _companions(leaders: list[Shopper], people: PeopleConfig, rng: np.random.Generator) -> list[Shopper]:
    """Who comes along: a group's shopping list and pace are its leader's."""
    habit = people.groups
    if not habit.share:
        return []
    out = []
    together = rng.random(len(leaders)) < habit.share
    more = 1 + rng.poisson(habit.size_mean - 2, len(leaders))
    for i in np.flatnonzero(together).tolist():
        for k in range(int(more[i])):
            carries: Carries = "own" if rng.random() < habit.phones_share else "none"
            name = f"{leaders[i].name}-{k + 2}"
            out.append(replace(leaders[i], name=name, kind="companion", party=leaders[i].name, carries=carries))
    return out


def _workers(people: PeopleConfig, rng: np.random.Generator) -> list[Shopper]:
    out = []
    for i in range(people.staff.count):
        speed = float(cut_normal(1.1, 0.15, 0.7, 1.5, 1, rng)[0])
        carries: Carries = "connected" if rng.random() < people.staff.phone_share else "none"
        out.append(Shopper(f"staff-{i + 1:02d}", 0.0, speed, (), True, kind="staff", carries=carries))
    for i in range(people.cleaners):
        name = f"cleaner-{i + 1:02d}"
        out.append(Shopper(name, 0.0, CLEANER_SPEED_M_S, (), True, kind="cleaner", carries="probing"))
    return out


def _passers_by(people: PeopleConfig, until_s: float, rng: np.random.Generator) -> list[Shopper]:
    n = int(rng.poisson(people.passers_by.per_hour * until_s / 3600)) if people.passers_by.per_hour else 0
    times = np.sort(rng.uniform(0.0, until_s, n))
    speeds = cut_normal(FREE_SPEED_MEAN_M_S, FREE_SPEED_SD_M_S, *FREE_SPEED_LIMITS_M_S, n, rng)
    share = people.passers_by.connected_share
    joins = rng.random(n) < share if share else np.zeros(n, np.bool_)
    return [
        Shopper(f"passer-{i + 1:05d}", t, v, (), False, kind="passer-by", carries="connected" if on else "probing")
        for i, (t, v, on) in enumerate(zip(times.tolist(), speeds.tolist(), joins.tolist(), strict=True))
    ]


def _unknown(scenario: Scenario, place: str, what: str) -> Problem:
    return Problem(scenario.name, place, f"the store has no such {what}", "see its plan.geojson and products.csv")
