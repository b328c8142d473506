"""Two access points in each other's place: what scans are foreseen by tells them, and no others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from engine.plan.cells import walkable_cells
from engine.plan.model import Plan
from engine.positioning.learning.crowd import calibrate_store
from engine.positioning.learning.interchanged import find_contradiction, find_interchanged, find_lost
from engine.positioning.learning.self_calibration import ASKED_FROM_S, SelfCalibration
from engine.positioning.learning.tracklets import Stretches
from engine.positioning.locator import Locator
from engine.positioning.windows import ScanWindows
from engine.radio.evidence_sources import hearings_evidence
from engine.radio.radiomap import RadioMap
from engine.records import F64, Readings
from tests.engine.positioning.learning.test_crowd import NOBODY, PERIMETER, anywhere, median_error
from tests.engine.positioning.stores import hall, hear

DEVICES, STEPS = 8, 4
EXPECTED = np.array([-40.0, -55.0, -70.0])
"""Of three access points, by a plan in which everybody stands at one place."""


def told(mean_dbm: list[float], seed: int = 1, spread_db: float = 2.0) -> Stretches:
    """One stretch of each device, whose levels are these and a body's."""
    rng = np.random.default_rng(seed)
    t = np.tile(np.arange(STEPS) * 3.0, (DEVICES, 1))
    body = rng.normal(0.0, spread_db, (DEVICES, 1, len(mean_dbm)))
    rssi = (np.array(mean_dbm) + body + np.zeros((DEVICES, STEPS, 1))).astype(np.float32)
    return Stretches(t, rssi, np.full(DEVICES, STEPS), np.arange(DEVICES))


def foresee(stretches: Stretches) -> F64:
    """Nats by a Gaussian of 4 dB around EXPECTED; what is not heard says nothing."""
    squared = ((stretches.rssi_dbm - EXPECTED) / 4.0) ** 2
    return np.asarray(-0.5 * np.nansum(squared, axis=(1, 2)), dtype=np.float64)


def test_the_pair_that_fits_each_others_place_is_found() -> None:
    found = find_interchanged(foresee, told([-40.0, -70.0, -55.0]), [2, 0, 1])
    assert found is not None
    assert (found.pair, found.sure) == ((1, 2), True)


def test_where_the_plan_is_right_no_pair_is() -> None:
    for seed in range(20):
        assert find_interchanged(foresee, told([-40.0, -55.0, -70.0], seed), [0, 1, 2]) is None


def test_of_one_that_hangs_elsewhere_the_other_fits_its_own_place() -> None:
    """Exchanged they fit better where the first alone gains enough; sure it is where the third gains alone, too."""
    found = find_interchanged(foresee, told([-72.0, -55.0, -50.0]), [0, 2])
    assert found is not None
    assert (found.pair, found.sure) == ((0, 2), True), "as far as levels tell, the third hangs rather at the first's"
    honest = find_interchanged(foresee, told([-68.0, -55.0, -70.0], spread_db=0.0), [0, 2])
    assert honest is None, "what one gains the other loses"
    moved = find_interchanged(foresee, told([-74.0, -55.0, -56.0]), [0, 2])
    assert moved is not None
    assert (moved.pair, moved.sure) == ((0, 2), False), "the third is 14 dB from its own place, and 16 from the first's"


def test_few_devices_that_differ_tell_nothing() -> None:
    """One device of eight gains much: that is its body."""
    stretches = told([-40.0, -55.0, -70.0], spread_db=0.1)
    stretches.rssi_dbm[0] = (-40.0, -150.0, 25.0)
    assert foresee(stretches)[0] < -1000.0
    assert find_interchanged(foresee, stretches, [0, 1, 2]) is None
    assert find_interchanged(foresee, told([-40.0, -70.0, -55.0]).take(np.array([0])), [0, 1, 2]) is None, "no spread"


def test_only_suspects_are_asked() -> None:
    assert find_interchanged(foresee, told([-40.0, -70.0, -55.0]), [0, 1]) is None


def test_a_weak_one_contradicts_nothing_once_its_power_is_known() -> None:
    weak = told([-68.0, -55.0, -70.0])
    pair = find_interchanged(foresee, weak, [0, 1, 2])
    assert pair is not None
    assert not pair.sure
    assert find_contradiction(foresee, weak, [0, 1, 2], np.zeros(3)) == pair.pair
    assert find_contradiction(foresee, weak, [0, 1, 2], np.array([-28.0, 0.0, 0.0])) is None
    assert find_contradiction(foresee, told([-40.0, -55.0, -70.0]), [0, 1, 2], np.array([0.0, 30.0, 0.0])) is None


@pytest.fixture(scope="module")
def exchanged() -> tuple[Plan, Plan, Readings, np.random.Generator]:
    """A hall as it is and as it is drawn, with one of each long side exchanged, and a crowd in it."""
    rng = np.random.default_rng(5)
    places = list(PERIMETER)
    places[1], places[5] = places[5], places[1]
    true, drawn = hall(40.0, 25.0, PERIMETER), hall(40.0, 25.0, tuple(places))
    return true, drawn, Readings.concat([hear(true, anywhere(rng), rng, i) for i in range(16)]), rng


def test_a_crowd_names_them_and_its_map_does_without(
    exchanged: tuple[Plan, Plan, Readings, np.random.Generator],
) -> None:
    true, drawn, readings, rng = exchanged
    cells = walkable_cells(drawn, 0.5)
    result = calibrate_store(drawn, cells, hearings_evidence(drawn, NOBODY), readings)
    assert result.warnings == [
        "ap1 and ap5 seem to be interchanged: readings without places are foreseen better with each at the other's"
        " place, by itself, too: left aside; go and look"
    ]
    assert result.notes[-1].startswith("unlabelled readings used for that only")
    assert np.ptp(result.radio_map.mean_dbm[[1, 5]], axis=1).tolist() == [0.0, 0.0]
    other = anywhere(rng)
    scans = hear(true, other, rng)
    before, after = (median_error(Locator(drawn, cells, m), scans, other) for m in (None, result.radio_map))
    assert after < 0.95 * before


def fit_at(plan: Plan, readings: Readings, *times_s: float) -> list[tuple[SelfCalibration, RadioMap | None]]:
    """A store's own maps, so long after it began to hear these; the last of them after one scan more."""
    scans = ScanWindows(len(plan.access_points), 3.0).push(readings, np.inf)
    scans = scans.take(np.argsort(scans.t, kind="stable"))
    out = []
    for time_s in times_s:
        learner = SelfCalibration(plan, walkable_cells(plan, 1.0))
        learner.add_scans(scans)
        out.append((learner, learner.fit(float(scans.t.min()) + time_s)))
    return out


def test_a_running_store_finds_them_once_there_are_people_enough(
    exchanged: tuple[Plan, Plan, Readings, np.random.Generator],
) -> None:
    _, drawn, readings, _ = exchanged
    readings = readings.take(readings.device < 10)
    (early, bent), (learner, learnt) = fit_at(drawn, readings, ASKED_FROM_S / 2, ASKED_FROM_S)
    assert bent is not None
    assert early.faults.by_crowd == ()
    assert learnt is not None
    assert learner.faults.by_crowd == (1, 5)
    assert np.flatnonzero(np.ptp(learnt.mean_dbm, axis=1) == 0.0).tolist() == [1, 5]
    again = SelfCalibration(drawn, walkable_cells(drawn, 1.0))
    again.restore(learner.state())
    assert again.faults.by_crowd == (1, 5)
    back = again.map_in_use()
    assert back is not None
    np.testing.assert_array_equal(back.mean_dbm, learnt.mean_dbm)


def test_a_running_store_accuses_nobody_whose_antenna_is_broken(
    exchanged: tuple[Plan, Plan, Readings, np.random.Generator],
) -> None:
    true, _, readings, _ = exchanged
    readings = readings.take(readings.device < 10)
    weak = replace(readings, rssi_dbm=readings.rssi_dbm - np.float32(12.0) * (readings.ap == 3))
    [(learner, learnt)] = fit_at(true, weak, ASKED_FROM_S)
    assert learnt is not None
    assert learner.faults.by_crowd == ()
    assert learnt.mean_dbm.mean(axis=1).argmin() == 3


NARROW_DB, WIDE_DB = 4.0, 15.0
"""Spread of a level where its access point hangs, and where it may hang anywhere."""


def foresee_without(nowhere: Sequence[int]) -> Callable[[Stretches], F64]:
    """Nats by Gaussians around EXPECTED, with their logarithms of 1 / spread."""
    spread = np.array([WIDE_DB if ap in nowhere else NARROW_DB for ap in range(3)])

    def nats(stretches: Stretches) -> F64:
        each = -0.5 * ((stretches.rssi_dbm - EXPECTED) / spread) ** 2 - np.log(spread)
        return np.asarray(np.nansum(each, axis=(1, 2)), dtype=np.float64)

    return nats


@pytest.mark.parametrize(("heard", "lost"), [(-55.0, None), (-60.0, None), (-75.0, 1), (-35.0, 1)])
def test_who_is_foreseen_better_anywhere_than_at_its_place_is_lost(heard: float, lost: int | None) -> None:
    """At a distance d the wide one gains d^2 (1/4^2 - 1/15^2) / 2 - log(15/4): nothing up to 6.7 dB."""
    found = find_lost(foresee_without, told([-40.0, heard, -70.0], spread_db=1.0), [0, 1, 2], np.zeros(3))
    assert (None if found is None else found.ap) == lost


def test_the_worst_of_those_that_were_asked_is_lost() -> None:
    stretches = told([-70.0, -75.0, -70.0], spread_db=1.0)
    worst, only = (find_lost(foresee_without, stretches, asked, np.zeros(3)) for asked in ([1, 0], [1]))
    assert worst is not None
    assert only is not None
    assert (worst.ap, only.ap) == (0, 1)
    more = foresee_without([0])(stretches) - foresee_without([])(stretches)
    assert worst.gain == pytest.approx(more.sum())


def test_who_is_as_strong_as_was_learnt_is_not_lost() -> None:
    stretches = told([-40.0, -75.0, -70.0], spread_db=1.0)
    assert find_lost(foresee_without, stretches, [0, 1, 2], np.array([0.0, -20.0, 0.0])) is None
    assert find_lost(foresee_without, stretches, [0, 1, 2], np.array([0.0, 20.0, 0.0])) is not None


def test_devices_have_to_agree_by_four_standard_errors() -> None:
    stretches = told([-40.0, -55.0, -70.0], spread_db=0.1)
    stretches.rssi_dbm[:3, :, 1] -= 20.0  # of eight: 2.3 standard errors
    assert find_lost(foresee_without, stretches, [1], np.zeros(3)) is None
    stretches.rssi_dbm[:, :, 1] = -75.0 - np.arange(DEVICES)[:, None]
    assert find_lost(foresee_without, stretches, [1], np.zeros(3)) is not None
