"""What is wrong with what access points hear of each other, and a map in which some of them are anywhere."""

from __future__ import annotations

import numpy as np

from engine.plan.cells import walkable_cells
from engine.radio.hanging.faults import HearingFaults, find_hearing_faults, forget_places, keep_sound
from engine.radio.hanging.wrong_places import WrongPlace
from engine.radio.radiomap import prior_map
from tests.engine.positioning.stores import two_levels
from tests.engine.radio.hanging.made import PLAN, hear_each_other, interchange
from tests.engine.radio.hanging.test_mute_listeners import saying


def test_who_measures_none_and_who_hangs_elsewhere_are_found_beside_each_other() -> None:
    plan, links = interchange(PLAN, 1, 5), saying(hear_each_other(PLAN, 0, 1.5), 7, -50.0)
    faults = find_hearing_faults(plan, links)
    assert faults.mute.tolist() == [7]
    assert faults.misplaced.tolist() == [1, 5]
    kept = keep_sound(links, faults)
    assert set(kept.ap.tolist()) == {0, 2, 3, 4, 6, 8}
    assert set(kept.heard.tolist()) == {0, 2, 3, 4, 6, 7, 8}, "what a mute one sends is heard by others as well as ever"
    said = faults.figures(plan)
    assert list(said["misplaced_aps"]) == ["ap1", "ap5"]
    assert said["interchanged_aps"] == {"ap1": "ap5", "ap5": "ap1"}
    assert said["mute_aps"] == {"ap7": 1.0}


def test_faults_come_back_out_of_a_checkpoint() -> None:
    wrong = (WrongPlace(1, 0.99, 4, 0.5, 1.5), WrongPlace(2, 0.96, None, 11.0, 3.0))
    back = HearingFaults.of_state(HearingFaults(np.array([3, 5]), wrong, (0, 6)).state())
    assert (back.mute.tolist(), back.wrong, back.by_crowd) == ([3, 5], wrong, (0, 6))
    assert HearingFaults.of_state({"mute": back.mute, "wrong": np.empty((0, 5))}).by_crowd == (), "as they were kept"
    assert HearingFaults.of_state(HearingFaults.none().state()).wrong == ()


def test_two_that_a_crowd_finds_in_each_others_place_are_named_beside_others() -> None:
    faults = HearingFaults(np.empty(0, np.int64), (WrongPlace(2, 0.96, None, 11.0, 3.0),), (0, 6))
    assert faults.misplaced.tolist() == [2, 0, 6]
    said = faults.figures(PLAN)
    assert said["misplaced_aps"] == {"ap2": 0.96, "ap0": 0.98, "ap6": 0.98}
    assert said["interchanged_aps"] == {"ap0": "ap6", "ap6": "ap0"}
    alone = HearingFaults(np.empty(0, np.int64), (), (6,)).figures(PLAN)
    assert (alone["misplaced_aps"], alone["interchanged_aps"]) == ({"ap6": 0.98}, {})


def test_an_access_point_whose_place_is_forgotten_is_as_strong_all_over_a_level() -> None:
    plan = two_levels()
    cells = walkable_cells(plan, 1.0)
    before = prior_map(plan, cells)
    after = forget_places(before, cells, np.array([2]))
    ground = cells.level == 0
    for name, spread in (("mean_dbm", "sigma_db"), ("range_mean_m", "range_sigma_m")):
        was, is_now = getattr(before, name), getattr(after, name)
        np.testing.assert_array_equal(np.delete(is_now, 2, axis=0), np.delete(was, 2, axis=0))
        for here in (ground, ~ground):
            np.testing.assert_allclose(is_now[2, here], was[2, here].mean(), rtol=1e-5)
            wide = was[2, here].var() + np.square(getattr(before, spread)[2, here]).mean()
            np.testing.assert_allclose(getattr(after, spread)[2, here] ** 2, wide, rtol=1e-4)
    assert after.mean_dbm[2, ground][0] > after.mean_dbm[2, ~ground][0] + 10.0, "its level is known"


def test_a_place_is_forgotten_as_far_as_no_survey_tells_it() -> None:
    cells = walkable_cells(PLAN, 2.0)
    before = prior_map(PLAN, cells)
    half, whole = (forget_places(before, cells, np.array([1]), share) for share in (0.5, 1.0))
    np.testing.assert_allclose(half.mean_dbm[1], (before.mean_dbm[1] + whole.mean_dbm[1]) / 2, rtol=1e-5)
    assert forget_places(before, cells, np.empty(0, np.int64)) is before
    np.testing.assert_array_equal(forget_places(before, cells, np.array([1]), 0.0).mean_dbm, before.mean_dbm)
