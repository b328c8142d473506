"""The crowds that speed is measured on: as many as promised are there, and are heard. `rayon bench` says how fast."""

from __future__ import annotations

import numpy as np

from engine.plan.load import load_plan
from simulators.people.reactions import Wish
from simulators.scenario.files import load_scenario, store_folder
from simulators.world import TICK_S, World

TICKS = 20


def crowd_of(start_inside: int) -> World:
    chosen = load_scenario("crowd-300")
    people = chosen.people.model_copy(update={"start_inside": start_inside})
    world = World(chosen.model_copy(update={"people": people}), load_plan(store_folder(chosen)), 300.0)
    assert len(world.plan.access_points) == 16
    assert ((world.crowd.start_s <= 60) & (world.crowd.end_s > 60 + TICKS * TICK_S)).sum() >= start_inside
    return world


def heard(world: World) -> int:
    return sum(len(world.tick(k)) for k in range(120, 120 + TICKS))


def test_a_whole_crowd_is_heard() -> None:
    assert heard(crowd_of(1000)) > 1000 * TICKS * TICK_S / 2.5 * 5


def test_a_smaller_one_is_and_so_it_is_once_it_has_reacted() -> None:
    world = crowd_of(300)
    assert heard(world) > 300 * TICKS * TICK_S / 2.5 * 5
    for i in np.flatnonzero(world.phones.connected).tolist():
        world.act_upon(i, 60.0, Wish(frozenset([world.plan.products[i % len(world.plan.products)].sku])))
    assert world.changes > 0.7 * 300
    assert heard(world) > 300 * TICKS * TICK_S / 2.5 * 5
