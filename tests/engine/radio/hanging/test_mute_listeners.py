"""Access points that report one level of all others: found by what distance foresees, and by nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from engine.plan.model import Plan
from engine.radio.evidence_sources import find_mute_listeners
from engine.radio.hanging.faults import find_hearing_faults, keep_sound
from engine.records import F64, Hearings
from tests.engine.radio.made import hall

SIX = ((3.0, 3.0), (15.0, 2.0), (27.0, 4.0), (4.0, 17.0), (15.0, 18.0), (26.0, 17.0))
PLAN = hall(*SIX, width=30.0, depth=20.0)


def heard(plan: Plan, shadow_db: float = 3.0, exponent: float = 2.4) -> Hearings:
    """Each pair both ways, once, by a law with shadows, in whole dBm."""
    at: F64 = np.array([(p.x_m, p.y_m) for p in plan.access_points])
    speaker, listener = np.nonzero(~np.eye(len(at), dtype=bool))
    distance = np.hypot(*(at[speaker] - at[listener]).T)
    rssi = -34.0 - 10.0 * exponent * np.log10(distance)
    rssi = np.round(rssi + np.random.default_rng(3).normal(0.0, shadow_db, len(rssi))).astype(np.float32)
    none = np.full(len(rssi), np.nan, np.float32)
    return Hearings(np.zeros(len(rssi)), speaker.astype(np.int32), listener.astype(np.int32), rssi, none)


def saying(links: Hearings, ap: int, dbm: float) -> Hearings:
    rssi = np.where(links.ap == ap, np.float32(dbm), links.rssi_dbm)
    return Hearings(links.t, links.heard, links.ap, rssi, links.range_m)


def keep_measured(plan: Plan, links: Hearings) -> Hearings:
    faults = find_hearing_faults(plan, links)
    assert faults.wrong == ()
    return keep_sound(links, faults)


@pytest.mark.parametrize("shadow_db", [0.0, 1.0, 3.0, 5.0])
@pytest.mark.parametrize("exponent", [1.15, 1.6, 2.4, 3.3])
def test_who_measures_is_heard(shadow_db: float, exponent: float) -> None:
    links = heard(PLAN, shadow_db, exponent)
    assert find_mute_listeners(PLAN, links).tolist() == []
    assert len(keep_measured(PLAN, links)) == len(links)


def test_one_that_says_the_same_of_all_is_found_and_what_it_hears_left_out() -> None:
    links = saying(heard(PLAN), 4, -40.0)
    assert find_mute_listeners(PLAN, links).tolist() == [4]
    assert sorted(set(keep_measured(PLAN, links).ap.tolist())) == [0, 1, 2, 3, 5]


def test_all_that_say_the_same_of_each_other_are_found_each_by_its_own_level() -> None:
    links = heard(PLAN)
    for ap in range(6):
        links = saying(links, ap, -50.0 - ap)
    assert find_mute_listeners(PLAN, links).tolist() == [0, 1, 2, 3, 4, 5]
    assert len(keep_measured(PLAN, links)) == 0


def test_three_are_found_together_where_none_is_alone() -> None:
    plan = hall((1.0, 1.0), (8.0, 1.0), (29.0, 19.0), width=30.0, depth=20.0)
    links = heard(plan)
    one = saying(links, 0, -50.0)
    assert find_mute_listeners(plan, one).tolist() == [], "two links are alike by chance, too"
    assert find_mute_listeners(plan, saying(saying(one, 1, -50.0), 2, -50.0)).tolist() == [0, 1, 2]


def test_links_of_equal_length_are_alike_by_right() -> None:
    triangle = hall((5.0, 2.0), (15.0, 2.0), (10.0, 2.0 + np.sqrt(75.0)), width=20.0, depth=12.0)
    links = heard(triangle, 0.0)
    assert np.ptp(links.rssi_dbm) == 0.0
    assert find_mute_listeners(triangle, links).tolist() == []


def test_who_hears_nobody_is_nothing_odd() -> None:
    assert find_mute_listeners(PLAN, Hearings.empty()).tolist() == []
    assert find_mute_listeners(PLAN, heard(PLAN).take(np.array([0]))).tolist() == []
