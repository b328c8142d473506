"""Short days of a drawn store, for every test run; `python -m tests.accuracy.days` runs them whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely

from api.cli.decide_tables import hour_table, visit_table
from engine.runtime.offline import Chain
from tests.accuracy.days import STATED, Day, stating, trigger_figures, trigger_report, zone_figures
from tests.accuracy.drawn import KINDS, drawn_campaigns, drawn_plan
from tests.accuracy.expected.short import by_plain_map, kept, moved, short_day
from tests.accuracy.expected.stores import figures_of


@pytest.fixture(scope="module")
def morning() -> Day:
    """Ten minutes of the pharmacy."""
    return short_day()


@pytest.fixture(scope="module")
def morning_chain(morning: Day) -> Chain:
    """What the engine says of it."""
    return by_plain_map(morning)


def test_zones_are_credited_with_who_is_in_them(morning: Day, morning_chain: Chain) -> None:
    """Without a prior of places: 0.58 of the person-seconds and 0.4 of the visits."""
    said = zone_figures(morning, hour_table(morning_chain), visit_table(morning_chain))
    assert 0.8 < said["person_s"] < 1.2
    assert 0.75 < said["visits"] < 1.3


def test_what_is_expected_of_zones_keeps_its_figures(morning: Day, morning_chain: Chain) -> None:
    """Those that moved are to be looked at; then `python -m tests.accuracy.expected --write`."""
    said = figures_of(morning, morning_chain)
    assert said["time"] == pytest.approx(1.0, abs=0.01), "zones, floor and unknown are all the time there is"
    assert moved(said, kept()) == []


def test_campaigns_keep_the_precision_they_state_or_are_silent(morning: Day) -> None:
    day = replace(morning, campaigns=[c.model_copy(update={"precision": 0.9}) for c in morning.campaigns])
    report = trigger_report(day, by_plain_map(day), 0.9)
    assert report.unscored_campaigns == {}, "the truth speaks of a campaign that nobody was due of as well"
    said = trigger_figures(report)
    assert said.get("precision", 1.0) >= 0.85


def test_one_run_tells_campaigns_of_every_precision() -> None:
    plain = drawn_campaigns(drawn_plan("pharmacy"), wanted=2)
    each = [(c.id, c.precision) for c in stating(plain, STATED)]
    assert each == [(f"{c.id}-{1000 * p:.0f}", p) for p in STATED for c in plain]
    assert len({*each, *((c.id, c.precision) for c in plain)}) == 6


def test_drawn_stores_are_what_they_are_called() -> None:
    sizes = {"pharmacy": (24, 16, 5), "bookshop": (30, 20, 8), "diy": (80, 50, 15)}
    for kind in KINDS:
        plan = drawn_plan(kind)
        width, depth, points = sizes[kind]
        assert plan.levels[0].polygon.bounds == (0, 0, width, depth)
        assert len(plan.access_points) == points
        for zone in plan.zones:
            x0, _, x1, _ = zone.polygon.bounds
            assert 3.0 <= x1 - x0 <= 4.0
        shelves = shapely.union_all([f.polygon for f in plan.fixtures])
        x, y = (np.array([getattr(p, c) for p in plan.products]) for c in ("x_m", "y_m"))
        assert not shapely.intersects_xy(shelves, x, y).any()
        assert len({c.place.product for c in drawn_campaigns(plan)}) == 12


def test_a_store_is_drawn_alike_twice_and_otherwise_from_another_seed() -> None:
    assert drawn_plan("pharmacy").products == drawn_plan("pharmacy").products
    assert drawn_plan("pharmacy").products != drawn_plan("pharmacy", 2).products
