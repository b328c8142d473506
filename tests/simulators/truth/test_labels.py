"""Labels and receipts of a simulated day: of who agreed, at shelves, with the planogram's mistakes."""

from __future__ import annotations

import numpy as np

from simulators.scenario.scenario import LabelsConfig
from simulators.truth.labels import misplace_products, receipts, shelf_scans
from simulators.truth.truth import consents
from simulators.world import World
from tests.accuracy.drawn import drawn_day, drawn_plan


def world(**labels: float) -> World:
    scenario = drawn_day("pharmacy", 1, 900.0)
    return World(scenario.model_copy(update={"labels": LabelsConfig(**labels)}), drawn_plan("pharmacy"))


def test_scans_are_of_stays_of_people_who_agreed() -> None:
    day = world(wrong_share=0.0)
    names, agrees = day.device_names(), consents(day)
    stops = {
        (names[i], s.ref): (s.since_s, s.until_s) for i, j in enumerate(day.journeys) if agrees[i] for s in j.stops
    }
    scans = shelf_scans(day)
    assert len(scans) > 50
    for t_s, name, _, sku in scans:
        since_s, until_s = stops[name, sku]
        assert since_s < t_s < until_s
    assert {name for _, name, _ in receipts(day)} <= {names[i] for i in np.flatnonzero(agrees).tolist()}


def test_as_many_as_the_scenario_says() -> None:
    day = world(shelf_scans=7, receipts=2)
    assert len(shelf_scans(day)) == 7
    assert len({name for _, name, _ in receipts(day)}) == 2


def test_misplaced_products_go_under_each_others_names() -> None:
    names = misplace_products(world(wrong_share=0.1))
    moved = {sku: said for sku, said in names.items() if sku != said}
    assert len(moved) == round(0.1 * len(names))
    assert sorted(moved) == sorted(moved.values())
