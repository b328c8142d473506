"""Access points that hang elsewhere than the plan says, or are interchanged in it, by what they hear of each other:
found where the odds are clear, and nobody accused where plans are right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from shapely.geometry import LineString, box

from engine.plan.model import Fixture, Plan, Wall
from engine.radio.hanging.wrong_places import LEAST_LINKS, SURE, find_wrong_places
from engine.records import Hearings
from tests.engine.radio.hanging.made import PLAN, hang, hear_each_other, interchange
from tests.engine.radio.made import hall

WALLS = (
    Wall("0", LineString([(10, 0), (10, 12)]), "brick", 10.0),
    Wall("0", LineString([(10, 12), (22, 12)]), "", 6.0),
)
SHELVES = tuple(Fixture(f"g{i}", "0", "", "", 8.0, False, box(2, y, 9, y + 0.8)) for i, y in enumerate((6.0, 12.0)))
BUILT = replace(PLAN, walls=WALLS, fixtures=SHELVES)
STEEL = Wall("0", LineString([(2.0, 4.0), (4.0, 4.0), (4.0, 2.0)]), "steel", 20.0)
FIVE = hall((3.0, 3.0), (15.0, 2.0), (27.0, 4.0), (9.0, 17.0), (24.0, 16.0), width=30.0, depth=20.0)


@pytest.mark.parametrize(
    ("plan", "really", "heard"),
    [
        (PLAN, PLAN, {"shadow_db": 3.0}),
        (PLAN, PLAN, {"shadow_db": 8.0, "power_sd_db": 5.0}),
        (PLAN, BUILT, {"shadow_db": 3.0}),  # nobody drew its walls
        (BUILT, BUILT, {"shadow_db": 5.0, "one_way": 0.4}),
        (PLAN, replace(PLAN, walls=(STEEL,)), {"shadow_db": 2.0}),  # the first has steel on two sides
        (FIVE, FIVE, {"shadow_db": 4.0, "exponent": 3.2}),
    ],
)
def test_where_the_plan_is_right_nobody_is_accused(plan: Plan, really: Plan, heard: dict[str, float]) -> None:
    assert find_wrong_places(plan, hear_each_other(really, 11, **heard)) == []


@pytest.mark.parametrize("one_way", [0.0, 0.25])
def test_two_that_are_interchanged_are_named_with_each_other(one_way: float) -> None:
    found = find_wrong_places(interchange(PLAN, 1, 5), hear_each_other(PLAN, 0, 2.5, one_way=one_way))
    assert [(wrong.ap, wrong.other) for wrong in found] == [(1, 5), (5, 1)]
    assert min(wrong.probability for wrong in found) >= SURE


def test_one_that_hangs_elsewhere_is_named_with_where_that_is() -> None:
    [found] = find_wrong_places(hang(PLAN, 0, 25.0, 14.0), hear_each_other(PLAN, 0))
    assert (found.ap, found.other) == (0, None)
    assert np.hypot(found.x_m - 3.0, found.y_m - 3.0) < 8.0, "where it hangs, as far as shadows let that be told"


def test_one_is_found_behind_another() -> None:
    plan = hang(hang(PLAN, 0, 25.0, 14.0), 7, 2.0, 12.0)
    found = find_wrong_places(plan, hear_each_other(PLAN, 1, 1.5))
    assert [(wrong.ap, wrong.other) for wrong in found] == [(0, None), (7, None)]


def test_how_strong_one_sends_says_nothing_of_its_place() -> None:
    links = hear_each_other(PLAN, 0)
    louder = np.where(links.heard == 4, links.rssi_dbm + np.float32(15.0), links.rssi_dbm)
    assert find_wrong_places(PLAN, replace(links, rssi_dbm=louder)) == []


def test_few_links_accuse_nobody() -> None:
    assert find_wrong_places(PLAN, Hearings.empty()) == []
    plan, links = interchange(PLAN, 1, 5), hear_each_other(PLAN, 0, 1.0)
    first = np.flatnonzero((links.heard == 1) & (links.ap != 5))
    assert find_wrong_places(plan, links.take(first[: LEAST_LINKS - 1])) == []
    assert find_wrong_places(plan, links.take(first)) == [], "of the others nothing is known"


def test_where_nearly_half_seem_wrong_nobody_knows_who_is_right() -> None:
    plan = interchange(interchange(PLAN, 1, 5), 2, 3)
    assert find_wrong_places(plan, hear_each_other(PLAN, 0, 1.0)) == []
